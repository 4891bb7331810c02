"""An event loop whose time is simulated: hours of delays pass in milliseconds, and always alike."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = 1_000_000.0
"""The wall clock when a trial begins, in Unix seconds."""


class Stuck(Exception):
    """Everybody waits and nothing will happen."""


class _Selector(selectors.SelectSelector):
    """Waits for nobody: where the loop would sleep, its time moves on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise Stuck("everybody waits, and nothing is left that could happen")
        if not found and timeout:
            self.loop.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def wall(self) -> float:
        """Return the time of day."""
        return EPOCH + self.now


def play(trial: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run a coroutine to its end in simulated time, and close the loop."""
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(trial)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
