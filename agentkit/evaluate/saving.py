"""What a contender saves against the first of a comparison, and whether it is as accurate.

The saving is the share of the first one's cost that is not paid, over the questions that both had;
its interval comes from resampling the questions, as that of the difference in accuracy does (paired
bootstrap; source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13).
"""

from __future__ import annotations

import random
from collections import defaultdict

from agentkit.errors import SetupError
from agentkit.evaluate.comparison import Comparison
from agentkit.messages import Frozen

DRAWS = 2000
LEVEL = 0.95


class Saving(Frozen):
    """What a contender saves, with 95 % intervals over questions."""

    contender: str
    against: str
    questions: int
    saved: float
    """Share of the other's cost, 1 is all of it; below 0 it costs more."""
    low: float
    high: float
    difference: float
    """In accuracy; above 0 the contender is better."""
    difference_low: float
    difference_high: float
    margin: float
    """A loss of accuracy up to this counts as equal."""

    @property
    def equal(self) -> bool:
        """Whether it is as accurate: all of the interval lies above the margin (non-inferior)."""
        return self.difference_low >= -self.margin

    def __str__(self) -> str:
        cost = f"{self.contender} saves {self.saved:.0%} ({self.low:.0%} to {self.high:.0%})"
        points = [100 * one for one in (self.difference, self.difference_low, self.difference_high)]
        gap = "{:+.1f} points ({:+.1f} to {:+.1f})".format(*points)
        how = "as accurate" if self.equal else "it may be less accurate"
        return (
            f"{cost} of what {self.against} costs, over {self.questions} questions; {how}: {gap},"
            f" margin {100 * self.margin:g}."
        )


def saving(found: Comparison, contender: str, *, margin: float = 0.05, seed: int = 0) -> Saving:
    """Measure what a contender of a comparison saves against the first one.

    Args:
        found: the comparison.
        contender: its name there.
        margin: the loss of accuracy, 0..1, that counts as none.
        seed: of the resampling.

    Raises:
        SetupError: it has no such contender, no question in common, or no prices.
    """
    first = found.trials[0].contender if found.trials else ""
    pairs: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in found.trials:
        if one.contender in (first, contender) and one.cost_usd is not None:
            pairs[one.question][one.contender].append((one.cost_usd, float(one.right)))
    both = [mean_pair(of[first], of[contender]) for of in pairs.values() if len(of) == 2]
    if not both or contender == first or not sum(one[0] for one in both):
        raise SetupError(
            f"What {contender} saves against {first} cannot be told.",
            expected="another contender of the comparison, with questions and prices in common",
        )
    rng = random.Random(seed)
    drawn = [figures([rng.choice(both) for _ in both]) for _ in range(DRAWS)]
    saved, gap = figures(both)
    lows = [quantiles(sorted(column)) for column in zip(*drawn, strict=True)]
    return Saving(
        contender=contender,
        against=first,
        questions=len(both),
        saved=saved,
        low=lows[0][0],
        high=lows[0][1],
        difference=gap,
        difference_low=lows[1][0],
        difference_high=lows[1][1],
        margin=margin,
    )


Pair = tuple[float, float, float, float]
"""Cost and accuracy of the first, then of the other, at one question."""


def mean_pair(first: list[tuple[float, float]], other: list[tuple[float, float]]) -> Pair:
    """The means over the seeds."""
    sums = [
        sum(column) / len(column) for rows in (first, other) for column in zip(*rows, strict=True)
    ]
    return sums[0], sums[1], sums[2], sums[3]


def figures(pairs: list[Pair]) -> tuple[float, float]:
    """The share that is saved, and the difference in accuracy."""
    paid = sum(one[0] for one in pairs)
    saved = 1 - sum(one[2] for one in pairs) / paid if paid else 0.0
    return saved, sum(one[3] - one[1] for one in pairs) / len(pairs)


def quantiles(ordered: list[float]) -> tuple[float, float]:
    """The interval of the middle."""
    cut = round((1 - LEVEL) / 2 * (len(ordered) - 1))
    return ordered[cut], ordered[-1 - cut]
