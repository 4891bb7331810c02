"""One program in a sandbox: started, fed, listened to, watched, and ended with all it began."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agentkit.extras import needs_process
from agentkit.sandbox.errors import (
    DiskSpent,
    MemorySpent,
    OutputSpent,
    ProcessesSpent,
    SandboxError,
    TimeSpent,
)
from agentkit.sandbox.limits import Done, Limits
from agentkit.sandbox.watching import crowded, filled, memory, taken

LOOK_S = 0.02
SLOW_LOOK_S = 0.2
"""How often the sums are looked at; and the folder, which takes longer."""

GROWN = 1.02
"""How many times as much is more, where memory is looked at."""

CHUNK = 1 << 16


class RunningProgram:
    """A program at work in a sandbox."""

    def __init__(self, process: Process, limits: Limits, folder: Path | None) -> None:
        self.process, self.limits, self.folder = process, limits, folder
        self.began = time.monotonic()
        self.stopped: SandboxError | None = None
        self.said: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self.peak, self.most_kb = (0, 0), 0

    @property
    def top(self) -> int:
        """The process that all of the program's are below."""
        return self.process.pid

    def stop(self, error: SandboxError) -> None:
        """End it; the first reason counts."""
        if self.stopped is None and self.process.returncode is None:
            self.stopped = error
        self.kill()

    def kill(self) -> None:
        """Kill it. The first process of its namespace dies with it, and so do all others.

        Its own `kill` would look for its end first, and take that away from who waits for it.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)

    async def ended(self, stdin: bytes = b"") -> Done:
        """Wait for its end.

        Args:
            stdin: what it reads.

        Raises:
            SandboxError: it was stopped at one of its limits.
        """
        work = [
            asyncio.ensure_future(one)
            for one in (self.feed(stdin), self.listen("stdout"), self.listen("stderr"))
        ]
        watch = asyncio.ensure_future(self.watch())
        try:
            await self.process.wait()
            await asyncio.gather(*work)
        finally:
            self.kill()
            for one in (*work, watch):
                one.cancel()
            await asyncio.gather(*work, watch, return_exceptions=True)
            await self.process.wait()
        done = self.done()
        if self.stopped is not None:
            self.stopped.context["done"] = done
            raise self.stopped
        return done

    def done(self) -> Done:
        """Return what there was of it."""
        status = self.process.returncode
        said = {name: text.decode("utf-8", "replace") for name, text in self.said.items()}
        return Done(
            status=0 if status is None else 128 - status if status < 0 else status,
            wall_s=time.monotonic() - self.began,
            processes=self.peak[0],
            memory_mb=self.peak[1] / 1024,
            **said,
        )

    async def feed(self, stdin: bytes) -> None:
        """Write what it reads; it need not read all of it."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.write(stdin)
            await self.process.stdin.drain()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.close()
            await self.process.stdin.wait_closed()

    async def listen(self, name: str) -> None:
        """Keep what it says, up to the limit."""
        stream, kept = getattr(self.process, name), self.said[name]
        while piece := await stream.read(CHUNK):
            room = self.limits.output_bytes - len(kept)
            kept += piece[: max(0, room)]
            if len(piece) > room:
                most = self.limits.output_bytes
                self.stop(OutputSpent(f"The program wrote more than {most} bytes to {name}."))

    async def watch(self) -> None:
        """Stop it when its time is up, or its processes take too much together."""
        last = asyncio.ensure_future(self.watch_files())
        try:
            while self.process.returncode is None:
                self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            last.cancel()
            await asyncio.gather(last, return_exceptions=True)

    def look(self) -> None:
        """Look once at time, processes and memory."""
        limits = self.limits
        if time.monotonic() - self.began > limits.wall_s:
            self.stop(TimeSpent(f"The program took longer than {limits.wall_s:g} s."))
        now = taken(self.top, limits.processes)
        self.peak = (max(self.peak[0], now.processes), self.peak[1])
        # What they take at most costs little to see; what they take is looked at where that grew.
        if now.most_kb > min(GROWN * self.most_kb, limits.memory_mb * 1024):
            self.most_kb = max(self.most_kb, now.most_kb)
            self.peak = (self.peak[0], max(self.peak[1], memory(self.top)))
        if self.peak[1] > limits.memory_mb * 1024:
            self.stop(MemorySpent(f"The program took more than {limits.memory_mb} MB of memory."))
        if now.processes > limits.processes + SPARE:
            text = f"The program began more than {limits.processes} processes and threads."
            self.stop(ProcessesSpent(text))

    async def watch_files(self) -> None:
        """Stop it when it fills its folder, or its other places with files."""
        limits = self.limits
        size = limits.disk_mb << 20
        while True:
            over = ""
            if self.folder is not None:
                bounds = (limits.disk_mb * 1024, limits.files)
                over = await asyncio.to_thread(filled, self.folder, *bounds)
            for path in ("/tmp", "/dev/shm", "/box" if self.folder is None else ""):
                if not over and path and crowded(self.top, path, size, limits.files):
                    over = "files"
            if over:
                most = f"{limits.disk_mb} MB" if over == "bytes" else f"{limits.files} files"
                self.stop(DiskSpent(f"The program wrote more than {most}."))
            await asyncio.sleep(SLOW_LOOK_S)


SPARE = 2
"""Processes that are ours: bubblewrap's own, and the first of the namespace."""


async def started(
    argv: Sequence[str],
    limits: Limits,
    folder: Path | None,
    *,
    fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    made: Callable[[Process, Limits, Path | None], RunningProgram] = RunningProgram,
) -> RunningProgram:
    """Start a program.

    Args:
        argv: the whole command, with what isolates it.
        limits: what it may take.
        folder: the one that it may fill.
        fds: what it has open beside its input and output.
        env: all of its environment, where nothing else sets that.
        cwd: where it begins, where nothing else sets that.
        made: what looks after it.

    Raises:
        SetupError: this is a page in a browser.
    """
    needs_process("A program in a sandbox")
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, pass_fds=tuple(fds), start_new_session=True,
        env={} if env is None else dict(env), cwd=cwd, limit=CHUNK,
    )  # fmt: skip
    return made(process, limits, folder)
