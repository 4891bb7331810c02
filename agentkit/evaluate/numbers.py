"""Intervals and tests for scores that are any number: payoff, regret, welfare.

As in `statistics`, the question is one observation: what its trials gave is averaged first.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean, stdev

from agentkit.evaluate.statistics import CONFIDENCE, FLIPS, Interval, accuracy, sign_flip, t_of
from agentkit.messages import Frozen

ENUMERATED = 16
"""Differences of which all signs are tried; of more, signs are drawn."""
EQUAL = 1e-9
"""Sums that differ by less than this share of the largest are the same: floats are not exact."""


class Summary(Frozen):
    """What a measure came to."""

    measure: str
    mean: float
    """Of the questions' means; nan where nothing was measured."""
    interval: Interval | None
    """Of the mean, at 95 %; None with fewer than two questions, or where all have the same number:
    how far others may be from it is not known then. Scores from 0 to 1 always have one."""
    questions: int
    trials: int
    """That have a number."""

    def __str__(self) -> str:
        return f"{self.measure} {with_interval(self.mean, self.interval)}"


def with_interval(mean: float, interval: Interval | None, sign: str = "") -> str:
    """A mean with its interval as a text."""
    if interval is None:
        return "–" if math.isnan(mean) else f"{mean:{sign}.4g}"
    return f"{mean:{sign}.4g} ({interval[0]:{sign}.4g} to {interval[1]:{sign}.4g})"


def mean_interval(
    values: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, Interval | None]:
    """Return the mean of a number for each question, and its interval by Student's t.

    There is none of fewer than two numbers, or of equal ones, whose spread nobody knows.

    Args:
        values: one for each question.
        confidence: 0..1.

    Source: Student 1908, The Probable Error of a Mean. Few or skewed values make it too narrow.
    """
    if not values:
        return math.nan, None
    mean = fmean(values)
    if len(values) < 2 or min(values) == max(values):
        return mean, None
    half = t_of(len(values) - 1, confidence) * stdev(values) / math.sqrt(len(values))
    return mean, (mean - half, mean + half)


def summary(measure: str, clusters: Sequence[Sequence[float]], *, bounded: bool = False) -> Summary:
    """Return what a measure came to.

    Args:
        measure: its name.
        clusters: for each question the numbers of its trials.
        bounded: they are scores from 0 to 1, whose spread has a limit.
    """
    some = [one for one in clusters if one]
    means = [fmean(one) for one in some]
    mean, interval = mean_interval(means)
    if bounded and some:
        interval = accuracy([[one] for one in means])[1:]
    return Summary(
        measure=measure, mean=mean, interval=interval, questions=len(some),
        trials=sum(map(len, some)),
    )  # fmt: skip


def flips(differences: Sequence[float]) -> float:
    """Return the two-sided p-value that paired differences are as likely + as -, as a mid-p.

    The same as `sign_flip`, for any numbers: up to 16 that are not 0 all signs are tried, of more
    10,000 are drawn.

    Source: Fisher 1935, The Design of Experiments, section 21; Lancaster 1961 for the mid-p;
    Phipson & Smyth 2010 for the drawn ones.
    """
    sizes = [abs(one) for one in differences if one]
    if all(float(one).is_integer() for one in sizes):
        return sign_flip([int(one) for one in differences])
    seen, near = abs(math.fsum(differences)), EQUAL * max(sizes)
    if len(sizes) <= ENUMERATED:
        sums = [0.0]
        for size in sizes:
            sums = [one + sign for one in sums for sign in (size, -size)]
        counted = sum(weight(abs(one) - seen, near) for one in sums)
        return counted / len(sums) if seen > near else 1.0
    rng = random.Random(0)
    found = 1.0
    for _ in range(FLIPS):
        bits = rng.getrandbits(len(sizes))
        total = sum(size if bits >> n & 1 else -size for n, size in enumerate(sizes))
        found += weight(abs(total) - seen, near)
    return min(1.0, found / (FLIPS + 1)) if seen > near else 1.0


def weight(beyond: float, near: float) -> float:
    """What a sum counts: 1 if it is farther from 0 than what was seen, 1/2 if just as far."""
    return 1.0 if beyond > near else 0.5 if beyond >= -near else 0.0
