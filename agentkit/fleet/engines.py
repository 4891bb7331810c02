"""What a supervisor starts workers with: processes of this machine here, `onray` elsewhere."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from agentkit.fleet.place import SupervisorState, is_worker


class EngineLost(Exception):
    """What starts workers is gone for good."""


class Started(Protocol):
    """A worker that was started; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Of its process, wherever that is; 0 while that is not known."""
        ...

    def poll(self) -> int | None:
        """What it ended with; None while it goes on. Waits for nothing."""
        ...

    def terminate(self) -> None:
        """Tell it to claim nothing more, and to end when its runs have."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        ...


class Engine(Protocol):
    """Starts workers."""

    def start(self) -> Started:
        """Start one; returns at once."""
        ...

    def left(self, before: SupervisorState | None) -> list[Started]:
        """Workers that a supervisor has left behind that was killed, to be told to end."""
        ...

    def look(self) -> None:
        """See to it that workers can be started; called again and again. Waits for nothing.

        Raises:
            EngineLost: none can be started by it any more.
        """
        ...

    def close(self) -> None:
        """Give up what it holds, once all workers have ended."""
        ...


class Processes:
    """Processes of this machine, in sessions of their own."""

    def __init__(self, targets: Sequence[str], options: Sequence[str] = ()) -> None:
        """Make one.

        Args:
            targets: FILE.py:NAME or MODULE:NAME of the actors.
            options: of `agentkit worker`.
        """
        self.command = ["-m", "agentkit", "worker", *targets, *options]

    def start(self) -> Started:
        command = [sys.executable, *self.command]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def left(self, before: SupervisorState | None) -> list[Started]:
        # They are nobody's children by now, and end by themselves.
        for one in before.workers if before else ():
            if before and is_worker(one.pid, before.targets):
                with contextlib.suppress(OSError):
                    os.kill(one.pid, signal.SIGTERM)
        return []

    def look(self) -> None:
        pass

    def close(self) -> None:
        pass
