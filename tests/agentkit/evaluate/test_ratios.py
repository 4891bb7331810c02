"""What accuracy costs, with its interval."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest

from agentkit.evaluate import Comparison, Evaluation
from agentkit.evaluate.ratios import Paid, cost_of_gain, cost_of_right, ratio, within
from agentkit.evaluate.statistics import accuracy, difference, t_of
from agentkit.evaluate.trial import Allowance, Trial
from benchmarks.coverage import World, held


def refused(costs: list[float], gains: list[float], at: float) -> bool:
    """Whether a t-test says that the mean of cost - at * gain is not 0: Fieller, word by word."""
    apart = [cost - at * gain for cost, gain in zip(costs, gains, strict=True)]
    limit = t_of(len(apart) - 1, 0.95) * stdev(apart) / math.sqrt(len(apart))
    return abs(fmean(apart)) > limit


def test_with_limits_of_students_t_it_is_fiellers_interval() -> None:
    dice, told = random.Random(3), 0
    for _ in range(200):
        size = dice.choice([4, 9, 30])
        gains = [dice.gauss(0.6, 0.5) for _ in range(size)]
        costs = [2 - gain * dice.uniform(-1, 1) + dice.gauss(0, 0.5) for gain in gains]
        gain = fmean(gains)
        half = t_of(size - 1, 0.95) * stdev(gains) / math.sqrt(size)
        if gain <= half:
            continue
        rows = [Paid(cost, (one,)) for cost, one in zip(costs, gains, strict=True)]
        found = ratio(rows, gain, (gain - half, gain + half))
        assert found is not None
        for end, out in ((found[0], -1), (found[1], 1)):
            step = 1e-6 * (found[1] - found[0]) * out
            assert refused(costs, gains, end + step) and not refused(costs, gains, end - step)
        told += 1
    assert told > 100


def test_it_has_an_end_where_the_gain_is_beyond_chance_and_only_there() -> None:
    dice = random.Random(5)
    for _ in range(300):
        gap = dice.choice([0.1, 0.3, 0.6])
        rows = [
            Paid(dice.uniform(1, 2), (float(dice.random() < gap) - (dice.random() < 0.1),))
            for _ in range(dice.choice([5, 15, 50]))
        ]
        sums = [(sum(one.gains), 1, abs(sum(one.gains))) for one in rows]
        mean, low, high = difference(sums)
        found = cost_of_gain(rows)
        assert (found is None) == (low <= 0)
        if found is not None:
            each = fmean(one.cost for one in rows) / mean
            assert found[0] < each < found[1]


def test_where_none_may_be_right_an_answer_may_cost_any_sum() -> None:
    rare = [Paid(1.0 + n % 2, (float(n == 0),)) for n in range(8)]
    assert accuracy([one.gains for one in rare])[1] > 0  # Wilson's does not come to 0
    low, high = cost_of_right(rare) or (0.0, 0.0)
    assert 1.5 < low < 12 < high
    assert cost_of_right([Paid(1.0, (0.0,))] * 5) is None is cost_of_right([Paid(1.0, (1.0,))])
    assert within((0.5, math.inf)) == " ($0.5000 or more)" and within(None) == ""
    assert within((-0.001, 0.002)) == " ($-0.001000 to $0.002000)"


@pytest.mark.parametrize("kind", ["cost of a right answer", "cost of a point"])
@pytest.mark.parametrize("trials", [1, 3])
def test_it_holds_as_often_as_it_says(kind: str, trials: int) -> None:
    world = World((0.5, 0.8), trials, 2.0, 1.0)
    assert held(kind, world, 25, 300) > 0.92


def trial(contender: str, question: int, seed: int, right: bool, cost: float) -> Trial:
    return Trial(contender=contender, question=f"q{question}", seed=seed, right=right, text="",
                 status="answered", calls=1, cost_usd=cost)  # fmt: skip


def test_a_comparison_says_what_a_point_costs_and_whether_it_may_be_any_sum() -> None:
    right = {
        "first": lambda n: n % 5 == 0,
        "better": lambda n: n % 5 != 1,
        "even": lambda n: n % 4 == 0,
    }
    cost = {"first": 0.001, "better": 0.002, "even": 0.003}
    trials = tuple(trial(name, n, seed, right[name](n), cost[name] * (1 + n % 3))
                   for n in range(40) for seed in (1, 2) for name in right)  # fmt: skip
    found = Comparison(name="c", budget=Allowance(usd=1.0), trials=trials, contenders=tuple(right),
                       questions=tuple(f"q{n}" for n in range(40)), seeds=(1, 2))  # fmt: skip
    each, limits = found.usd_per_point("better"), found.usd_per_point_interval("better")
    assert each is not None and limits is not None and limits[0] < each < limits[1]
    assert f"better: ${each:.6f} (${limits[0]:.6f} to ${limits[1]:.6f}) more per" in str(found)
    assert found.usd_per_point_interval("even") is None is found.usd_per_point_interval("first")
    assert "or any other sum, as the difference may be none" in str(found)
    part = found.model_copy(update={"trials": trials[:-3]})
    assert part.usd_per_point_interval("better") is None


def test_an_evaluation_says_what_a_right_answer_costs() -> None:
    from agentkit.evaluate.evaluation import Scored

    rows = [Scored(**trial("a", n, 1, n % 4 != 0, 0.001).model_dump()) for n in range(40)]
    whole = Evaluation(
        name="e", suite="s", version="v" * 8, contender="a", scorers=("exact",), planned=1,
        questions={one.question: "" for one in rows}, trials=tuple(rows),
    )  # fmt: skip
    low, high = whole.cost_per_right_interval or (0.0, 0.0)
    # Every trial costs the same, so it is that over the limits of the accuracy.
    assert (low, high) == pytest.approx((0.001 / whole.interval[1], 0.001 / whole.interval[0]))
    assert f"$0.001333 (${low:.6f} to ${high:.6f}) for each right answer" in str(whole)
    free = whole.model_copy(
        update={"trials": tuple(one.model_copy(update={"cost_usd": None}) for one in rows)}
    )
    assert free.cost_per_right_interval is None
