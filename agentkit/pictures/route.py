"""The curves of a message graph: from a placed pair of nodes to paths with arrowheads.

Both directions of a pair are drawn, each bowed to its own side, so that what was
asked and what came back can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.pictures.layout import PlacedNodes

LANE = 7.0
"""Pixels from the middle to each direction of a pair."""
HEAD = 7.0
"""Length of an arrowhead in pixels."""


@dataclass(frozen=True)
class EdgePath:
    """One direction of a pair: SVG path data, and where its count stands."""

    d: str
    head: str
    label: tuple[float, float]


EDGE = 4.0
"""Pixels between a curve and the edge of the picture."""

PORT = 15.0
"""Pixels from a node's middle to where lines to its own column begin."""

Point = tuple[float, float]
Stop = tuple[float, float, float]
"""(x_in, x_out, y) of a column that a line touches."""


def number(value: float) -> str:
    """A coordinate, without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


def curve(points: list[tuple[Point, Point, Point, Point]]) -> str:
    """Path data of cubic Bézier segments that may be joined by straight lines."""
    parts: list[str] = []
    end: Point | None = None
    for a, b, c, d in points:
        if end != a:
            parts.append(f"{'L' if parts else 'M'}{number(a[0])} {number(a[1])}")
        parts.append("C" + " ".join(f"{number(x)} {number(y)}" for x, y in (b, c, d)))
        end = d
    return " ".join(parts)


def bezier(segment: tuple[Point, Point, Point, Point], t: float) -> Point:
    """The point of a cubic Bézier curve at t, 0..1."""
    u = 1 - t
    weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
    x = sum(w * p[0] for w, p in zip(weights, segment, strict=True))
    y = sum(w * p[1] for w, p in zip(weights, segment, strict=True))
    return (round(x, 1), round(y, 1))


def arrowhead(tip: Point, direction: int) -> str:
    """A small triangle whose tip points to the right (1) or to the left (-1)."""
    x, y = tip
    back = x - direction * HEAD
    return (
        f"M{number(x)} {number(y)} L{number(back)} {number(y - HEAD * 0.5)} "
        f"L{number(back)} {number(y + HEAD * 0.5)} Z"
    )


def across(
    stops: list[Stop], lane: float, forward: bool, near: bool, ports: tuple[float, float]
) -> EdgePath:
    """A curve through the columns, its ends level with the nodes.

    Args:
        stops: the columns from left to right.
        lane: pixels to the side of the line, bowed that way.
        forward: from left to right.
        near: put the count near the right end.
        ports: where it leaves the left and meets the right node, in pixels from their middles.
    """
    bow = lane * 0.7
    heights = [stop[2] + lane for stop in stops]
    heights[0] += ports[0]
    heights[-1] += ports[1]
    begin = stops[0][1] + (0 if forward else HEAD)
    finish = stops[-1][0] - (HEAD if forward else 0)
    segments = []
    for i in range(len(stops) - 1):
        x0 = begin if i == 0 else stops[i][1]
        x1 = finish if i == len(stops) - 2 else stops[i + 1][0]
        y0, y1 = heights[i], heights[i + 1]
        pull = max(24.0, (x1 - x0) * 0.5)
        segments.append(((x0, y0), (x0 + pull, y0 + bow), (x1 - pull, y1 + bow), (x1, y1)))
    tip = (stops[-1][0], heights[-1]) if forward else (stops[0][1], heights[0])
    spot = bezier(segments[-1], 0.62) if near else bezier(segments[0], 0.38)
    if not forward:
        segments = [(d, c, b, a) for a, b, c, d in segments[::-1]]
    label = (spot[0], round(spot[1] + (lane * 1.5 or -9.0), 1))
    return EdgePath(curve(segments), arrowhead(tip, 1 if forward else -1), label)


def beside(one: Stop, other: Stop, width: float) -> EdgePath:
    """A curve between two nodes of the same column: down on the right, up on the left.

    It bulges as far as there is room in a picture of that width.
    """
    side = 1 if other[2] > one[2] else -1
    out = max(one[1], other[1]) if side > 0 else min(one[0], other[0])
    bulge = out + side * (22 + min(44.0, abs(one[2] - other[2]) * 0.16))
    # A curve goes three quarters of the way to the points that pull it.
    room = (((width - EDGE) if side > 0 else EDGE) - out / 4) * 4 / 3
    bulge = min(bulge, room) if side > 0 else max(bulge, room)
    begin = (one[1] if side > 0 else one[0], one[2] + side * PORT)
    tip = (other[1] if side > 0 else other[0], other[2] - side * PORT)
    end = (tip[0] + side * HEAD, tip[1])
    segment = (begin, (bulge, begin[1]), (bulge, end[1]), end)
    return EdgePath(curve([segment]), arrowhead(tip, -side), bezier(segment, 0.5))


def fans(
    placed: PlacedNodes, heights: dict[str, float]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Where the lines of a node begin and end on its sides, spread so that they do not merge."""
    sides: dict[tuple[str, int], list[tuple[float, tuple[str, str]]]] = {}
    for pair, stops in placed.lines.items():
        if stops[0][:2] == stops[-1][:2] or len(stops) < 2:
            continue
        sides.setdefault((pair[0], 1), []).append((stops[1][2], pair))
        sides.setdefault((pair[1], 0), []).append((stops[-2][2], pair))
    found: dict[tuple[str, str], list[float]] = {}
    for (name, side), lines in sides.items():
        room = max(0.0, heights[name] - 26)
        step = min(9.0, room / max(1, len(lines) - 1))
        for i, (_, pair) in enumerate(sorted(lines)):
            shift = (i - (len(lines) - 1) / 2) * step
            found.setdefault(pair, [0.0, 0.0])[0 if side else 1] = shift
    return {pair: (left, right) for pair, (left, right) in found.items()}


def loop(box: Stop, height: float) -> EdgePath:
    """A curve from a node to itself, over its upper right corner."""
    x, y = box[1], box[2]
    top = y - height / 2
    segment = ((x - 30, top), (x - 30, top - 26), (x + 26, y - 6), (x + HEAD, y - 6))
    return EdgePath(curve([segment]), arrowhead((x, y - 6), -1), bezier(segment, 0.5))


def routes(
    placed: PlacedNodes, pairs: set[tuple[str, str]], heights: dict[str, float]
) -> dict[tuple[str, str], EdgePath]:
    """The curve of every ordered pair that has messages."""
    degree: dict[str, int] = {}
    for left, right in placed.lines:
        degree[left] = degree.get(left, 0) + 1
        degree[right] = degree.get(right, 0) + 1
    ports = fans(placed, heights)
    found: dict[tuple[str, str], EdgePath] = {}
    for (left, right), stops in placed.lines.items():
        both = (left, right) in pairs and (right, left) in pairs
        near = degree[right] <= degree[left]
        for pair, forward in (((left, right), True), ((right, left), False)):
            if pair not in pairs or pair in found:
                continue
            if left == right:
                found[pair] = loop(stops[0], heights[left])
            elif placed.centres[left][0] == placed.centres[right][0]:
                one, other = (stops[0], stops[-1]) if forward else (stops[-1], stops[0])
                found[pair] = beside(one, other, placed.width)
            else:
                lane = (-LANE if forward else LANE) if both else 0.0
                found[pair] = across(stops, lane, forward, near, ports[left, right])
    return found
