"""What chaos found: a row for each time that the questions were asked, as a table and a picture."""

from __future__ import annotations

from agentkit.amounts import count, money, seconds
from agentkit.messages import JSON, Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import document, element, image, paint, words
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table
from agentkit.words import for_line

WIDTH, ROW, LEFT = 680.0, 26.0, 110.0
SHOWN = 3
"""Missing answers that are named."""


class ChaosRow(Frozen):
    """The questions asked once, with some mechanisms."""

    name: str
    asked: int
    answered: int
    right: int
    missing: tuple[str, ...] = ()
    """Each question without an answer, and the error."""
    steps: int
    """Model calls that the team wanted, of those whose run is known."""
    requests: int
    """That the endpoint got."""
    p50_s: float | None
    p99_s: float | None
    """Of the answered questions."""
    longest_s: float | None
    wall_s: float
    charged_usd: float
    """By the endpoint's own books."""
    wasted_usd: float
    notes: dict[str, int] = {}
    """Decisions by topic."""
    faults: dict[str, int] = {}
    """What the endpoint did wrong, by kind."""

    @property
    def wasted(self) -> float:
        """Share of what was charged that went into no answer."""
        return self.wasted_usd / self.charged_usd if self.charged_usd else 0.0


class Chaos(Shown, Frozen):
    """A team under faults, with and without mechanisms; the first row is without faults."""

    team: str
    faults: str
    model: str
    speed: float
    rows: tuple[ChaosRow, ...]

    def row(self, name: str) -> ChaosRow:
        """The row of that name."""
        return next(one for one in self.rows if one.name in (name, f"+ {name}"))

    @property
    def remarks(self) -> list[str]:
        """What a reader of the table must know."""
        lines = [
            f"{self.team} under {self.faults}. Simulated: {self.model}, latency × {self.speed:g};"
            " times and money show what follows from its rules."
        ]
        last = self.rows[-1]
        if last.missing:
            more = len(last.missing) - SHOWN
            names = "; ".join(last.missing[:SHOWN]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"Missing with {last.name}: {names}.")
        return lines

    def table(self) -> Rows:
        """The table as texts; its first row is the head."""
        head = ["", "answered", "right", "requests", "p50", "p99", "longest", "charged", "wasted",
                "decisions"]  # fmt: skip
        return [head, *[cells(row) for row in self.rows]]

    def data(self) -> dict[str, JSON]:
        """Everything as JSON."""
        found: dict[str, JSON] = self.model_dump(mode="json")
        return found

    def to_svg(self) -> str:
        """For each row how many were answered, the p99 and the waste, as bars."""
        height = 44.0 + ROW * len(self.rows)
        slowest = max([row.p99_s or 0.0 for row in self.rows], default=0.0) or 1.0
        span = (WIDTH - LEFT - 40.0) / 3
        parts = [
            words(title, LEFT + n * (span + 10), 22, 11, **paint("mute"))
            for n, title in enumerate(("answered", "p99", "wasted"))
        ]
        for n, row in enumerate(self.rows):
            y = 34.0 + n * ROW
            parts.append(words(row.name, LEFT - 10, y + 13, 12, text_anchor="end"))
            shares = (
                (row.answered / row.asked, f"{row.answered} of {row.asked}", "done"),
                ((row.p99_s or 0.0) / slowest, seconds(row.p99_s), "model"),
                (row.wasted, f"{row.wasted:.0%}", "retry"),
            )
            for m, (share, label, tone) in enumerate(shares):
                parts.append(bar(LEFT + m * (span + 10), y, span - 80, share, label, tone))
        return document(WIDTH, height, f"{self.team} under faults", *parts)

    def to_html(self) -> str:
        """Table, remarks and picture as HTML without script."""
        return report_html(self.table(), self.remarks, image(self.to_svg()))

    def to_markdown(self) -> str:
        """Table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.table()), *map(for_line, self.remarks)])

    def __str__(self) -> str:
        return "\n".join([*text_table(self.table(), right=range(1, 9)), *self.remarks])


def cells(row: ChaosRow) -> list[str]:
    """A row as texts."""
    return [
        row.name,
        f"{row.answered} of {row.asked}",
        f"{row.right / row.asked:.0%}",
        count(row.requests),
        seconds(row.p50_s),
        seconds(row.p99_s),
        seconds(row.longest_s),
        money(row.charged_usd),
        f"{row.wasted:.0%}",
        ", ".join(f"{n} {topic}" for topic, n in row.notes.items()) or "–",
    ]


def bar(x: float, y: float, width: float, share: float, label: str, tone: str) -> str:
    """A bar with its label behind it."""
    long = max(1.0, width * min(1.0, share))
    return element(
        "g",
        element("rect", x=x, y=y + 3, width=width, height=12.0, rx=2.0, **paint("raised")),
        element("rect", x=x, y=y + 3, width=long, height=12.0, rx=2.0, **paint(tone)),
        words(label, x + width + 6, y + 13, 11),
    )
