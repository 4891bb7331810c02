"""What sends one request: aiohttp where it is installed, else an httpx transport.

Neither is used through httpx.AsyncClient: cookies, redirects and auth flows, which no model API
uses, are half of a client's CPU time, and httpx's own request and response around aiohttp's
another tenth. What either raises is told in httpx's terms.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httpx

from agentkit.endpoints.failures import Site, StaleConnection

if TYPE_CHECKING:
    import aiohttp

CONNECT_S = 5.0
"""Seconds to reach a server."""


class Headers(dict[str, str]):
    """Headers of a request; they hold the API key, so that only their names are shown."""

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


@dataclass(frozen=True, slots=True)
class Phases:
    """Time-outs of parts of a call, in seconds; None is that of the whole silence."""

    connect_s: float = CONNECT_S
    """To reach the server."""
    first_s: float | None = None
    """Until a streamed reply begins, or one that is not streamed is there."""
    between_s: float | None = None
    """From one event of a streamed reply to the next."""


PHASES = Phases()


@dataclass(slots=True)  # to make a frozen one takes several times as long
class HttpCall:
    """A request ready to be sent. Nobody changes it."""

    site: Site
    url: str = field(repr=False)
    """Its query may hold a key."""
    headers: Headers = field(repr=False)
    """These hold the API key."""
    body: bytes = field(repr=False)
    timeout_s: float
    """Seconds of silence after which it is given up."""
    phases: Phases = PHASES
    heard: Callable[[Mapping[str, str]], None] | None = None
    """Told the headers of the response."""

    @property
    def first_s(self) -> float:
        """Seconds until it must have begun."""
        return self.timeout_s if self.phases.first_s is None else self.phases.first_s

    @property
    def between_s(self) -> float:
        """Seconds of silence after it has begun."""
        return self.timeout_s if self.phases.between_s is None else self.phases.between_s

    @property
    def timeouts(self) -> dict[str, dict[str, float | None]]:
        """As an httpx transport takes them: only the connect is the transport's to time."""
        connect_s = self.phases.connect_s
        return {"timeout": {"connect": connect_s, "read": None, "write": None, "pool": None}}


class Response(Protocol):
    """A reply whose body is still to come."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""
        ...

    async def read(self) -> bytes:
        """The next bytes of the body, uncompressed; none at its end."""
        ...

    async def close(self) -> None: ...


class Client(Protocol):
    """Posts to servers, over connections that it keeps."""

    async def post(self, call: HttpCall) -> Response:
        """Send it and wait for the status and the headers.

        Raises:
            StaleConnection: it went over a kept connection, which turned out to be dead.
        """
        ...

    async def aclose(self) -> None: ...


class Aiohttp:
    """Over a session of aiohttp: at a thousand calls at once a tenth of the CPU of httpx's pool."""

    def __init__(self, session: aiohttp.ClientSession, proxy: str | None) -> None:
        from aiohttp import ClientTimeout

        self.session, self.proxy = session, proxy
        self.timeouts = {CONNECT_S: ClientTimeout(total=None, sock_connect=CONNECT_S)}

    async def post(self, call: HttpCall) -> Response:
        try:
            found = await self.session.post(
                call.url,
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
                timeout=self.timeout(call.phases.connect_s),
                proxy=self.proxy,
            )
        except Exception as error:
            raise (self.stale(error) or told(error)) from error
        return AiohttpResponse(found)

    def stale(self, error: Exception) -> StaleConnection | None:
        """What befell a request that a kept connection lost; None for any other failure."""
        from aiohttp import ClientOSError, ServerDisconnectedError

        from agentkit.endpoints.pool import KEPT

        kept = KEPT.get()
        if kept is None or not isinstance(error, ClientOSError | ServerDisconnectedError):
            return None
        kept.died()
        return StaleConnection(str(error))

    def timeout(self, connect_s: float) -> aiohttp.ClientTimeout:
        """The time-outs of a call; few differ, and to make one takes longer than to find it."""
        found = self.timeouts.get(connect_s)
        if found is None:
            from aiohttp import ClientTimeout

            found = self.timeouts[connect_s] = ClientTimeout(total=None, sock_connect=connect_s)
        return found

    async def aclose(self) -> None:
        await self.session.close()


class AiohttpResponse:
    """A response of aiohttp."""

    __slots__ = ("_found", "headers", "status")

    def __init__(self, found: aiohttp.ClientResponse) -> None:
        self._found = found
        self.status: int = found.status
        self.headers: Mapping[str, str] = found.headers

    async def read(self) -> bytes:
        try:
            return await self._found.content.readany()
        except Exception as error:
            raise told(error) from error

    async def close(self) -> None:
        try:
            await self._found.__aexit__(None, None, None)
        except Exception as error:
            raise told(error) from error


def told(error: Exception) -> Exception:
    """What aiohttp raised, as httpx would have."""
    from aiohttp import http_exceptions
    from httpx_aiohttp.transport import map_aiohttp_exceptions

    causes: list[BaseException | None] = [error, error.__cause__, error.__context__]
    if any(isinstance(one, http_exceptions.ContentEncodingError) for one in causes):
        return httpx.DecodingError(str(error))
    try:
        with map_aiohttp_exceptions():
            raise error
    except Exception as found:
        return found


class Httpx:
    """Over a transport of httpx: what is installed without aiohttp, proxies over SOCKS, tests."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        renew: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        """Post over it, and once a connection that it kept turns out dead, over what `renew` makes.

        The others that it kept are in the same danger.
        """
        self.lent, self.renew = LentTransport(transport), renew

    async def post(self, call: HttpCall) -> Response:
        way, lent = RequestTrace(), self.lent
        lent.users += 1
        try:
            # The request itself is in no variable, which a traceback would show.
            found = await lent.transport.handle_async_request(as_request(call, way))
            return HttpxResponse(found, lent)
        except BaseException as error:
            stale = way.stale(error)
            if stale and self.renew and self.lent is lent:
                self.lent = LentTransport(self.renew())
                lent.replaced = True
            await lent.give_back()
            if stale:
                raise StaleConnection(str(error)) from error
            raise

    async def aclose(self) -> None:
        await self.lent.transport.aclose()


class LentTransport:
    """A transport of httpx, which is closed after its last user once another took its place."""

    __slots__ = ("replaced", "transport", "users")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport, self.users, self.replaced = transport, 0, False

    async def give_back(self) -> None:
        """Be told that a request or its response is done with."""
        self.users -= 1
        if self.replaced and not self.users:
            await self.transport.aclose()


class RequestTrace:
    """What a request meets on its way, as httpcore tells it."""

    kept = False
    """Whether it went over a connection that had been used before."""
    new = False

    async def __call__(self, name: str, about: Mapping[str, object]) -> None:
        """Be told of a step; the connection is made before anything is sent over it."""
        self.new = self.new or name.endswith("connect_tcp.started")
        self.kept = not self.new

    def stale(self, error: BaseException) -> bool:
        """Whether a kept connection lost the request, by what the transport raised."""
        # The second is also raised of bytes that make no sense.
        broke = isinstance(error, httpx.NetworkError) or (
            isinstance(error, httpx.RemoteProtocolError) and "disconnected" in str(error)
        )
        return self.kept and broke


def as_request(call: HttpCall, way: RequestTrace) -> httpx.Request:
    """A call as httpx takes it."""
    told = {**call.timeouts, "trace": way}
    return httpx.Request("POST", call.url, headers=call.headers, content=call.body, extensions=told)


class HttpxResponse:
    """A response of httpx."""

    def __init__(self, found: httpx.Response, lent: LentTransport) -> None:
        self._found, self._lent = found, lent
        self._pieces: AsyncIterator[bytes] | None = None
        self.status: int = found.status_code
        self.headers: Mapping[str, str] = found.headers

    async def read(self) -> bytes:
        if self._pieces is None:
            self._pieces = self._found.aiter_bytes()
        async for piece in self._pieces:
            if piece:
                return piece
        return b""

    async def close(self) -> None:
        try:
            await self._found.aclose()
        finally:
            await self._lent.give_back()
