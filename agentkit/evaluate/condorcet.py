"""What voting must give in theory, to compare with what it gave.

Condorcet's theorem is about two alternatives: N voters, each right with probability p and
independent of the others, are right by majority with the binomial probability `majority`.
Open questions have many wrong answers. Where these differ from each other, the most frequent
answer may be right without a majority: `plurality` gives its probability for any
distribution of answers, and with one wrong answer the two are the same. Who abstains does
not vote.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from agentkit.errors import SetupError

DRAWS = 20_000
"""Elections simulated by `plurality`; its standard error is then at most 0.0036."""


def majority(right: float, voters: int) -> float:
    """Return the probability that most of some independent voters are right.

    Args:
        right: probability that one of them is, 0..1.
        voters: 1 or more; a tie is right half the time, as when the first in order decides.

    Raises:
        SetupError: no voter, or no probability.

    Source: Condorcet 1785, Essai; Boland 1989, Majority Systems and the Condorcet Jury
    Theorem.
    """
    check_odds(voters, right)
    chances = [
        math.comb(voters, k) * right**k * (1 - right) ** (voters - k) for k in range(voters + 1)
    ]
    tie = chances[voters // 2] / 2 if voters % 2 == 0 else 0.0
    return min(1.0, sum(chances[voters // 2 + 1 :]) + tie)


def plurality(answers: Mapping[str | None, float], right: str, voters: int, seed: int = 0) -> float:
    """Return the probability that the most frequent answer of independent voters is right.

    Args:
        answers: their weights, such as how often each was given; None is an abstention.
        right: the right one of them.
        voters: 1 or more; a tie goes to the answer given first, as in `tally.elect`.
        seed: of the simulation.

    Raises:
        SetupError: no voter, or no answer with a weight above 0.
    """
    check_odds(voters, 0.0)
    if not answers or min(answers.values()) < 0 or not sum(answers.values()):
        raise SetupError("These answers cannot be drawn.", expected="weights, some above 0")
    rng, names, weights = random.Random(seed), list(answers), list(answers.values())
    won = 0
    for _ in range(DRAWS):
        votes = [one for one in rng.choices(names, weights, k=voters) if one is not None]
        won += max(dict.fromkeys(votes), key=votes.count, default=None) == right
    return won / DRAWS


def check_odds(voters: int, right: float) -> None:
    """Check the arguments.

    Raises:
        SetupError: no voter, or no probability.
    """
    if voters < 1 or not 0 <= right <= 1:
        raise SetupError(f"{voters} voters, right {right}", expected="1 or more; 0..1")
