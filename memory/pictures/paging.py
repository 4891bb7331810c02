"""The window of a paged memory, drawn: the gauge, its course, what is inside and outside."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import Rows, markdown_table
from agentkit.views.phrases import short
from agentkit.words import for_line
from memory.views.paging import Paging, entry

WIDE, LEFT = 660.0, 18.0
COURSE = 74.0
"""Height of the gauge's course."""

ROW, MOST = 19.0, 14
"""From one message to the next; so many are shown."""

FULL, WARM = "#d64550", "#d39a2d"

PARTS = ("system", "working context", "summary", "tools")
"""Parts of the window that have a colour of their own; all else is the queue's."""


class PagingPicture(Picture[Paging]):
    """How full the window is, and what was paged out and in."""

    of = Paging

    def rows(self) -> Rows:
        """What happened, as a table."""
        moments = self.view.moments[-12:]
        rows = [[one.told, str(one.used), str(one.window)] for one in moments]
        return [["what happened", "used", "window"], *rows]

    def __str__(self) -> str:
        moments = self.view.moments
        lines = [f"{self.view.name}: {self.view.headline()}"]
        for one in moments[-12:]:
            lines.append(f"  {one.n}. {one.used}/{one.window}  {one.told}")
        for given in (moments[-1].entries if moments else [])[-12:]:
            shown = entry(given)
            lines.append(f"     {shown['part']}: {short(shown['text'], 80)} ({shown['tokens']})")
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """How full it is, and what happened, as a table."""
        view = self.view
        head = f"**{for_line(view.name)}**: {for_line(view.headline())}"
        return f"{head}\n\n{markdown_table(self.rows())}" if view.moments else head

    def to_svg(self) -> str:
        return paging_svg(self.data(), self.view.headline())


def shade(part: str) -> str:
    """The colour of a part of the window."""
    return PALETTE[PARTS.index(part) + 1] if part in PARTS else PALETTE[0]


def paging_svg(data: dict[str, JSON], headline: str) -> str:
    """The view as SVG without script."""
    parts, _ = heading(data["name"], headline, 28, right=LEFT + WIDE, pace=8, size=11.5)
    y = 44.0
    if data["moments"]:
        last = data["moments"][-1]
        parts += gauge(last, data["pressure"], y)
        y += 34
        if len(data["moments"]) > 1:
            parts += course(data["moments"], data["pressure"], y)
            y += COURSE + 16
        low = max(inside(parts, last, y), outside(parts, data, y))
        y = low
    return document(WIDE + LEFT * 2, y + 8, f"Memory {data['name']}: {headline}", *parts)


def gauge(last: dict[str, JSON], pressure: float | None, y: float) -> list[str]:
    """How full the window is, by part, with a mark where pressure begins."""
    window = max(1, last["window"])
    parts = [element("rect", x=LEFT, y=y, width=WIDE, height=16, rx=4.0, **paint("raised"))]
    at = LEFT
    for name, tokens in by_part(last["entries"], last["used"]).items():
        wide = min(WIDE * tokens / window, LEFT + WIDE - at)
        about = element("title", clean(f"{name}: {tokens} tokens"))
        parts.append(
            element("rect", about, x=at, y=y, width=wide, height=16, fill=shade(name),
                    fill_opacity=0.85)
        )  # fmt: skip
        at += wide
    if pressure is not None:
        x = LEFT + WIDE * pressure
        parts.append(element("path", d=f"M{x:g} {y - 3:g}v22", stroke=WARM, stroke_width=1.6))
    return parts


def by_part(entries: list[dict[str, JSON]], used: int) -> dict[str, int]:
    """Tokens by part of the window; all of them as messages where the parts are not told."""
    found: dict[str, int] = {}
    for one in entries:
        name = one["part"] if one["part"] in PARTS else "messages"
        found[name] = found.get(name, 0) + one["tokens"]
    order = [name for name in (*PARTS, "messages") if found.get(name)]
    return {name: found[name] for name in order} or {"messages": used}


def course(moments: list[dict[str, JSON]], pressure: float | None, y: float) -> list[str]:
    """The gauge over time: a step for each moment, a dot where messages were paged out."""
    shown = moments[-60:]
    window = max(one["window"] for one in shown) or 1
    pace = WIDE / len(shown)

    def high(share: float) -> float:
        return y + COURSE - COURSE * min(1.05, share)

    parts = [element("path", d=f"M{LEFT:g} {y + COURSE:g}h{WIDE:g}", **paint(stroke="faint"))]
    marks = [(1.0, FULL), *([(pressure, WARM)] if pressure is not None else [])]
    for share, tone in marks:
        d = f"M{LEFT:g} {high(share):.1f}h{WIDE:g}"
        parts.append(element("path", d=d, stroke=tone, stroke_dasharray="3 3", stroke_opacity=0.7))
    line = ""
    for i, one in enumerate(shown):
        x, top = LEFT + pace * i, high(one["used"] / window)
        line += f"{'L' if line else 'M'}{x:.1f} {top:.1f}H{x + pace:.1f}"
    parts.append(element("path", d=line, fill="none", stroke=PALETTE[0], stroke_width=1.8))
    for i, one in enumerate(shown):
        if one["topic"] in ("evicted", "compacted", "paged_in", "pressure"):
            tone = {"pressure": WARM, "paged_in": PALETTE[3]}.get(one["topic"], FULL)
            about = element("title", clean(one["told"]))
            x, top = LEFT + pace * (i + 0.5), high(one["used"] / window)
            dot = element("circle", about, cx=x, cy=top, r=3.6, fill=tone)
            parts.append(dot)
    return parts


def inside(parts: list[str], last: dict[str, JSON], y: float) -> float:
    """List what is in the window; returns where the list ends."""
    parts.append(words("in the window", LEFT, y + 10, 11, **paint("mute")))
    y += 28
    wide = WIDE * 0.56
    entries = last["entries"]
    if len(entries) > MOST:
        skipped = f"{len(entries) - MOST} earlier ones"
        parts.append(words(skipped, LEFT + 12, y, 11, **paint("mute")))
        y += ROW
    for one in entries[-MOST:]:
        parts.append(element("rect", x=LEFT, y=y - 9, width=4, height=11, rx=2.0,
                             fill=shade(one["part"])))  # fmt: skip
        parts.append(words(cut(one["part"], 84, 10.5), LEFT + 12, y, 10.5, **paint("mute")))
        parts.append(words(cut(one["text"], wide - 150, 11), LEFT + 100, y, 11))
        number = str(one["tokens"])
        parts.append(words(number, LEFT + wide - 8, y, 10.5, text_anchor="end", **paint("mute")))
        y += ROW
    return y


def outside(parts: list[str], data: dict[str, JSON], y: float) -> float:
    """List what was paged out; returns where the list ends."""
    x = LEFT + WIDE * 0.6
    parts.append(words(f"paged out: {len(data['outside'])}", x, y + 10, 11, **paint("mute")))
    y += 28
    summary = next((m["summary"] for m in reversed(data["moments"]) if m["summary"]), "")
    if summary:
        parts.append(words("summary", x, y, 10.5, **paint("mute")))
        parts.append(words(cut(summary, WIDE * 0.4 - 60, 11), x + 56, y, 11))
        y += ROW
    for one in data["outside"][-(MOST - 1) :]:
        parts.append(words(cut(one["text"], WIDE * 0.4, 11), x, y, 11, **paint("mute")))
        y += ROW
    return y
