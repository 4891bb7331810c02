"""Where the nodes of a message graph stand: in layers, from the asker to the asked.

The method of Sugiyama, Tagawa and Toda (1981) in four steps: break cycles, layer
by the longest path, order each layer by barycentres, then place with the least
squares that keep the order. Deterministic: the same graph gives the same picture.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

TALL = 16
"""Nodes in a column before a layer takes a second one."""
LINE = 12.0
"""Height that a line takes in a column that it passes."""
BETWEEN = 3.0
"""Pixels between lines that pass a tall layer, and half of those between a line and a node."""
NEAR = 44.0
"""Pixels between the columns of one layer."""


@dataclass(frozen=True)
class Box:
    """A node to place. Sizes in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True)
class Link:
    """A pair of nodes that exchange messages; `asks` when the source gives the target work."""

    source: str
    target: str
    asks: bool = True


@dataclass
class Spot:
    """A place in a column: a node, or a point that a long link runs through."""

    id: str
    width: float
    height: float
    column: int
    y: float = 0.0
    before: list[Spot] = field(default_factory=list)
    after: list[Spot] = field(default_factory=list)


@dataclass
class Placed:
    """The picture: centres of nodes, and the points of each link from left to right."""

    width: float
    height: float
    centres: dict[str, tuple[float, float]]
    lines: dict[tuple[str, str], list[tuple[float, float, float]]]
    """For each linked pair (left, right): (x_in, x_out, y) of every column it touches."""


def layers(ids: Sequence[str], links: Iterable[Link]) -> dict[str, int]:
    """The longest way to each node over links that ask; a link that closes a cycle is left out."""
    after: dict[str, list[str]] = {i: [] for i in ids}
    for link in links:
        if link.asks and link.source != link.target and link.target not in after[link.source]:
            after[link.source].append(link.target)
    order: list[str] = []
    state: dict[str, int] = {}
    forward: dict[str, list[str]] = {i: [] for i in ids}
    for root in ids:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            here, ways = stack[-1]
            for there in ways:
                if state.get(there) == 1:
                    continue
                forward[here].append(there)
                if there not in state:
                    state[there] = 1
                    stack.append((there, iter(after[there])))
                    break
            else:
                state[here] = 2
                order.append(here)
                stack.pop()
    level = dict.fromkeys(ids, 0)
    for here in reversed(order):
        for there in forward[here]:
            level[there] = max(level[there], level[here] + 1)
    return level


def pulled(level: dict[str, int], links: Iterable[Link]) -> dict[str, int]:
    """Put who is linked to others, but asked by nobody and asking nobody, one layer after them."""
    asked = {i for link in links if link.asks for i in (link.source, link.target)}
    found = dict(level)
    for link in links:
        for one, other in ((link.source, link.target), (link.target, link.source)):
            if one in asked and other not in asked:
                found[other] = max(found[other], level[one] + 1)
    return found


def columns(boxes: Sequence[Box], level: dict[str, int]) -> dict[str, int]:
    """The column of each node: its layer, where a tall layer takes several, filled row by row."""
    members: dict[int, list[str]] = defaultdict(list)
    for box in boxes:
        members[level[box.id]].append(box.id)
    column, at = {}, 0
    for _, names in sorted(members.items()):
        wide = 1 if len(names) <= TALL else round(math.sqrt(len(names) / 1.6))
        for i, name in enumerate(names):
            column[name] = at + i % wide
        at += wide
    return column


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
    """Sweep to and fro, and keep the order with the fewest crossings."""

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


def rooms(column: Sequence[Spot], gap: float, tight: bool) -> list[float]:
    """The room between the neighbours of a column; where many lines pass, they need little."""
    lines = [(not a.id) + (not b.id) for a, b in itertools.pairwise(column)]
    return [(gap, 2 * BETWEEN, BETWEEN)[n] if tight else gap for n in lines]


def spread(wanted: Sequence[float], sizes: Sequence[float], gaps: Sequence[float]) -> list[float]:
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
    """Move each spot towards its neighbours, to and fro, without changing any order."""
    room = {id(column): rooms(column, gap, tight) for column in table}
    for column in table:
        places = spread([0.0] * len(column), [s.height for s in column], room[id(column)])
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
                column, spread(wanted, [s.height for s in column], room[id(column)]), strict=True
            ):
                spot.y = y


def place(
    boxes: Sequence[Box],
    links: Sequence[Link],
    *,
    gap_x: float = 92,
    gap_y: float = 20,
    margin: float = 24,
) -> Placed:
    """Lay out the graph from left to right.

    Args:
        boxes: the nodes, in the order in which they appeared.
        links: who talks with whom, in the order in which they first did.
        gap_x: pixels between columns.
        gap_y: pixels between nodes of a column.
        margin: pixels around everything.
    """
    if not boxes:
        return Placed(2 * margin, 2 * margin, {}, {})
    level = pulled(layers([b.id for b in boxes], links), links)
    column = columns(boxes, level)
    rank = {box.id: i for i, box in enumerate(boxes)}
    table: list[list[Spot]] = [[] for _ in range(max(column.values()) + 1)]
    spots: dict[str, Spot] = {}
    for box in boxes:
        spots[box.id] = spot = Spot(box.id, box.width, box.height, column[box.id])
        table[spot.column].append(spot)
    chains, lines = chained(links, spots, table, rank)
    tight = max(column.values()) > max(level.values())
    if tight:
        # Where a layer has several columns, the lines to a row run beside that row.
        for spots_of in table:
            spots_of.sort(key=lambda s: rank[s.id] if s.id else lines[id(s)] - 0.5)
    untangle(table)
    align(table, gap_y, tight)
    near = {column[name]: level[name] for name in column}
    gaps = [NEAR if near[i] == near[i + 1] else gap_x for i in range(len(table) - 1)]
    return measured(table, spots, chains, gaps, margin)


def chained(
    links: Sequence[Link], spots: dict[str, Spot], table: list[list[Spot]], rank: dict[str, int]
) -> tuple[dict[tuple[str, str], list[Spot]], dict[int, int]]:
    """Make each link a chain with a spot in every column that it passes, and add it to the table.

    Returns:
        The chains by their ends, from left to right; and of each spot of a line the rank of the
        later of its ends, by identity.
    """
    chains: dict[tuple[str, str], list[Spot]] = {}
    lines: dict[int, int] = {}
    for link in links:
        a, b = spots[link.source], spots[link.target]
        if a.column > b.column:
            a, b = b, a
        if (a.id, b.id) in chains or (b.id, a.id) in chains:
            continue
        passed = [Spot("", 0, LINE, c) for c in range(a.column + 1, b.column)]
        for spot in passed:
            lines[id(spot)] = max(rank[a.id], rank[b.id])
            table[spot.column].append(spot)
        chain = chains[a.id, b.id] = [a, *passed, b]
        if a.column != b.column:
            for left, right in itertools.pairwise(chain):
                left.after.append(right)
                right.before.append(left)
    return chains, lines


def measured(
    table: list[list[Spot]],
    spots: dict[str, Spot],
    chains: dict[tuple[str, str], list[Spot]],
    gaps: Sequence[float],
    margin: float,
) -> Placed:
    """Give every spot its pixels, columns from left to right with these gaps between them."""
    top = min(s.y - s.height / 2 for c in table for s in c) - margin
    bottom = max(s.y + s.height / 2 for c in table for s in c) + margin
    wide = [max((s.width for s in c), default=0) for c in table]
    x, middles = margin, []
    for width, gap in itertools.zip_longest(wide, gaps, fillvalue=0.0):
        middles.append(x + width / 2)
        x += width + gap

    def stop(spot: Spot) -> tuple[float, float, float]:
        half = spot.width / 2 if spot.id else wide[spot.column] / 2
        centre = middles[spot.column]
        return (round(centre - half, 1), round(centre + half, 1), round(spot.y - top, 1))

    return Placed(
        width=round(x + margin, 1),
        height=round(bottom - top, 1),
        centres={s.id: (round(middles[s.column], 1), round(s.y - top, 1)) for s in spots.values()},
        lines={pair: [stop(s) for s in chain] for pair, chain in chains.items()},
    )
