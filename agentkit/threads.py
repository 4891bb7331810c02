"""Threads for synchronous tools: one that hangs holds up nobody, not even the exit.

The standard pool waits for its threads when the process ends, and its hung ones take
the places of others for ever; these are daemons, as many as are busy at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from queue import SimpleQueue
from typing import Any

from agentkit.machine import in_page

IDLE = 64
"""Threads kept for the next calls."""


class WorkerThread(threading.Thread):
    """A thread that does one job after another."""

    def __init__(self) -> None:
        super().__init__(name="agentkit-tool", daemon=True)
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            self.jobs.get()()
            if len(_idle) >= IDLE:
                return
            _idle.append(self)


_idle: deque[WorkerThread] = deque()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


async def in_thread(call: Callable[[], Any]) -> Any:
    """What the call returns or raises, from a thread of its own.

    A cancelled wait leaves the call running; nobody hears of its result then. A page has one
    thread only: there it is made at once, and everything else waits for it.
    """
    if in_page():
        await asyncio.sleep(0)
        return call()
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def job() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = call()
        except (StopIteration, GeneratorExit) as failure:
            # Neither can be thrown into a coroutine: a future refuses it, and nobody would be told.
            error = RuntimeError(f"it raised {type(failure).__name__}")
            error.__cause__ = failure
        except BaseException as failure:
            error = failure
        with contextlib.suppress(RuntimeError):
            # The loop may have ended before a call that it gave up.
            loop.call_soon_threadsafe(_settle, future, result, error)

    try:
        worker = _idle.pop()
    except IndexError:
        worker = WorkerThread()
    worker.jobs.put(job)
    return await future


def put(clock: asyncio.Timeout, when: float) -> None:
    """Set a time-out that was entered, to a time of its event loop, in a context of its own.

    A loop keeps timers that were cancelled for long, and with them the context that they were
    set in: the run and all that it knows, of hundreds of asks that are over.
    """
    Context().run(clock.reschedule, when)


class FairLock:
    """A lock for tasks of any event loop, taken in the order in which they came.

    asyncio.Lock belongs to one loop: whoever waited for it on another was never woken.
    """

    def __init__(self, places: int = 1) -> None:
        """Make one.

        Args:
            places: how many may hold it at once.
        """
        self._mutex = threading.Lock()
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    def taken(self) -> bool:
        """Take it at once, if it is free."""
        with self._mutex:
            free = self._free > 0
            self._free -= free
            return free

    async def __aenter__(self) -> None:
        with self._mutex:
            if self._free:
                self._free -= 1
                return
            mine = asyncio.get_running_loop().create_future()
            self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            with self._mutex:
                handed = mine not in self._waiting
                if not handed:
                    self._waiting.remove(mine)
            if handed:
                self.leave()
            raise

    async def __aexit__(self, *_error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Hand the turn to whoever waits longest; one whose loop has ended waits no more."""
        with self._mutex:
            while self._waiting:
                future = self._waiting.popleft()
                with contextlib.suppress(RuntimeError):
                    future.get_loop().call_soon_threadsafe(_settle, future, None, None)
                    return
            self._free += 1


class uncancelled:
    """Take a CancelledError for a failure where nobody cancelled us, but a library its own work.

    And a GeneratorExit, where nobody closed us: who does is no code of the task that we belong to.

    A class, because generators of contexts cost several times as much, and each step has one.
    """

    def __init__(self, failed: Callable[[str], Exception]) -> None:
        """Make one; `failed` makes the error raised instead, of the name of what was raised."""
        self.failed = failed

    def __enter__(self) -> None:
        self.task = asyncio.current_task()
        # A cancellation that was asked for while we run comes at the next await, so in here: an
        # interrupt in the middle of plain code.
        due = bool(getattr(self.task, "_must_cancel", False))
        self.before = self.task.cancelling() - due if self.task else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if kind is None or self.task is None:
            return
        if issubclass(kind, asyncio.CancelledError):
            ours = self.task.cancelling() <= self.before
        else:
            ours = issubclass(kind, GeneratorExit) and running_task() is self.task
        if ours:
            raise self.failed(kind.__name__) from error


def running_task() -> asyncio.Task[Any] | None:
    """The task that runs now; None outside of any, where a coroutine may be closed too."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if not future.done():
        future.set_exception(error) if error else future.set_result(result)
