"""Sleep time: consolidation while nobody asks, stopped at once when somebody does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from types import TracebackType
from typing import Any, Self

from agentkit import open_log
from agentkit.errors import AgentkitError, SetupError
from agentkit.events import RunEnded, StepEnded
from agentkit.log import Log
from memory.sleep.consolidating import Consolidated

READS = ("recall", "groups", "undo")
"""Verbs after which there is nothing new to put in order."""

SILENT_S = 600.0
"""After so long without an event a run counts as over: its process may have died."""

Consolidate = Callable[[Log, float], Awaitable[Consolidated]]
"""Consolidates, given where to record it and what may be spent."""


class SleepTime:
    """Consolidates a memory whenever nothing has run for a while and something was stored.

    It ends by `await stop()`, or as a context manager, or with its event loop.
    """

    def __init__(
        self, name: str, consolidate: Consolidate, budget_usd: float, idle_s: float, log: Log | None
    ) -> None:
        """Begin to wait; see `VectorMemory.sleeping`.

        Raises:
            SetupError: a time or a budget that cannot be, or no event loop is running.
        """
        if not (idle_s > 0 and budget_usd > 0):
            raise SetupError(
                f"{name} is to sleep after {idle_s} s for {budget_usd} USD.",
                expected="more than 0 of both",
            )
        self.name, self.consolidate, self.idle_s = name, consolidate, idle_s
        self.left_usd = budget_usd
        self.done: list[Consolidated] = []
        """What was done so far."""
        self.failed: list[AgentkitError] = []
        """What went wrong, each time it did."""
        self.log = log or open_log()
        self._new, self._woken = True, False
        self._active: dict[str, float] = {}
        self._work: asyncio.Task[Consolidated] | None = None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise SetupError(f"{name} sleeps beside asks, on their event loop.") from error
        self._last = self._loop.time()
        self._remove = self.log.subscribe(self._heard)
        # Of no run: what it does is no part of the ask in which it was begun.
        self._task = self._loop.create_task(self._sleep(), context=Context())

    def _heard(self, events: list[Any]) -> None:
        """Notice what others do, and let them have the memory for themselves."""
        now, prefix = self._loop.time(), f"{self.name}."
        for event in events:
            if event.run in self._own():
                continue
            self._last = now
            self._active[event.run] = now
            if isinstance(event, RunEnded):
                del self._active[event.run]
            if isinstance(event, StepEnded) and event.name.startswith(prefix):
                self._new |= event.name.removeprefix(prefix) not in READS
            if self._work is not None and not self._work.done():
                self._woken = True
                self._work.cancel()

    def _own(self) -> set[str]:
        """The runs of consolidations of this memory, whoever began them."""
        return {info.id for info in self.log.runs() if info.name == f"{self.name}.consolidate"}

    def _wait_s(self) -> float:
        """How long nothing must happen until there is time to sleep."""
        now = self._loop.time()
        busy = [at + SILENT_S - now for at in self._active.values() if at + SILENT_S > now]
        return max([self._last + self.idle_s - now, *([self.idle_s] if busy else [])])

    async def _sleep(self) -> None:
        while self.left_usd > 0:
            wait = self._wait_s()
            if wait > 0 or not self._new:
                await asyncio.sleep(max(wait, self.idle_s / 4))
                continue
            await self._once()

    async def _once(self) -> None:
        """Consolidate; what is interrupted is gone on with when there is time again."""
        self._new, self._woken = False, False
        self._work = asyncio.ensure_future(self.consolidate(self.log, self.left_usd))
        try:
            found = await self._work
        except asyncio.CancelledError:
            # Woken by an ask, or stopped, which may come at the same moment.
            task = asyncio.current_task()
            if not self._woken or (task and task.cancelling()):
                raise
            self._new = True
        except AgentkitError as error:
            self.failed.append(error)
        else:
            self.done.append(found)
            self.left_usd -= found.cost_usd or 0.0
        finally:
            self._work = None

    async def stop(self) -> None:
        """End it; a consolidation at work ends between two changes."""
        self._remove()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def __repr__(self) -> str:
        told = [str(one) for one in self.done] + [f"failed: {one}" for one in self.failed]
        state = "over" if self._task.done() else "waiting" if self._work is None else "at work"
        return f"SleepTime({self.name}, {state}{''.join(f'; {one}' for one in told[-3:])})"
