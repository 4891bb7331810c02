"""The simulated endpoint without a process: its app behind an httpx transport that streams.

For where no process can be started and no socket bound, as in a page in a browser, and for quick
tests. httpx.ASGITransport gathers the whole body first, so that nothing would stream and no
`stall`, `cut` or `drop` could be met; this one hands on each piece as the app sends it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Scope

from agentkit.sim.brain.responding import respond
from agentkit.sim.server.app import make_app

URL = "http://sim.localhost"
"""What the endpoint is called, which nobody outside of this process can reach."""

DROP = "agentkit.drop"
"""Of a request's scope: what breaks its connection off."""

LEAVING_S = 0.2
"""Given to the app to end once whoever asked has hung up, in seconds."""


class Inside(httpx.AsyncBaseTransport):
    """Requests to an ASGI app in this process, answered piece by piece."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = ReplyStream(await request.aread())
        exchange.begin(self.app, scope_of(request, exchange))
        try:
            start = await exchange.begun
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(start["status"], headers=start["headers"], stream=exchange)


class ReplyStream(httpx.AsyncByteStream):
    """One request and the pieces of its reply; to close it is to hang up."""

    def __init__(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[MutableMapping[str, Any]] = loop.create_future()
        """The status and the headers."""
        self.left = asyncio.Event()
        """Whoever asked has hung up, or the connection broke."""
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._asked = [body]
        self._task: asyncio.Task[None] | None = None

    def begin(self, app: ASGIApp, scope: Scope) -> None:
        """Let the app answer."""
        self._task = asyncio.get_running_loop().create_task(self._serve(app, scope))

    async def receive(self) -> Message:
        """What the app gets: the request, and at last that nobody listens any more."""
        if self._asked:
            return {"type": "http.request", "body": self._asked.pop(), "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What the app says."""
        if message["type"] == "http.response.start":
            if not self.begun.done():
                self.begun.set_result(message)
        elif message["type"] == "http.response.body":
            if message.get("body"):
                self._pieces.put_nowait(message["body"])
            if not message.get("more_body", False):
                self._pieces.put_nowait(None)

    def drop(self) -> None:
        """Break the connection off, as a server does that dies."""
        self._fail("the server disconnected without an end of its reply")
        self.left.set()

    def _fail(self, what: str) -> None:
        error = httpx.RemoteProtocolError(what)
        self._pieces.put_nowait(error)
        if not self.begun.done():
            self.begun.set_exception(error)

    async def _serve(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:  # the app has answered it with a 500, where it still could
            self._fail(f"the simulated endpoint failed: {error}")
        self._pieces.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.left.set()
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=LEAVING_S)
            self._task.cancel()


def scope_of(request: httpx.Request, exchange: ReplyStream) -> Scope:
    """A request as an ASGI app takes it (asgi.readthedocs.io, HTTP connection scope)."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        DROP: exchange.drop,
    }


def make_inside(*, seed: int = 7, speed: float = 1.0) -> Inside:
    """A simulated endpoint of one's own in this process; see `make_app`."""
    return Inside(make_app(respond, seed=seed, speed=speed, hang_up=lambda scope: scope[DROP]()))


@functools.cache
def inside() -> Inside:
    """The one simulated endpoint inside of this process."""
    return make_inside()
