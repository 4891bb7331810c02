"""A bill by some columns as people see it: what of it was wasted and how, and what was saved."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.amounts import count, money, seconds
from agentkit.pictures.picture import Shown
from agentkit.pictures.table import (
    Rows,
    markdown_table,
    report_html,
    table_svg,
    text_table,
)
from agentkit.views.calls import SAVED, WASTE, Row, bill
from agentkit.words import for_line

HEAD = ("calls", "tokens", "cost", "wasted", "saved", "retries", "hedges", "failed", "waited")


class Bill(Shown):
    """What calls cost, by actor, model, run, day, notebook, or several of these."""

    def __init__(self, rows: Sequence[Row], by: Sequence[str]) -> None:
        """Make one.

        Raises:
            SetupError: there is no such column.
        """
        self.by = tuple(by)
        self.sums = bill(rows, *self.by)
        self.total = bill(rows)[0] if self.sums else None

    def rows(self) -> Rows:
        """A head, a row for each, and the total where there are several."""
        lines = [[str(one[name]) or "–" for name in self.by] + cells(one) for one in self.sums]
        if len(lines) > 1 and self.total is not None:
            lines.append(["total", *[""] * (len(self.by) - 1), *cells(self.total)])
        return [[*self.by, *HEAD], *lines]

    def remarks(self) -> list[str]:
        """What went into no answer and how, what was not paid again, and what nobody has stated."""
        total = self.total
        if total is None:
            return ["No model calls."]
        found = []
        for name, title, what in (
            ("wasted_usd", "Wasted", WASTE),
            ("saved_usd", "Saved", SAVED),
        ):
            parts = [f"{said} {money(total[key])}" for key, said in what.items() if total[key]]
            share = f" ({total[name] / total['cost_usd']:.0%})" if total["cost_usd"] else ""
            if parts:
                share = share if name == "wasted_usd" else ""
                found.append(f"{title} {money(total[name])}{share}: {', '.join(parts)}.")
        if total["estimated_usd"]:
            found.append(
                f"Of the cost {money(total['estimated_usd'])} is estimated: calls were cut in"
                " flight, and nobody has stated their price."
            )
        return found

    def __str__(self) -> str:
        """The table and the remarks."""
        right = range(len(self.by), len(self.by) + len(HEAD))
        return "\n".join([*text_table(self.rows(), right), *self.remarks()])

    def to_markdown(self) -> str:
        """The table and the remarks as Markdown."""
        table = markdown_table(self.rows(), last_bold=len(self.sums) > 1)
        return "\n\n".join([table, *map(for_line, self.remarks())])

    def to_html(self) -> str:
        """The table and the remarks as HTML."""
        return report_html(self.rows(), self.remarks(), "")

    def to_svg(self) -> str:
        return table_svg(self.rows(), "Bill", self.remarks())


def cells(one: Row) -> list[str]:
    """Sums as texts."""
    return [
        count(one["calls"]),
        f"{count(one['tokens_in'])}+{count(one['tokens_out'])}",
        money(one["cost_usd"], one["unpriced"]),
        money(one["wasted_usd"]),
        money(one["saved_usd"]),
        count(one["retries"]),
        count(one["hedges"]),
        count(one["failed"]),
        seconds(one["waited_s"]),
    ]
