"""Krippendorff's alpha: how far raters agree beyond chance.

Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, sections C and D: from
values by unit to a coincidence matrix, then 1 - observed / expected disagreement. Missing
values are allowed; a unit with one value does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Literal

from agentkit.deprecated import moved

Level = Literal["nominal", "ordinal", "interval", "ratio"]
"""What the numbers mean: names, ranks, differences, or ratios."""


def alpha_by_unit(
    units: Sequence[Sequence[float | None]], level: Level = "interval"
) -> float | None:
    """Return the agreement of raters on units.

    Args:
        units: for each unit the values of the raters; None where one gave none.
        level: of measurement.

    Returns:
        1 for perfect agreement, 0 for chance, below 0 for systematic disagreement; None
        when no unit has two values, or all values are equal, so that nothing varies.
    """
    rows = [[value for value in unit if value is not None] for unit in units]
    rows = [row for row in rows if len(row) > 1]
    pairs: dict[tuple[float, float], float] = {}
    for row in rows:
        for pair in permutations(row, 2):
            pairs[pair] = pairs.get(pair, 0.0) + 1 / (len(row) - 1)
    totals: dict[float, float] = {}
    for (first, _), number in pairs.items():
        totals[first] = totals.get(first, 0.0) + number
    count = sum(totals.values())
    expected = sum(
        totals[a] * totals[b] * distance(a, b, totals, level) for a in totals for b in totals
    )
    if not expected:
        return None
    observed = sum(number * distance(a, b, totals, level) for (a, b), number in pairs.items())
    return 1 - (count - 1) * observed / expected


def distance(a: float, b: float, totals: Mapping[float, float], level: Level) -> float:
    """The squared difference of two values, as the level of measurement has it."""
    if a == b:
        return 0.0
    match level:
        case "nominal":
            return 1.0
        case "ordinal":
            low, high = min(a, b), max(a, b)
            between = sum(number for value, number in totals.items() if low <= value <= high)
            return (between - (totals[a] + totals[b]) / 2) ** 2
        case "ratio":
            return ((a - b) / (a + b)) ** 2 if a + b else 0.0
    return (a - b) ** 2


__getattr__ = moved(__name__, {"krippendorff_alpha": f"{__name__}:alpha_by_unit"})
