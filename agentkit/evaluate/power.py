"""How many questions it takes to see a difference, and what can be seen with so many."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.fitting import number

NORMAL = NormalDist()

ALPHA, POWER = 0.05, 0.8
"""The usual risks of the two errors: Cohen 1988, Statistical Power Analysis, 2nd edition."""


def questions_needed(
    difference: float,
    *,
    accuracy: float = 0.5,
    discordant: float | None = None,
    paired: bool = True,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Return how many questions show a difference in accuracy with a certain probability.

    Args:
        difference: in accuracy, such as 0.1 for 10 points.
        accuracy: of the first contender.
        discordant: share of questions that exactly one of the two gets right; by default as
            if they erred independently. Contenders on one model agree more and need fewer.
        paired: both answer the same questions; else so many questions are needed for each.
        alpha: accepted probability of seeing a difference where there is none, two-sided.
        power: wanted probability of seeing it.

    Raises:
        SetupError: no such difference can be.

    Source: paired, Connor 1987, Sample Size for Testing Differences in Proportions for the
    Paired-Sample Design, page 209; else Fleiss, Levin & Paik 2003, Statistical Methods for
    Rates and Proportions, without the continuity correction.
    """
    numbers(difference=difference, accuracy=accuracy, alpha=alpha, power=power)
    size, share = effect_of(difference, accuracy, discordant)
    if not (0 < alpha < 1 and 0 < power < 1):
        raise SetupError(f"alpha={alpha}, power={power}", expected="both between 0 and 1")
    risk, sight = NORMAL.inv_cdf(1 - alpha / 2), NORMAL.inv_cdf(power)
    null, real = deviations(accuracy, difference, share, paired)
    return math.ceil(((risk * null + sight * real) / size) ** 2)


def power(
    questions: int,
    difference: float,
    *,
    accuracy: float = 0.5,
    discordant: float | None = None,
    paired: bool = True,
    alpha: float = ALPHA,
) -> float:
    """Return the probability of seeing a difference with so many questions.

    Source: see `questions_needed`, of which this is the inverse.

    Args:
        questions: how many are asked, 1 or more.
        difference: in accuracy, such as 0.1 for 10 points.
        accuracy: of the first contender, 0 to 1.
        discordant: share of questions that exactly one of the two gets right; see there.
        paired: both are asked the same questions.
        alpha: accepted probability of seeing a difference where there is none, two-sided.

    Raises:
        SetupError: no such difference can be, or no question.
    """
    numbers(questions=questions, difference=difference, accuracy=accuracy, alpha=alpha)
    size, share = effect_of(difference, accuracy, discordant)
    if questions < 1 or not 0 < alpha < 1:
        raise SetupError(f"questions={questions}, alpha={alpha}", expected="at least 1; 0..1")
    null, real = deviations(accuracy, difference, share, paired)
    reach = size * math.sqrt(questions) - NORMAL.inv_cdf(1 - alpha / 2) * null
    return NORMAL.cdf(reach / real) if real else float(reach > 0)


def numbers(**given: Any) -> None:
    """See to it that what was given are numbers.

    Raises:
        SetupError: one of them is none.
    """
    for name, value in given.items():
        if number(value) is None:
            raise SetupError(f"{name} is {value!r}.", expected="a number")


def effect_of(difference: float, accuracy: float, discordant: float | None) -> tuple[float, float]:
    """Return the size of a difference and the share of discordant questions, checked."""
    other = accuracy + difference
    if not (0 <= accuracy <= 1 and 0 <= other <= 1 and difference):
        raise SetupError(
            f"An accuracy of {accuracy:g} cannot differ by {difference:g}.",
            expected="a difference other than 0 that leaves both accuracies within 0..1",
        )
    size = abs(difference)
    if discordant is not None:
        numbers(discordant=discordant)
    share = accuracy * (1 - other) + other * (1 - accuracy) if discordant is None else discordant
    if not size - 1e-12 <= share <= 1:
        raise SetupError(
            f"A share of {share:g} discordant questions cannot make a difference of {size:g}.",
            expected=f"{size:g} to 1",
        )
    return size, share


def deviations(
    accuracy: float, difference: float, discordant: float, paired: bool
) -> tuple[float, float]:
    """Return standard deviations per question, without the difference and with it."""
    other, size = accuracy + difference, abs(difference)
    if paired:
        return math.sqrt(discordant), math.sqrt(max(0.0, discordant - size**2))
    mean = (accuracy + other) / 2
    return math.sqrt(2 * mean * (1 - mean)), math.sqrt(
        accuracy * (1 - accuracy) + other * (1 - other)
    )
