"""The log: the only writer of what happened, and the one place to read it from.

Appends are buffered and committed together once per turn of the event loop
(group commit), so a thousand agents share a transaction. A barrier, `flush`,
waits until everything before it is durable. Every writer of a run holds a lease
with an epoch; a writer that was replaced is refused (`RunTaken`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.deprecated import moved
from agentkit.errors import AgentkitError, BlobMissing, LogError, LogLocked, UnknownRun, full_text
from agentkit.events import (
    STREAMS,
    Delta,
    Event,
    RunEnded,
    RunStarted,
    StepEnded,
    What,
    current,
)
from agentkit.lease import Lease, owner_name
from agentkit.messages import Frozen

LOCK_S = 10.0
"""How long a locked log is tried again before LogLocked, in seconds."""

LOGGER = logging.getLogger("agentkit")

Subscriber = Callable[[list[Any]], None]
"""Given events once they are durable, and Deltas as they stream; on the loop that subscribed.

One that raises is reported to the logger "agentkit", and everything goes on.
"""


class RunInfo(Frozen):
    """One line about a run."""

    id: str
    name: str
    actor: str | None
    status: str
    """"open", "ok", "failed" or "cancelled"."""
    started: float
    ended: float | None
    events: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    """None when the price of some call is unknown."""
    origin: str | None
    owner: str
    """host:pid:token of the last writer."""
    place: str | None = None
    """The notebook that it was started from; None outside of one, or where nobody knows."""
    what: What = "run"


class Erased(Frozen):
    """What was erased, and what could not be reached."""

    items: int = 0
    """Of a memory's store."""
    runs: int = 0
    """That were redacted whole."""
    events: int = 0
    messages: int = 0
    left: tuple[str, ...] = ()
    """Where bytes of it may be still, and why."""


@dataclass
class Tally:
    """What a batch adds to the line about its run."""

    events: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    started: RunStarted | None = None
    ended: RunEnded | None = None

    def add(self, event: Any) -> None:
        self.events += 1
        if isinstance(event, StepEnded) and event.usage is not None and event.reused is None:
            self.calls += event.usage.calls
            self.tokens_in += event.usage.tokens_in
            self.tokens_out += event.usage.tokens_out
            if event.cost_usd is None:
                self.unpriced += 1
            else:
                self.cost_usd += event.cost_usd
        elif isinstance(event, RunStarted):
            self.started, self.ended = current(event), None
        elif isinstance(event, RunEnded):
            self.ended = event


Batch = list[tuple[Lease, list[Any]]]


class Log(ABC):
    """Buffering, group commit and subscribers; subclasses store."""

    url: str

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._pending: dict[int, tuple[Lease, list[Any]]] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._scheduled: set[asyncio.AbstractEventLoop] = set()
        self._locked_since: float | None = None
        self._subscribers: list[Subscription] = []
        self._mutex = threading.RLock()

    @abstractmethod
    def write(self, batch: Batch) -> Batch:
        """Store the batch in one transaction and return what was stored.

        Marks the lease of a replaced writer as lost and leaves out its events.

        Raises:
            LogLocked: try again shortly; LogError: nothing of the batch was stored.
        """

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

    @abstractmethod
    def claim(self, run: str) -> Lease:
        """Become the writer of an earlier run; its epoch goes up by one.

        Raises:
            UnknownRun: no such run. RunTaken: its writer is alive.
        """

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
            texts: each as it stands; one of fewer than 12 characters where it stands alone.
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
        if len(found) != 1:
            raise unknown(name, self)
        return found[0]

    def close(self) -> None:
        """Commit what is pending and give the resources back."""
        self.commit()

    def append(self, lease: Lease, *events: Any) -> None:
        """Add events in order; durable soon, and for sure after the next flush.

        Without events it only renews the lease.
        """
        loop = running_loop()
        with self._mutex:
            self._pending.setdefault(id(lease), (lease, []))[1].extend(events)
            if loop in self._scheduled:
                return
        if loop is None:
            self.commit()
        else:
            self._schedule(loop)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        # Each loop commits for itself: another may have ended, or its thread may wait for us.
        with self._mutex:
            if loop in self._scheduled:
                return
            self._scheduled = {one for one in self._scheduled if not one.is_closed()} | {loop}
        loop.call_soon(self._tick)

    async def flush(self, lease: Lease) -> None:
        """Wait until everything appended before is durable.

        Raises:
            RunTaken: somebody else writes this run now.
            LogLocked, LogFull, LogCorrupt: it could not be stored; it is kept and
                stored with the next flush that succeeds.
        """
        waiter: asyncio.Future[None] | None = None
        if self._pending:
            # The commit is scheduled since the append; most often it is done after this turn.
            await asyncio.sleep(0)
        with self._mutex:
            if id(lease) in self._pending:
                loop = asyncio.get_running_loop()
                waiter = loop.create_future()
                self._waiters.append(waiter)
                self._schedule(loop)
        if waiter:
            await waiter
        if lease.lost:
            raise lease.lost

    def commit(self) -> None:
        """Store now whatever is pending."""
        with self._mutex:
            if not self._pending:
                return
            stored = self.write(list(self._pending.values()))
            self._pending = {}
        self._tell(stored)

    def settle(self) -> None:
        """Commit if possible; what cannot be stored now waits for the next flush."""
        with contextlib.suppress(LogError):
            self.commit()

    def _tick(self) -> None:
        here = asyncio.get_running_loop()
        with self._mutex:
            # Taken before the commit: who comes while it runs is not part of it.
            waiters, self._waiters = self._waiters, []
            self._scheduled.discard(here)
        failure: AgentkitError | None = None
        try:
            self.commit()
        except LogLocked as error:
            now = time.monotonic()
            self._locked_since = self._locked_since or now
            if now - self._locked_since < LOCK_S:
                with self._mutex:
                    self._waiters += waiters
                    self._scheduled.add(here)
                here.call_later(0.02, self._tick)
                return
            failure = error
        except AgentkitError as error:
            failure = error
        except Exception as error:
            failure = LogError(f"The log {self.url} failed: {full_text(error)}.")
        self._locked_since = None
        for waiter in waiters:
            loop = waiter.get_loop()
            if loop is here:
                _resolve(waiter, failure)
            elif loop.is_running():
                loop.call_soon_threadsafe(_resolve, waiter, failure)

    def subscribe(
        self, callback: Subscriber, run: str | None = None, *, what: What | None = None
    ) -> Callable[[], None]:
        """Call back with the events from now on; returns its own remover.

        Args:
            callback: given events, and pieces of text.
            run: the run, or stream, whose they are; without one of all.
            what: of runs alone, or of streams alone.
        """
        entry = Subscription(run, what, callback, running_loop())
        self._subscribers.append(entry)

        def remove() -> None:
            if entry in self._subscribers:
                self._subscribers.remove(entry)

        return remove

    def listening(self, run: str) -> bool:
        """Whether anybody subscribed to this run."""
        return any(one.run in (None, run) for one in self._subscribers)

    def publish(self, delta: Delta) -> None:
        """Tell the subscribers of a piece of text; it is not stored."""
        for one in list(self._subscribers):
            if one.run in (None, delta.run) and one.what != "stream":
                one.tell([delta])

    def _tell(self, stored: Batch) -> None:
        for one in list(self._subscribers):
            events = [e for lease, part in stored if one.wants(lease) for e in part]
            if events:
                one.tell(events)


@dataclass(eq=False)
class Subscription:
    """Somebody who wants to know."""

    run: str | None
    what: What | None
    callback: Subscriber
    loop: asyncio.AbstractEventLoop | None

    def wants(self, lease: Lease) -> bool:
        """Whether it is told what is written by that lease."""
        return self.run in (None, lease.run) and self.what in (None, lease.what)

    def tell(self, items: list[Any]) -> None:
        """Call back, on the loop that subscribed while that runs."""
        if self.loop and self.loop is not running_loop() and self.loop.is_running():
            self.loop.call_soon_threadsafe(self._call, items)
        else:
            self._call(items)

    def _call(self, items: list[Any]) -> None:
        try:
            self.callback(items)
        except Exception:
            LOGGER.exception("A subscriber of the log failed; the run goes on.")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, if one runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _resolve(waiter: asyncio.Future[None], error: AgentkitError | None) -> None:
    if not waiter.done():
        waiter.set_exception(error) if error else waiter.set_result(None)


def stream_id(name: str) -> str:
    """The id of the stream of shared state that is called so."""
    return f"{STREAMS}{name}"


def unknown(run: str, log: Log) -> UnknownRun:
    """The error for a run id that the log does not have."""
    recent = ", ".join(info.id for info in log.runs()[:3]) or "none"
    return UnknownRun(
        f"The log {log.url} has no run {run!r}.",
        expected=f"the id of a run in it; the newest are: {recent}",
        todo="list them with %runs or `agentkit log list`",
        run_id=run,
    )


__getattr__ = moved(__name__, {"STREAM": "agentkit.events:STREAMS"})
