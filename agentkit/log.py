"""The log: the only writer of what happened, and the one place to read it from.

Appends are buffered and committed together once per turn of the event loop
(group commit), so a thousand agents share a transaction. A barrier, `flush`,
waits until everything before it is durable. Every writer of a run holds a lease
with an epoch; a writer that was replaced is refused (`RunTaken`).

A subclass says how events are stored: `write`, `read`, `has`, `runs`, `claim`, `head`, `verify`,
and `news` where other processes may write the same log. What it reads it reads after
`self.catch_up()`, so that who appended sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Sequence
from typing import Any, Literal

from agentkit.committing import Committer
from agentkit.deprecated import Renamed, moved, warn
from agentkit.errors import BlobMissing, LogError, UnknownRun
from agentkit.events import STREAMS, Event, ReplyPiece, What
from agentkit.late import called
from agentkit.lease import Lease, owner_name
from agentkit.offers import Work
from agentkit.runinfo import Erased, RunInfo, Tally
from agentkit.storing import Batch
from agentkit.subscribing import LOGGER, LogSubscription, Subscriber, running_loop
from agentkit.tailing import LogWatch, begun, tailed

__all__ = [
    "LOGGER",
    "Batch",
    "Erased",
    "Log",
    "RunInfo",
    "Subscriber",
    "Tally",
    "running_loop",
    "stream_id",
    "unknown",
]


class Log(ABC):
    """Group commit, subscribers and followers; subclasses store."""

    url: str

    quick_s: float = 0.0
    """How long a write may take on the event loop, of a class whose writes wait for nothing.

    After one that took longer they are made in the log's own thread for a while. 0: they all are,
    on a loop of its own, so that they may wait for something.
    """

    awaits: bool = True
    """Whether its writes wait for something: then the thread makes them on an event loop, which
    costs each of them as much as a message."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._subscribers: list[LogSubscription] = []
        self._watches: dict[asyncio.AbstractEventLoop, LogWatch] = {}
        announces = type(self).announce is not Log.announce
        self._commits = Committer(self, self._tell, announces=announces)

    def __init_subclass__(cls, **options: Any) -> None:
        """Notice a class whose `write` is that of earlier versions."""
        super().__init_subclass__(**options)
        write = cls.__dict__.get("write")
        if write is not None and not inspect.iscoroutinefunction(write):
            name = cls.__name__
            warn(f"{name}.write as a plain function", f"async def {name}.write", level=4)
            cls.quick_s = math.inf  # as it was called until now

    @property
    def lock(self) -> threading.RLock:
        """Held while a batch is written, perhaps in another thread."""
        return self._commits.lock

    @abstractmethod
    async def write(self, batch: Batch) -> Batch:
        """Store the batch in one transaction and return what was stored; never two at a time.

        Marks the lease of a replaced writer as lost and leaves out its events.

        Raises:
            LogLocked: try again shortly; LogError: nothing of the batch was stored.
        """

    def announce(self, stored: Batch) -> None:  # noqa: B027  most have no other processes
        """Tell other processes what was stored; nobody here waits for that. Where `write` runs."""

    @abstractmethod
    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        """The events of a run with after < seq <= upto, in order; upto the last by default.

        Raises:
            UnknownRun: no such run. LogCorrupt: an event cannot be read.
        """

    @abstractmethod
    def has(self, run: str) -> bool:
        """Whether there is a run, or a stream, of that id."""

    @abstractmethod
    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        """One line per run, newest first; or one per stream of shared state instead."""

    def length(self, stream: str) -> int:
        """How many events a stream of that id has; 0 where there is none.

        Cost: one look-up, however many streams there are; of a log of a user's own, `runs`.
        """
        return next((one.events for one in self.runs(streams=True) if one.id == stream), 0)

    @abstractmethod
    def claim(self, run: str) -> Lease:
        """Become the writer of an earlier run; its epoch goes up by one.

        Raises:
            UnknownRun: no such run. RunTaken: its writer is alive.
        """

    @property
    def work(self) -> Work:
        """The runs that wait for workers; see agentkit.fleet.

        Raises:
            LogError: this log has no queue.
        """
        raise LogError(
            f"The log {self.url} cannot be worked at by several processes.",
            expected="a file of SQLite, or a database",
            todo="open_log('postgresql://...') or open_log('sqlite:///file.db')",
        )

    @abstractmethod
    def head(self) -> str:
        """Names all that is recorded: kept elsewhere, it shows later whether all is still there.

        Raises:
            LogError: this log has none.
        """

    @abstractmethod
    def verify(self, head: str | None = None) -> list[str]:
        """Everything wrong with the log, as sentences; empty when it is sound.

        Args:
            head: what `head` once gave: all that it covers must be there, unaltered.

        Raises:
            SetupError: that is no head. LogError: the log cannot be read at all.
        """

    def erase(self, texts: Sequence[str], *, dry: bool = False) -> Erased:
        """Take texts out of all that is recorded, beyond recovery; `verify` finds it sound.

        What stands around them stays. A run whose recorded words are gone cannot be resumed where
        they count. A run that begins later may say them again, and they are recorded then.

        Args:
            texts: each as it stands; one of fewer than 12 characters where it stands alone. The
                `digest` of an image or file takes its bytes out.
            dry: only say what would be erased.

        Raises:
            LogError: it cannot be written; then nothing was erased.
        """
        return Erased(left=(f"the log {self.url}, which ends with its process",))

    def redact(self, runs: Sequence[str], *, dry: bool = False) -> Erased:
        """Take all that was said in some runs out of the log, beyond recovery.

        What happened stays: who was asked when, tools, models, tokens and costs. Such a run is
        listed and verified as before, and cannot be resumed, run again or forked (`LogRedacted`).
        What it wrote into shared state is erased there; messages that another run has too stay.

        Args:
            runs: their ids.
            dry: only say what would be redacted.

        Raises:
            UnknownRun, RunTaken: a run that is not there, or is being written.
            LogCorrupt: one was altered; a redaction would hide that.
            LogError: the log cannot be written; then nothing was redacted.
        """
        return Erased(left=(f"the log {self.url}, which ends with its process",))

    def prune(self, before: float, *, answers: bool = False, dry: bool = False) -> Erased:
        """Take away what was said and done in runs that ended before a time.

        A line about each stays, with what it cost; such a run is listed and verified as before, and
        cannot be gone on from. A run under way, one that waits for a worker or a person, and
        one whose rerun or fork is newer than that stay whole.

        Args:
            before: the time, in seconds since 1970.
            answers: keep what was asked and answered, so that `attach` still gives the answer.
            dry: only say what would be taken.

        Raises:
            LogCorrupt: one of the runs was altered; a pruning would hide that.
            LogError: the log cannot be written; then nothing was pruned.
        """
        return Erased(left=(f"the log {self.url}, which ends with its process",))

    @property
    def erasure(self) -> bytes:
        """Names the last erasure, by whichever process: who keeps a copy reads again then."""
        return b""

    def trust(self, run: str) -> None:
        """See to it that a run reads as it was written; cheaper than `verify`, for this run alone.

        Raises:
            LogCorrupt: it was altered, or something of it is missing.
            LogRedacted: what was said in it is gone.
        """
        return

    def blob(self, digest: str) -> bytes:
        """The bytes of an image or file in a message, by their SHA-256.

        Raises:
            BlobMissing: they are not here, were erased, or altered.
        """
        raise BlobMissing(
            f"The log {self.url} keeps no bytes of images and files.",
            todo="give the image or file again",
            digest=digest,
        )

    @property
    def unchained(self) -> str:
        """From where on edits are seen, if not from the first event; a sentence, or ""."""
        return ""

    def begin(self, run: str) -> Lease:
        """Become the writer of a new run; it exists with its first event."""
        return Lease(run, owner_name(), 1)

    def begin_stream(self, name: str) -> Lease:
        """Become the writer of a new stream of shared state; it exists with its first event."""
        lease = self.begin(stream_id(name))
        lease.what = "stream"
        return lease

    def find(self, name: str) -> str:
        """The id of the run called so: its id, the start or end of it, or "last".

        Raises:
            UnknownRun: none, or several.
        """
        ids = [info.id for info in self.runs()]
        if name == "last" and ids:
            return ids[0]
        found = [id for id in ids if name and (id.startswith(name) or id.endswith(name))]
        if len(found) > 1:
            more = len(found) - SHOWN
            raise UnknownRun(
                f"{len(found)} runs of the log {self.url} begin or end with {name!r}.",
                expected=f"one of them: {', '.join(found[:SHOWN])}"
                + (f" and {more} more" if more > 0 else ""),
                todo="say the end of its id, for the beginning is the time; or `last`",
                run_id=name,
            )
        if not found:
            raise unknown(name, self)
        return found[0]

    async def news(self) -> AsyncIterator[Collection[str] | None]:
        """Yield once it listens, then whenever other processes may have appended something.

        Yields:
            The runs that it was appended to; None where that is not known. By default only this
            process writes a log, and nothing is ever new.
        """
        yield ()
        await asyncio.get_running_loop().create_future()

    def tail(self, run: str, after: int = 0) -> AsyncIterator[Event]:
        """Follow a run or a stream: its events after a seq, and those to come, in order.

        It has no end: a run that ended may be resumed. What other processes append is seen too;
        in a file of SQLite some 20 ms later, at a cost of microseconds for each look.

        Raises:
            UnknownRun: no such run. LogError: it cannot be read any more.
        """
        return tailed(self, self._watches, run, after)

    def begun(self, run: str) -> Coroutine[Any, Any, None]:
        """Wait until there is a run, stream or answer of that id, whichever process begins it."""
        return begun(self, self._watches, run)

    def ids(self, *, name: str | None = None, begin: str = "") -> list[str]:
        """The ids of runs, the newest first.

        Args:
            name: of runs called so alone.
            begin: of those alone whose ids begin so.
        """
        return [
            info.id
            for info in self.runs()
            if name in (None, info.name) and info.id.startswith(begin)
        ]

    def asking(self) -> list[str]:
        """The ids of the runs that are not over, or did not end well, and may have open questions.

        A log of one's own that keeps many may leave out those that asked nobody anything.
        """
        return [info.id for info in self.runs() if info.status != "ok"]

    def frame(
        self,
        what: Literal["steps", "calls", "messages", "costs"] = "calls",
        runs: str | Iterable[str] | None = None,
        *,
        plain: bool = False,
    ) -> Any:
        """What is recorded as a tidy table: a pandas.DataFrame, or a list of rows without pandas.

        Args:
            what: a row for each step; for each model call, with its retries, waits and waste; for
                each message; or for each sum of money, with what became of it (USD).
            runs: of these alone, by their ids or "last"; by default of all, in order.
            plain: a list of dicts even where pandas is installed.

        Returns:
            The table. Seconds end in `_s`, USD in `_usd`; `at` is in UTC, in a list Unix seconds.

        Raises:
            SetupError: there is no such table. UnknownRun: no such run.
        """
        return called("agentkit.views.frames:frame")(self, what, runs, plain=plain)

    async def release(self) -> None:  # noqa: B027  most keep nothing
        """Give back what `write` keeps between two batches; called last, on its loop."""

    def close(self) -> None:
        """Commit what is pending and give the resources back."""
        self._commits.close(self.release)

    def append(self, lease: Lease, *events: Any) -> None:
        """Add events in order; durable soon, and for sure after the next flush.

        Without events it only renews the lease.

        Args:
            lease: of the run that they belong to.
            events: numbered on from the last one of the run.

        Raises:
            LogError: outside of an event loop, where it is stored at once, and was not.
        """
        self._commits.append(lease, events)

    def flush(self, lease: Lease) -> Coroutine[Any, Any, None]:
        """Wait until everything appended before is durable.

        Raises:
            RunTaken: somebody else writes this run now.
            LogLocked, LogFull, LogCorrupt: it could not be stored; it is kept and
                stored with the next flush that succeeds.
        """
        return self._commits.flush(lease)

    def withdraw(self, lease: Lease) -> Coroutine[Any, Any, bool]:
        """Take back what could not be stored, so that no later flush stores it.

        Returns:
            False where it was stored meanwhile, and nothing was taken back.
        """
        return self._commits.withdraw(lease)

    async def settled(self) -> None:
        """Wait until no batch is being written in another thread.

        What is read next does not hold up the event loop then.
        """
        await self._commits.settled()

    def commit(self) -> None:
        """Store now whatever is pending.

        Raises:
            LogError: it was not stored, and is pending as before.
        """
        self._commits.commit()

    def catch_up(self) -> None:
        """Commit if possible; what cannot be stored now waits for the next flush."""
        with contextlib.suppress(LogError):
            self.commit()

    settle = Renamed("catch_up")

    def subscribe(
        self, callback: Subscriber, run: str | None = None, *, what: What | None = None
    ) -> Callable[[], None]:
        """Call back with the events from now on; returns its own remover.

        Args:
            callback: given events, and pieces of text.
            run: the run, or stream, whose they are; without one of all.
            what: of runs alone, or of streams alone.
        """
        entry = LogSubscription(run, what, callback, running_loop())
        self._subscribers.append(entry)

        def remove() -> None:
            if entry in self._subscribers:
                self._subscribers.remove(entry)

        return remove

    def listening(self, run: str) -> bool:
        """Whether anybody subscribed to this run."""
        return any(one.run in (None, run) for one in self._subscribers)

    def publish(self, delta: ReplyPiece) -> None:
        """Tell the subscribers of a piece of a reply; it is not stored."""
        for one in list(self._subscribers):
            if one.run in (None, delta.run) and one.what != "stream":
                one.tell([delta])

    def _tell(self, stored: Batch) -> None:
        for one in list(self._subscribers):
            events = [e for lease, part in stored if one.wants(lease) for e in part]
            if events:
                one.tell(events)


def stream_id(name: str) -> str:
    """The id of the stream of shared state that is called so."""
    return f"{STREAMS}{name}"


SHOWN = 3
"""Ids that an error names."""


def unknown(run: str, log: Log) -> UnknownRun:
    """The error for a run id that the log does not have."""
    recent = ", ".join(info.id for info in log.runs()[:SHOWN]) or "none"
    return UnknownRun(
        f"The log {log.url} has no run {run!r}.",
        expected=f"the id of a run in it; the newest are: {recent}",
        todo="list them with %runs or `agentkit log list`",
        run_id=run,
    )


__getattr__ = moved(
    __name__, {"STREAM": "agentkit.events:STREAMS", "LOCK_S": "agentkit.committing:LOCK_S"}
)
