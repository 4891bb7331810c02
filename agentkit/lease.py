"""The right to write a run: one writer at a time, told from earlier ones by an epoch."""

from __future__ import annotations

import math
import os
import socket
import time
from contextvars import ContextVar
from dataclasses import dataclass

from agentkit.errors import AgentkitError, RunTaken
from agentkit.events import What
from agentkit.kept import keep
from agentkit.machine import in_page, process_name

LEASE_S = 10.0
"""A run's writer counts as gone when it was silent for so long."""

HOST = socket.gethostname()


@dataclass(frozen=True)
class RunOffer:
    """A run that is begun for others to perform."""

    share: str = ""
    """Whose it is: shares get runs claimed in fair turns."""
    priority: int = 0
    """Higher ones come first, whosever they are."""


@dataclass
class Lease:
    """The right to write a run, until somebody takes it over."""

    run: str
    owner: str
    epoch: int
    lost: AgentkitError | None = None
    what: What = "run"
    """Or whether it is a stream of shared state."""
    seconds: float = LEASE_S
    """How long it holds without being renewed; 0 in a run that is begun for others to perform."""
    offer: RunOffer | None = None
    """How a run is offered to others, where it begins with this lease."""
    together: bool = False
    """Whether somebody renews it together with others."""
    until: float = math.inf
    """When it ends if it is not renewed, by `time.monotonic` of this process."""

    def after(self, ended: str | None) -> float:
        """How long it holds from a commit on, in seconds; 0 gives the run free.

        Args:
            ended: the status that the run ends with in that commit. Who has it from a queue says
                what becomes of a failed one before anybody else takes it.
        """
        if ended == "ok" or (ended is not None and not self.together):
            return 0.0
        return self.seconds

    @property
    def stale(self) -> bool:
        """Whether another may have the run by now: then it is renewed before anything else."""
        return time.monotonic() > self.until


HANDED: ContextVar[dict[str, Lease] | None] = ContextVar("agentkit_handed", default=None)
"""Leases that a worker has claimed already, for the runs that it goes on with."""


def owner_name() -> str:
    """A new name for a writer in this process."""
    return f"{HOST}:{process_name()}:{os.urandom(4).hex()}"


def holds(until: object, now: float) -> bool:
    """Whether a lease until then holds: what a file says may be anything, and block for ever.

    A writer leases LEASE_S from its own now; clocks may differ by as much again.
    """
    return isinstance(until, int | float) and now < until <= now + 2 * LEASE_S


def owner_gone(owner: str) -> bool:
    """Whether the writer was a process of this machine that has ended."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if in_page():
        # Files of a page end with it. One that the browser kept has one writer, by a lock.
        found = keep()
        alone = found is None or found.state != "refused"
        return alone and rest.startswith("page-") and rest != process_name()
    if host != HOST or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def taken(run: str, owner: str, *, new: bool = False) -> RunTaken:
    """The error for a run that another writer holds.

    Args:
        run: its id.
        owner: the other writer.
        new: whether it was to begin now, so that its id is what is taken.
    """
    if new:
        return RunTaken(
            f"There is a run {run} already; {owner} wrote it last.",
            expected="an id of its own for each new run",
            todo=f"leave id= out, or go on with that run: resume {run}",
            run_id=run,
            owner=owner,
        )
    return RunTaken(
        f"Run {run} is being written by {owner}.",
        expected="one writer per run",
        todo="stop it there (%stop), or wait until it ends and resume again",
        run_id=run,
        owner=owner,
    )
