"""Serves the app with uvicorn in this process: the inside of the server process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from agentkit.sim.brain.thought import BrainRequest, Say
from agentkit.sim.server.app import make_app
from agentkit.sim.server.guard import HostGuard

PARENT_CHECK_S = 1.0
HEADERS_S = 10.0
"""How long a connection may take for the head of a request."""
MOST_HEAD_BYTES = 64 * 2**10
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-length: 0\r\n\r\n"
)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def tracking(
    transports: dict[Any, asyncio.Transport], headers_s: float = HEADERS_S
) -> type[asyncio.Protocol]:
    """Uvicorn's HTTP protocol, with each connection's transport in the table and heads bounded.

    Uvicorn itself waits for ever for the end of a request's head.
    """

    class Tracked(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        waiting: asyncio.TimerHandle | None = None
        head_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:
            self.peer = tuple(transport.get_extra_info("peername") or ())[:2]
            transports[self.peer] = transport
            super().connection_made(transport)
            self.await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self.peer, None)
            self.head_done()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self.head_done()
                return
            self.await_head()
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD_BYTES:
                self.give_up(TOO_LARGE)

        def await_head(self) -> None:
            if self.waiting is None:
                self.waiting = self.loop.call_later(headers_s, self.give_up, TIMED_OUT)

        def head_done(self) -> None:
            self.head_bytes = 0
            if self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None

        def give_up(self, reply: bytes) -> None:
            if not self.transport.is_closing():
                self.transport.write(reply)
                self.transport.close()

    return Tracked


def make_server(
    respond: Callable[[BrainRequest], Say],
    *,
    seed: int = 7,
    speed: float = 1.0,
    announce: Callable[[], None] = lambda: None,
    hosts: Iterable[str] = (),
    headers_s: float = HEADERS_S,
) -> uvicorn.Server:
    """A server for the app; announce is called once requests are answered.

    Args:
        respond: the brain.
        seed: for requests that name none.
        speed: factor on all latency.
        announce: called once.
        hosts: names under which it may be asked, besides this machine's loopback ones.
        headers_s: how long a connection may take for the head of a request.
    """
    transports: dict[Any, asyncio.Transport] = {}

    def hang_up(scope: Scope) -> None:
        transport = transports.get(tuple(scope.get("client") or ()))
        if transport is not None:
            transport.close()

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce()

    config = uvicorn.Config(
        HostGuard(make_app(respond, seed=seed, speed=speed, hang_up=hang_up), hosts),
        http=tracking(transports, headers_s),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    return Announcing(config)


def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def end_with_parent(log_path: str | None) -> None:
    """Exit when the parent does, however it ends: its end of our stdin closes, or we are orphaned.

    Two signs, since a process that the parent forked may keep the pipe open.
    """
    parent = os.getppid()

    def leave() -> None:
        if log_path is not None:
            with contextlib.suppress(OSError):
                os.unlink(log_path)
        os._exit(0)

    def wait_for_end_of_pipe() -> None:
        while os.read(0, 4096):
            pass
        leave()

    def wait_for_new_parent() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        leave()

    for watch in (wait_for_end_of_pipe, wait_for_new_parent):
        threading.Thread(target=watch, daemon=True, name=watch.__name__).start()
