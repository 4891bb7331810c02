"""The result of an evaluation: shares with honest intervals, by question and by split."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import cached_property
from statistics import fmean
from typing import Self

from pydantic import ConfigDict, PrivateAttr

from agentkit.amounts import money, seconds
from agentkit.errors import SetupError
from agentkit.evaluate.heat import rows_html
from agentkit.evaluate.numbers import Summary, summary, with_interval
from agentkit.evaluate.passes import Estimator, averaged, pass_at_k, pass_hat_k
from agentkit.evaluate.plot import heat_map
from agentkit.evaluate.queue import Unfinished
from agentkit.evaluate.ratios import Paid, cost_of_right, within
from agentkit.evaluate.scorers import Score
from agentkit.evaluate.statistics import Interval, accuracy, bounded, quantile
from agentkit.evaluate.strips import strips
from agentkit.evaluate.trial import Trial, outdated
from agentkit.lacks import listed
from agentkit.log import Log
from agentkit.messages import JSON, Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import clean, image
from agentkit.pictures.table import Rows, html_table, markdown_table, text_table
from agentkit.words import UNREAD, for_line


class Scored(Trial):
    """A trial with what its scorers made of it; right if every one of them passes it."""

    scores: dict[str, Score] = {}

    @property
    def how(self) -> str:
        """What came of it, in a word; where nothing but numbers was measured, these."""
        told = [f"{name} {s.value:.4g}" for name, s in self.scores.items() if s.measured]
        if self.status == "answered" and len(told) == len(self.scores) > 0:
            return ", ".join(told)
        return super().how

    @property
    def unscored(self) -> str:
        """Why a scorer has no score of it; "" where all have."""
        return next((f"{n}: {s.error}" for n, s in self.scores.items() if s.error), "")

    def line(self) -> dict[str, JSON]:
        """Return what scorers made of it, as a log keeps it (`TrialScored`)."""
        scores = {name: one.model_dump(exclude_defaults=True) for name, one in self.scores.items()}
        line = {"question": self.question, "seed": self.seed, "right": self.right}
        line |= {"run_id": self.run_id, "scores": scores}
        return {**line, "error": self.error} if self.status == "failed" else line

    @property
    def why(self) -> str:
        """What speaks against it, in a line."""
        said = [f"{name}: {s.why}" for name, s in self.scores.items() if s.why and not s.passed]
        return self.unscored or self.error or "; ".join(said)


class Evaluation(Shown, Frozen):
    """A team measured on a suite."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    name: str
    run_id: str = ""
    """Of the evaluation; each trial has its own."""
    suite: str
    version: str
    """Of the dataset: the digest of what is asked and what is right."""
    contender: str
    scorers: tuple[str, ...]
    measures: tuple[str, ...] = ()
    """Those of them that give numbers of any size, and say nothing about right and wrong."""
    questions: dict[str, str]
    """All samples by id, with the split that each is of."""
    planned: int
    """Trials of each."""
    trials: tuple[Scored, ...]
    """Those that were made, in the order of the dataset."""
    stopped: str = ""
    """Why it ended before all were made."""
    unfinished: tuple[Unfinished, ...] = ()
    """Trials in which the budget ended: nobody knows what would have come of them."""
    unread: int = 0
    """Questions that have no trial, and that a log does not name; see `opened`."""
    _log: Log | None = PrivateAttr(default=None)

    def of_log(self, log: Log) -> Self:
        """Say where its trials were recorded, for their transcripts."""
        self._log = log
        return self

    @property
    def log(self) -> Log | None:
        """Where its trials were recorded, if that is known."""
        return self._log

    @cached_property
    def counted(self) -> tuple[Scored, ...]:
        """The trials that count: all but those that a scorer failed on."""
        return tuple(one for one in self.trials if not one.unscored)

    @cached_property
    def clusters(self) -> dict[str, list[bool]]:
        """Whether each trial was right, by question."""
        found: dict[str, list[bool]] = {}
        for one in self.counted:
            found.setdefault(one.question, []).append(one.right)
        return found

    @property
    def accuracy(self) -> float:
        """Share of right trials; of trials that were made and scored."""
        return self._share(self.questions)[0]

    @property
    def interval(self) -> Interval:
        """Of the accuracy at 95 %: Wilson's, trials of one question clustered.

        Where the budget ended in some trials it holds whatever would have come of them.
        """
        return self._share(self.questions)[1:]

    def _share(self, questions: Iterable[str]) -> tuple[float, float, float]:
        """Accuracy and interval of some questions."""
        found = {id: self.clusters[id] for id in questions if id in self.clusters}
        among = set(questions)
        return bounded(found, [one.question for one in self.unfinished if one.question in among])

    @property
    def complete(self) -> bool:
        """Whether every trial was made and scored."""
        return len(self.counted) == self.planned * (len(self.questions) + self.unread)

    @property
    def missing(self) -> tuple[str, ...]:
        """Questions that lack trials, with how many."""
        made = {id: len(done) for id, done in self.clusters.items()}
        return tuple(
            f"{id} ({self.planned - made.get(id, 0)})"
            for id in self.questions
            if made.get(id, 0) < self.planned
        )

    def tries(self, k: int) -> list[tuple[int, int]]:
        """Return trials and successes of each question that has at least k trials."""
        return [(len(c), sum(c)) for c in self.clusters.values() if len(c) >= k]

    def pass_at(self, k: int) -> float:
        """Return pass@k: the chance that one of k trials is right, averaged over questions.

        Raises:
            SetupError: no question has so many trials.
        """
        return averaged(pass_at_k, self._enough(k), k)

    def pass_hat(self, k: int) -> float:
        """Return pass^k: the chance that all of k trials are right, averaged over questions.

        Raises:
            SetupError: no question has so many trials.
        """
        return averaged(pass_hat_k, self._enough(k), k)

    def pass_interval(self, estimator: Estimator, k: int) -> Interval:
        """Return the interval of pass@k or pass^k at 95 %, questions being what varies.

        Args:
            estimator: `pass_at_k` or `pass_hat_k`.
            k: tries.

        Raises:
            SetupError: no question has so many trials.
        """
        return accuracy([[estimator(n, c, k)] for n, c in self._enough(k)])[1:]

    def _enough(self, k: int) -> list[tuple[int, int]]:
        found = self.tries(k)
        if not found:
            raise SetupError(
                f"No question has {k} trials.",
                expected=f"1 to {max((n for n, _ in self.tries(1)), default=0)}",
                todo=f"evaluate(..., trials={k})",
            )
        return found

    def mean(self, scorer: str) -> float:
        """Return the mean score of one scorer over the trials that it judged.

        Raises:
            SetupError: there is no such scorer.
        """
        if scorer not in self.scorers:
            raise SetupError(f"There is no scorer {scorer!r}.", expected=", ".join(self.scorers))
        found = [one.scores[scorer].value for one in self.counted if scorer in one.scores]
        return fmean(found) if found else 0.0

    @property
    def judged(self) -> bool:
        """Whether any scorer says what is right; else only numbers are measured."""
        return len(self.measures) < len(self.scorers)

    def summary(self, scorer: str) -> Summary:
        """Return the mean of a measure, or another scorer, and its interval at 95 %.

        The trials of a question are averaged first; questions count alike.

        Raises:
            SetupError: there is no such scorer.
        """
        self.mean(scorer)
        return self._summary(scorer, self.questions)

    def _summary(self, scorer: str, questions: Iterable[str]) -> Summary:
        found: dict[str, list[float]] = {one: [] for one in questions}
        for one in self.counted:
            if scorer in one.scores and one.question in found:
                found[one.question].append(one.scores[scorer].value)
        return summary(scorer, list(found.values()), bounded=scorer not in self.measures)

    @property
    def cost_usd(self) -> float | None:
        """What all its trials cost; None when the price of some call is unknown."""
        found = [one.cost_usd if one.calls else 0.0 for one in self.trials]
        found += [one.cost_usd if one.calls else 0.0 for one in self.unfinished]
        known = [one for one in found if one is not None]
        return sum(known) if len(known) == len(found) else None

    @property
    def cost_per_right_usd(self) -> float | None:
        """What a right answer cost: the whole bill over the right ones; None without any."""
        right = sum(one.right for one in self.trials)
        return self.cost_usd / right if right and self.cost_usd is not None else None

    @property
    def cost_per_right_interval(self) -> Interval | None:
        """Its interval at 95 %, questions being what varies; without end where none may be right.

        None where a price is unknown, where a trial has no end or no score, and with fewer than
        two questions.
        """
        if self.cost_usd is None or self.unfinished or len(self.counted) < len(self.trials):
            return None
        paid: dict[str, float] = {}
        for one in self.trials:
            cost = (one.cost_usd or 0.0) if one.calls else 0.0
            paid[one.question] = paid.get(one.question, 0.0) + cost
        made = self.clusters.items()
        return cost_of_right([Paid(paid[name], tuple(map(float, row))) for name, row in made])

    def of_split(self, split: str) -> tuple[float, Interval]:
        """Return accuracy and interval of one part of the dataset."""
        share, low, high = self._share([id for id, one in self.questions.items() if one == split])
        return share, (low, high)

    def wrong(self) -> list[Scored]:
        """Return the trials that are not right, to look at."""
        return [one for one in self.trials if not one.right]

    def table(self) -> Rows:
        """Return the table as texts; its first row is the head."""
        splits = [one for one in dict.fromkeys(self.questions.values()) if one]
        shares = ["accuracy", "95 %"] if self.judged else []
        rows = [["", "questions", "trials", *shares, *[f"{m} (95 %)" for m in self.measures]]]
        parts = [
            (split, [id for id, one in self.questions.items() if one == split])
            for split in (splits if len(splits) > 1 else [])
        ]
        # The whole stands last, as a sum does.
        for label, ids in [*parts, (self.contender, list(self.questions))]:
            found = [self.clusters[id] for id in ids if id in self.clusters]
            share, low, high = self._share(ids)
            told = f"{share:.1%}" if found else "–"
            shares = [told, f"{low:.1%}–{high:.1%}"] if self.judged else []
            sums = [self._summary(one, ids) for one in self.measures]
            numbers = [with_interval(one.mean, one.interval) for one in sums]
            rows.append([label, str(len(found)), str(sum(map(len, found))), *shares, *numbers])
        return rows

    @property
    def remarks(self) -> list[str]:
        """What a reader of the table must know."""
        judges = [one for one in self.scorers if one not in self.measures]
        how = f"judged by {', '.join(judges)}" if judges else "nothing is right or wrong"
        lines = [f"{self.suite}, version {self.version[:8]}; {how}."]
        least = min((len(c) for c in self.clusters.values()), default=0)
        if least > 1 and self.judged:
            lines.append(self._passes(least))
        if len(judges) > 1:
            lines.append("; ".join(f"{one} {self.mean(one):.3f}" for one in judges) + ".")
        times = [one.latency_s for one in self.trials if one.status != "failed"]
        if times:
            cost = self.cost_usd
            each = self.cost_per_right_usd
            limits = within(self.cost_per_right_interval) if each else ""
            lines.append(
                (f"Cost {money(cost)}" if cost is not None else "Cost unknown")
                + (f", {money(each)}{limits} for each right answer" if each and self.judged else "")
                + f"; latency p50 {seconds(quantile(times, 0.5))}, p95"
                f" {seconds(quantile(times, 0.95))}."
            )
        simulated = sorted({m for one in self.trials for m in one.models if m.startswith("sim:")})
        if simulated:
            lines.append(f"Simulated: {', '.join(simulated)} is no language model.")
        lines += outdated(self.trials)
        for status in ("out of budget", "failed"):
            some = [one for one in self.trials if one.status == status]
            if some:
                why = f": {some[0].error[:160]}" if some[0].error else ""
                wrong = ", which counts as wrong" if self.judged else ""
                lines.append(f"{len(some)} trials {status}{wrong}{why}.")
        lines += self.gaps
        reused = sum(one.reused for one in self.trials)
        if reused:
            lines.append(f"{reused} trials were recorded before and not paid again.")
        return lines

    def _passes(self, k: int) -> str:
        """pass@k and pass^k with their intervals, in a sentence."""
        one, every = (
            "{:.1%} ({:.1%}–{:.1%})".format(share, *self.pass_interval(estimator, k))
            for share, estimator in ((self.pass_at(k), pass_at_k), (self.pass_hat(k), pass_hat_k))
        )
        return f"Of {k} tries one is right (pass@{k}): {one}; all are (pass^{k}): {every}."

    @property
    def gaps(self) -> list[str]:
        """What is not in the numbers, and why."""
        lines = []
        unscored = [one for one in self.trials if one.unscored]
        if unscored:
            lines.append(
                f"{len(unscored)} trials could not be scored and do not count:"
                f" {textwrap.shorten(unscored[0].unscored, 160, placeholder=' …')}. Mend the"
                " scorer and call again; nothing is paid twice."
            )
        for one in self.measures:
            lack = sum(one not in trial.scores for trial in self.counted)
            if lack:
                lines.append(f"{lack} trials without an answer have no {one}.")
        if self.stopped:
            lines.append(f"Stopped early: {self.stopped}")
        if not self.complete:
            lines += self.lacks
        return lines

    @property
    def lacks(self) -> list[str]:
        """Which trials there are not, and whether the others are a fair sample without them."""
        planned = self.planned * (len(self.questions) + self.unread)
        others = f", and all of {self.unread} questions more" if self.unread else ""
        made = f"{len(self.trials)} of {planned} trials were made"
        if len(self.counted) < len(self.trials):
            made += f", {len(self.counted)} of them scored"
        lines = [
            f"{made}. Missing trials: {listed(self.missing) or 'none of these questions'}{others}."
        ]
        count = len(self.unfinished)
        if self.stopped:
            lines.append(
                "The order of the trials was drawn before they began, so which were not begun does"
                " not depend on what they would have cost."
            )
        elif len(self.trials) < planned:
            lines.append(
                "It did not come to its end: what was made is where it had come to in the order of"
                " the dataset, and no random sample."
            )
        if count and self.judged:
            lines.append(
                f"The budget ended in {count} trials, which may be the costlier and the harder"
                f" ones: the accuracy is that of the others, and may lean to cheap trials; the"
                f" interval counts these {count} as wrong at its low end and as right at its high"
                " end."
            )
        if count and self.measures:
            lines.append(
                f"The numbers ({', '.join(self.measures)}) lack {count} trials in which the budget"
                " ended, and their intervals do not allow for these."
            )
        return lines

    def to_svg(self) -> str:
        """Return every question with its trials as a picture, the least right or large first."""
        if not self.judged:
            return strips(self.drawn(), f"{self.name}: {', '.join(self.measures)} by question")
        lines = {name: [(mark, why) for _, mark, why in row] for name, row in self.rows().items()}
        return heat_map(lines, f"{self.name}: right and wrong by question")

    def rows(self) -> dict[str, list[tuple[Scored, str, str]]]:
        """By question its trials, each with what came of it in a word, and why."""
        lines: dict[str, list[tuple[Scored, str, str]]] = {}
        for one in self.trials:
            mark = "none" if one.unscored else "right" if one.right else one.status
            lines.setdefault(one.question, []).append((one, mark, one.why or one.text[:80]))
        return lines

    def drawn(self) -> dict[str, dict[str, list[float]]]:
        """By measure and question the numbers of the trials."""
        found: dict[str, dict[str, list[float]]] = {one: {} for one in self.measures}
        for trial in self.counted:
            for one in self.measures:
                if one in trial.scores:
                    numbers = found[one].setdefault(trial.question, [])
                    numbers.append(trial.scores[one].value)
        return found

    def to_html(self) -> str:
        """Return table, remarks and picture as HTML without script.

        A click on a question opens its trials, and one on a trial what was said in it.
        """
        notes = "<br>".join(clean(remark) for remark in self.remarks)
        rows = rows_html(dict(self.rows()), self._log) if self.judged else image(self.to_svg())
        return (
            f'<div class="{UNREAD}">{html_table(self.table())}'
            f'<div style="font-size:12px;margin:6px 0">{notes}</div>{rows}</div>'
        )

    def to_markdown(self) -> str:
        """Return table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.table()), *map(for_line, self.remarks)])

    def __str__(self) -> str:
        table = self.table()
        return "\n".join([*text_table(table, right=range(1, len(table[0]))), *self.remarks])
