"""The result of a comparison: a row per contender, as a table, a picture and data."""

from __future__ import annotations

from functools import cached_property
from statistics import fmean
from typing import Self

from pydantic import ConfigDict, PrivateAttr

from agentkit.amounts import money
from agentkit.errors import SetupError
from agentkit.evaluate.plot import Dot, accuracy_plot
from agentkit.evaluate.queue import Unfinished
from agentkit.evaluate.ratios import Paid, cost_of_gain, within
from agentkit.evaluate.rows import Row, cells, front, per_point
from agentkit.evaluate.sides import Sides, sides
from agentkit.evaluate.statistics import Interval, bounded, difference, holm, quantile, sign_flip
from agentkit.evaluate.trial import Allowance, Trial, outdated
from agentkit.lacks import listed
from agentkit.log import Log
from agentkit.messages import JSON, Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import image
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table
from agentkit.words import for_line


class Comparison(Shown, Frozen):
    """Contenders at equal budget; the others are tested against the first."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    name: str
    run_id: str = ""
    """Of the comparison; each trial has its own."""
    budget: Allowance
    """Of every contender for each question and seed."""
    trials: tuple[Trial, ...]
    contenders: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    """Ids of all that was to be asked."""
    seeds: tuple[int, ...] = ()
    stopped: str = ""
    """Why it ended before all were made: the budget of a run around it."""
    unfinished: tuple[Unfinished, ...] = ()
    """Trials in which that budget ended: nobody knows what would have come of them."""
    _log: Log | None = PrivateAttr(default=None)

    def of_log(self, log: Log) -> Self:
        """Say where its trials were recorded, for their transcripts."""
        self._log = log
        return self

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row per contender, in the order they were given."""
        made = dict.fromkeys(one.contender for one in self.trials)
        names = [one for one in self.contenders if one in made] or list(made)
        tests = [self.gap(name)[3] for name in names[1:]]
        adjusted = [None, *holm(tests)][: len(names)]
        return tuple(self.row(name, p) for name, p in zip(names, adjusted, strict=True))

    def of(self, contender: str) -> list[Trial]:
        """Return the trials of a contender."""
        return [one for one in self.trials if one.contender == contender]

    @property
    def first(self) -> str:
        """The contender that the others are tested against."""
        return self.contenders[0] if self.contenders else self.trials[0].contender

    @property
    def planned(self) -> int:
        """Trials that were to be made."""
        every = len(self.contenders) * len(self.questions) * len(self.seeds)
        return every or len(self.trials)

    @property
    def complete(self) -> bool:
        """Whether all of them were."""
        return len(self.trials) == self.planned

    @property
    def missing(self) -> tuple[str, ...]:
        """Contenders that lack trials, with how many."""
        each = len(self.questions) * len(self.seeds)
        lack = {one: each - len(self.of(one)) for one in self.contenders}
        return tuple(f"{one} ({count})" for one, count in lack.items() if count > 0)

    def cut(self, contender: str) -> list[Unfinished]:
        """Return the trials of a contender that a budget around the comparison ended."""
        return [one for one in self.unfinished if one.contender == contender]

    def clusters(self, contender: str, cut: bool | None = None) -> dict[str, dict[int, bool]]:
        """Return whether a contender was right, by question and seed.

        Args:
            contender: by its name.
            cut: what its unfinished trials count as; None leaves them out.
        """
        found: dict[str, dict[int, bool]] = {}
        for one in self.of(contender):
            found.setdefault(one.question, {})[one.seed] = one.right
        for lost in self.cut(contender) if cut is not None else ():
            found.setdefault(lost.question, {})[lost.seed] = bool(cut)
        return found

    def pairs(self, contender: str, cut: bool | None = None) -> list[tuple[int, int, int]]:
        """Return by question the sum of differences to the first, the seeds, and how many differ.

        Args:
            contender: by its name.
            cut: what its unfinished trials count as, and the first one's the other way round; None
                leaves both out.
        """
        first = self.clusters(self.first, None if cut is None else not cut)
        mine = self.clusters(contender, cut)
        both = {
            question: sorted(first[question].keys() & mine[question].keys())
            for question in first
            if question in mine
        }
        return [
            (
                sum(mine[question][seed] - first[question][seed] for seed in seeds),
                len(seeds),
                sum(mine[question][seed] != first[question][seed] for seed in seeds),
            )
            for question, seeds in both.items()
            if seeds
        ]

    def gap(self, contender: str) -> tuple[float, float, float, float]:
        """Return the difference to the first, its interval at 95 %, and the test's p.

        Where a budget ended trials of one of them, the interval goes from where it begins if that
        spoke against the contender to where it ends if for it, and p is the largest of these.
        """
        pairs = self.pairs(contender)
        mean, low, high = difference(pairs)
        tests = [sign_flip([d for d, _, _ in pairs])]
        sums = {sum(d for d, _, _ in pairs) > 0}
        for cut in (False, True) if self.cut(contender) or self.cut(self.first) else ():
            other = self.pairs(contender, cut)
            _, least, most = difference(other)
            low, high = min(low, least), max(high, most)
            tests.append(sign_flip([d for d, _, _ in other]))
            sums.add(sum(d for d, _, _ in other) > 0)
        return mean, low, high, max(tests) if len(sums) == 1 else 1.0

    def row(self, contender: str, p_adjusted: float | None) -> Row:
        """Return the row of a contender.

        Args:
            contender: by its name.
            p_adjusted: of its difference from the first one, adjusted for the number of
                contenders; None for the first itself.
        """
        mine = self.of(contender)
        made = {id: list(of.values()) for id, of in self.clusters(contender).items()}
        share, low, high = bounded(made, [one.question for one in self.cut(contender)])
        other = p_adjusted is not None
        gap = self.gap(contender) if other else (None, None, None, None)
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
            p=gap[3],
            p_adjusted=p_adjusted,
            cost_usd=fmean(costs) if costs else None,
            cost_p50_usd=quantile(costs, 0.5) if costs else None,
            cost_p95_usd=quantile(costs, 0.95) if costs else None,
            latency_p50_s=quantile(times, 0.5) if times else None,
            latency_p95_s=quantile(times, 0.95) if times else None,
            tokens=fmean(one.tokens for one in mine),
        )

    @property
    def pareto(self) -> tuple[str, ...]:
        """Contenders that none is both at least as right as and at least as cheap as, by cost.

        Costs are in USD, or in tokens where a price is unknown. By the measured shares alone: two
        whose intervals overlap may change places.
        """
        return front(self.rows)

    def usd_per_point(self, contender: str) -> float | None:
        """Return what each point of accuracy costs more than with the first contender, per trial.

        None where it is not more accurate, or some price is unknown; below 0 where it is cheaper
        and more accurate.
        """
        row = next((one for one in self.rows if one.contender == contender), None)
        return None if row is None else per_point(row, self.rows[0])

    def usd_per_point_interval(self, contender: str) -> Interval | None:
        """Return the interval of it at 95 %, questions being what varies.

        None where the interval of the difference in accuracy holds 0, so that it may be any number;
        where there is no such cost, or not all trials of both came to an end.
        """
        if self.usd_per_point(contender) is None or not self.complete:
            return None
        found: dict[str, list[Paid]] = {}
        first = {(one.question, one.seed): one for one in self.of(self.first)}
        for mine in self.of(contender):
            other = first.get((mine.question, mine.seed))
            if other is None:
                return None
            cost = (mine.cost_usd or 0.0) - (other.cost_usd or 0.0)
            found.setdefault(mine.question, []).append(Paid(cost, (mine.right - other.right,)))
        made = [
            Paid(sum(one.cost for one in row), tuple(gain for one in row for gain in one.gains))
            for row in found.values()
        ]
        limits = cost_of_gain(made)
        return None if limits is None else (limits[0] / 100, limits[1] / 100)

    def sides(self, question: str, one: str, other: str, log: Log | None = None) -> Sides:
        """Return two contenders' first trials of a question side by side.

        Args:
            question: its id.
            one, other: names of contenders.
            log: where the trials are; by default where the comparison was recorded.

        Raises:
            SetupError: there is no such trial.
        """
        trials = self._trial(question, one), self._trial(question, other)
        return sides(*trials, log=log or self._log)

    def _trial(self, question: str, contender: str) -> Trial:
        found = next((one for one in self.of(contender) if one.question == question), None)
        if found is None:
            raise SetupError(
                f"{contender} has no trial of {question}.",
                expected=", ".join(dict.fromkeys(t.question for t in self.trials))[:200],
            )
        return found

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
        test = "McNemar's mid-p test" if seeds == 1 else "sign-flip mid-p test over questions"
        lines = [f"{questions} questions{times}, at most {self.budget} for each."]
        if len(self.rows) > 1:
            holms = ", Holm-adjusted" if len(self.rows) > 2 else ""
            first = self.rows[0].contender
            lines.append(f"Intervals: 95 %. Difference and p to {first}: {test}{holms}.")
        lines += self.gaps
        lines += self._prices()
        simulated = sorted(
            {name for one in self.trials for name in one.models if name.startswith("sim:")}
        )
        if simulated:
            lines.append(
                f"Simulated: accuracies, costs and times of {', '.join(simulated)} show what"
                " follows from its rules, and are no measurement of a language model."
            )
        lines += outdated(self.trials)
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

    @property
    def gaps(self) -> list[str]:
        """What is not in the numbers, and why."""
        if self.complete:
            return []
        lines = [f"Stopped early: {self.stopped}"] if self.stopped else []
        lines.append(
            f"{len(self.trials)} of {self.planned} trials were made; missing:"
            f" {listed(self.missing)}. The order of the questions was drawn before they were asked,"
            " so which were not does not depend on what they would have cost; contenders are"
            " compared on those that both have."
        )
        if self.unfinished:
            lines.append(
                f"The budget ended in {len(self.unfinished)} trials, which may be the costlier and"
                " the harder ones: intervals count them as wrong at one end and as right at the"
                " other, and p is the largest of both."
            )
        return lines

    def _prices(self) -> list[str]:
        """What a point costs, and whom nobody beats."""
        each = {row.contender: self.usd_per_point(row.contender) for row in self.rows[1:]}
        lines = [
            f"{name}: {money(usd)}{within(limits)} more per trial for each point"
            f"{'' if limits else ', or any other sum, as the difference may be none'}."
            for name, usd in each.items()
            if usd is not None
            for limits in [self.usd_per_point_interval(name)]
        ]
        if len(self.rows) > 2:
            lines.append(f"Nobody is both better and cheaper than {', '.join(self.pareto)}.")
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
        title = f"{self.name}: accuracy against cost"
        return accuracy_plot(dots, title, unit, limit, self.pareto)

    def to_html(self) -> str:
        """Return table, remarks and picture as HTML without script."""
        return report_html(self.table(), self.remarks, image(self.to_svg()))

    def to_markdown(self) -> str:
        """Return table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.table()), *map(for_line, self.remarks)])

    def __str__(self) -> str:
        return "\n".join([*text_table(self.table(), right=range(1, 12)), *self.remarks])
