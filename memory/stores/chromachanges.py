"""What changed in a Chroma collection: puts by the time they are stamped with, drops by a list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from memory.stores.recent import Recent

SKEW_S = 60
"""How far the clocks of machines that share a server may differ, in seconds."""

SLACK_S = 2
"""How far a clock may be set back, in seconds."""


@dataclass(frozen=True)
class ChangeMark:
    """A moment in the life of a collection."""

    at: int
    """Microseconds since 1970."""
    drops: int


DROPS: defaultdict[tuple[str, str], Recent] = defaultdict(Recent)
"""Of each collection (folder, name) that this process uses; all its stores share one."""
