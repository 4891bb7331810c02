"""The waterfall as people see it: a bar a call, in the colours of what its time went into."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.amounts import seconds
from agentkit.pictures.axis import Axis, axis
from agentkit.pictures.picture import Picture
from agentkit.pictures.spans import segments
from agentkit.pictures.svg import clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import text_table
from agentkit.views.waterfall import PARTS, Fallen, Part, Waterfall

WIDTH, LABELS, ROW = 940.0, 190.0, 15.0
MOST = 60
"""Calls in the picture; of more the slowest."""
TONES: dict[Part, str] = {
    "queue": "#9aa3ad",
    "failed": "#d64550",
    "pause": "#d39a2d",
    "first": "#8a6fd1",
    "reply": "#3f7fd9",
}


class WaterfallPicture(Picture[Waterfall]):
    """What the time of each model call went into."""

    of = Waterfall

    def shown(self) -> list[Fallen]:
        """The calls in the picture, in the order in which they began."""
        calls = self.view.calls
        if len(calls) <= MOST:
            return calls
        slow = sorted(calls, key=lambda one: (one.end or one.cursor) - one.start)[-MOST:]
        return sorted(slow, key=lambda one: (one.start, one.run, one.seq))

    def said(self) -> str:
        """How many, and what their time went into."""
        count = len(self.view.calls)
        sums = [
            f"{PARTS[part]} {seconds(value)}"
            for part, value in self.view.totals().items()
            if value >= 0.0005
        ]
        calls = f"{count} call{'' if count == 1 else 's'}"
        left = f", the slowest {MOST} of them here" if count > MOST else ""
        return f"{calls}{left}; {', '.join(sums)}" if sums else f"{calls}{left}"

    def __str__(self) -> str:
        """A line for each call, with the seconds of its parts."""
        head = ["event", "actor", "model", *PARTS.values(), "in all", ""]
        rows = [head, *(line(call) for call in self.shown())]
        right = range(3, len(head) - 1)
        return "\n".join([f"Waterfall: {self.said()}", *text_table(rows, right=right)])

    def to_svg(self) -> str:
        calls = self.shown()
        spans = [(one.start, one.end or one.cursor) for one in calls]
        scale = axis(segments(spans), LABELS, WIDTH - LABELS - 24)
        bottom = 48.0 + len(calls) * ROW
        parts, _ = heading("Waterfall", self.said(), 22, right=WIDTH - 16, size=11)
        parts.append(ticks(scale, bottom))
        for n, call in enumerate(calls):
            parts.append(bar(call, 42.0 + n * ROW, scale))
        parts.append(legend(calls, bottom + 26))
        title = f"Waterfall of {len(self.view.calls)} model calls"
        return document(WIDTH, bottom + 40, title, *parts)


def line(call: Fallen) -> list[str]:
    """A call as cells."""
    sums = dict.fromkeys(PARTS, 0.0)
    for part, start, end in call.parts:
        sums[part] += end - start
    marks = [] if call.status in ("ok", "") else [call.status]
    marks += ["hedged"] if call.hedged else []
    whole = None if call.end is None else call.end - call.start
    return [
        f"#{call.seq}",
        call.actor,
        call.model,
        *(seconds(value) if value else "" for value in sums.values()),
        seconds(whole),
        ", ".join(marks),
    ]


def ticks(scale: Axis, bottom: float) -> str:
    """Lines and numbers of the axis."""
    parts = []
    for x, text in scale.ticks:
        parts.append(element("path", d=f"M{x:.1f} 36V{bottom:.1f}", **paint(stroke="faint")))
        parts.append(words(text, x, bottom + 9, 10, text_anchor="middle", **paint("mute")))
    for x, gap in scale.breaks:
        look = {**paint(stroke="mute"), "fill": "none", "stroke_dasharray": "2 4"}
        parts.append(element("path", d=f"M{x:.1f} 36V{bottom:.1f}", **look))
        parts.append(
            words(f"paused {seconds(gap)}", x, 34, 9, text_anchor="middle", **paint("mute"))
        )
    return element("g", *parts)


def bar(call: Fallen, y: float, scale: Axis) -> str:
    """A call in its row."""
    name = cut(f"{call.actor} · {call.model}", LABELS - 26, 11)
    parts = [element("title", clean(" ".join(filter(None, line(call)))))]
    parts.append(words(name, 16, y + 10, 11))
    for part, start, end in call.parts:
        x = scale.x(start)
        wide = max(0.8, scale.x(end) - x)
        box = {"x": x, "y": y + 1.5, "width": wide, "height": ROW - 4}
        parts.append(element("rect", **box, fill=TONES[part]))
    for at in call.hedged:
        parts.append(element("circle", cx=scale.x(at), cy=y + 7, r=3.0, fill="#2f9a69"))
    if call.status not in ("ok", ""):
        x = scale.x(call.end or call.cursor) + 5
        parts.append(words(call.status, x, y + 10, 9.5, fill=TONES["failed"]))
    return element("g", *parts)


def legend(calls: Sequence[Fallen], y: float) -> str:
    """What the colours mean, of those that are there."""
    there = {part for call in calls for part, _, _ in call.parts}
    parts, x = [], 16.0
    for part, said in PARTS.items():
        if part in there:
            box = {"x": x, "y": y - 9, "width": 11.0, "height": 9.0}
            parts.append(element("rect", **box, fill=TONES[part]))
            parts.append(words(said, x + 16, y, 10.5, **paint("mute")))
            x += len(said) * 6.2 + 36
    if any(call.hedged for call in calls):
        parts.append(element("circle", cx=x + 5, cy=y - 4.5, r=3.0, fill="#2f9a69"))
        parts.append(words("hedged", x + 16, y, 10.5, **paint("mute")))
    return element("g", *parts) if parts else ""
