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
from dataclasses import dataclass

from agentkit.deprecated import moved
from agentkit.pictures.aligning import LINE, align
from agentkit.pictures.spot import Spot
from agentkit.pictures.untangling import untangle

TALL = 16
"""Nodes in a column before a layer takes a second one."""


NEAR = 44.0
"""Pixels between the columns of one layer."""


@dataclass(frozen=True)
class Box:
    """A node to place. Sizes in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True)
class NodePair:
    """A pair of nodes that exchange messages; `asks` when the source gives the target work."""

    source: str
    target: str
    asks: bool = True


@dataclass
class PlacedNodes:
    """The picture: centres of nodes, and the points of each link from left to right."""

    width: float
    height: float
    centres: dict[str, tuple[float, float]]
    lines: dict[tuple[str, str], list[tuple[float, float, float]]]
    """For each linked pair (left, right): (x_in, x_out, y) of every column it touches."""


def layers(ids: Sequence[str], links: Iterable[NodePair]) -> dict[str, int]:
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


def pulled(level: dict[str, int], links: Iterable[NodePair]) -> dict[str, int]:
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


def place(
    boxes: Sequence[Box],
    links: Sequence[NodePair],
    *,
    gap_x: float = 92,
    gap_y: float = 20,
    margin: float = 24,
) -> PlacedNodes:
    """Lay out the graph from left to right.

    Args:
        boxes: the nodes, in the order in which they appeared.
        links: who talks with whom, in the order in which they first did.
        gap_x: pixels between columns.
        gap_y: pixels between nodes of a column.
        margin: pixels around everything.
    """
    if not boxes:
        return PlacedNodes(2 * margin, 2 * margin, {}, {})
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
    links: Sequence[NodePair], spots: dict[str, Spot], table: list[list[Spot]], rank: dict[str, int]
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
) -> PlacedNodes:
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

    return PlacedNodes(
        width=round(x + margin, 1),
        height=round(bottom - top, 1),
        centres={s.id: (round(middles[s.column], 1), round(s.y - top, 1)) for s in spots.values()},
        lines={pair: [stop(s) for s in chain] for pair, chain in chains.items()},
    )


__getattr__ = moved(__name__, {"spread": "agentkit.pictures.aligning:space_out"})
