"""The thread that connections live in.

A connection outlives the cell, and the `asyncio.run`, that made it; and it goes on while a cell of
plain Python holds up the notebook's own loop. So it belongs to a loop of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

EXIT_S = 4.0
"""What the end of the process waits for its servers to end."""

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_closing: list[Callable[[], Coroutine[Any, Any, None]]] = []


def loop() -> asyncio.AbstractEventLoop:
    """The loop, which runs from its first use to the end of the process."""
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            # On uvloop only the main thread may start processes.
            windows = sys.platform == "win32"
            made = asyncio.new_event_loop() if windows else asyncio.SelectorEventLoop()
            threading.Thread(target=forever, args=(made,), name="agentkit-mcp", daemon=True).start()
            _loop = made
        return _loop


def forever(made: asyncio.AbstractEventLoop) -> None:
    """Run a loop in this thread."""
    asyncio.set_event_loop(made)
    made.run_forever()


def start(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start work there, in an empty context: it belongs to no run and no cell."""
    done: Future[T] = Future()

    def begin() -> None:
        task = at.create_task(work, context=contextvars.Context())
        task.add_done_callback(lambda one: handed(one, done))
        done.add_done_callback(lambda one: one.cancelled() and at.call_soon_threadsafe(task.cancel))

    at = loop()
    at.call_soon_threadsafe(begin)
    return done


def handed(task: asyncio.Task[T], done: Future[T]) -> None:
    """Give what a task came to, to who waits for it in another thread."""
    if done.cancelled():
        if not task.cancelled():
            task.exception()
        return
    with contextlib.suppress(Exception):  # It was cancelled just now.
        if task.cancelled():
            done.cancel()
        elif (error := task.exception()) is not None:
            done.set_exception(error)
        else:
            done.set_result(task.result())


async def there(work: Coroutine[Any, Any, T]) -> T:
    """Do work there, and wait for it here; who stops waiting stops it.

    Every call of a server comes by here, so it does without `start`'s future for threads.
    """
    home, at = asyncio.get_running_loop(), loop()
    done: asyncio.Future[T] = home.create_future()
    begun: list[asyncio.Task[T]] = []

    def begin() -> None:
        begun.append(at.create_task(work, context=contextvars.Context()))
        begun[0].add_done_callback(ended)
        if done.cancelled():
            begun[0].cancel()

    def ended(task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # It is seen, whether or not somebody still waits.
        with contextlib.suppress(RuntimeError):  # That loop is over.
            home.call_soon_threadsafe(settle, task)

    def settle(task: asyncio.Task[T]) -> None:
        if done.done():
            return
        if task.cancelled():
            done.cancel()
        elif (error := task.exception()) is not None:
            done.set_exception(error)
        else:
            done.set_result(task.result())

    at.call_soon_threadsafe(begin)
    try:
        return await done
    except asyncio.CancelledError:
        at.call_soon_threadsafe(lambda: begun and begun[0].cancel())
        raise


async def back(
    home: asyncio.AbstractEventLoop, context: contextvars.Context, work: Callable[[], Awaitable[T]]
) -> T:
    """From there, do work where a call came from, in the run that it belongs to."""
    done: Future[T] = Future()

    async def doing() -> T:
        return await work()

    def begin() -> None:
        task = home.create_task(doing(), context=context)
        task.add_done_callback(lambda one: handed(one, done))
        done.add_done_callback(
            lambda one: one.cancelled() and home.call_soon_threadsafe(task.cancel)
        )

    home.call_soon_threadsafe(begin)
    return await asyncio.wrap_future(done)


def at_exit(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have something closed when the process ends."""
    _closing.append(close)


def not_at_exit(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """It is closed already."""
    with contextlib.suppress(ValueError):
        _closing.remove(close)


@atexit.register
def close_all() -> None:
    """End what is still open, all at once."""
    if _loop is None or not _closing:
        return

    async def every() -> None:
        await asyncio.gather(*(close() for close in list(_closing)), return_exceptions=True)

    with contextlib.suppress(Exception):
        start(every()).result(EXIT_S)
