"""A bound on the work for one request, since all requests are worked on in one loop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WORK_S = 1.5
"""Processor seconds; ordinary requests take a few milliseconds."""


class OutOfPatience(Exception):
    """The work for a request took longer than the simulation gives to one."""


@contextmanager
def limited_work(seconds: float = WORK_S) -> Iterator[None]:
    """Interrupt the work inside after so many seconds of processor time.

    A signal interrupts even one long search for a pattern. Only a process's main thread can
    be interrupted so, and only on POSIX; elsewhere the work just goes on.

    Raises:
        OutOfPatience: it took longer, or nested too deep.
    """
    try:
        with interrupted(seconds):
            yield
    except RecursionError:
        raise OutOfPatience("The request nests too deep.") from None


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Interrupt the work inside by a signal."""
    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    inside = True

    def stop(number: int, frame: FrameType | None) -> None:
        if inside:
            raise OutOfPatience(f"The work took more than {seconds:g} s of processor time.")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        inside = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
