"""One batch of events into a storage: what an interrupt left in doubt, what cannot be stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, Protocol

from agentkit.errors import AgentkitError, LogError, LogUnstorable, UnknownRun, full_text
from agentkit.events import Event
from agentkit.lease import Lease

Batch = list[tuple[Lease, list[Any]]]

NO_FORM = (LogUnstorable, UnicodeEncodeError, OverflowError)
"""What a storage raises because of what it is given: to try again would be to fail for ever."""


class Storage(Protocol):
    """What a log is to its committer; see Log."""

    url: str
    quick_s: float
    awaits: bool

    def write(self, batch: Batch) -> Coroutine[Any, Any, Batch]: ...

    def announce(self, stored: Batch) -> None: ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]: ...


class BatchWriter:
    """Writes batches, one at a time, to a storage."""

    def __init__(
        self, storage: Storage, elsewhere: Callable[[Coroutine[Any, Any, Batch]], Batch]
    ) -> None:
        """Make one.

        Args:
            storage: writes a batch.
            elsewhere: runs, in the log's own thread, a write that waits for something.
        """
        self.storage, self.elsewhere = storage, elsewhere
        self.unsure = False
        """Whether a write was interrupted, so that it may have happened all the same."""
        self._refused = False
        """Whether a run was given up because something of it cannot be stored."""

    def write(self, batch: Batch) -> Batch:
        """Store a batch; give what of it is stored.

        Raises:
            Exception: whatever the storage fails with, but of what it cannot hold: that takes its
                lease from the run that it is of.
        """
        known: Batch = []
        if self.unsure:
            known, batch = self._known(batch)
            self.unsure = False
        if self._refused:
            # Later events of such a run would look as if some before them were missing.
            batch = [one for one in batch if not isinstance(one[0].lost, LogUnstorable)]
        try:
            made = self._made(batch)
        except NO_FORM:
            there, batch = self._known(batch)
            made = [*there, *self._one_by_one(batch)]
        return [*known, *made] if known else made

    def _made(self, batch: Batch) -> Batch:
        made: Any = self.storage.write(batch)
        if type(made) is CoroutineType:
            alone = self.storage.quick_s or not self.storage.awaits
            made = driven(made, self.storage.url) if alone else self.elsewhere(made)
        found: Batch = made
        return found

    def _one_by_one(self, batch: Batch) -> Batch:
        """Store what can be stored; a run of which something cannot has lost its lease."""
        made: Batch = []
        # Should one fail of something else, those before it are stored, and pending again.
        self.unsure = True
        for lease, events in batch:
            try:
                made += self._made([(lease, events)])
            except NO_FORM as error:
                lease.lost, self._refused = unstorable(lease.run, self.storage.url, error), True
        self.unsure = False
        return made

    def _known(self, batch: Batch) -> tuple[Batch, Batch]:
        """Part what an interrupted write has stored after all from what it has not."""
        known, new = [], []
        for lease, events in batch:
            seqs = set[int]()
            if events:
                with contextlib.suppress(UnknownRun, *NO_FORM):
                    seqs = {e.seq for e in self.storage.read(lease.run, events[0].seq - 1)}
            known.append((lease, [e for e in events if e.seq in seqs]))
            # Without events it renews the lease, and so shows whether another has taken the run.
            new.append((lease, [e for e in events if e.seq not in seqs]))
        return [(lease, events) for lease, events in known if events], new


def driven(made: Coroutine[Any, Any, Batch], url: str) -> Batch:
    """What a coroutine returns that waits for nothing.

    Raises:
        LogError: it waits.
    """
    try:
        made.send(None)
    except StopIteration as done:
        found: Batch = done.value
        return found
    made.close()
    raise LogError(
        f"Writing to the log {url} waits for something, and its class says that none does.",
        expected="a write that never waits, or quick_s = 0 and awaits = True, as by default",
    )


def ours(error: Exception, url: str) -> AgentkitError:
    """The error as one of ours."""
    if isinstance(error, AgentkitError):
        return error
    made = LogError(f"The log {url} failed: {full_text(error)}.")
    made.__cause__ = error
    return made


def unstorable(run: str, url: str, error: Exception) -> LogUnstorable:
    """The error of a run of which something cannot be stored."""
    why = full_text(error).rstrip(".")
    made = LogUnstorable(
        f"Run {ascii(run[:80])} cannot be recorded in {url}: {why}.",
        expected="texts of whole characters, and numbers of at most 64 bits",
        todo="look what was given that is none; the other runs of the log go on",
        run_id=run,
    )
    made.__cause__ = error
    return made
