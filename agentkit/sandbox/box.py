"""The sandbox: a folder of its own, and programs that run in it and reach nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from agentkit.errors import SetupError
from agentkit.sandbox import bubblewrap, container
from agentkit.sandbox.calls import filter_for
from agentkit.sandbox.container import Contained, ContainerFiles
from agentkit.sandbox.errors import NoSandbox
from agentkit.sandbox.limits import Done, Limits
from agentkit.sandbox.running import RunningProgram, started

Strength = Literal["bubblewrap", "container", "none"]

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/box", "LANG": "C.UTF-8",
       "TMPDIR": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}  # fmt: skip
CHANNEL = "AGENTKIT_CHANNEL"
"""The variable that says which open file is the channel."""


class Sandbox:
    """A folder, and programs that run in it and reach nothing else of the machine.

        async with Sandbox() as box:
            done = await box.python("print(6 * 7)")

    The folder is a copy: what a program does is in the sandbox until somebody takes it out.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        limits: Limits | None = None,
        read: Mapping[str, str | Path] | None = None,
        env: Mapping[str, str] | None = None,
        strength: Strength | None = None,
    ) -> None:
        """Make one; its folder is there until `close`.

        Args:
            folder: what is copied into it; empty without one.
            limits: what each program may take.
            read: further files and folders that may be read: where they are inside, as
                "/data", and where they are.
            env: variables that its programs see beside the usual; no other is passed on.
            strength: "bubblewrap": namespaces of its own, no network, a filter of system calls,
                and limits, in some 10 ms. "container": the same by Podman, and a control group, in
                some 0.5 s. Without: bubblewrap, where it works, else a container.
                "none": limits alone; what runs can read and send what you can.

        Raises:
            NoSandbox: there is none of that strength here.
            SetupError: the folder, or what is to be read, is not there.
        """
        strength = here(strength)
        self.strength, self.limits, self.env = strength, limits or Limits(), dict(env or {})
        self.read = {inside: os.path.realpath(path) for inside, path in (read or {}).items()}
        for inside, path in self.read.items():
            if not inside.startswith("/") or not os.path.exists(path):
                raise SetupError(
                    f"{path} cannot be read as {inside} in the sandbox.",
                    expected="a path inside from /, and a file or folder that is there",
                )
        self.uid = 0x40000000 + secrets.randbelow(0x20000000)
        self._home = Path(tempfile.mkdtemp(prefix="agentkit-box-"))
        self.folder = self._home / "work"
        self._copy(folder)

    def _copy(self, folder: str | Path | None) -> None:
        try:
            if folder is None:
                self.folder.mkdir()
            else:
                shutil.copytree(folder, self.folder, symlinks=True)
            if self.strength != "none" and os.geteuid() == 0:
                self._home.chmod(0o711)
                os.chown(self.folder, self.uid, self.uid)
                for where, folders, files in os.walk(self.folder):
                    for name in (*folders, *files):
                        os.lchown(os.path.join(where, name), self.uid, self.uid)
        except (OSError, shutil.Error) as error:
            self.close()
            raise SetupError(
                f"{folder} cannot be copied into a sandbox: {type(error).__name__}: {error}"[:400],
                expected="a folder of files that you can read",
            ) from error

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | str = b"",
        limits: Limits | None = None,
        keep: bool = True,
    ) -> Done:
        """Run a program to its end.

        Args:
            argv: the program and its arguments, as they are inside.
            stdin: what it reads.
            limits: what it may take, where that is not the sandbox's.
            keep: whether it works in the sandbox's folder; else in an empty one.

        Returns:
            What came of it, whatever its status; `check()` makes an error of a bad one.

        Raises:
            SandboxError: it was stopped at a limit.
        """
        async with self.start(argv, limits=limits, keep=keep) as running:
            text = stdin.encode() if isinstance(stdin, str) else stdin
            return await running.ended(text)

    async def python(self, code: str, *arguments: str, limits: Limits | None = None) -> Done:
        """Run a text as Python, this version of it without packages; see `run`."""
        argv = [self.interpreter, "-I", "-B", "-c", code, *arguments]
        return await self.run(argv, limits=limits)

    @property
    def interpreter(self) -> str:
        """The path of Python inside."""
        return bubblewrap.python() if self.strength != "none" else sys.executable

    @contextlib.asynccontextmanager
    async def start(
        self,
        argv: Sequence[str],
        *,
        limits: Limits | None = None,
        keep: bool = True,
        channel: socket.socket | None = None,
    ) -> AsyncIterator[RunningProgram]:
        """Start a program; at the end of the block it is killed, if it still runs.

        Args:
            argv, limits, keep: as `run`.
            channel: one end of a socket pair that it has open; the variable AGENTKIT_CHANNEL
                tells it which file that is.
        """
        limits, folder = limits or self.limits, self.folder if keep else None
        env = {**ENV, **self.env}
        fds = [] if channel is None else [channel.fileno()]
        if channel is not None:
            env[CHANNEL] = "3" if self.strength == "container" else str(channel.fileno())
        if self.strength == "container":
            running = await self._contained(argv, limits, folder, env, fds)
        else:
            running = await self._started(argv, limits, folder, env, fds)
        try:
            yield running
        finally:
            running.kill()
            await running.process.wait()
            if isinstance(running, Contained) and running.cut:
                await asyncio.to_thread(running.gone)

    async def _started(
        self, argv: Sequence[str], limits: Limits, folder: Path | None, env: dict[str, str],
        fds: list[int],
    ) -> RunningProgram:  # fmt: skip
        if self.strength == "none":
            whole = bubblewrap.bounded(argv, limits)
            mine = {**env, "HOME": str(self.folder)}
            return await started(whole, limits, folder, fds=fds, env=mine, cwd=self.folder)
        with calls_file() as calls:
            whole = bubblewrap.command(
                argv, limits=limits, uid=self.uid, folder=folder, read=self.read, env=env,
                calls_fd=calls,
            )  # fmt: skip
            fds += [] if calls is None else [calls]
            return await started(whole, limits, folder, fds=fds)

    async def _contained(
        self, argv: Sequence[str], limits: Limits, folder: Path | None, env: dict[str, str],
        fds: list[int],
    ) -> RunningProgram:  # fmt: skip
        place, engine = ContainerFiles(self._home), container.launcher()
        assert engine is not None
        whole = container.command(
            argv, engine=engine, place=place, limits=limits, uid=self.uid, folder=folder,
            read=self.read, env=env, channel=fds[0] if fds else None,
        )  # fmt: skip
        made = partial(Contained, place=place, engine=engine[0])
        return await started(whole, limits, folder, fds=fds, env=container.engine_env(), made=made)

    def close(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self._home, ignore_errors=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        return f"Sandbox(strength={self.strength!r})"


def here(strength: Strength | None) -> Strength:
    """Return the strength that a sandbox has on this machine.

    Args:
        strength: the one that is asked for; the first that works without.

    Raises:
        NoSandbox: there is none of it. SetupError: no such strength can be.
    """
    if strength not in (None, "bubblewrap", "container", "none"):
        raise SetupError(
            f"There is no strength {strength!r}.", expected="bubblewrap, container or none"
        )
    if strength == "none":
        return "none"
    if strength != "container" and bubblewrap.launcher() is not None:
        return "bubblewrap"
    if strength != "bubblewrap" and container.launcher() is not None:
        return "container"
    expected = {
        "container": "Podman, and a kernel that lets it bound a container",
        "bubblewrap": "bubblewrap, and a kernel that lets it make namespaces",
        None: "bubblewrap or Podman, and a kernel that lets it make namespaces",
    }
    raise NoSandbox(
        "Nothing here can keep foreign code in a sandbox.",
        expected=expected[strength],
        todo="install the package bubblewrap or podman (Linux); or, for code that you trust as your"
        ' own, Sandbox(strength="none")',
    )


@contextlib.contextmanager
def calls_file() -> Iterator[int | None]:
    """Open the filter of system calls as a file that bubblewrap reads."""
    made = filter_for()
    if made is None:
        yield None
        return
    reader, writer = os.pipe()
    try:
        os.write(writer, made)
        os.close(writer)
        yield reader
    finally:
        os.close(reader)
