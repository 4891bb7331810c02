"""Looking at results while they come in, without fooling oneself.

A test that is repeated after every trial until it says "significant" always says so in the end.
What is here may be looked at after each trial: the chance that it is ever wrong is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.fitting import number
from agentkit.evaluate.statistics import Interval

ALPHA = 0.05


def sequence_interval(right: int, trials: int, alpha: float = ALPHA) -> Interval:
    """Return an interval of a share that holds at all times at once, with chance 1 - alpha.

    It is wider than one of a fixed number of trials: that is what looking costs.

    Args:
        right: successes so far.
        trials: so far; independent of each other.
        alpha: accepted probability that the share is ever outside.

    Raises:
        SetupError: no such numbers can be.

    Source: Robbins 1970, Statistical Methods Related to the Law of the Iterated Logarithm; the
    beta-binomial mixture, here with the uniform prior, of Howard et al. 2021.
    """
    checked(right, trials, alpha)
    if trials == 0:
        return 0.0, 1.0
    bound = math.log(1 / alpha)
    share = right / trials
    low = 0.0 if right == 0 else crossing(right, trials, bound, 0.0, share)
    high = 1.0 if right == trials else crossing(right, trials, bound, 1.0, share)
    return low, high


def log_evidence(right: int, trials: int, share: float) -> float:
    """Return the logarithm of the evidence against a share: of the mixture's likelihood ratio.

    It is a martingale where the share is true, so it ever exceeds log(1/alpha) with a
    probability of at most alpha (Ville 1939).
    """
    wrong = trials - right
    mixture = math.lgamma(right + 1) + math.lgamma(wrong + 1) - math.lgamma(trials + 2)
    if (share <= 0 and right) or (share >= 1 and wrong):
        return math.inf
    said = (right * math.log(share) if right else 0.0) + (
        wrong * math.log1p(-share) if wrong else 0.0
    )
    return mixture - said


def crossing(right: int, trials: int, bound: float, outside: float, inside: float) -> float:
    """Return where the evidence reaches the bound, between a share that it refutes and one not."""
    for _ in range(60):
        middle = (outside + inside) / 2
        if log_evidence(right, trials, middle) >= bound:
            outside = middle
        else:
            inside = middle
    return outside


def sequential_test(differences: Iterable[int]) -> float:
    """Return a p-value of paired differences that may be looked at after each pair.

    Only pairs that differ say something; where both are as good, + is as likely as -. It is the
    smallest that it ever was, so it never grows with more pairs.

    Args:
        differences: of each pair its sign: positive where the second one was better.

    Raises:
        SetupError: one of them is no number.

    Source: the mixture of `log_evidence`; McNemar's test is the one for a fixed number of pairs.
    """
    ups = count = 0
    most = 0.0
    for place, given in enumerate(differences, 1):
        if (one := sign(given)) is None:
            raise SetupError(f"Difference {place} is {given!r:.80}.", expected="a number")
        if one:
            ups, count = ups + (one > 0), count + 1
            most = max(most, log_evidence(ups, count, 0.5))
    return math.exp(-most)


def sign(value: Any) -> int | None:
    """Return -1, 0 or 1 as a number is; None where it is none."""
    try:
        return int(value > 0) - int(value < 0) if value == value else None
    except (TypeError, ValueError):
        return None


def checked(right: Any, trials: Any, alpha: Any) -> None:
    """See to it that such numbers can be.

    Raises:
        SetupError: they cannot.
    """
    given = (right, trials, alpha)
    known = [number(one) for one in (right, trials, alpha)]
    right, trials, alpha = (math.nan if one is None else one for one in known)
    if not 0 <= right <= trials or not 0 < alpha < 1:
        raise SetupError(
            f"{given[0]!r} of {given[1]!r} trials, alpha={given[2]!r}.",
            expected="0 to all of the trials, and alpha between 0 and 1",
        )
