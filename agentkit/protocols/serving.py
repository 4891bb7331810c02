"""Serving over HTTP from a kernel or a script, and for which names and pages it is done."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from collections.abc import Sequence
from typing import Any, Self

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from agentkit.errors import SetupError, error_text
from agentkit.protocols.bounds import STOP_S
from agentkit.protocols.heads import LOGGER, Heads
from agentkit.protocols.quiet import Quiet
from agentkit.protocols.streams import ending_with

LOOPBACK = ("127.0.0.1", "localhost", "::1")

LEAST = 16
"""Characters of a token: a shorter one can be guessed."""


class RunningServer:
    """A server that runs here, until `stop` or the end of the event loop."""

    def __init__(self, server: Quiet, task: asyncio.Task[None]) -> None:
        self._server, self._task = server, task

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    async def wait(self) -> None:
        """Wait until it ends."""
        await asyncio.wait([self._task])

    async def stop(self) -> None:
        """End it."""
        self._server.should_exit = True
        await asyncio.wait([self._task], timeout=STOP_S)


class Served:
    """What is served here, until `stop` or the end of the event loop; subclasses say what."""

    def __init__(self, running: RunningServer, url: str) -> None:
        self.url, self._running = url, running

    @property
    def state(self) -> str:
        """Whether it runs, in a word."""
        return "stopped" if self._running.over else "running"

    async def wait(self) -> None:
        """Wait until it is stopped, as a script does that only serves."""
        await self._running.wait()

    async def stop(self) -> None:
        """Stop it."""
        await self._running.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def begun(app: Any, listening: socket.socket) -> RunningServer:
    """Serve an ASGI application on a socket, in a task that belongs to no cell and no run."""
    ending = asyncio.Event()

    class Ending(Quiet):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            vars(self.lifespan)["logger"] = LOGGER
            await super().startup(sockets)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Whoever's stream ends asks for it anew: by then nobody is let in here any more.
            for one in self.servers:
                one.close()
            ending.set()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        ending_with(app, ending),
        http=Heads,
        log_config=None,
        ws="none",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = Ending(config)
    task = asyncio.create_task(server.serve([listening]), context=contextvars.Context())
    while not (server.started or task.done()):
        await asyncio.sleep(0.01)
    return RunningServer(server, task)


def shown_host(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def checked_token(token: str) -> str:
    """A token that callers must bring.

    Raises:
        SetupError: it can be guessed.
    """
    if len(token) < LEAST:
        raise SetupError(
            f"The token has {len(token)} characters.",
            expected=f"{LEAST} or more",
            todo="import secrets; secrets.token_urlsafe(24)",
        )
    return token


def open_to_all(host: str) -> SetupError:
    """The error of an address that others reach, where nobody is asked for anything."""
    return SetupError(
        f"Everybody who reaches {host} could call what is served.",
        expected="the address 127.0.0.1, or a token: token=secrets.token_urlsafe(24)",
    )


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        SetupError: it cannot.
    """
    # Named as TCP, so that asyncio sends small answers at once: else each waits 40 ms for the
    # acknowledgement of the one before.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        raise SetupError(
            f"Nothing can be served at {host}:{port}: {error_text(error)}.",
            expected="a free port",
            todo="choose another, or 0 for any",
        ) from error
    return made


def guarded(
    host: str, port: int, hosts: Sequence[str], origins: Sequence[str]
) -> TransportSecuritySettings:
    """For which names, and to pages of which origins, it answers."""
    own = ["127.0.0.1", "localhost", "[::1]"] + ([host] if host not in LOOPBACK else [])
    return TransportSecuritySettings(
        allowed_hosts=[*(f"{one}:*" for one in own), *hosts],
        allowed_origins=[*(f"http://{one}:*" for one in own[:3]), *origins],
    )
