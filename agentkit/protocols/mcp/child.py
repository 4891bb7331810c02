"""A server as a process of its own, talked to over its standard input and output.

The SDK's own transport gives the process this one's `sys.stderr`, which has no file in a notebook,
and takes messages of any size. This one reads the error output, bounds what it takes, and sees to
it that the process ends with this one, even if that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

from agentkit.amounts import size
from agentkit.errors import PeerError, error_text
from agentkit.extras import needs_process
from agentkit.protocols.bounds import LARGEST
from agentkit.protocols.errors import PeerAbsent, PeerProtocolError
from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.bounds import STOP_S
from agentkit.sim.server.process import KEPT

ALSO = re.compile(
    r"SHELL|LOGNAME|PYTHONPATH|NODE_PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|XDG_\w+"
)
"""Of this process's environment; keys in it are not for a server that somebody else wrote."""

CHUNK = 65_536
LINE = 2_000
"""Characters of a line of error output."""

GUARD = "read -r _; kill -TERM -- -$0 2>/dev/null; sleep 1; kill -KILL -- -$0 2>/dev/null"
"""Ends a group of processes when its own input ends, as it does when this process is gone."""


class ChildProcess:
    """A process that runs, and what ends it."""

    def __init__(
        self, address: Address, said: Callable[[str], None], ended: Callable[[], None]
    ) -> None:
        """Describe one that is not started yet.

        Args:
            address: a command.
            said: is given each line of its error output.
            ended: is called once it says nothing more.
        """
        self.address, self.said, self.ended = address, said, ended
        self.process: Any = None
        self.guard: subprocess.Popen[bytes] | None = None
        self.fault: PeerError | None = None
        """Why nothing more is taken from it, where that is not its own end."""

    async def start(self) -> None:
        """Start it.

        Raises:
            PeerAbsent: it cannot be. SetupError: this is a page in a browser.
        """
        needs_process(f"The MCP server {self.address}")
        command = [runnable(self.address.command[0]), *self.address.command[1:]]
        try:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**environment(), **self.address.env},
                cwd=self.address.cwd or None,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise PeerAbsent(
                f"The server {self.address} cannot be started: {error_text(error)}.",
                expected="a program that can be run here",
                todo="run the command in a terminal to see more",
            ) from error
        if sys.platform != "win32":
            self.guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, str(self.process.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def gone(self) -> bool:
        """Whether it has ended, also where its output is not read to its end yet.

        What is sent to it then has not happened, and need not be doubted.
        """
        if self.process is None or self.process.returncode is not None:
            return self.process is not None
        if not hasattr(os, "waitid"):  # Windows and macOS: its output tells, a little later.
            return False
        try:
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, look) is not None
        except ChildProcessError:
            return True  # Somebody has taken note of its end just now.

    async def messages(self) -> AsyncIterator[SessionMessage]:
        """What it says, message by message; ends when it does, or says what cannot be taken."""
        held, length = list[bytes](), 0
        while chunk := await self.process.stdout.read(CHUNK):
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                whole = b"".join([*held, line])
                held, length = [], 0
                if (message := self._read(whole)) is not None:
                    yield message
            held.append(rest)
            length += len(rest)
            if length > LARGEST:
                self.fault = too_large(f"The MCP server {self.address}")
                return

    def _read(self, line: bytes) -> SessionMessage | None:
        if not line.strip():
            return None
        try:
            return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError:
            # Many a server prints to the wrong place; what it prints is worth seeing.
            self.said(line[:LINE].decode("utf-8", "replace"))
            return None

    async def write(self, message: SessionMessage) -> None:
        """Send it a message."""
        text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
        self.process.stdin.write(text.encode("utf-8", "replace") + b"\n")
        await self.process.stdin.drain()

    async def errors(self) -> None:
        """Pass on its error output until that ends."""
        held = b""
        while chunk := await self.process.stderr.read(CHUNK):
            *lines, held = (held + chunk).split(b"\n")
            held = held[:LINE]
            for line in lines:
                self.said(line[:LINE].decode("utf-8", "replace").rstrip("\r"))
        if held:
            self.said(held.decode("utf-8", "replace"))

    async def stop(self) -> None:
        """End it: its input first, then the whole group of processes, then by force."""
        with contextlib.suppress(OSError, RuntimeError):
            self.process.stdin.close()
        for how in (None, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            if how is not None:
                self.kill(how)
            if await self.ended_within(STOP_S):
                break
        if self.guard is not None:
            self.guard.kill()
            self.guard.wait()
            assert self.guard.stdin is not None
            self.guard.stdin.close()
        with contextlib.suppress(Exception):
            self.process._transport.close()

    async def ended_within(self, seconds: float) -> bool:
        """Whether the process ends so soon.

        `Process.wait` would also wait for its output to end, which other processes may hold open.
        """
        until = asyncio.get_running_loop().time() + seconds
        while self.process.returncode is None:
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.01)
        return True

    def kill(self, how: int) -> None:
        """Send a signal to all its processes."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self.process.kill()
            else:
                os.killpg(self.process.pid, how)


def runnable(program: str) -> str:
    """The program that a name means; "python" is the one that runs this, with its packages."""
    return sys.executable if program in ("python", "python3") and sys.executable else program


def environment() -> dict[str, str]:
    """What a server gets of this process's environment: what programs need, and no keys."""
    return {
        name: value
        for name, value in os.environ.items()
        if KEPT.fullmatch(name) or ALSO.fullmatch(name)
    }


def too_large(where: str) -> PeerProtocolError:
    """The error of a message that is larger than is taken."""
    return PeerProtocolError(
        f"{where} sent a message of more than {size(LARGEST)}; the connection was closed.",
        expected=f"at most {size(LARGEST)}",
        todo="ask it for less, or for a part of it",
    )


@contextlib.asynccontextmanager
async def child_transport(child: ChildProcess) -> AsyncIterator[TransportStreams]:
    """The streams of a process, which is started here and ended here."""
    await child.start()
    inward, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outward = anyio.create_memory_object_stream[SessionMessage](0)

    async def reading() -> None:
        async with inward:
            with contextlib.suppress(OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
                async for message in child.messages():
                    await inward.send(message)
        child.ended()

    async def writing() -> None:
        try:
            async with outward:
                async for message in outward:
                    await child.write(message)
        except (OSError, RuntimeError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            # Whoever waits for an answer must hear that none will come.
            await inward.aclose()

    errors = asyncio.ensure_future(child.errors())
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(reading)
            group.start_soon(writing)
            try:
                yield read, write
            finally:
                with anyio.CancelScope(shield=True):
                    await child.stop()
                    # What it said last is worth waiting for; a grandchild may hold the pipe open.
                    await asyncio.wait([errors], timeout=0.2)
                group.cancel_scope.cancel()
    finally:
        errors.cancel()
        for stream in (inward, read, write, outward):
            stream.close()
