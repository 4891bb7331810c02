"""Times at which something happened, joined to segments for an axis; long pauses are cut out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SHARE = 0.15
"""Of the whole: a pause that is longer is cut out."""


def segments(spans: Iterable[Sequence[float]]) -> list[list[float]]:
    """Spans as few segments as there are without the long pauses between them."""
    found: list[list[float]] = []
    for start, end in sorted((one[0], one[1]) for one in spans):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    busy = sum(end - start for start, end in found)
    joined: list[list[float]] = []
    for start, end in found:
        if joined and start - joined[-1][1] <= max(1e-6, busy * SHARE):
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return joined or [[0.0, 0.0]]
