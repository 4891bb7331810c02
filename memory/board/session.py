"""What a session knows: what it read and wrote of each key, and what it may rely on.

The guarantees are those of Terry et al. 1994. Writes are known by their numbers, of all keys, and
only as long as some replica has not heard of them: what all have can neither be missed nor
overtaken.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

from agentkit.messages import JSON
from memory.board.state import BoardState
from memory.board.versions import Version

GUARANTEES = ("read_your_writes", "monotonic_reads", "writes_follow_reads", "monotonic_writes")
"""A read shows the session's own writes, and what its earlier reads saw; its write stands nowhere
without what it read before, or without what it wrote before, and is ordered after that."""

CAUSAL = "causal"
"""All four: causal consistency, where all sessions ask for it (Brzeziński et al. 2004)."""


class Knowledge:
    """What a session knows; see the module."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, ...]] = {}
        """The versions that the session read last, by key."""
        self.values: dict[str, JSON] = {}
        """Their values, or what the session wrote since."""
        self.own: dict[str, set[int]] = defaultdict(set)
        """The session's writes that some replica may not have heard of, by key."""
        self.read_before: dict[str, set[int]] = defaultdict(set)
        """What its reads saw, likewise."""
        self.read_at = self.wrote_at = -math.inf
        """Clock time of the newest version that it read, and that it wrote."""

    def saw(
        self, key: str, versions: Sequence[int], value: JSON, heard: Collection[int], at: float
    ) -> None:
        """Remember a read: what it showed, and which writes that was made of."""
        self.seen[key], self.values[key] = tuple(versions), value
        self.read_before[key].update(heard)
        self.read_at = max(self.read_at, at)

    def wrote(self, version: Version) -> None:
        """Remember a write: it is what the session has seen now."""
        self.seen[version.key] = (version.n,)
        self.values[version.key] = version.value
        self.own[version.key].add(version.n)
        self.wrote_at = max(self.wrote_at, version.at)

    def to_read(self, state: BoardState, asked: Collection[str]) -> dict[int, str]:
        """Return the writes that a read must show, with their keys."""
        return self._bound(state, asked, own="read_your_writes", read="monotonic_reads")

    def to_write(self, state: BoardState, asked: Collection[str]) -> dict[int, str]:
        """Return the writes that a write must come after, with their keys."""
        return self._bound(state, asked, own="monotonic_writes", read="writes_follow_reads")

    def _bound(
        self, state: BoardState, asked: Collection[str], own: str, read: str
    ) -> dict[int, str]:
        """Return the writes, its own and those it read, that guarantees bind it to."""
        mine = self._kept(state, self.own) if own in asked else {}
        return mine | (self._kept(state, self.read_before) if read in asked else {})

    def later_than(self, asked: Collection[str]) -> float:
        """Return the clock time after which a write must be ordered."""
        read = self.read_at if "writes_follow_reads" in asked else -math.inf
        return max(read, self.wrote_at) if "monotonic_writes" in asked else read

    def _kept(self, state: BoardState, numbers: dict[str, set[int]]) -> dict[int, str]:
        """Forget the writes that every replica has, and return the others."""
        found = {}
        for key in list(numbers):
            if left := {n for n in numbers[key] if state.travelling(n)}:
                numbers[key] = left
                found.update(dict.fromkeys(left, key))
            else:
                del numbers[key]
        return found
