"""Runs that wait for a worker: how they are offered, claimed and given back, in any storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from agentkit.errors import SetupError, safe_repr
from agentkit.lease import LEASE_S, Lease
from agentkit.messages import Frozen

State = Literal["open", "dead", "waiting", "stopped"]
"""Open ones are claimed. Dead letters failed too often; what waits, waits for a person; what was
stopped was stopped by one."""

ENDED = ("ok", "dead", "stopped")
"""How runs stand that nobody goes on with by himself."""

STOPPED = "stopped"
"""How the reason of a run begins that was stopped, and did not fail.

Storages keep it as a dead letter with such a reason, which workers of any version understand.
"""

CLOCK = "*"
"""The share whose turn is the time of the queue."""


SILENT_S = 30.0
"""Until a worker that says nothing is forgotten; its runs are free after their leases."""


@dataclass(frozen=True)
class Claimed:
    """A run that is this worker's now."""

    lease: Lease
    attempt: int
    """Which one this is, from 1."""
    actor: str
    reason: str = ""
    """What the last attempt failed with."""
    share: str = ""
    """Whose it is."""
    limited: bool = False
    """Whether the share has a budget."""


class Counts(Frozen):
    """A queue in numbers."""

    open: int = 0
    """That nobody works at."""
    running: int = 0
    expired: int = 0
    """Of the open ones, those whose worker is gone: more than a few for long means no worker."""
    waiting: int = 0
    """For a person."""
    dead: int = 0
    """Dead letters."""
    stopped: int = 0
    """By a person."""
    done: int = 0
    """Runs of the log that ended well."""
    cost_usd: float = 0.0
    """Of all runs of the log."""
    oldest_s: float = 0.0
    """Age of the oldest open run, in seconds."""
    workers: dict[str, int] = {}
    """How many runs each process has, by host and process id."""


class Present(Frozen):
    """A worker that is there, whether it has runs or not."""

    name: str
    """host:pid:token of the worker."""
    since: float
    """When it began, in seconds since 1970."""
    slots: int
    running: int
    actors: tuple[str, ...] = ()
    """Whose runs it performs."""


class StuckRun(Frozen):
    """A run that no worker takes."""

    id: str
    actor: str
    state: State
    attempts: int
    reason: str


class Held(Frozen):
    """An open run that a worker has, or had when it was last heard of."""

    run: str
    owner: str
    """host:pid:token of the lease."""
    attempt: int
    """Which one this is, from 1."""
    left_s: float
    """How long its lease holds from now, in seconds; below 0 others may take the run."""


class Books(Frozen):
    """The budget of a share, for all who perform its runs."""

    share: str
    usd: float
    """What may be spent."""
    granted: float
    """What was given to those who perform runs, and not given back: never more than `usd`."""
    spent: float
    """What they have told so far that they spent of it."""
    idle: float = 0.0
    """What those who are there hold and may give back."""


class Chunk(NamedTuple):
    """A part of a budget that was asked for."""

    usd: float
    """What was given, 0 where there is no more."""
    elsewhere: float
    """What others who are there hold of the budget, and have not spent."""


class Stamps(NamedTuple):
    """Calls that may be made at so many times, by the clock of the log."""

    now: float
    """The time."""
    start: float
    """When the first may be made, the others after it at the rate."""
    many: int
    """How many times; 0: none so far ahead; ask again at `start`."""


class Quotas(Protocol):
    """What all who work at a log may do together: spend, and ask so often."""

    def allow(self, share: str, usd: float) -> int:
        """Let the runs of a share spend so much in all, and offer those anew that lacked it.

        Returns:
            How many these were.
        """
        ...

    def books(self) -> list[Books]:
        """All budgets."""
        ...

    def draw(self, share: str, holder: str, need: float, spent: float) -> Chunk:
        """Take a part of a budget: what is needed or more, or nothing.

        Args:
            share: whose.
            holder: who takes it.
            need: the least that is of use.
            spent: what the holder has spent so far of all that it has taken.
        """
        ...

    def told(self, share: str, holder: str, spent: float, back: float = 0.0) -> None:
        """Say what a holder has spent so far, and give back what it will not spend."""
        ...

    def stamps(self, name: str, per_s: float, burst_s: float, want: int) -> Stamps:
        """Take the next times at which calls may be made, one after the other at a rate.

        Args:
            name: of what is asked.
            per_s: the rate, for all together.
            burst_s: how long a time that was not used is good for.
            want: how many.
        """
        ...


class Work(Protocol):
    """The queue of a log."""

    @property
    def quotas(self) -> Quotas:
        """What all may do together.

        Raises:
            SetupError: the log is a file, where each worker is on its own.
        """
        ...

    def claim(
        self, actors: Sequence[str], limit: int, *, seconds: float = LEASE_S
    ) -> list[Claimed]:
        """Become the writer of open runs of these actors; each is given to one who asks.

        In order of priority, then in fair turns: a share with thousands of runs does not keep
        another with a few waiting.
        """
        ...

    def give_back(
        self,
        lease: Lease,
        *,
        state: Literal["open", "dead", "waiting"] = "open",
        wait_s: float = 0.0,
        counts: bool = True,
        reason: str = "",
    ) -> bool:
        """Leave a run to others; False where it was not this lease's any more.

        Args:
            lease: that it was claimed by.
            state: what becomes of it.
            wait_s: how long nobody takes it.
            counts: whether the attempt counts; one that was stopped from outside does not.
            reason: why.
        """
        ...

    def state(self, run: str) -> tuple[State, str] | None:
        """What becomes of a run, and why; None where it is in no queue, or has ended well."""
        ...

    def counts(self) -> Counts:
        """The queue in numbers."""
        ...

    def stuck(self) -> list[StuckRun]:
        """Dead letters, runs that wait for a person, and those that one has stopped."""
        ...

    def present(self, worker: Present, *, gone: bool = False) -> None:
        """Say that a worker is there; it is forgotten after SILENT_S without a word.

        What a process of this machine held that has ended, without a word, is free at once.

        Args:
            worker: as it stands now.
            gone: it ends.
        """
        ...

    def look(self) -> None:
        """See to it that what is written here will be found: not in a file that was deleted.

        Raises:
            LogGone: it will not be, and never again. Of a database that cannot be said.
        """
        ...

    def workers(self) -> list[Present]:
        """The workers that are there, in the order of their names."""
        ...

    def held(self) -> list[Held]:
        """The open runs that a worker has, in the order in which they began."""
        ...

    def outcomes(self, runs: Sequence[str]) -> dict[str, State | Literal["ok"]]:
        """Of these runs those that nobody goes on with by now, and how they stand."""
        ...

    def stop(self, run: str, reason: str) -> bool:
        """Stop a run, whoever has it; False where it is none that is open.

        Its worker notices when it next writes, within a quarter of its lease: nothing that it
        does from now on is recorded. `retry` lets it go on.
        """
        ...

    def retry(self, run: str) -> bool:
        """Offer a run anew that is stuck, its attempts forgotten; False where it is not."""
        ...


def stop_reason(reason: str) -> str:
    """A reason to stop a run, as it is stored."""
    return (reason if reason.startswith(STOPPED) else f"{STOPPED}: {reason}")[:2000]


def checked_share(share: str) -> str:
    """The name of a share.

    Raises:
        SetupError: none that a share can have.
    """
    if not isinstance(share, str) or share == CLOCK or "\0" in share or len(share) > 200:
        raise SetupError(
            f"A share cannot be called {safe_repr(share)}.",
            expected="a text of at most 200 characters, as a user's name; '*' is taken",
        )
    return share
