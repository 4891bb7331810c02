"""Where a fleet of this machine is written down, for other processes to find it: a file, a lock.

Its supervisor holds the lock as long as it lives, whatever ends it; the file says what it has
started. Nothing in it is secret.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from agentkit.logs.files import folder, make_folder
from agentkit.messages import Frozen


class Process(Frozen):
    """A worker process."""

    pid: int
    since: float
    restarts: int = 0
    name: str = ""
    """Of the worker, where a process id does not tell it from those of other machines."""


class SupervisorState(Frozen):
    """What a supervisor tells of itself."""

    pid: int
    log: str
    """Without secrets."""
    targets: tuple[str, ...]
    wanted: int
    """How many workers there shall be."""
    since: float
    workers: tuple[Process, ...] = ()
    ray: str = ""
    """The address of the Ray that places the workers; nothing where they are processes here."""
    most: int = 0
    """How many workers there may be where runs are open; 0: as many as are wanted."""


class FleetFiles:
    """The files of the fleet of a log, in the folder of this notebook or script."""

    def __init__(self, log_url: str, under: Path | None = None) -> None:
        under = under or folder() / "fleet"
        make_folder(under)
        name = hashlib.sha256(log_url.encode()).hexdigest()[:12]
        self.state, self.lock = under / f"{name}.json", under / f"{name}.lock"
        self.wanted, self.output = under / f"{name}.wanted", under / f"{name}.txt"

    def read(self) -> SupervisorState | None:
        """What the last supervisor said; None where there was none, or nobody of ours wrote it."""
        with contextlib.suppress(OSError, ValueError, ValidationError):
            return SupervisorState.model_validate_json(self.state.read_bytes())
        return None

    def write(self, state: SupervisorState) -> None:
        """Say it; a reader sees the old or the new."""
        put(self.state, state.model_dump_json())

    def want(self, workers: int) -> None:
        """Tell the supervisor how many workers there shall be."""
        put(self.wanted, json.dumps(workers))

    def how_many(self, otherwise: int) -> int:
        """How many workers there shall be."""
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self.wanted.read_bytes())
            if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MOST:
                return found
        return otherwise

    def up(self) -> bool:
        """Whether a supervisor lives."""
        held = self.hold()
        if held is None:
            return True
        held.close()
        return False

    def hold(self) -> IO[str] | None:
        """Take the lock until the file returned is closed; None where another process has it."""
        file = self.lock.open("a")
        try:
            locked(file)
        except OSError:
            file.close()
            return None
        return file

    def lost(self, held: IO[str]) -> bool:
        """Whether the lock that is held is no longer where others look for it."""
        try:
            return not os.path.samestat(os.fstat(held.fileno()), os.stat(self.lock))
        except OSError:
            return True

    def taken(self, patience_s: float = 2.0) -> IO[str] | None:
        """The lock, as `hold`; whoever only looks whether it is held has it for moments."""
        until = time.monotonic() + patience_s
        while (found := self.hold()) is None and time.monotonic() < until:
            time.sleep(0.05)
        return found


MOST = 1_000
"""Workers of one machine; more is a slip of the hand."""


def put(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    made.write_text(text)
    made.replace(path)


def locked(file: IO[str]) -> None:
    """Lock a file for this process.

    Raises:
        OSError: another one has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def tail_of(path: Path, lines: int = 12) -> str:
    """The end of what processes wrote."""
    with contextlib.suppress(OSError):
        return tail_of_text(path.read_text(errors="replace"), lines)
    return ""


def tail_of_text(text: str, lines: int = 12) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])


def is_worker(pid: int, targets: Sequence[str]) -> bool:
    """Whether a process is a worker for these targets, as far as this system tells; else False."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        return "worker" in words and all(one in words for one in targets)
    return False
