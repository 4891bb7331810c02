"""Money against time as people see it: a line of steps for each actor or model, and their sum."""

from __future__ import annotations

from agentkit.amounts import money, seconds
from agentkit.pictures.axis import axis, nice
from agentkit.pictures.picture import Picture
from agentkit.pictures.spans import segments
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import text_table
from agentkit.pictures.waterfall import ticks
from agentkit.views.spending import Spending

WIDTH, LEFT, RIGHT = 780.0, 74.0, 190.0
TOP, BOTTOM = 44.0, 260.0
MOST = 7
"""Lines that are drawn; the others are one."""
LINE = 14.0

Line = list[tuple[float, float]]


class SpendingPicture(Picture[Spending]):
    """What had been spent by when."""

    of = Spending

    def lines(self) -> dict[str, Line]:
        """The sum of all first, then the dearest, then the rest as one."""
        found = self.view.lines()
        if len(found) <= 1:
            return found
        kept = dict(list(found.items())[:MOST])
        rest = [name for name in found if name not in kept]
        if rest:
            kept[f"{len(rest)} others"] = summed([found[name] for name in rest])
        return {"total": summed(list(found.values())), **kept}

    def said(self) -> str:
        """How much in how long."""
        total = sum(one.usd for one in self.view.amounts)
        lost = sum(one.usd for one in self.view.amounts if one.wasted)
        ends = [one.at for one in self.view.amounts]
        took = max(0.0, max(ends) - (self.view.first or min(ends))) if ends else 0.0
        parts = [f"{money(total, self.view.unpriced)} in {seconds(took)}"]
        if self.view.budget is not None:
            parts.append(f"budget {money(self.view.budget)}")
        if lost:
            parts.append(f"{money(lost)} of it for calls that failed")
        return ", ".join(parts)

    def __str__(self) -> str:
        """A row for each line: what it came to, and when half of it was spent."""
        start = self.view.first or 0.0
        rows = [[self.view.by, "cost", "half of it after", "the last after"]]
        for name, line in self.lines().items():
            half = next((at for at, usd in line if usd >= line[-1][1] / 2), line[-1][0])
            # A clock may have been set back since the run began.
            times = [seconds(max(0.0, at - start)) for at in (half, line[-1][0])]
            rows.append([name, money(line[-1][1]), *times])
        table = text_table(rows, right=range(1, 4)) if len(rows) > 1 else []
        return "\n".join([f"Spending: {self.said()}", *table])

    def to_svg(self) -> str:
        lines = self.lines()
        scale = axis(segments(self.view.busy), LEFT, WIDTH - LEFT - RIGHT)
        top = max([line[-1][1] for line in lines.values()], default=0.0)
        budget = self.view.budget
        if budget is not None and budget <= 3 * top:
            top = max(top, budget)
        parts, _ = heading("Spending", self.said(), 22, right=WIDTH - 16, pace=8.6, size=11)
        parts += [ticks(scale, BOTTOM), amounts(top or 1e-6)]

        def y(usd: float) -> float:
            return BOTTOM - usd / (top or 1e-6) * (BOTTOM - TOP)

        if budget is not None and budget <= top:
            look = {**paint(stroke="warning"), "stroke_dasharray": "5 4"}
            parts.append(element("path", d=f"M{LEFT:g} {y(budget):.1f}H{WIDTH - RIGHT:g}", **look))
            parts.append(words("budget", LEFT + 4, y(budget) - 4, 10, **paint("mute")))
        places = keep_apart([y(line[-1][1]) for line in lines.values()])
        for n, (name, line) in enumerate(lines.items()):
            tone = "ink" if name == "total" and n == 0 and len(lines) > 1 else PALETTE[n % 8]
            steps = [(scale.x(at), y(usd)) for at, usd in line]
            parts.append(drawn(name, line[-1][1], steps, tone, places[n]))
        return document(WIDTH, BOTTOM + 26, f"Spending: {self.said()}", *parts)


def summed(lines: list[Line]) -> Line:
    """Several lines as one: what they came to together, at each time that one of them rose."""
    rises = [
        (at, usd - (line[n - 1][1] if n else 0.0))
        for line in lines
        for n, (at, usd) in enumerate(line)
    ]
    found: Line = []
    for at, more in sorted(rises):
        found.append((at, (found[-1][1] if found else 0.0) + more))
    return found


def amounts(top: float) -> str:
    """The axis of money."""
    step, parts, n = nice(top / 4), [], 0
    while n * step <= top * 1.001:
        y = BOTTOM - n * step / top * (BOTTOM - TOP)
        line = f"M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"
        parts.append(element("path", d=line, **paint(stroke="faint")))
        if n:
            parts.append(
                words(money(n * step), LEFT - 6, y + 3.5, 10, text_anchor="end", **paint("mute"))
            )
        n += 1
    return element("g", *parts)


def drawn(name: str, usd: float, steps: list[tuple[float, float]], tone: str, place: float) -> str:
    """A line that rises with each call, and its name at its end."""
    path = [f"M{LEFT:g} {BOTTOM:g}"]
    for x, y in steps:
        path.append(f"H{x:.1f}V{y:.1f}")
    end = WIDTH - RIGHT
    lead = f"M{end:g} {steps[-1][1]:.1f}L{end + 8:g} {place:.1f}"
    label = f"{cut(name, RIGHT - 90, 11)} {money(usd)}"
    look: dict[str, str | float | None] = {**paint(stroke=tone), "stroke_width": 1.6}
    return element(
        "g",
        element("title", clean(f"{name}: {money(usd)}")),
        element("path", d="".join(path) + f"H{end:g}", fill="none", **look),
        element("path", d=lead, fill="none", stroke_width=0.7, **paint(stroke=tone)),
        words(label, end + 11, place + 4, 11, **paint(tone)),
    )


def keep_apart(places: list[float]) -> list[float]:
    """Places near those given, a line apart, in the same order down the page."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    found = list(places)
    for above, below in zip(order, order[1:], strict=False):
        found[below] = max(found[below], found[above] + LINE)
    return found
