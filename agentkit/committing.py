"""Commits what is appended to a log: in order, and all that waits as one batch (group commit).

A quick storage is written on the event loop, so that a turn pays for no other thread. One that
waits for something, was slow or locked a moment ago, or is given a large batch, is written in a
thread of the log's own: a slow disk stops nobody who does not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, Literal

from agentkit.errors import (
    AgentkitError,
    LogError,
    LogLocked,
    LogUnreachable,
    LogUnstorable,
)
from agentkit.events import Event
from agentkit.lease import Lease
from agentkit.storing import Batch, BatchWriter, Storage, ours
from agentkit.subscribing import running_loop
from agentkit.writer import WriterThread

BUSY = (LogLocked, LogUnreachable)

CLOSING_S = 2.0
"""How long who closes a log waits for others that write to it."""

LOCK_S = 10.0
"""How long a log that is locked, or does not answer, is tried again before an error, in seconds."""

AGAIN_S = 0.02
"""Pause before a locked log is tried again."""

CALM = 50
"""Writes in a row that must be fast again until they come back to the event loop."""

YIELD_S = 0.01
"""Seconds after which who waits for a commit lets others have a turn in any case."""

LARGE = 2000
"""Events of a batch that is written in the thread in any case."""

Waiter = asyncio.Future[None]

Pending = dict[int, tuple[Lease, list[Event]]]
"""By the identity of the lease: two writers of one run do not mix."""


class Committer:
    """Events between their append and their commit, and those who wait for it."""

    def __init__(
        self, storage: Storage, tell: Callable[[Batch], None], *, announces: bool = False
    ) -> None:
        """Make one.

        Args:
            storage: writes a batch; never two at a time.
            tell: is told what was stored, before those who wait for it.
            announces: whether `storage.announce` is, too, after them.
        """
        self.storage, self.tell, self.announces = storage, tell, announces
        self.lock = threading.RLock()
        """Held while a batch is written. Never taken by who holds the other one."""
        self._mutex = threading.RLock()
        """Held for moments, while what is pending changes hands."""
        self._pending: Pending = {}
        self._count = 0
        """Events that are pending."""
        self._flying: Pending = {}
        """What is being written now."""
        self._waiters: list[Waiter] = []
        """Of what is pending."""
        self._flown: list[Waiter] = []
        """Of what is being written."""
        self._scheduled: set[asyncio.AbstractEventLoop] = set()
        self._working = False
        """Whether the thread is at it; then it goes on until nothing is pending."""
        self._slow = 0
        """Writes that go to the thread before the loop is trusted with one again."""
        self._locked_since: float | None = None
        self._yielded = 0.0
        """When somebody last waited for a turn of the loop."""
        self._streams: dict[str, Lease] = {}
        """Of shared state, by which lease it was last written here."""
        self._unsaid: Batch = []
        """What is stored and not announced."""
        self._writer = WriterThread()
        self._batches = BatchWriter(storage, self._writer.run)

    def append(self, lease: Lease, events: tuple[Any, ...]) -> None:
        """Take events in order; without a loop they are stored at once, as soon as that can be.

        Raises:
            LogError: without a loop, as `commit`.
        """
        loop = running_loop()
        with self._mutex:
            if lease.what == "stream":
                self._streams[lease.run] = lease
            known = self._pending.get(id(lease))
            if known is None:
                self._pending[id(lease)] = (lease, [*events])
            else:
                known[1].extend(events)
            self._count += len(events)
            if loop is not None and (self._working or not self._to_schedule(loop)):
                return
        if loop is None:
            self._commit_patiently()
            if isinstance(lease.lost, LogUnstorable):
                raise lease.lost
        else:
            loop.call_soon(self._tick)

    def _commit_patiently(
        self, limit_s: float = LOCK_S, busy: tuple[type[LogError], ...] = BUSY
    ) -> None:
        end = time.monotonic() + limit_s
        while True:
            try:
                return self.commit()
            except busy:
                if time.monotonic() > end:
                    raise
            time.sleep(AGAIN_S)

    async def flush(self, lease: Lease) -> None:
        """Wait until everything that was appended by a lease is durable; see Log.flush."""
        if self._pending and not self._committed_alone():
            # The commit is scheduled since the append; most often it is done after this turn.
            await asyncio.sleep(0)
        if self._pending or self._flying or self._working:
            try:
                await self._wait(lease)
            except AgentkitError:
                # All who waited are told; what a later attempt has stored by now is durable.
                if id(lease) in self._pending:
                    raise
        if self._slow or not self.storage.quick_s:
            # What the thread has told is on its way to the subscribers of this loop.
            await asyncio.sleep(0)
        if lease.lost:
            raise lease.lost

    def _committed_alone(self) -> bool:
        """Commit at once where nobody else is about to append: what would be waited for is known.

        A turn of the loop, its poll among them, costs as much as half a commit.
        """
        here = asyncio.get_running_loop()
        # Of the loop's callbacks, one is ours. Only CPython's own loops have such a list.
        if len(getattr(here, "_ready", "  ")) > 1 or self._slow or not self.storage.quick_s:
            return False
        now = time.monotonic()
        if now - self._yielded > YIELD_S:
            # Steps that wait for nothing would keep everybody else from their turn.
            self._yielded = now
            return False
        # What subscribers set there stays theirs, as in a callback of the loop.
        copy_context().run(self._commit_on, here)
        # Whoever was told of it may have stopped us, which is heard in a turn of the loop.
        task = asyncio.current_task()
        return task is None or not task.cancelling()

    async def _wait(self, lease: Lease | None) -> None:
        """Wait for the events of a lease; for none, until the thread is done with what it is at."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        with self._mutex:
            if id(lease) in self._pending or self._working:
                self._waiters.append(waiter)
            elif id(lease) in self._flying:
                self._flown.append(waiter)
            else:
                return
            scheduling = not self._working and self._to_schedule(loop)
        if scheduling:
            loop.call_soon(self._tick)
        await waiter

    async def withdraw(self, lease: Lease) -> bool:
        """Take back what a lease has appended and is not stored; False where it is, by now."""
        while True:
            with self._mutex:
                found = self._pending.pop(id(lease), None)
                if found is not None:
                    self._count -= len(found[1])
                    return True
                if id(lease) not in self._flying:
                    return False
            await asyncio.sleep(AGAIN_S)

    async def settled(self) -> None:
        """Wait, while the loop goes on, until the thread has written what it is at."""
        if self._working:
            with contextlib.suppress(LogError):
                await self._wait(None)

    def commit(self) -> None:
        """Store now whatever is pending, in this thread or, for this one, in the log's.

        Raises:
            LogError: it was not stored, and is pending as before.
        """
        if self.storage.quick_s:
            self._commit()
        elif self._pending or self._flying:
            self._writer.call(self._commit)

    def close(self, release: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
        """Commit, and end the thread.

        Args:
            release: gives back what writing held, on the loop that wrote.
        """
        try:
            # What others write for a moment is waited for: nobody would commit it later.
            self._commit_patiently(CLOSING_S, (LogLocked,))
            self._let_go()
        finally:
            self._writer.close(release)

    def _let_go(self) -> None:
        """Leave streams to whoever writes next: nothing comes from a log that is closed.

        Runs are not let go: one that is under way still is nobody else's.
        """
        for lease in self._streams.values():
            lease.seconds = 0.0
            self._pending[id(lease)] = (lease, [])
        with contextlib.suppress(Exception):  # Where that fails they end by themselves.
            self.commit()
        self._pending.clear()

    def _commit(self) -> None:
        error, waiters = self._store()
        if error is not None:
            with self._mutex:
                self._waiters = waiters + self._waiters
            raise error
        self._announce()

    def _to_schedule(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a commit is to be scheduled on a loop, which counts as done then.

        Each loop commits for itself: another may have ended, or its thread may wait for us.
        """
        if loop in self._scheduled:
            return False
        if self._scheduled:
            self._scheduled = {one for one in self._scheduled if not one.is_closed()}
        self._scheduled.add(loop)
        return True

    def _tick(self) -> None:
        here = asyncio.get_running_loop()
        with self._mutex:
            self._scheduled.discard(here)
            idle = not (self._pending or self._waiters)
        if not idle:  # else who waits has committed by now
            self._commit_on(here)

    def _commit_on(self, here: asyncio.AbstractEventLoop) -> None:
        """Store what is pending on a loop, or have the thread do it."""
        with self._mutex:
            if self._working:
                return
            self._working = self._slow > 0 or self.storage.quick_s == 0 or self._large()
        try:
            if self._working or self._attempt() == "locked":
                self._working = True
                self._writer.start(self._work)
            else:
                self._announce()
        except BaseException:
            # An interrupt must not leave those behind who wait for it.
            with self._mutex:
                self._scheduled.add(here)
            here.call_soon(self._tick)
            raise

    def _large(self) -> bool:
        """Whether so much is pending that the event loop is not held up by it."""
        return self._count > LARGE and self.storage.quick_s < math.inf

    def _work(self) -> None:
        """In the thread: store until nothing is pending, or it failed, or a loop may again."""
        try:
            while True:
                outcome = self._attempt()
                with self._mutex:
                    more = outcome == "locked" or self._waiters
                    done = not more and (outcome == "failed" or not self._pending)
                    ended = done or (outcome == "stored" and self._hand_back())
                    self._working = not ended
                # Those who wait for what is stored already are let go first.
                if ended or self._pending:
                    self._announce()
                if ended:
                    return
                if outcome == "locked":
                    time.sleep(AGAIN_S)
        except BaseException:
            self._working = False
            raise

    def _announce(self) -> None:
        """Have other processes told of what was stored since; outside of the locks."""
        if not self._unsaid:
            return
        with self._mutex:
            unsaid, self._unsaid = self._unsaid, []
        if unsaid:
            self.storage.announce(unsaid)

    def _hand_back(self) -> bool:
        """Leave what is pending to a loop on which somebody waits for it, if that is fit again."""
        if self._slow or not self.storage.quick_s or not self._waiters:
            return False
        loop = self._waiters[0].get_loop()
        if loop in self._scheduled:
            return True
        try:
            loop.call_soon_threadsafe(self._tick)
        except RuntimeError:  # it has ended
            return False
        self._scheduled.add(loop)
        return True

    def _attempt(self) -> Literal["stored", "failed", "locked"]:
        """Store, and tell those who wait what came of it; a lock of a moment is tried again."""
        error, waiters = self._store()
        if error is None:
            self._locked_since = None
            return "stored"
        if isinstance(error, LogLocked | LogUnreachable):
            now = time.monotonic()
            self._locked_since = self._locked_since or now
            if now - self._locked_since < LOCK_S:
                with self._mutex:
                    self._waiters = waiters + self._waiters
                return "locked"
        self._locked_since = None
        resolve(waiters, error)
        return "failed"

    def _store(self) -> tuple[AgentkitError | None, list[Waiter]]:
        """Write what is pending, tell of it, and let go who waited for it.

        Returns:
            What it failed with, and who is to hear of that. Whatever is raised or returned, what
            was not stored is pending again.
        """
        with self.lock:
            with self._mutex:
                if self._flying or not (self._pending or self._waiters):
                    return None, []
                self._flying, self._pending, self._count = self._pending, {}, 0
                self._flown, self._waiters = self._waiters, []
            # From before the write: the storage counts the lease from a moment after it.
            began, asked = time.perf_counter(), time.monotonic()
            try:
                stored = self._batches.write(list(self._flying.values())) if self._flying else []
            except Exception as error:
                return ours(error, self.storage.url), self._take_back(began)
            except BaseException:
                self._batches.unsure = True
                waiters = self._take_back(began)
                with self._mutex:
                    self._waiters = waiters + self._waiters
                raise
            self._pace(began)
            for lease, _ in self._flying.values():
                lease.until = asked + lease.seconds
            with self._mutex:
                self._flying, waiters, self._flown = {}, self._flown, []
                if self.announces:
                    self._unsaid += stored
        # Outside of the lock: a subscriber may read the log, or append to it.
        try:
            if stored:
                self.tell(stored)
        finally:  # an interrupt may strike in what is told
            resolve(waiters, None)
        return None, []

    def _take_back(self, began: float) -> list[Waiter]:
        """Let what was not stored be pending again, before what came since: who waited for it."""
        self._pace(began)
        with self._mutex:
            for key, (lease, events) in self._flying.items():
                since = self._pending.pop(key, (lease, []))[1]
                self._flying[key] = (lease, [*events, *since])
            self._pending, self._flying = {**self._flying, **self._pending}, {}
            self._count = sum(len(events) for _, events in self._pending.values())
            waiters, self._flown = self._flown, []
        return waiters

    def _pace(self, began: float) -> None:
        """Say by how long a write took where the next ones are made."""
        if time.perf_counter() - began > self.storage.quick_s:
            self._slow = CALM
        elif self._slow:
            self._slow -= 1


def resolve(waiters: list[Waiter], error: AgentkitError | None) -> None:
    """Tell those who wait, each on its loop."""
    here = running_loop() if waiters else None
    for waiter in waiters:
        loop = waiter.get_loop()
        if loop is here:
            resolve_one(waiter, error)
        else:
            with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
                loop.call_soon_threadsafe(resolve_one, waiter, error)


def resolve_one(waiter: Waiter, error: AgentkitError | None) -> None:
    """Tell one, unless it has given up."""
    if not waiter.done():
        waiter.set_exception(error) if error else waiter.set_result(None)
