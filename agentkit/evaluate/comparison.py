"""The result of a comparison: a row per contender, as a table, a picture and data."""

from __future__ import annotations

from functools import cached_property
from statistics import fmean

from pydantic import ConfigDict

from agentkit.amounts import count, money, seconds
from agentkit.evaluate.plot import Dot, accuracy_plot
from agentkit.evaluate.statistics import accuracy, difference, holm, quantile, sign_flip
from agentkit.evaluate.trial import Allowance, Trial
from agentkit.messages import JSON, Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table
from agentkit.words import for_line


class Row(Frozen):
    """What one contender achieved. Costs, tokens and latencies are of one trial."""

    contender: str
    trials: int
    right: int
    out_of_budget: int
    """Counted as wrong."""
    partial_right: int
    """Of those, with a partial answer that was right."""
    failed: int
    """Counted as wrong."""
    accuracy: float
    """Share of right trials."""
    low: float
    high: float
    """Wilson interval of the accuracy at 95 %."""
    difference: float | None
    """In accuracy to the first contender, over the trials that both had; None for the first."""
    difference_low: float | None
    difference_high: float | None
    """Bootstrap interval of it at 95 %, questions resampled."""
    p: float | None
    """Of the exact sign-flip test against the first; one seed: McNemar's exact test."""
    p_adjusted: float | None
    """The same after Holm, for as many tests as there are."""
    cost_usd: float | None
    """Mean; None when some price is unknown."""
    cost_p50_usd: float | None
    cost_p95_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    """Of the trials that did not fail; None without any."""
    tokens: float
    """Mean, in and out."""


class Comparison(Shown, Frozen):
    """Contenders at equal budget; the others are tested against the first."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    name: str
    run_id: str = ""
    """Of the comparison; each trial has its own."""
    budget: Allowance
    """Of every contender for each question and seed."""
    trials: tuple[Trial, ...]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row per contender, in the order they were given."""
        names = list(dict.fromkeys(one.contender for one in self.trials))
        tests = [sign_flip([d for d, _ in self.pairs(name)]) for name in names[1:]]
        adjusted = [None, *holm(tests)][: len(names)]
        return tuple(self.row(name, p) for name, p in zip(names, adjusted, strict=True))

    def of(self, contender: str) -> list[Trial]:
        """Return the trials of a contender."""
        return [one for one in self.trials if one.contender == contender]

    def clusters(self, contender: str) -> dict[str, dict[int, bool]]:
        """Return whether a contender was right, by question and seed."""
        found: dict[str, dict[int, bool]] = {}
        for one in self.of(contender):
            found.setdefault(one.question, {})[one.seed] = one.right
        return found

    def pairs(self, contender: str) -> list[tuple[int, int]]:
        """Return by question the summed difference to the first, and of how many seeds."""
        first, mine = self.clusters(self.trials[0].contender), self.clusters(contender)
        both = {
            question: sorted(first[question].keys() & mine[question].keys())
            for question in first
            if question in mine
        }
        return [
            (sum(mine[question][seed] - first[question][seed] for seed in seeds), len(seeds))
            for question, seeds in both.items()
            if seeds
        ]

    def row(self, contender: str, p_adjusted: float | None) -> Row:
        """Return the row of a contender.

        Args:
            contender: by its name.
            p_adjusted: of its difference from the first one, adjusted for the number of
                contenders; None for the first itself.
        """
        mine, pairs = self.of(contender), self.pairs(contender)
        share, low, high = accuracy([list(c.values()) for c in self.clusters(contender).values()])
        other = p_adjusted is not None
        gap = difference(pairs) if other else (None, None, None)
        priced = [one.cost_usd for one in mine if one.cost_usd is not None]
        costs = priced if len(priced) == len(mine) else []
        times = [one.latency_s for one in mine if one.status != "failed"]
        return Row(
            contender=contender,
            trials=len(mine),
            right=sum(one.right for one in mine),
            out_of_budget=sum(one.status == "out of budget" for one in mine),
            partial_right=sum(one.partial_right for one in mine),
            failed=sum(one.status == "failed" for one in mine),
            accuracy=share,
            low=low,
            high=high,
            difference=gap[0],
            difference_low=gap[1],
            difference_high=gap[2],
            p=sign_flip([d for d, _ in pairs]) if other else None,
            p_adjusted=p_adjusted,
            cost_usd=fmean(costs) if costs else None,
            cost_p50_usd=quantile(costs, 0.5) if costs else None,
            cost_p95_usd=quantile(costs, 0.95) if costs else None,
            latency_p50_s=quantile(times, 0.5) if times else None,
            latency_p95_s=quantile(times, 0.95) if times else None,
            tokens=fmean(one.tokens for one in mine),
        )

    def data(self) -> dict[str, JSON]:
        """Return everything as JSON: the rows and the trials."""
        return {
            **self.model_dump(mode="json"),
            "rows": [row.model_dump(mode="json") for row in self.rows],
        }

    @property
    def remarks(self) -> list[str]:
        """What a reader of the table must know."""
        questions = len({one.question for one in self.trials})
        seeds = len({one.seed for one in self.trials})
        times = "" if seeds == 1 else f" × {seeds} seeds"
        test = "McNemar's exact test" if seeds == 1 else "exact sign-flip test over questions"
        lines = [f"{questions} questions{times}, at most {self.budget} for each."]
        if len(self.rows) > 1:
            holms = ", Holm-adjusted" if len(self.rows) > 2 else ""
            first = self.rows[0].contender
            lines.append(f"Intervals: 95 %. Difference and p to {first}: {test}{holms}.")
        simulated = sorted(
            {name for one in self.trials for name in one.models if name.startswith("sim:")}
        )
        if simulated:
            lines.append(
                f"Simulated: accuracies, costs and times of {', '.join(simulated)} show what"
                " follows from its rules, and are no measurement of a language model."
            )
        ended = sum(row.out_of_budget for row in self.rows)
        if ended:
            would = sum(row.partial_right for row in self.rows)
            lines.append(
                f"{ended} of {len(self.trials)} trials ran out of budget and count as wrong; of"
                f" their partial answers {would} would be right."
            )
        failed = sum(row.failed for row in self.rows)
        if failed:
            why = next(one.error for one in self.trials if one.status == "failed")
            lines.append(
                f"{failed} of {len(self.trials)} trials failed and count as wrong: {why[:160]}"
            )
        reused = sum(one.reused for one in self.trials)
        if reused:
            lines.append(
                f"{reused} of {len(self.trials)} trials were recorded before and not paid again."
            )
        return lines

    def table(self) -> Rows:
        """Return the table as texts; its first row is the head."""
        head = ["", "accuracy", "95 %", "points to first", "p", "cost p50", "p95",
                "latency p50", "p95", "tokens", "out of budget", "failed"]  # fmt: skip
        return [head, *[cells(row) for row in self.rows]]

    def to_svg(self) -> str:
        """Return accuracy against cost as a picture."""
        priced = all(row.cost_usd is not None for row in self.rows)
        dots = [
            Dot(row.contender, (row.cost_usd or 0.0) if priced else row.tokens, row.accuracy,
                row.low, row.high)
            for row in self.rows
        ]  # fmt: skip
        limit = self.budget.usd if priced else self.budget.tokens
        unit = "USD" if priced else "tokens"
        return accuracy_plot(dots, f"{self.name}: accuracy against cost", unit, limit)

    def to_html(self) -> str:
        """Return table, remarks and picture as HTML without script."""
        return report_html(self.table(), self.remarks, self.to_svg())

    def to_markdown(self) -> str:
        """Return table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.table()), *map(for_line, self.remarks)])

    def __str__(self) -> str:
        return "\n".join([*text_table(self.table(), right=range(1, 12)), *self.remarks])


def cells(row: Row) -> list[str]:
    """Return a row as texts."""
    gap = p = "–"
    if (
        row.difference is not None
        and row.difference_low is not None
        and row.difference_high is not None
    ):
        points = [100 * one for one in (row.difference, row.difference_low, row.difference_high)]
        gap = "{:+.1f} ({:+.1f} to {:+.1f})".format(*points)
    if row.p_adjusted is not None:
        p = f"{row.p_adjusted:.3f}" if row.p_adjusted >= 0.001 else "< 0.001"
    return [
        row.contender,
        f"{row.accuracy:.1%}",
        f"{row.low:.1%}–{row.high:.1%}",
        gap,
        p,
        money(row.cost_p50_usd, int(row.cost_p50_usd is None)),
        money(row.cost_p95_usd, int(row.cost_p95_usd is None)),
        seconds(row.latency_p50_s),
        seconds(row.latency_p95_s),
        count(round(row.tokens)),
        count(row.out_of_budget),
        count(row.failed),
    ]
