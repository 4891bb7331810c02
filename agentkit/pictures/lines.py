"""Lines: numbers that change from step to step, one line for each name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentkit.errors import SetupError
from agentkit.pictures.svg import PALETTE, document, element, image, paint, words
from agentkit.words import for_terminal

WIDTH, HEIGHT, LEFT, TOP = 640.0, 220.0, 52.0, 34.0
POINTS = 320
"""Points that are drawn of a line: more are thinned out by means of neighbours."""
BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Lines:
    """A picture of numbers by step; as text a row of blocks for each line."""

    title: str
    lines: Mapping[str, Sequence[float]]
    across: str = "step"
    """What is counted from left to right."""

    def __post_init__(self) -> None:
        bad = [
            name
            for name, line in self.lines.items()
            if not len(line) or not all(map(math.isfinite, line))
        ]
        if bad or not self.lines:
            raise SetupError(
                f"Nothing to draw of {', '.join(bad) or 'no lines'}.", expected="finite numbers"
            )

    @property
    def reach(self) -> tuple[float, float]:
        """The smallest and the largest number."""
        low = min(min(line) for line in self.lines.values())
        high = max(max(line) for line in self.lines.values())
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def to_svg(self) -> str:
        """The picture, with what each line is called below it."""
        low, high = self.reach
        longest = max(map(len, self.lines.values()))
        parts = [words(self.title, 16, 20, 12, font_weight=600)]
        for share in (0.0, 0.5, 1.0):
            y = TOP + HEIGHT * (1 - share)
            parts.append(
                element("line", x1=LEFT, x2=LEFT + WIDTH, y1=y, y2=y, **paint("", "faint"))
            )
            parts.append(words(f"{low + share * (high - low):.3g}", 8, y + 4, 11, **paint("mute")))
        x = LEFT
        for n, (name, line) in enumerate(self.lines.items()):
            colour = PALETTE[n % len(PALETTE)]
            shown = thinned(line)
            step = WIDTH * (len(line) / longest) / max(len(shown) - 1, 1)
            spots = (
                f"{LEFT + k * step:.1f},{TOP + HEIGHT * (high - value) / (high - low):.1f}"
                for k, value in enumerate(shown)
            )
            parts.append(element("polyline", points=" ".join(spots), fill="none",
                                 stroke_width=1.8, stroke=colour))  # fmt: skip
            bar = element("rect", x=x, y=TOP + HEIGHT + 27, width=14.0, height=4.0, **paint(colour))
            parts += [bar, words(name, x + 20, TOP + HEIGHT + 33, 11)]
            x += 40 + 6.6 * len(name)
        below = f"{self.across} 1 to {longest:,}"
        parts.append(words(below, LEFT, TOP + HEIGHT + 16, 11, **paint("mute")))
        size = max(LEFT + WIDTH + 16, x)
        return document(size, TOP + HEIGHT + 44, self.title, *parts)

    def _repr_html_(self) -> str:
        return image(self.to_svg())

    def __str__(self) -> str:
        low, high = self.reach
        steps = f"{self.across} 1 to {max(map(len, self.lines.values())):,}"
        rows = [f"{self.title}: {low:.3g} to {high:.3g}, {steps}"]
        longest = max(map(len, self.lines))
        for name, line in self.lines.items():
            marks = [BLOCKS[int(7.999 * (one - low) / (high - low))] for one in thinned(line, 48)]
            rows.append(f"{for_terminal(name):<{longest}} {''.join(marks)} {line[-1]:.3g}")
        return "\n".join(rows)

    __repr__ = __str__


def thinned(line: Sequence[float], points: int = POINTS) -> list[float]:
    """The line in at most so many points, each the mean of its neighbours."""
    if len(line) <= points:
        return [*line]
    edges = [round(k * len(line) / points) for k in range(points + 1)]
    return [sum(line[a:b]) / (b - a) for a, b in zip(edges, edges[1:], strict=False)]
