"""The HTTP client that servers are reached by: bounded, and its failures told as what they are.

The SDK tells its caller of a status only that there was one, and ends all calls of a connection
when one fails below HTTP. So each of these becomes here the error of JSON-RPC that it is, in
answer to the one request that met it, with a mark for `agentkit.protocols.mcp.faults`.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpcore2
import httpx2

from agentkit.amounts import size
from agentkit.causes import PARENT, STATE
from agentkit.errors import error_text
from agentkit.protocols.bounds import CONNECT_S, LARGEST
from agentkit.protocols.dialing import checked_pool
from agentkit.protocols.errors import PeerAbsent, PeerNotAllowed
from agentkit.protocols.hosts import Hosts, not_allowed, place_of, proxy_for
from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.pace import GET_S

if logging.getLogger("mcp.client").level == logging.NOTSET:
    # What it logs is raised, too, and a traceback below a cell is no news of a server.
    logging.getLogger("mcp.client").setLevel(logging.CRITICAL)

MARK = "agentkit"
"""Key, in the data of an error, of what happened."""

READ = 1 << 20
"""Bytes of a message that are read for its trace context."""

SHOWN = 500
"""Characters that are shown of what a server said of an error."""

FOLLOWED = (307, 308)
JSON = {"content-type": "application/json"}
REDIRECTS = (301, 302, 303, *FOLLOWED)


class TruncatedStream(httpx2.AsyncByteStream):
    """The stream of a response, without the bytes beyond what is taken, or after a failure.

    A stream of events that ends so ends without an answer, which the SDK tells whoever waits.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.stream:
                yield chunk
        except httpx2.TransportError:
            return

    async def aclose(self) -> None:
        await self.stream.aclose()


FAILED = "agentkit.failed"
"""Extension of a request that is not sent, but answered with this response."""


class JsonRpcTransport(httpx2.AsyncBaseTransport):
    """A transport that answers with an error of JSON-RPC where there is no proper answer."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self.inner = inner
        self._next = 0.0
        """When the server's own stream may be asked for again."""

    async def _paced(self) -> None:
        now = asyncio.get_running_loop().time()
        at = self._next = max(now, self._next) + GET_S
        await asyncio.sleep(max(0.0, at - GET_S - now))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if (failed := request.extensions.get(FAILED)) is not None:
            return httpx2.Response(failed.status_code, content=failed.content, headers=JSON)
        if request.method == "GET" and message(request):
            await self._paced()
        try:
            request.headers.update(trace_in(request))
            response = await self.inner.handle_async_request(request)
            return await self._checked(request, response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return failure(503, "absent", f"{type(error).__name__}: {error_text(error)}")
        except (PeerAbsent, PeerNotAllowed) as error:
            what = "absent" if isinstance(error, PeerAbsent) else "barred"
            return failure(503, what, error.what)
        except httpx2.TransportError as error:
            return failure(502, "broke", f"{type(error).__name__}: {error_text(error)}")

    async def _checked(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        status, kind = response.status_code, response.headers.get("content-type", "").lower()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            await response.aclose()
            return failure(502, "large", "it packed its answer, which it was asked not to")
        if status < 300 and kind.startswith("text/event-stream"):
            response.stream = TruncatedStream(response.stream)
            return response
        body = await taken(response)
        if body is None:
            return failure(502, "large", f"it sent more than {size(LARGEST)}")
        if status in REDIRECTS and elsewhere(request.url, response.headers.get("location", "")):
            place = request.url.join(response.headers["location"]).host
            return failure(502, "redirect", f"it sends on to {place}, which was not followed")
        if status >= 400 and message(request) and not is_error(body):
            if status == 404 and "mcp-session-id" in request.headers:
                return failure(404, "session", "the session is not known there any more")
            headers = {n: v for n, v in response.headers.items() if n == "www-authenticate"}
            said = body[:SHOWN].decode("utf-8", "replace")
            return failure(status, "status", said, headers, status=status)
        response.stream = httpx2.ByteStream(body)
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


class Login(httpx2.Auth):
    """A login whose failure is the answer to the request that wanted it.

    What is raised here ends all calls of a connection, and the SDK drops what it was.
    """

    def __init__(self, inner: httpx2.Auth) -> None:
        self.inner = inner

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        flow = self.inner.async_auth_flow(request)
        try:
            asked = await anext(flow)
            while True:
                response = yield asked
                if asked is not request and (led := await barred(response)) is not None:
                    request.extensions[FAILED] = led
                    break
                asked = await flow.asend(response)
        except StopAsyncIteration:
            return
        except Exception as error:
            said = getattr(error, "what", "") or error_text(error)
            request.extensions[FAILED] = failure(401, "login", said)
        finally:
            await flow.aclose()
        yield request


async def barred(response: httpx2.Response) -> httpx2.Response | None:
    """The answer to who wanted a login that leads where nobody goes; None: it did not."""
    if not response.extensions.get(MARK):
        return None
    await response.aread()
    return failure(503, "led", response.json()["error"]["message"])


def message(request: httpx2.Request) -> bool:
    """Whether a request is one of the protocol; others are those of a login."""
    return "text/event-stream" in request.headers.get("accept", "")


def trace_in(request: httpx2.Request) -> dict[str, str]:
    """The trace context of a message, as headers: what stands between reads no bodies."""
    body = request.content if isinstance(request.stream, httpx2.ByteStream) else b""
    if b'"traceparent"' not in body or len(body) > READ:
        return {}
    try:
        meta = json.loads(body)["params"]["_meta"]
        return {name: meta[name] for name in (PARENT, STATE) if meta.get(name, "").isascii()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


async def taken(response: httpx2.Response) -> bytes | None:
    """The body of a response; None where it is larger than is taken."""
    held = bytearray()
    stream: Any = response.stream
    try:
        async for chunk in stream:
            held += chunk
            if len(held) > LARGEST:
                return None
        return bytes(held)
    finally:
        await stream.aclose()  # Not the response, which is given another.


def elsewhere(url: httpx2.URL, location: str) -> bool:
    """Whether a redirect leads to another place than the server that was asked."""
    if not location:
        return False
    to = url.join(location)
    upgraded = url.scheme == "http" and to.scheme == "https" and url.port is to.port is None
    same = (url.scheme, url.port) == (to.scheme, to.port) or upgraded
    return url.host != to.host or not same


def is_error(body: bytes) -> bool:
    """Whether a body is an error of JSON-RPC."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("error"), dict)


def failure(
    answer: int, what: str, said: str, headers: dict[str, str] | None = None, **more: int
) -> httpx2.Response:
    """A response with an error that the SDK gives to its caller as it is."""
    # An unknown method is what 404 means to the SDK, and older servers to a newer client.
    code = -32601 if more.get("status") in (404, 405) else -32603
    error = {"code": code, "message": said or what, "data": {MARK: {"what": what, **more}}}
    body = {"jsonrpc": "2.0", "id": None, "error": error}
    ours = {MARK: what in ("barred", "redirect")}
    return httpx2.Response(answer, headers=headers, json=body, extensions=ours)


@functools.cache
def tls() -> ssl.SSLContext:
    """What certificates are checked by; reading them takes longer than a request."""
    return httpx2.create_ssl_context()


class Led(httpx2.AsyncBaseTransport):
    """Sends to the server that was named, and with more care to where its login leads.

    Who gives tokens, and where, is what the server says; of the networks here it must not learn
    anything by that.
    """

    def __init__(self, url: str, hosts: Hosts) -> None:
        self.url, self.hosts = url, hosts
        self._host = place_of(url)[1]
        self._led = hosts.led(self._host)
        self._open: dict[tuple[bool, str | None], httpx2.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        scheme, host, port = place_of(str(request.url))
        if scheme == "http" and self.url.startswith("https:") and not self._led.named(host, port):
            raise not_allowed(host, port, "it was led to from https, and has none")
        led, proxy = host != self._host, proxy_for(str(request.url))
        hosts = self._led if led else self.hosts
        if (led, proxy) not in self._open:
            self._open[led, proxy] = transport(hosts, proxy)
        if proxy is not None:
            await hosts.by_proxy(request.url.host, port)
        return await self._open[led, proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for one in self._open.values():
            await one.aclose()


def transport(hosts: Hosts, proxy: str | None) -> httpx2.AsyncBaseTransport:
    """What sends: aiohttp where it is installed, and to proxies what the SDK brings."""
    if proxy is None:
        try:
            from agentkit.protocols.mcp.aio import Aio
        except ImportError:
            pass
        else:
            return Aio(hosts, tls())
    made = httpx2.AsyncHTTPTransport(verify=tls(), proxy=proxy)
    if proxy is None:
        made._pool = checked_pool(httpcore2, hosts, tls())
    return made


def http_client(address: Address) -> httpx2.AsyncClient:
    """A client for one server.

    How long a call may take is decided by whoever makes it: a server may rightly be silent
    for as long as it works.
    """
    headers = {"accept-encoding": "identity", "user-agent": "jupyter-agentkit", **address.headers}
    timeout = httpx2.Timeout(CONNECT_S, read=None)
    auth = None if address.auth is None else Login(address.auth)
    transport = JsonRpcTransport(Led(address.url, address.hosts))
    return httpx2.AsyncClient(headers=headers, timeout=timeout, auth=auth, transport=transport)
