"""In which order the nodes of each column stand, so that few links cross."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.pictures.spot import Spot


def crossings(left: Sequence[Spot], right: Sequence[Spot]) -> int:
    """How often links between two columns cross."""
    rank = {id(spot): i for i, spot in enumerate(right)}
    ends = [sorted(rank[id(s)] for s in spot.after if id(s) in rank) for spot in left]
    seen: list[int] = []
    total = 0
    for group in ends:
        total += sum(1 for end in group for other in seen if other > end)
        seen.extend(group)
    return total


def reorder(spots: list[Spot], neighbours: str, rank: dict[int, float]) -> None:
    """Sort a column by the mean rank of the neighbours on one side; without any, stay."""

    def mean(pair: tuple[int, Spot]) -> float:
        place, spot = pair
        near = [rank[id(s)] for s in getattr(spot, neighbours)]
        return sum(near) / len(near) if near else place / max(1, len(spots) - 1)

    spots[:] = [spot for _, spot in sorted(enumerate(spots), key=mean)]


def ranked(spots: Sequence[Spot]) -> dict[int, float]:
    """Ranks of a column, scaled to 0..1 so that short and long columns compare."""
    return {id(s): i / max(1, len(spots) - 1) for i, s in enumerate(spots)}


def untangle(table: list[list[Spot]], sweeps: int = 8) -> None:
    """Sweep back and forth, and keep the order with the fewest crossings."""

    def tangles() -> int:
        return sum(crossings(a, b) for a, b in zip(table, table[1:], strict=False))

    best, fewest = [list(c) for c in table], tangles()
    for sweep in range(sweeps):
        if not fewest:
            break
        if sweep % 2 == 0:
            for left, right in zip(table, table[1:], strict=False):
                reorder(right, "before", ranked(left))
        else:
            for right, left in zip(table[::-1], table[-2::-1], strict=False):
                reorder(left, "after", ranked(right))
        found = tangles()
        if found < fewest:
            best, fewest = [list(c) for c in table], found
    table[:] = best
