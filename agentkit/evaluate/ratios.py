"""What accuracy costs: a ratio of two means over the same questions, with its interval.

Questions vary, and what they cost goes with whether they are answered rightly. So the interval is
Fieller's of correlated means, with the distances to the limits that accuracies and differences have
here (`statistics`) in place of equal ones. Where the gain may be none there is no largest ratio.

Source: Fieller 1954, Some Problems in Interval Estimation, Journal of the Royal Statistical Society
B 16; for what a gain costs, Willan & O'Brien 1996, Confidence intervals for cost-effectiveness
ratios: an application of Fieller's theorem, Health Economics 5; limits in different distances,
Donner & Zou 2012, Closed-form confidence intervals for functions of the normal mean and standard
deviation, Statistical Methods in Medical Research 21. How often it holds is simulated by
`python -m benchmarks.evaluation --coverage`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from agentkit.amounts import money
from agentkit.evaluate.statistics import CONFIDENCE, Interval, accuracy, difference, t_of


class Paid(NamedTuple):
    """What the trials of one question cost, and what each of them gained."""

    cost: float
    """Of all of them."""
    gains: tuple[float, ...]


def cost_of_gain(questions: Sequence[Paid]) -> Interval | None:
    """Return the interval at 95 % of what one more in gain costs, where gains are differences.

    It is below 0 where the gain comes cheaper, too. None where there may be no gain, which is where
    the interval of `statistics.difference` holds 0, and with fewer than two questions.
    """
    sums = [(sum(one.gains), len(one.gains), sum(map(abs, one.gains))) for one in questions]
    gain, *limits = difference(sums)
    return ratio(questions, gain, (limits[0], limits[1])) if gain > 0 and limits[0] > 0 else None


def cost_of_right(questions: Sequence[Paid]) -> Interval | None:
    """Return the interval at 95 % of what a right answer costs, where gains are 1 or 0.

    Its end is infinite where it may be that none is right; None with fewer than two questions.
    """
    gain, *limits = accuracy([one.gains for one in questions])
    return ratio(questions, gain, (limits[0], limits[1])) if gain > 0 else None


def ratio(questions: Sequence[Paid], gain: float, gains: Interval) -> Interval | None:
    """Return the interval of the mean cost over the mean gain.

    Args:
        questions: what was seen.
        gain: its mean, above 0.
        gains: the interval of that mean at 95 %.
    """
    asked, count = len(questions), sum(len(one.gains) for one in questions)
    if asked < 2:
        return None
    cost = sum(one.cost for one in questions) / count
    apart = [
        (one.cost - cost * len(one.gains), sum(one.gains) - gain * len(one.gains))
        for one in questions
    ]
    costs, both, each = (sum(one[m] * one[n] for one in apart) for m, n in ((0, 0), (0, 1), (1, 1)))
    half = t_of(asked - 1, CONFIDENCE) * math.sqrt(costs * asked / (asked - 1)) / count
    together = both / math.sqrt(costs * each) if costs and each else 0.0
    # Ratios r with (cost - r gain)^2 <= half^2 - 2 r together half off + r^2 off^2; off is how far
    # the gain's limit is on the side that matters: its upper one for the least ratio.
    c = cost**2 - half**2

    def terms(off: float) -> tuple[float, float, float]:
        a, b = gain**2 - off**2, cost * gain - together * half * off
        return a, b, math.sqrt(max(0.0, b * b - a * c))

    _, b, root = terms(gains[1] - gain)
    low = c / (b + root) if b + root > 0 else -math.inf
    a, b, root = terms(gain - gains[0])
    return low, (b + root) / a if a > 0 else math.inf


def within(limits: Interval | None) -> str:
    """An interval in USD as it stands behind a number; "" without one."""
    if limits is None:
        return ""
    low, high = limits
    return f" ({money(low)} or more)" if math.isinf(high) else f" ({money(low)} to {money(high)})"
