"""One HTTP call to a model: sent, timed, bounded, and its failures told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from agentkit.endpoints import failures
from agentkit.endpoints.clients import HttpCall, Response
from agentkit.endpoints.shapes import Malformed
from agentkit.endpoints.sse import BOM, Event, Events, is_stream
from agentkit.endpoints.transport import GatedClient
from agentkit.errors import EndpointError
from agentkit.taps import TAPS, Crossing, crossed
from agentkit.threads import put

T = TypeVar("T")

LARGEST = 64 << 20
"""Bytes of a reply."""
LARGEST_REFUSAL = 64 << 10
"""Bytes of an error page that are read."""
WATCHED = 1 << 20
"""Bytes of a reply that are kept for who watches."""
PATIENCE = 10
"""A reply may take this many time-outs in all while it shows signs of life."""
AFTER_END_S = 0.5
"""Seconds given to a connection to end once its reply is whole, so that it can be used again."""
AFTER_FINISH_S = 5.0
"""Seconds given to the counts and the end mark of a reply that has said why it ended."""


def grant(clock: asyncio.Timeout, seconds: float, last: float = float("inf")) -> None:
    """Give a clock so many seconds from now on, but no longer than until `last` (loop time)."""
    until, now = min(asyncio.get_running_loop().time() + seconds, last), clock.when()
    # A hundredth more or less is nothing to whoever waits, and each timer costs.
    if now is None or abs(until - now) > seconds / 100:
        put(clock, until)


async def send(call: HttpCall, line: GatedClient) -> Incoming:
    """Send it and wait for the status and the headers."""
    pair = shown_request(call) if TAPS else None
    try:
        return Incoming(call, await line.client.post(call), pair)
    except Exception as error:
        if pair is not None:
            show_reply(call, pair, b"", type(error).__name__)
        raise failures.broken(call.site, error) from error


class Incoming:
    """A reply, and its bytes as they come, within the largest size."""

    __slots__ = ("begun", "call", "headers", "pair", "pieces", "response", "size", "status")

    def __init__(self, call: HttpCall, response: Response, pair: object = None) -> None:
        self.call, self.response, self.size = call, response, 0
        self.pair = pair
        """What the request is known by, where somebody watches."""
        self.pieces: list[bytes] = []
        """What has come, where somebody watches."""
        self.begun = False
        """Whether an event of a streamed reply has come."""
        self.status, self.headers = response.status, response.headers

    async def close(self) -> None:
        """Be done with it."""
        if self.pair is not None:
            show_reply(self.call, self.pair, b"".join(self.pieces), str(self.status))
            self.pair, self.pieces = None, []
        await self.response.close()

    async def read(self) -> bytes:
        """The next bytes; none at the end."""
        try:
            piece = await self.response.read()
        except Exception as error:
            raise failures.broken(self.call.site, error) from error
        self.size += len(piece)
        if self.size > LARGEST:
            raise failures.too_big(self.call.site, LARGEST)
        if self.pair is not None and self.size <= WATCHED:
            self.pieces.append(piece)
        return piece


def shown_request(call: HttpCall) -> object:
    """Show a request to who watches; gives what its answer is known by."""
    pair, url = object(), urlsplit(call.url)
    # The query may hold a key, and so may what is between "//" and "@".
    name, peer = f"POST {url.path}", url.hostname or "?"
    crossed(
        Crossing("model", peer, "request", pair, name, call.body, call.headers, secrets=keys(call))
    )
    return pair


def show_reply(call: HttpCall, pair: object, body: bytes, status: str) -> None:
    """Show an answer to who watches."""
    peer = urlsplit(call.url).hostname or "?"
    crossed(Crossing("model", peer, "response", pair, body=body, status=status, secrets=keys(call)))


def keys(call: HttpCall) -> tuple[str, ...]:
    """What of the headers may be a key."""
    known = ("authorization", "api-key", "x-api-key")
    return tuple(v.rpartition(" ")[2] for name, v in call.headers.items() if name.lower() in known)


async def whole(call: HttpCall, response: Incoming, clock: asyncio.Timeout) -> bytes:
    """All of the reply, within the time-out of its beginning."""
    last = asyncio.get_running_loop().time() + PATIENCE * call.timeout_s
    grant(clock, call.first_s)
    pieces: list[bytes] = []
    while piece := await response.read():
        # Some servers send blank lines while their model works.
        if not pieces and piece.isspace():
            grant(clock, call.first_s, last)
        else:
            pieces.append(piece)
    return b"".join(pieces)


async def refusal(call: HttpCall, response: Incoming) -> EndpointError:
    """The error that a status other than 200 stands for."""
    body = bytearray()
    # A broken error page must not hide the status.
    with suppress(EndpointError):
        while len(body) <= LARGEST_REFUSAL and (piece := await response.read()):
            body += piece
    return failures.status_error(call.site, response.status, response.headers, bytes(body))


Take = Callable[[Incoming, asyncio.Timeout], Awaitable[T]]
"""Takes in the reply to a call; it may set the clock anew while bytes come."""


async def exchange(call: HttpCall, line: GatedClient, take: Take[T]) -> T:
    """Send a call, and take in its 200.

    Raises:
        EndpointError: a refusal, silence, or whatever `take` raised.
    """
    async with line.gate:
        clock = asyncio.timeout(None)
        response: Incoming | None = None
        try:
            async with clock:
                grant(clock, call.first_s)
                response = await send(call, line)
                try:
                    if call.heard is not None:
                        call.heard(response.headers)
                    if response.status != 200:
                        raise await refusal(call, response)
                    return await take(response, clock)
                finally:
                    await response.close()
        except TimeoutError as error:
            if not clock.expired():
                raise
            begun = response is not None and response.begun
            raise failures.silent(call.site, call.between_s if begun else call.first_s) from error


async def post(call: HttpCall, line: GatedClient) -> bytes:
    """Send a call and return the body of its 200.

    Raises:
        EndpointError: anything else happened.
    """
    return await exchange(call, line, partial(whole, call))


class Listener(Protocol):
    """Whoever takes the events of a streamed reply."""

    def take(self, event: Event) -> bool:
        """Take one; true when it is the last."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the reply is whole, although its end mark has not come."""
        ...


async def stream(call: HttpCall, line: GatedClient, listener: Listener) -> bytes | None:
    """Send a call and pass on each event, until the listener says that it is the last.

    Returns:
        The body, if the server did not stream but answered at once; else None.

    Raises:
        EndpointError: a refusal, silence, or a broken connection before the reply was whole.
            A stream that ends without its end mark is the caller's to notice.
    """
    hearing = Hearing(call, listener)
    try:
        return await exchange(call, line, hearing.listen)
    except EndpointError:
        # Silence, or a connection that dies, takes nothing away once the reply is whole.
        if not hearing.whole:
            raise
    return None


class Hearing:
    """One streamed reply as it comes, and the clock that bounds the silence in it."""

    def __init__(self, call: HttpCall, listener: Listener) -> None:
        self.call, self.listener = call, listener
        self.clock = asyncio.timeout(None)
        self.events = Events()
        self.response: Incoming | None = None
        self.ended = False
        self.last = float("inf")

    @property
    def whole(self) -> bool:
        """Whether nothing of the reply is missing."""
        return self.ended or self.listener.finished

    async def listen(self, response: Incoming, clock: asyncio.Timeout) -> bytes | None:
        """Take in the reply; return the body of one that is no stream."""
        self.clock = clock
        self.last = asyncio.get_running_loop().time() + PATIENCE * self.call.timeout_s
        self.response = response
        self.grant(self.call.first_s)
        called = "event-stream" in response.headers.get("content-type", "")
        streamed: bool | None = None
        body = bytearray()
        while piece := await response.read():
            if streamed:
                self.hear(piece)
                continue
            if not body and piece.isspace():
                # Some servers send blank lines while their model works.
                self.grant(self.call.first_s)
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
            if events and self.response is not None:
                self.response.begun = True
            if self.events.lines > lines:
                begun = self.response is not None and self.response.begun
                self.grant(self.call.between_s if begun else self.call.first_s)
        elif events:
            # Where it goes on after all, it may take this long again.
            self.grant(min(AFTER_FINISH_S, self.call.between_s))

    def grant(self, seconds: float) -> None:
        """Give it so much time from now on, within its patience."""
        grant(self.clock, seconds, self.last)
