"""The thread in which a log is written that must not be written on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from agentkit.subscribing import LOGGER

T = TypeVar("T")


class WriterThread:
    """One thread, made at its first job, with an event loop of its own.

    A pool of connections belongs to a loop; loops of users come and go, and this one stays. When
    the process ends, the job that is under way is waited for.
    """

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._runner: asyncio.Runner | None = None
        self._process = self._thread = 0
        self._making = threading.Lock()

    def start(self, job: Callable[[], None]) -> None:
        """Have a job done, after those that were started before; an error is logged."""
        try:
            self._submit(job).add_done_callback(reported)
        except RuntimeError:  # the process is ending and starts nothing more
            job()

    def call(self, job: Callable[[], T]) -> T:
        """Have a job done, and wait for what it returns or raises."""
        if self._thread == threading.get_ident():
            return job()
        try:
            done = self._submit(job)
        except RuntimeError:
            return job()
        return done.result()

    def run(self, made: Coroutine[Any, Any, T]) -> T:
        """In a job: what a coroutine returns, on the thread's loop."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(made)

    def close(self, release: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """End the thread, once its jobs are done.

        Args:
            release: run on its loop at last.
        """
        if self._executor is None or self._process != os.getpid():
            return

        def end() -> None:
            if self._runner is not None:
                with self._runner as runner:
                    if release is not None:
                        runner.run(release())

        self.call(end)
        self._executor.shutdown()
        self._executor, self._runner, self._thread = None, None, 0

    def _submit(self, job: Callable[[], T]) -> Future[T]:
        with self._making:
            if self._executor is None or self._process != os.getpid():
                # In a forked process the thread is not there.
                self._executor = ThreadPoolExecutor(1, "agentkit-log", self._begun)
                self._runner, self._process = None, os.getpid()
            return self._executor.submit(job)

    def _begun(self) -> None:
        self._thread = threading.get_ident()


def reported(done: Future[None]) -> None:
    """Log the error of a job that nobody waits for."""
    with contextlib.suppress(BaseException):
        if error := done.exception():
            LOGGER.error("A log could not be written.", exc_info=error)
