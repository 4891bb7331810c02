"""One HTTP call to a model: sent, timed, bounded, and its failures told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from agentkit.endpoints import failures
from agentkit.endpoints.failures import Site
from agentkit.endpoints.shapes import Malformed
from agentkit.endpoints.sse import BOM, Event, Events, is_stream
from agentkit.endpoints.transport import CONNECT_S, Line
from agentkit.errors import EndpointError
from agentkit.threads import put

LARGEST = 64 << 20
"""Bytes of a reply."""
LARGEST_REFUSAL = 64 << 10
"""Bytes of an error page that are read."""
PATIENCE = 10
"""A reply may take this many time-outs in all while it shows signs of life."""
AFTER_END_S = 0.5
"""Seconds given to a connection to end once its reply is whole, so that it can be used again."""
AFTER_FINISH_S = 5.0
"""Seconds given to the counts and the end mark of a reply that has said why it ended."""
TIMEOUTS = {"timeout": {"connect": CONNECT_S, "read": None, "write": None, "pool": None}}
"""Of the phases only the connect is the transport's to time; silence is timed here, in total."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be sent."""

    site: Site
    url: httpx.URL = field(repr=False)
    """Its query may hold a key."""
    headers: httpx.Headers = field(repr=False)
    """These hold the API key."""
    body: bytes = field(repr=False)
    timeout_s: float
    """Seconds of silence after which it is given up."""


def grant(clock: asyncio.Timeout, seconds: float, last: float = float("inf")) -> None:
    """Give a clock so many seconds from now on, but no longer than until `last` (loop time)."""
    put(clock, min(asyncio.get_running_loop().time() + seconds, last))


def request(call: Call) -> httpx.Request:
    """A call as the transport takes it."""
    # Given its content, httpx works out and merges headers that we know: half of the time.
    made = httpx.Request(
        "POST",
        call.url,
        headers=call.headers,
        stream=httpx.ByteStream(call.body),
        extensions=TIMEOUTS,
    )
    made.headers["content-length"] = str(len(call.body))
    made.headers.encoding = "ascii"
    made.read()
    return made


async def send(call: Call, line: Line) -> httpx.Response:
    """Send it and wait for the status and the headers."""
    # The transport is called without httpx.AsyncClient around it: cookies, redirects and
    # auth flows, which no model API uses, are half of the client's CPU time.
    try:
        # The request itself is in no variable, which a traceback would show.
        return await line.transport.handle_async_request(request(call))
    except Exception as error:
        raise failures.broken(call.site, error) from error


async def pieces(call: Call, response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The reply's bytes as they come, uncompressed, within the largest size."""
    # aiter_bytes only decodes; without an encoding the stream itself is cheaper.
    encoded = "content-encoding" in response.headers
    source = response.aiter_bytes() if encoded else response.stream
    total = 0
    try:
        async for piece in source:  # type: ignore[union-attr]
            total += len(piece)
            if total > LARGEST:
                raise failures.too_big(call.site, LARGEST)
            yield piece
    except EndpointError:
        raise
    except Exception as error:
        raise failures.broken(call.site, error) from error


async def whole(call: Call, response: httpx.Response, clock: asyncio.Timeout) -> bytes:
    """All of the reply, within the time-out of its beginning."""
    last = asyncio.get_running_loop().time() + PATIENCE * call.timeout_s
    grant(clock, call.timeout_s)
    body = bytearray()
    async with aclosing(pieces(call, response)) as source:
        async for piece in source:
            # Some servers send blank lines while their model works.
            if not body and piece.isspace():
                grant(clock, call.timeout_s, last)
            else:
                body += piece
    return bytes(body)


async def refusal(call: Call, response: httpx.Response) -> EndpointError:
    """The error that a status other than 200 stands for."""
    body = bytearray()
    # A broken error page must not hide the status.
    with suppress(EndpointError):
        async with aclosing(pieces(call, response)) as source:
            async for piece in source:
                body += piece
                if len(body) > LARGEST_REFUSAL:
                    break
    return failures.refused(call.site, response.status_code, response.headers, bytes(body))


async def post(call: Call, line: Line) -> bytes:
    """Send a call and return the body of its 200.

    Raises:
        EndpointError: anything else happened.
    """
    async with line.gate:
        clock = asyncio.timeout(None)
        try:
            async with clock:
                grant(clock, call.timeout_s)
                response = await send(call, line)
                try:
                    if response.status_code != 200:
                        raise await refusal(call, response)
                    return await whole(call, response, clock)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise failures.silent(call.site, call.timeout_s) from error


class Listener(Protocol):
    """Whoever takes the events of a streamed reply."""

    def take(self, event: Event) -> bool:
        """Take one; true when it is the last."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the reply is whole, although its end mark has not come."""
        ...


async def stream(call: Call, line: Line, listener: Listener) -> bytes | None:
    """Send a call and pass on each event, until the listener says that it is the last.

    Returns:
        The body, if the server did not stream but answered at once; else None.

    Raises:
        EndpointError: a refusal, silence, or a broken connection before the reply was whole.
            A stream that ends without its end mark is the caller's to notice.
    """
    async with line.gate:
        clock = asyncio.timeout(None)
        hearing = Hearing(call, listener, clock)
        try:
            async with clock:
                grant(clock, call.timeout_s)
                response = await send(call, line)
                try:
                    if response.status_code != 200:
                        raise await refusal(call, response)
                    return await hearing.listen(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            if not clock.expired():
                raise
            if not hearing.whole:
                raise failures.silent(call.site, call.timeout_s) from error
        except EndpointError:
            # A connection that dies once the reply is whole has taken nothing with it.
            if not hearing.whole:
                raise
    return None


class Hearing:
    """One streamed reply as it comes, and the clock that bounds the silence in it."""

    def __init__(self, call: Call, listener: Listener, clock: asyncio.Timeout) -> None:
        self.call, self.listener, self.clock = call, listener, clock
        self.events = Events()
        self.ended = False
        self.last = float("inf")

    @property
    def whole(self) -> bool:
        """Whether nothing of the reply is missing."""
        return self.ended or self.listener.finished

    async def listen(self, response: httpx.Response) -> bytes | None:
        """Take in the reply; return the body of one that is no stream."""
        self.last = asyncio.get_running_loop().time() + PATIENCE * self.call.timeout_s
        self.grant(self.call.timeout_s)
        called = "event-stream" in response.headers.get("content-type", "")
        streamed: bool | None = None
        body = bytearray()
        async with aclosing(pieces(self.call, response)) as source:
            async for piece in source:
                if streamed:
                    self.hear(piece)
                    continue
                if not body and piece.isspace():
                    # Some servers send blank lines while their model works.
                    self.grant(self.call.timeout_s)
                    continue
                body += piece
                if streamed is None:
                    streamed = is_stream(bytes(body), called)
                    if streamed:
                        self.hear(bytes(body).removeprefix(BOM))
        if not streamed:
            return bytes(body)
        # What a cut left of an event is no news; a last one without its blank line is.
        with suppress(Malformed):
            for event in self.events.end():
                self.ended = self.ended or self.listener.take(event)
        return None

    def hear(self, piece: bytes) -> None:
        """Pass on the events that a piece completes."""
        lines, events = self.events.lines, self.events.feed(piece)
        for event in events:
            if not self.ended and self.listener.take(event):
                self.ended = True
                self.grant(AFTER_END_S)
        if self.ended:
            return
        if not self.listener.finished:
            if self.events.lines > lines:
                self.grant(self.call.timeout_s)
        elif events:
            # Where it goes on after all, it may take this long again.
            self.grant(min(AFTER_FINISH_S, self.call.timeout_s))

    def grant(self, seconds: float) -> None:
        """Give it so much time from now on, within its patience."""
        grant(self.clock, seconds, self.last)
