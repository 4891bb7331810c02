"""How often the intervals of `agentkit.evaluate` hold what is true: `benchmarks.evaluation`.

Each study draws how likely each question is to be answered rightly, of two contenders together,
asks it some times, and looks whether the interval holds the true share, or the true difference.
How far trials of one question resemble each other goes from not at all (each question is as likely)
to wholly (a question is always answered rightly or never). What is told of each number of questions
is the mean over all such worlds, and the worst of them.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

from agentkit.evaluate.passes import pass_hat_k
from agentkit.evaluate.ratios import Paid, cost_of_gain, cost_of_right
from agentkit.evaluate.statistics import accuracy, difference

QUESTIONS = (3, 5, 10, 20, 40, 100, 300)
TRIALS = (1, 3, 10)
SHARES = ((0.5, 0.6), (0.3, 0.7), (0.9, 0.7), (0.9, 0.9), (0.95, 0.98), (0.02, 0.9), (1.0, 0.9))
ALIKE = (0.0, 0.5, 2.0, 1e6)
"""Sums of both parameters of the beta distribution of questions; 0: all of one mind."""
TOGETHER = (0.0, 1.0)
"""Share of questions that are as hard for both."""

Clusters = list[list[float]]


class World(NamedTuple):
    """Where two contenders are compared."""

    shares: tuple[float, float]
    trials: int
    alike: float
    together: float

    @property
    def gap(self) -> float:
        """The true difference."""
        return self.shares[1] - self.shares[0]


def worlds() -> Iterator[World]:
    """All that are tried; with one trial it makes no difference how alike several would be."""
    for trials in TRIALS:
        for shares in SHARES:
            for alike in ALIKE if trials > 1 else ALIKE[:1]:
                for together in TOGETHER:
                    yield World(shares, trials, alike, together)


def skill(dice: random.Random, share: float, alike: float, rank: float) -> float:
    """How likely a question is to be answered rightly."""
    if alike == 0 or not 0 < share < 1:
        return float(rank < share)
    if alike > 1000:
        return share
    return dice.betavariate(share * alike, (1 - share) * alike)


def asked(dice: random.Random, world: World, questions: int) -> tuple[Clusters, Clusters]:
    """What two contenders made of so many questions."""
    first, second = [], []
    for _ in range(questions):
        rank = dice.random()
        other = rank if dice.random() < world.together else dice.random()
        luck = dice.getrandbits(64)  # the same draw of hardness for both where they go together
        mine = skill(random.Random(luck), world.shares[0], world.alike, rank)
        draw = random.Random(luck) if other == rank else dice
        theirs = skill(draw, world.shares[1], world.alike, other)
        first.append([float(dice.random() < mine) for _ in range(world.trials)])
        second.append([float(dice.random() < theirs) for _ in range(world.trials)])
    return first, second


def pairs(first: Clusters, second: Clusters) -> list[tuple[float, float, float]]:
    """The same as `difference` takes it."""
    found: list[tuple[float, float, float]] = []
    for one, other in zip(first, second, strict=True):
        gaps = [b - a for a, b in zip(one, other, strict=True)]
        found.append((sum(gaps), len(gaps), sum(map(abs, gaps))))
    return found


def of_difference(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of a difference holds it."""
    _, low, high = difference(pairs(*asked(dice, world, questions)))
    return low - 1e-9 <= world.gap <= high + 1e-9


def of_accuracy(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of an accuracy holds it."""
    _, low, high = accuracy(asked(dice, world, questions)[0])
    return low - 1e-9 <= world.shares[0] <= high + 1e-9


def of_scores(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of a mean difference of graded scores holds it, one for a question.

    A score is the mean of the trials that a world has, as that of a panel of so many judges is.
    """
    first, second = asked(dice, world, questions)
    gaps = [fmean(b) - fmean(a) for a, b in zip(first, second, strict=True)]
    _, low, high = difference([(one, 1, abs(one)) for one in gaps])
    return low - 1e-9 <= world.gap <= high + 1e-9


def of_pass_hat(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of pass^2 holds it, where the world says what that is."""
    tries = [(len(one), int(sum(one))) for one in asked(dice, world, questions)[0]]
    _, low, high = accuracy([[pass_hat_k(n, c, 2)] for n, c in tries])
    share, alike = world.shares[0], world.alike
    true = share * (share * alike + 1) / (alike + 1)
    return low - 1e-9 <= true <= high + 1e-9


def costing(made: Clusters, dear: float, hard: Sequence[float]) -> list[float]:
    """What each question cost: the harder the more, and half as much again for a wrong answer."""
    return [
        sum(dear * one * (1.5 - 0.5 * right) for right in row)
        for one, row in zip(hard, made, strict=True)
    ]


def of_cost(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of what a right answer costs holds it."""
    made = asked(dice, world, questions)[0]
    hard = [math.exp(dice.gauss(-0.08, 0.4)) for _ in made]  # 1 on average
    costs = costing(made, 1.0, hard)
    rows = [Paid(cost, tuple(row)) for cost, row in zip(costs, made, strict=True)]
    found, share = cost_of_right(rows), world.shares[0]
    return found is None or found[0] - 1e-9 <= (1.5 - 0.5 * share) / share <= found[1] + 1e-9


def of_cost_of_gain(dice: random.Random, world: World, questions: int) -> bool:
    """Whether the interval of what a point more costs holds it, where there is one."""
    both = asked(dice, world, questions)
    hard = [math.exp(dice.gauss(-0.08, 0.4)) for _ in both[0]]
    first, second = (costing(made, dear, hard) for made, dear in zip(both, (1, 3), strict=True))
    rows = [
        Paid(after - before, tuple(b - a for a, b in zip(one, other, strict=True)))
        for before, after, one, other in zip(first, second, *both, strict=True)
    ]
    before, after = (dear * (1.5 - 0.5 * p) for p, dear in zip(world.shares, (1, 3), strict=True))
    found = cost_of_gain(rows)
    return found is None or found[0] - 1e-9 <= (after - before) / world.gap <= found[1] + 1e-9


KINDS: dict[str, Callable[[random.Random, World, int], bool]] = {
    "difference": of_difference,
    "accuracy": of_accuracy,
    "graded scores, difference": of_scores,
    "pass^2": of_pass_hat,
    "cost of a right answer": of_cost,
    "cost of a point": of_cost_of_gain,
}


def held(kind: str, world: World, questions: int, studies: int, seed: int = 7) -> float:
    """In which share of studies an interval holds what is true.

    Args:
        kind: one of `KINDS`.
        world: where.
        questions: of each study.
        studies: how many.
        seed: of all chance.
    """
    dice = random.Random(f"{seed} {kind} {world} {questions}")
    return fmean(KINDS[kind](dice, world, questions) for _ in range(studies))


def table(studies: int) -> None:
    """Print how often each kind of interval holds, by the number of questions."""
    for kind in KINDS:
        some = [one for one in worlds() if one.trials > 1 or kind != "pass^2"]
        some = [one for one in some if one.gap or kind != "cost of a point"]
        for questions in QUESTIONS:
            found: dict[bool, list[tuple[float, World]]] = defaultdict(list)
            for world in some:
                share = held(kind, world, questions, studies)
                found[world.trials > 1].append((share, world))
            for several, rows in sorted(found.items()):
                worst = min(rows)
                how = "several trials" if several else "one trial"
                print(f"{kind}, {questions} questions, {how}: {fmean(r[0] for r in rows):.1%} on"
                      f" average; worst {worst[0]:.1%} ({worst[1]})", flush=True)  # fmt: skip
