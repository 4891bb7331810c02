"""The last writes of a store, by the ids they were about; and writes that none may precede."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

KEPT = 1_000
"""Writes that are remembered; whoever asks for older ones has to look at everything."""


@dataclass
class Recent:
    """The ids of the last writes."""

    count: int = 0
    _last: deque[Sequence[str]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ids: Sequence[str]) -> None:
        """Remember a write."""
        with self._mutex:
            self.count += 1
            self._last.append(ids)

    def since(self, count: int) -> list[str] | None:
        """Return the ids of all writes after so many; None where that is forgotten."""
        with self._mutex:
            missing = self.count - count
            if missing > len(self._last):
                return None
            return [id for ids in list(self._last)[len(self._last) - missing :] for id in ids]


class WrittenSince(Exception):
    """A write was worked out from what somebody else has changed since; nothing was written."""


_mark: ContextVar[object] = ContextVar("mark", default=None)


@contextlib.contextmanager
def unless_written_since(mark: object) -> Iterator[None]:
    """Have a store that knows of other writers put nothing in here, once others have written.

    `Store.put` is the one way in, whoever stands before it, and most stores know of no others.

    Args:
        mark: of the store's `changes`, from before what the write was worked out from was read.
    """
    before = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(before)


def mark_given() -> object:
    """The mark after which a write may not be made; None where there is none."""
    return _mark.get()
