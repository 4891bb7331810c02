"""The last writes of a store, by the ids they were about."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
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
