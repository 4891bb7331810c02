"""Accuracy against cost as a picture: a dot per contender, with the interval of its accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agentkit.amounts import money
from agentkit.pictures.svg import clean, cut, document, element, paint, words

WIDTH, HEIGHT = 600.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 170.0, 34.0, 46.0
COLOURS = ("#3f7fd9", "#c27a17", "#2f9a69", "#8a6fd1", "#d64550", "#1f93a3", "#6b7683", "#d39a2d")
LINE = 15.0
"""Distance of two labels in pixels."""


class Dot(NamedTuple):
    """A contender in the picture."""

    label: str
    cost: float
    """In USD or tokens, per question."""
    share: float
    low: float
    high: float
    """Of the interval, 0..1 like the share."""


def accuracy_plot(
    dots: Sequence[Dot],
    title: str,
    unit: str,
    limit: float | None = None,
    front: Sequence[str] = (),
) -> str:
    """Return the picture as SVG.

    Args:
        dots: the contenders.
        title: read aloud in its place.
        unit: "USD" or "tokens".
        limit: the budget in that unit, drawn as a line where it is near.
        front: labels of the dots that a line joins, by their cost: nobody is better and cheaper.
    """
    dearest = max([dot.cost for dot in dots], default=0.0) or 1.0
    if limit is not None and limit <= 4 * dearest:
        dearest = max(dearest, limit)
    top = nice(dearest * 1.05)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(cost: float) -> float:
        return LEFT + cost / top * (right - LEFT)

    def y(share: float) -> float:
        return bottom - share * (bottom - TOP)

    parts = [words("accuracy", 12, 20, 11, **paint("mute"))]
    for step in range(5):
        share, cost = step / 4, top * step / 4
        parts.append(element("path", d=f"M{LEFT:g} {y(share):g}H{right:g}", **paint("", "faint")))
        parts.append(words(f"{share:.0%}", LEFT - 8, y(share) + 4, 11, text_anchor="end"))
        parts.append(words(amount(cost, unit), x(cost), bottom + 17, 11, text_anchor="middle"))
    name = "cost per question" if unit == "USD" else "tokens per question"
    parts.append(words(name, right, bottom + 35, 11, text_anchor="end", **paint("mute")))
    if limit is not None and limit <= top:
        look = {**paint("", "mute"), "stroke_dasharray": "4 3"}
        parts.append(element("path", d=f"M{x(limit):.1f} {TOP:g}V{bottom:g}", **look))
        parts.append(words("budget", x(limit), TOP - 5, 10.5, text_anchor="middle"))
    known = {dot.label: dot for dot in dots}
    line = [f"{x(known[one].cost):.1f} {y(known[one].share):.1f}" for one in front]
    if len(line) > 1:
        tip = element("title", "Pareto line: nobody is both better and cheaper")
        look = {"fill": "none", "stroke_dasharray": "1 3", **paint("", "mute")}
        parts.append(element("path", tip, d=f"M{'L'.join(line)}", **look))
    places = apart([y(dot.share) for dot in dots])
    for n, (dot, place) in enumerate(zip(dots, places, strict=True)):
        parts.append(drawn(dot, x(dot.cost), y, COLOURS[n % len(COLOURS)], right, place))
    return document(WIDTH, HEIGHT, title, *parts)


def drawn(dot: Dot, x: float, y: object, colour: str, right: float, place: float) -> str:
    """Return a contender's dot, interval and label."""
    assert callable(y)
    high, low, middle = y(dot.high), y(dot.low), y(dot.share)
    bar = f"M{x:.1f} {high:.1f}V{low:.1f}M{x - 5:.1f} {high:.1f}h10M{x - 5:.1f} {low:.1f}h10"
    tip = f"{dot.label}: {dot.share:.1%} ({dot.low:.1%} to {dot.high:.1%})"
    lead = f"M{x + 6:.1f} {middle:.1f}L{right + 6:.1f} {place:.1f}"
    return element(
        "g",
        element("title", clean(tip)),
        element("path", d=bar, fill="none", stroke=colour, stroke_width=1.6),
        element("circle", cx=x, cy=middle, r=4.5, fill=colour),
        element("path", d=lead, fill="none", stroke=colour, stroke_width=0.6, opacity=0.5),
        words(
            cut(dot.label, 155, 11.5),
            right + 9,
            place + 4,
            11.5,
            fill=colour,
            style=f"fill:{colour}",
        ),
    )


def apart(places: Sequence[float]) -> list[float]:
    """Return places near those given that are a line apart, in the same order down the page."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    found = list(places)
    for above, below in zip(order, order[1:], strict=False):
        found[below] = max(found[below], found[above] + LINE)
    if order:
        over = max(0.0, found[order[-1]] - (HEIGHT - BOTTOM))
        ceiling = HEIGHT - BOTTOM
        for n in reversed(order if over else []):
            found[n] = min(found[n], ceiling)
            ceiling = found[n] - LINE
    return found


def nice(value: float) -> float:
    """Return the next larger number that divides well by four."""
    size = 1.0
    while size > value:
        size /= 10
    while size * 10 <= value:
        size *= 10
    return next(
        size * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if size * step >= value
    )


def amount(value: float, unit: str) -> str:
    """Return an amount on the axis."""
    if unit != "USD":
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"${value:.3g}" if value else money(0.0)


CELL, GAP = 13.0, 2.0
"""Pixels of a trial in a heat map, and between two."""

LINES = 60
"""Questions that a heat map shows, the least right first."""

MARKS = {"right": "#2f9a69", "answered": "#d64550", "none": "#b9c0c7"}
"""Colours of trials: right, answered wrongly, not scored."""

OTHER = "#d39a2d"
"""Colour of any other trial, as one that failed."""

LEGEND = "green right, red wrong, amber failed or out of budget, grey not scored"


def told(name: str, n: int, mark: str, why: str) -> str:
    """Return what a square says who is pointed at."""
    return f"{name}, trial {n}: {mark}. {why}"[:300]


def squares(name: str, trials: Sequence[tuple[str, str]], left: float, y: float) -> list[str]:
    """Return a square for each trial of a question, side by side."""
    made = []
    for m, (mark, why) in enumerate(trials):
        tip = element("title", clean(told(name, m + 1, mark, why)))
        x, colour = left + m * (CELL + GAP), MARKS.get(mark, OTHER)
        made.append(element("rect", tip, x=x, y=y, width=CELL, height=CELL, rx=2, fill=colour))
    return made


def heat_map(lines: dict[str, list[tuple[str, str]]], title: str) -> str:
    """Return a picture with a row for each question and a cell for each of its trials, as SVG.

    Args:
        lines: by question its trials: what came of each, and words for it.
        title: read aloud in its place.
    """
    order = sorted(lines, key=lambda one: sum(mark == "right" for mark, _ in lines[one]))
    shown, left = order[:LINES], 170.0
    most = max((len(lines[one]) for one in shown), default=0)
    parts = []
    for n, name in enumerate(shown):
        y = 12 + n * (CELL + GAP)
        parts.append(words(cut(name, left - 20, 11), 12, y + 10, 11))
        parts += squares(name, lines[name], left, y)
        right = sum(mark == "right" for mark, _ in lines[name])
        told = f"{right} of {len(lines[name])}"
        parts.append(words(told, left + most * (CELL + GAP) + 6, y + 10, 11, **paint("mute")))
    end = 12 + len(shown) * (CELL + GAP)
    rest = f"{len(order) - LINES} more questions, righter than these · " if order[LINES:] else ""
    parts.append(words(rest + LEGEND, 12, end + 14, 10.5, **paint("mute")))
    width = max(left + most * (CELL + GAP) + 90, 470.0)
    return document(width, end + 26, title, *parts)
