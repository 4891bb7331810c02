"""What changed in a Chroma collection: puts by the time they are stamped with, drops by a list."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

KEPT = 1_000
"""Drops that are remembered; whoever asks for older ones has to look at everything."""

SKEW_S = 60
"""How far the clocks of machines that share a server may differ, in seconds."""

SLACK_S = 2
"""How far a clock may be set back, in seconds."""


@dataclass(frozen=True)
class Mark:
    """A moment in the life of a collection."""

    at: int
    """Microseconds since 1970."""
    drops: int


@dataclass
class Drops:
    """The ids that this process dropped from a collection, the last ones."""

    count: int = 0
    _last: deque[Sequence[str]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ids: Sequence[str]) -> None:
        """Remember a drop."""
        with self._mutex:
            self.count += 1
            self._last.append(ids)

    def since(self, count: int) -> list[str] | None:
        """Return the ids that were dropped after so many drops; None where that is forgotten."""
        with self._mutex:
            missing = self.count - count
            if missing > len(self._last):
                return None
            return [id for ids in list(self._last)[len(self._last) - missing :] for id in ids]


DROPS: defaultdict[tuple[str, str], Drops] = defaultdict(Drops)
"""Of each collection (folder, name) that this process uses; all its stores share one."""
