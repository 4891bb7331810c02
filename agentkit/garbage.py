"""When Python need not look for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave cycles of garbage for later, where much is made that stays: events that are read.

    Python looks for them whenever there are a quarter more objects, through all that there are.
    That is a fifth of the time in which a long run or stream is read. What was made meanwhile is
    old afterwards, so that it is looked through with the rest, not at once.
    """
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            # Unless somebody has set objects aside, which would come back.
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
