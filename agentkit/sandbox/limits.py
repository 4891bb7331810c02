"""What a program in a sandbox may take, and what came of it."""

from __future__ import annotations

import re
import signal
from typing import Annotated

from pydantic import Field

from agentkit.messages import Frozen
from agentkit.sandbox.errors import (
    CallDenied,
    DiskSpent,
    MemorySpent,
    ProcessesSpent,
    ProgramFailed,
    SandboxError,
    TimeSpent,
)


class Limits(Frozen):
    """What one program may take, all its processes together where nothing else is said."""

    wall_s: Annotated[float, Field(gt=0)] = 10.0
    cpu_s: Annotated[int, Field(ge=1)] = 10
    """Of each process."""
    memory_mb: Annotated[int, Field(ge=16)] = 512
    processes: Annotated[int, Field(ge=2)] = 32
    """Threads count, too."""
    disk_mb: Annotated[int, Field(ge=1)] = 64
    """In the folder; as much again in /tmp, and as much in /dev/shm."""
    files: Annotated[int, Field(ge=1)] = 20_000
    """In the folder, and as many in /tmp."""
    output_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    """Of stdout, and as many of stderr."""


class Done(Frozen):
    """What came of a program."""

    status: int
    """0 if all went well; 128 + n after signal n, as in a shell."""
    stdout: str = ""
    stderr: str = ""
    wall_s: float = 0.0
    memory_mb: float = 0.0
    """The most that was seen; a program shorter than a look shows 0."""
    processes: int = 0
    """The most that were seen."""

    @property
    def ok(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0

    def check(self) -> Done:
        """Return this, if the program ended well.

        Raises:
            SandboxError: of the class that its end speaks for.
        """
        if self.ok:
            return self
        kind, what = cause(self)
        said = self.stderr.strip().splitlines()
        last = f"; it said last: {said[-1][:300]}" if said else ""
        raise kind(f"The program {what}{last}", done=self)


ENDED_BY: dict[int, tuple[type[SandboxError], str]] = {
    signal.SIGSYS: (CallDenied, "made a system call that is not allowed"),
    signal.SIGXCPU: (TimeSpent, "used up its processor time"),
    signal.SIGXFSZ: (DiskSpent, "wrote a file larger than allowed"),
}

WORDS: tuple[tuple[str, type[SandboxError], str], ...] = (
    (r"^MemoryError\b|Cannot allocate memory", MemorySpent, "got no more memory"),
    (
        r"^BlockingIOError: \[Errno 11\]|can't start new thread|fork: retry|Cannot fork",
        ProcessesSpent,
        "got no more processes",
    ),
    (
        r"^OSError: \[Errno (27|28|122)\]|No space left on device|File too large",
        DiskSpent,
        "got no more room for files",
    ),
)
"""What a program's last line tells of why it ended, where no signal tells it."""


def cause(done: Done) -> tuple[type[SandboxError], str]:
    """Return the class of error that a program's end is, and words for it."""
    number = done.status - 128
    if number in ENDED_BY:
        return ENDED_BY[number]
    last = done.stderr.strip().rpartition("\n")[2]
    for pattern, kind, what in WORDS:
        if re.search(pattern, last):
            return kind, what
    if 0 < number < 65:
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return ProgramFailed, f"was ended by {name}"
    return ProgramFailed, f"ended with status {done.status}"
