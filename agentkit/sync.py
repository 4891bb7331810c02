"""Waiting for an answer without `await`: in a plain script, and inside a running loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any

from typing_extensions import TypeVar

T = TypeVar("T")

POLL_S = 0.05
"""How often a waiting thread looks whether it shall stop."""


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work such as `clerk.resume(run_id)`, and return or raise what it does.

    Where an event loop runs in this thread, as in a notebook, the work is done on a loop of
    its own in another thread, and this one stands still meanwhile: the notebook's live
    pictures and its other agents do, too. There `await` is better.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    found: T = LoopThread(work).result()
    return found


class LoopThread(threading.Thread):
    """Work on an event loop of its own, in a thread that an interrupt of the waiting one ends."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        super().__init__(name="agentkit-sync", daemon=True)
        self.work, self.context = work, contextvars.copy_context()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        self.found: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.found = self.context.run(asyncio.run, self.done())
        except BaseException as error:
            self.error = error

    async def done(self) -> Any:
        """The work, as a task that can be cancelled from outside."""
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.ensure_future(self.work)
        return await self.task

    def result(self) -> Any:
        """Wait for the end."""
        waiting = asyncio.current_task()
        try:
            while self.is_alive():
                self.join(POLL_S)
                # asyncio.run takes an interrupt as a wish to cancel its task, which stands here.
                if waiting is not None and waiting.cancelling():
                    raise asyncio.CancelledError
        except BaseException:
            if self.loop and self.task and self.is_alive():
                self.loop.call_soon_threadsafe(self.task.cancel)
                self.join()
            raise
        if self.error is not None:
            raise self.error
        return self.found
