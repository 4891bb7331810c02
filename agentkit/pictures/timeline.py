"""The timeline as a still picture: lanes, bars, and an axis in seconds with pauses cut out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agentkit.amounts import seconds
from agentkit.messages import JSON
from agentkit.pictures.svg import TONES, clean, cut, document, element, paint, words

WIDTH = 940.0
LABELS = 150.0
"""Pixels for the names of the lanes."""
BREAK = 26.0
"""Pixels of a pause that was cut out."""
ROW = 15.0
REUSED = 9.0
"""Least width of a step that was taken over, in pixels: it took no time, but is worth seeing."""
THIN = 1.5
"""Bars below this width, in pixels, are drawn together."""


@dataclass
class Axis:
    """From times to pixels, pauses left out."""

    x: Callable[[float], float]
    ticks: list[tuple[float, str]]
    breaks: list[tuple[float, float]]
    """Where a pause was cut out (pixels), and how long it was (seconds)."""


def axis(segments: list[list[float]], left: float, width: float) -> Axis:
    """Spread the segments over the width, in proportion to their lengths."""
    total = sum(end - start for start, end in segments) or 1e-6
    scale = max(1.0, width - BREAK * (len(segments) - 1)) / total
    starts, at = [], left
    for start, end in segments:
        starts.append(at)
        at += (end - start) * scale + BREAK

    def x(time: float) -> float:
        for i in range(len(segments) - 1, -1, -1):
            start, end = segments[i]
            if time >= start or i == 0:
                return starts[i] + max(0.0, min(time, end) - start) * scale
        return left

    step = nice(total / 7)
    ticks, gone = [], 0.0
    for start, (begin, end) in zip(starts, segments, strict=True):
        n = int(-(-gone // step))
        while n * step <= gone + end - begin + step * 1e-6:
            ticks.append((start + (n * step - gone) * scale, tick(n * step, step)))
            n += 1
        gone += end - begin
    breaks = [
        (starts[i + 1] - BREAK / 2, segments[i + 1][0] - segments[i][1])
        for i in range(len(segments) - 1)
    ]
    return Axis(x, ticks, breaks)


def nice(raw: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    power = 1e-6
    while power * 10 < raw:
        power *= 10
    return next((power * m for m in (1, 2, 5) if power * m >= raw), power * 10)


def tick(value: float, step: float) -> str:
    """A tick's text, with as many digits as the step needs."""
    digits = 0
    while digits < 6 and abs(round(step, digits) - step) > step * 1e-3:
        digits += 1
    return f"{value:.{digits}f} s"


def merge(bars: list[list[JSON]], x: Callable[[float], float], now: float) -> list[dict[str, JSON]]:
    """Bars as rectangles; neighbours too thin to be seen alone become one with a count."""
    found: list[dict[str, JSON]] = []
    last: dict[tuple[str, int], dict[str, JSON]] = {}
    for bar in sorted(bars, key=lambda b: (b[5], b[0])):
        _, lane, row, kind, label, start, end, status, reused, detail, inside = bar
        x0, x1 = x(start), x(now if end is None else end)
        rect = {
            "lane": lane, "row": row, "kind": kind, "label": label, "x": x0, "x1": x1,
            "status": status, "reused": reused, "open": end is None, "n": 1,
            "start": start, "end": end, "detail": detail, "inside": inside,
        }  # fmt: skip
        before = None if inside else last.get((lane, row))
        look = ("kind", "reused")
        if (
            before is not None
            and x1 - x0 < THIN
            and x0 - before["x1"] < 1.0
            and before["x1"] - before["x"] < 4 * THIN
            and all(before[k] == rect[k] for k in look)
            and (before["status"] == "failed") == (status == "failed")
        ):
            before["x1"] = max(before["x1"], x1)
            before["n"] += 1
            continue
        found.append(rect)
        if not inside:
            last[lane, row] = rect
    return found


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


def tip(r: dict[str, JSON]) -> str:
    """A bar in one line."""
    if r["n"] > 1:
        return f"{r['n']} {r['kind']} steps"
    lasted = "under way" if r["end"] is None else seconds(r["end"] - r["start"])
    facts = [
        r["kind"],
        r["label"],
        lasted,
        r["status"],
        "reused, 0 paid" if r["reused"] else "",
        r["detail"],
    ]
    return " · ".join(f for f in facts if f)


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


def table_of(data: dict[str, JSON]) -> list[str]:
    """Lanes as lines of text: what each did and for how long."""
    totals = data["totals"]
    wall, busy = seconds(totals["wall_s"]), seconds(totals["busy_s"])
    lines = [f"{wall} in all, {busy} busy, {totals['steps']} steps"]
    lanes = {lane["id"]: lane for lane in data["lanes"]}
    now = data["segments"][-1][1] if data["segments"] else 0.0
    for name in data["order"]:
        mine = [bar for bar in data["bars"] if bar[1] == name]
        spent: dict[str, float] = {}
        for bar in mine:
            spent[bar[3]] = spent.get(bar[3], 0.0) + ((now if bar[6] is None else bar[6]) - bar[5])
        shown = ", ".join(f"{kind} {seconds(total)}" for kind, total in spent.items())
        pad = "  " * (lanes[name]["depth"] + 1)
        lines.append(
            f"{pad}{lanes[name]['label']}: {len(mine)} steps" + (f" ({shown})" if shown else "")
        )
    return lines
