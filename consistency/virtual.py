"""An event loop whose time is simulated: hours of delays pass in milliseconds, and always alike."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from memory.fabrics import virtual as fabrics

T = TypeVar("T")

EPOCH = 1_000_000.0
"""The wall clock when a trial begins, in Unix seconds."""


class VirtualLoop(fabrics.VirtualLoop):
    """That of the fabrics, with a time of day."""

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
