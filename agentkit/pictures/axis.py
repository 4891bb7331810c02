"""The time axis of a picture: pauses are cut out, and bars too thin to be seen stand together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agentkit.messages import JSON

BREAK = 26.0
"""Pixels of a pause that was cut out."""
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
