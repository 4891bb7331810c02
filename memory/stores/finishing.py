"""Writes that are over once nobody waits for them any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long who was cancelled waits for a server or disk that does not answer."""

_going_on: set[asyncio.Future[Any]] = set()
"""What nobody waits for any more; asyncio itself forgets it."""


async def finished(write: Coroutine[Any, Any, T]) -> T:
    """Wait for a write even when cancelled.

    What is made in a thread goes on there: it would arrive after whoever writes next has read.
    """
    task = asyncio.ensure_future(write)
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await asyncio.wait([task], timeout=PATIENCE_S)
            # What it failed with nobody is told.
            _ = task.done() and not task.cancelled() and task.exception()
        raise
