"""Looking all the time keeps its error rate, where a test of a fixed number does not."""

from __future__ import annotations

import random

import pytest

from agentkit.errors import SetupError
from agentkit.evaluate import sequence_interval, sequential_test
from agentkit.evaluate.statistics import wilson


def ever_outside(rng: random.Random, share: float, most: int) -> tuple[bool, bool]:
    """Whether a sequence's interval, and Wilson's, ever leave the true share out."""
    right = 0
    sequence = fixed = False
    for n in range(1, most + 1):
        right += rng.random() < share
        low, high = sequence_interval(right, n)
        sequence = sequence or not low <= share <= high
        low, high = wilson(right / n, n)
        fixed = fixed or not low <= share <= high
    return sequence, fixed


def test_the_interval_holds_at_all_times_at_once() -> None:
    rng = random.Random(5)
    found = [ever_outside(rng, share, 50) for share in (0.2, 0.5, 0.9) for _ in range(60)]
    assert sum(one for one, _ in found) / len(found) <= 0.05
    assert sum(two for _, two in found) / len(found) > 0.1  # what looking costs the usual one


def test_a_real_difference_is_seen_and_chance_is_not() -> None:
    rng = random.Random(7)
    alarms = sum(
        sequential_test(rng.choice((-1, 1)) for _ in range(150)) < 0.05 for _ in range(400)
    )
    assert alarms / 400 <= 0.05
    assert sequential_test([1] * 20) < 0.001
    assert sequential_test([0] * 50) == 1.0


def test_it_narrows_with_trials_and_holds_the_extremes() -> None:
    assert sequence_interval(0, 0) == (0.0, 1.0)
    low, high = sequence_interval(50, 50)
    assert high == 1.0 and low > 0.85
    few, many = sequence_interval(5, 10), sequence_interval(500, 1000)
    assert many[1] - many[0] < few[1] - few[0]
    with pytest.raises(SetupError, match="3 of 2"):
        sequence_interval(3, 2)
