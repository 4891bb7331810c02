"""Teams compared in a number: the same questions, the same seeds, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from agentkit.errors import SetupError
from agentkit.evaluate.evaluation import Evaluation
from agentkit.evaluate.numbers import flips, mean_interval, with_interval
from agentkit.evaluate.plot import COLOURS
from agentkit.evaluate.statistics import Interval, difference, holm
from agentkit.evaluate.strips import LEFT, LINE, WIDE
from agentkit.lacks import listed
from agentkit.messages import Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import clean, cut, document, element, image, paint, words
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table
from agentkit.words import for_line


class Gap(Frozen):
    """One evaluation against the first."""

    contender: str
    mean: float
    """Its mean over the questions that both have."""
    first: float
    """The first one's, over the same."""
    difference: float
    interval: Interval | None
    """Of the difference, at 95 %: by Student's t, and None with one question or where all differ
    alike; of scores from 0 to 1 that of `statistics.difference`."""
    p: float
    """Of the sign-flip test over questions, as a mid-p."""
    p_adjusted: float
    """The same after Holm, for as many tests as there are."""
    questions: int
    missing: tuple[str, ...]
    """Questions without a pair: one of the two has no number with the same seed."""


class Paired(Shown, Frozen):
    """Evaluations compared in one measure, each with the first."""

    measure: str
    first: str
    gaps: tuple[Gap, ...]
    bounded: bool = False
    """Whether it is a score from 0 to 1, and no number of any size."""

    def __getitem__(self, contender: str) -> Gap:
        found = next((one for one in self.gaps if one.contender == contender), None)
        if found is None:
            raise KeyError(f"{contender!r}; there are {[one.contender for one in self.gaps]}")
        return found

    def table(self) -> Rows:
        """Return the table as texts; its first row is the head."""
        head = [self.measure, "mean", f"{self.first}", "difference (95 %)", "p", "questions"]
        return [head, *[
            [one.contender, f"{one.mean:.4g}", f"{one.first:.4g}",
             with_interval(one.difference, one.interval, "+"),
             f"{one.p_adjusted:.3f}" if one.p_adjusted >= 0.001 else "< 0.001", str(one.questions)]
            for one in self.gaps
        ]]  # fmt: skip

    @property
    def remarks(self) -> list[str]:
        """What a reader of the table must know."""
        holms = ", Holm-adjusted" if len(self.gaps) > 1 else ""
        how = "of matched scores" if self.bounded else "by Student's t"
        lines = [
            f"Differences to {self.first}, question by question with the same seeds; intervals"
            f" {how}, p by the sign-flip mid-p test over questions{holms}."
        ]
        lines += [
            f"{one.contender}: {len(one.missing)} questions have no pair: {listed(one.missing)}."
            for one in self.gaps
            if one.missing
        ]
        few = [one for one in self.gaps if one.questions < 6]
        if few:
            least = min(one.questions for one in few)
            lines.append(f"{least} questions are too few for p to tell anything below 5 %.")
        return lines

    def to_svg(self) -> str:
        """Return the differences with their intervals as a picture, around a line at 0."""
        edges = [0.0, *[x for one in self.gaps for x in (one.interval or (one.difference,) * 2)]]
        low, width = min(edges), (max(edges) - min(edges)) or 1.0

        def x(value: float) -> float:
            return LEFT + (value - low) / width * WIDE

        bottom = 34.0 + LINE * len(self.gaps)
        parts = [words(f"{self.measure}: difference to {self.first}", 12, 16, 11, font_weight=600)]
        parts.append(element("path", d=f"M{x(0):.1f} 26V{bottom:g}", **paint("", "mute")))
        for n, one in enumerate(self.gaps):
            y = 38.0 + LINE * n
            ends = one.interval or (one.difference,) * 2
            tip = element(
                "title", clean(f"{one.contender}: {with_interval(one.difference, ends, '+')}")
            )
            bar = f"M{x(ends[0]):.1f} {y:g}H{x(ends[1]):.1f}"
            colour = COLOURS[n % len(COLOURS)]
            parts.append(words(cut(one.contender, LEFT - 20, 11), 12, y + 4, 11))
            parts.append(element("path", d=bar, fill="none", stroke=colour, stroke_width=1.6))
            parts.append(element("circle", tip, cx=x(one.difference), cy=y, r=4.5, fill=colour))
        title = f"{self.measure}: differences to {self.first}"
        return document(LEFT + WIDE + 90, bottom + 6, title, *parts)

    def to_html(self) -> str:
        """Return table, remarks and picture as HTML without script."""
        return report_html(self.table(), self.remarks, image(self.to_svg()))

    def to_markdown(self) -> str:
        """Return table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.table()), *map(for_line, self.remarks)])

    def __str__(self) -> str:
        return "\n".join([*text_table(self.table(), right=range(1, 6)), *self.remarks])


def paired(evaluations: Sequence[Evaluation], measure: str) -> Paired:
    """Compare evaluations of the same suite in a number; the others are tested against the first.

    Args:
        evaluations: two or more, of the same dataset.
        measure: the name of a measure, or of another scorer.

    Raises:
        SetupError: fewer than two, of different datasets, without that measure, two of one name,
            or two that have no question in common.
    """
    names = checked(evaluations, measure)
    first = numbers_of(evaluations[0], measure)
    bounded = not any(measure in one.measures for one in evaluations)
    found = []
    for name, other in zip(names[1:], evaluations[1:], strict=True):
        mine = numbers_of(other, measure)
        pairs: dict[str, list[tuple[float, float]]] = {}
        for question, seed in mine.keys() & first.keys():
            pairs.setdefault(question, []).append((mine[question, seed], first[question, seed]))
        if not pairs:
            raise SetupError(
                f"{name} and {names[0]} have no question in common with a number of {measure}.",
                expected="trials of the same questions with the same seeds, that were scored",
            )
        found.append(gap(name, pairs, list(evaluations[0].questions), bounded))
    adjusted = holm([one.p for one in found])
    rows = [
        one.model_copy(update={"p_adjusted": p}) for one, p in zip(found, adjusted, strict=True)
    ]
    return Paired(measure=measure, first=names[0], gaps=tuple(rows), bounded=bounded)


def gap(
    name: str, pairs: dict[str, list[tuple[float, float]]], questions: list[str], bounded: bool
) -> Gap:
    """One evaluation against the first.

    Args:
        name: of it.
        pairs: by question its numbers, each with the first one's.
        questions: all of them.
        bounded: the numbers are scores from 0 to 1.
    """
    order = [one for one in questions if one in pairs]
    means = [[fmean(side) for side in zip(*pairs[one], strict=True)] for one in order]
    gaps = [mine - theirs for mine, theirs in means]
    mean, interval = mean_interval(gaps)
    if bounded:
        sizes = [fmean(abs(mine - theirs) for mine, theirs in pairs[one]) for one in order]
        interval = difference([(d, 1, size) for d, size in zip(gaps, sizes, strict=True)])[1:]
    p = flips(gaps)
    return Gap(
        contender=name,
        mean=fmean(one for one, _ in means),
        first=fmean(one for _, one in means),
        difference=mean,
        interval=interval,
        p=p,
        p_adjusted=p,
        questions=len(gaps),
        missing=tuple(one for one in questions if one not in pairs),
    )


def numbers_of(result: Evaluation, measure: str) -> dict[tuple[str, int], float]:
    """The numbers of a measure by question and seed."""
    return {
        (one.question, one.seed): one.scores[measure].value
        for one in result.counted
        if measure in one.scores
    }


def checked(evaluations: Sequence[Evaluation], measure: str) -> list[str]:
    """The names of what can be compared.

    Raises:
        SetupError: it cannot.
    """
    if len(evaluations) < 2:
        raise SetupError(
            f"{len(evaluations)} evaluations are not compared.", expected="two or more"
        )
    versions = {one.version for one in evaluations}
    if len(versions) > 1:
        raise SetupError(
            "The evaluations are of different datasets:"
            f" {', '.join(sorted(one[:8] for one in versions))}.",
            expected="the same questions and targets in all of them",
        )
    lacking = [one.name for one in evaluations if measure not in one.scorers]
    if lacking:
        raise SetupError(
            f"{', '.join(lacking)} has no measure {measure!r}.",
            expected=f"one of {', '.join(evaluations[0].scorers)}",
        )
    contenders = [one.contender for one in evaluations]
    names = contenders if len(set(contenders)) == len(contenders) else [e.name for e in evaluations]
    if len(set(names)) < len(names):
        raise SetupError(
            f"Two of the evaluations are named {names}.",
            expected="teams of different names, or evaluate(..., name=)",
        )
    return names
