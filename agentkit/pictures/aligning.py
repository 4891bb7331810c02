"""How high each node of a column stands: near those it is linked to, in order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from agentkit.pictures.spot import Spot

LINE = 12.0
"""Height that a line takes in a column that it passes."""
BETWEEN = 3.0
"""Pixels between lines that pass a tall layer, and half of those between a line and a node."""


def rooms(column: Sequence[Spot], gap: float, tight: bool) -> list[float]:
    """The room between the neighbours of a column; where many lines pass, they need little."""
    lines = [(not a.id) + (not b.id) for a, b in itertools.pairwise(column)]
    return [(gap, 2 * BETWEEN, BETWEEN)[n] if tight else gap for n in lines]


def space_out(
    wanted: Sequence[float], sizes: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """Centres as near as possible to the wanted ones, in order and with these gaps between them.

    Least squares under order constraints: pool adjacent violators (Ayer et al. 1955).
    """
    offset, total = [], 0.0
    for i, size in enumerate(sizes):
        total += (sizes[i - 1] + size) / 2 + gaps[i - 1] if i else 0.0
        offset.append(total)
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wanted, offset, strict=True):
        pool = (want - shift, 1)
        while pools and pools[-1][0] / pools[-1][1] > pool[0] / pool[1]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1])
        pools.append(pool)
    means = [total / count for total, count in pools for _ in range(count)]
    return [mean + shift for mean, shift in zip(means, offset, strict=True)]


def align(table: list[list[Spot]], gap: float, tight: bool = False, rounds: int = 6) -> None:
    """Move each spot towards its neighbours, back and forth, without changing any order."""
    room = {id(column): rooms(column, gap, tight) for column in table}
    for column in table:
        places = space_out([0.0] * len(column), [s.height for s in column], room[id(column)])
        middle = sum(places) / len(places)
        for spot, y in zip(column, places, strict=True):
            spot.y = y - middle
    for turn in range(rounds):
        last = turn >= rounds - 2
        for column in table if turn % 2 == 0 else table[::-1]:
            wanted = []
            for spot in column:
                sides = (
                    [spot.before, spot.after]
                    if last
                    else [spot.before if turn % 2 == 0 else spot.after]
                )
                near = [s.y for side in sides for s in side]
                wanted.append(sum(near) / len(near) if near else spot.y)
            for spot, y in zip(
                column, space_out(wanted, [s.height for s in column], room[id(column)]), strict=True
            ):
                spot.y = y
