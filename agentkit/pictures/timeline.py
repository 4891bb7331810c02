"""The timeline as people see it: lanes, bars, and an axis in seconds with pauses cut out."""

from __future__ import annotations

from agentkit.amounts import seconds
from agentkit.messages import JSON
from agentkit.pictures.axis import Axis, axis, merge
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import TONES, clean, cut, document, element, paint, words
from agentkit.views.bars import tip
from agentkit.views.timeline import Timeline
from agentkit.words import fenced

WIDTH = 940.0
LABELS = 150.0
"""Pixels for the names of the lanes."""
ROW = 15.0
REUSED = 9.0
"""Least width of a step that was taken over, in pixels: it took no time, but is worth seeing."""


class TimelinePicture(Picture[Timeline]):
    """Who worked when, and for how long."""

    of = Timeline

    def to_svg(self) -> str:
        return chart(self.data())

    def to_markdown(self) -> str:
        """Totals and a table of lanes."""
        totals = self.view.totals()
        head = (
            f"Wall {seconds(totals['wall_s'])}, busy {seconds(totals['busy_s'])}, "
            f"idle {seconds(totals['idle_s'])}, {totals['steps']} steps, {totals['reused']} reused"
        )
        return f"{head}\n\n{fenced(str(self))}"

    def __str__(self) -> str:
        """Lanes as lines of text: what each did and for how long."""
        data, totals = self.data(), self.view.totals()
        wall, busy = seconds(totals["wall_s"]), seconds(totals["busy_s"])
        lines = [f"{wall} in all, {busy} busy, {totals['steps']} steps"]
        now = data["segments"][-1][1] if data["segments"] else 0.0
        for name in data["order"]:
            lane = self.view.lanes[name]
            mine = [bar for bar in self.view.bars if bar.lane == name]
            spent: dict[str, float] = {}
            for bar in mine:
                end = now if bar.end is None else bar.end
                spent[bar.kind] = spent.get(bar.kind, 0.0) + end - bar.start
            shown = ", ".join(f"{kind} {seconds(total)}" for kind, total in spent.items())
            line = f"{'  ' * (lane.depth + 1)}{lane.label}: {len(mine)} steps"
            lines.append(line + (f" ({shown})" if shown else ""))
        return "\n".join(lines)


def chart(data: dict[str, JSON]) -> str:
    """A timeline's data as SVG without script."""
    lanes = {lane["id"]: lane for lane in data["lanes"]}
    segments = data["segments"] or [[0.0, 0.0]]
    scale = axis(segments, LABELS, WIDTH - LABELS - 24)
    now = segments[-1][1]
    top, y = {}, 44.0
    for name in data["order"]:
        top[name] = y
        y += lanes[name]["rows"] * ROW + 11
    bottom = y
    parts = [defs(), head(data["totals"]), grid(scale, bottom)]
    for name in data["order"]:
        parts.append(lane(lanes[name], top[name], scale, now))
    # Lane by lane, not by time: so the file does not depend on whose step began first.
    bars = sorted(merge(data["bars"], scale.x, now), key=lambda r: top[r["lane"]])
    parts += [rect(r, top[r["lane"]]) for r in bars]
    parts += [
        note(at, topic, grave, top[name], scale)
        for name in data["order"]
        for at, topic, grave in lanes[name]["notes"]
    ]
    parts.append(legend(data, bottom + 24))
    title = f"Timeline: {len(lanes)} actors, {len(data['bars'])} steps"
    return document(WIDTH, bottom + 40, title, *parts)


def defs() -> str:
    """The hatching of steps that were not performed again."""
    line = element("path", d="M0 6 6 0", stroke="#ffffff", stroke_width=1.6, opacity=0.75)
    return element(
        "defs",
        element(
            "pattern", line, id="agentkit-hatch", width=6, height=6, patternUnits="userSpaceOnUse"
        ),
    )


def head(totals: dict[str, JSON]) -> str:
    """Totals, on one line."""
    facts = [f"{seconds(totals['wall_s'])} in all", f"{seconds(totals['busy_s'])} busy"]
    if totals["idle_s"] >= 0.0005:
        facts.append(f"{seconds(totals['idle_s'])} idle")
    if totals["waited_s"] >= 0.0005:
        facts.append(f"{seconds(totals['waited_s'])} in retry waits")
    facts.append(f"{totals['steps']} steps")
    if totals["reused"]:
        facts.append(f"{totals['reused']} reused (0 paid)")
    return words("  ·  ".join(facts), 16, 20, 11.5, **paint("mute"))


def grid(scale: Axis, bottom: float) -> str:
    """Ticks, and where a pause was cut out."""
    parts = []
    for x, text in scale.ticks:
        parts.append(element("path", d=f"M{x:.1f} 34V{bottom:.1f}", **paint(stroke="faint")))
        parts.append(words(text, x, bottom + 3, 10, text_anchor="middle", **paint("mute")))
    for x, gap in scale.breaks:
        look = {**paint(stroke="mute"), "fill": "none"}
        line = f"M{x:.1f} 36V{bottom - 8:.1f}"
        parts.append(element("path", d=line, stroke_dasharray="2 4", **look))
        parts.append(
            words(f"paused {seconds(gap)}", x, 31, 9.5, text_anchor="middle", **paint("mute"))
        )
    return element("g", *parts)


def lane(lane: dict[str, JSON], y: float, scale: Axis, now: float) -> str:
    """A lane's name, and when its actor was at work."""
    height = lane["rows"] * ROW + 4
    x = 16 + lane["depth"] * 12
    parts = [words(cut(lane["label"], LABELS - x - 6, 12), x, y + ROW - 2, 12)]
    for start, end in lane["spans"]:
        x0, x1 = scale.x(start), scale.x(now if end is None else end)
        wide = max(1.0, x1 - x0)
        parts.append(
            element("rect", x=x0, y=y - 1, width=wide, height=height, rx=3.0, **paint("raised"))
        )
    return element("g", *parts)


def rect(r: dict[str, JSON], y: float) -> str:
    """A bar."""
    width = max(REUSED if r["reused"] else 1.0, r["x1"] - r["x"])
    tone = TONES["failed"] if r["status"] == "failed" else TONES.get(r["kind"], TONES["idle"])
    top = y + r["row"] * ROW + 1.5
    if r["inside"]:
        strip = {"x": r["x"], "y": top + ROW - 7, "width": width, "height": 4.0}
        return element("g", element("title", clean(tip(r))), element("rect", fill=tone, **strip))
    size = {"x": r["x"], "y": top, "width": width, "height": ROW - 3, "rx": min(3.0, width / 2)}
    wait = r["kind"] in ("retry", "person")
    look: dict[str, str | float | None] = {"fill": tone}
    if wait:
        look = {**paint("surface", tone), "fill_opacity": 0.86, "stroke_dasharray": "3 2"}
    elif r["status"] == "cancelled" or r["open"]:
        look["fill_opacity"] = 0.55
    parts = [element("title", clean(tip(r))), element("rect", **size, **look)]
    if r["reused"]:
        parts.append(element("rect", **size, fill="url(#agentkit-hatch)"))
    if width > 34:
        text = "0 paid" if r["reused"] else r["label"]
        light = paint("ink") if wait else {"fill": "#ffffff", "style": "fill:#ffffff"}
        parts.append(words(cut(text, width - 8, 9.5), r["x"] + 5, top + 9, 9.5, **light))
    return element("g", *parts)


def note(at: float, topic: str, grave: bool, y: float, scale: Axis) -> str:
    """A small mark for a decision."""
    title = element("title", clean(topic.replace("_", " ")))
    dot = paint("warning" if grave else "note")
    return element("circle", title, cx=scale.x(at), cy=y + 1, r=2.6, **dot)


def legend(data: dict[str, JSON], y: float) -> str:
    """What the bars mean."""
    kinds = dict.fromkeys(bar[3] for bar in data["bars"])
    parts, x = [], 16.0
    for kind in kinds:
        tone = TONES.get(kind, TONES["idle"])
        look: dict[str, str | float | None] = {"height": 4 if kind == "retry" else 9, "fill": tone}
        if kind == "person":
            look |= {"fill_opacity": 0.18, "stroke": tone, "stroke_dasharray": "3 2"}
        top = y - 5.5 if kind == "retry" else y - 8
        parts.append(element("rect", x=x, y=top, width=12, rx=2, **look))
        parts.append(words(kind, x + 17, y, 10.5, **paint("mute")))
        x += len(kind) * 6.4 + 36
    marks = {grave for lane in data["lanes"] for _, _, grave in lane["notes"]}
    for grave, tone in ((False, "note"), (True, "warning")):
        if grave in marks:
            said = "note of trouble" if grave else "note"
            parts.append(element("circle", cx=x + 6, cy=y - 3.5, r=3.0, **paint(tone)))
            parts.append(words(said, x + 17, y, 10.5, **paint("mute")))
            x += len(said) * 6.4 + 36
    return element("g", *parts) if parts else ""
