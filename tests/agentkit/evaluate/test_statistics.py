"""Intervals and tests, against slow obvious versions, published numbers and simulation."""

from __future__ import annotations

import itertools
import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.evaluate import statistics
from agentkit.evaluate.statistics import (
    accuracy,
    difference,
    effective,
    holm,
    quantile,
    sign_flip,
    wilson,
)
from benchmarks.coverage import World, held


def flipped(differences: list[int], share: float) -> float:
    """The sign-flip test by trying all signs; of sums just as far a share counts."""
    seen = abs(sum(differences))
    sums = [
        abs(sum(sign * one for sign, one in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    if not seen:
        return 1.0
    return sum(1.0 if one > seen else share * (one == seen) for one in sums) / len(sums)


def test_wilson_gives_the_published_example() -> None:
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1.0, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson(0.5, 0) == (0.0, 1.0)


@given(st.lists(st.integers(-3, 3), max_size=9))
def test_the_sign_flip_test_agrees_with_trying_all_signs(differences: list[int]) -> None:
    assert sign_flip(differences) == pytest.approx(flipped(differences, 0.5))
    exact = sign_flip(differences, conservative=True)
    assert exact == pytest.approx(flipped(differences, 1.0))


def test_with_one_seed_it_is_mcnemar_s_test() -> None:
    # Armitage & Berry 1994, p. 127: 12 pairs against 2; exact two-sided p = 0.0129.
    pairs = [1] * 12 + [-1] * 2 + [0] * 36
    assert sign_flip(pairs, conservative=True) == pytest.approx(0.0129, abs=5e-5)
    # Fagerland et al. 2013, table 2 (Bentur et al. 2009): 1 against 7; exact .0703, mid-p .0391.
    assert sign_flip([1] * 7 + [-1], conservative=True) == pytest.approx(0.0703, abs=5e-5)
    assert sign_flip([1] * 7 + [-1]) == pytest.approx(0.0391, abs=5e-5)


def false_alarms(questions: int, differ: float, *, conservative: bool = False) -> float:
    """The chance that the test says 5 % where both are as good, over all that can come."""
    total = 0.0
    for n in range(questions + 1):
        alarmed = [
            comb(n, c)
            for c in range(n + 1)
            if sign_flip([1] * c + [-1] * (n - c), conservative=conservative) <= 0.05
        ]
        chance = comb(questions, n) * differ**n * (1 - differ) ** (questions - n)
        total += chance * sum(alarmed) / 2**n
    return total


@pytest.mark.parametrize(("questions", "differ"), [(60, 0.5), (100, 0.3), (150, 0.2)])
def test_false_alarms_are_as_many_as_it_says(questions: int, differ: float) -> None:
    assert 0.04 <= false_alarms(questions, differ) <= 0.06
    assert false_alarms(questions, differ, conservative=True) < 0.04


def test_what_cannot_be_enumerated_is_drawn() -> None:
    rng = random.Random(5)
    sizes = [rng.choice((-1, 1)) * rng.randrange(1, 400_000) for _ in range(300)]
    assert statistics.LARGEST < sum(map(abs, sizes)) * 38
    low = sign_flip([*map(abs, sizes[:200]), *sizes[200:]])
    assert low == pytest.approx(1 / (statistics.FLIPS + 1))
    assert 0.02 < sign_flip(sizes) <= 1


def test_an_estimated_design_effect_widens_the_interval() -> None:
    # Student's quantiles as tables have them.
    for freedom, known in ((1, 12.706), (2, 4.303), (3, 3.182), (9, 2.262), (39, 2.023)):
        assert statistics.t_of(freedom, 0.95) == pytest.approx(known, rel=0.005)
    plain = [[True], [False]] * 10
    assert accuracy(plain)[1:] == wilson(0.5, 20)
    twice = [[True, True], [False, False]] * 10
    assert accuracy(twice)[1] < wilson(0.5, 20)[0]


def test_a_large_study_is_tested_exactly_and_at_once() -> None:
    assert sign_flip([3] * 1200 + [-3] * 800) < 1e-15
    assert sign_flip([1, -1] * 1000) == 1.0


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_answer_per_question_counts_as_one_observation() -> None:
    assert effective([[True], [False], [True]]) == 3


def test_equal_answers_to_a_question_count_once_and_independent_ones_fully() -> None:
    assert effective([[True] * 5, [False] * 5] * 10) == pytest.approx(20)
    rng = random.Random(0)
    loose = [[rng.random() < 0.5 for _ in range(5)] for _ in range(2000)]
    assert effective(loose) > 9000


def test_the_interval_covers_the_truth_although_seeds_resemble_each_other() -> None:
    rng = random.Random(1)
    studies, covered, naive = 400, 0, 0
    for _ in range(studies):
        hard = [rng.betavariate(0.6, 0.4) for _ in range(60)]
        clusters = [[rng.random() < p for _ in range(4)] for p in hard]
        share, low, high = accuracy(clusters)
        covered += low <= 0.6 <= high
        low, high = wilson(share, 240)
        naive += low <= 0.6 <= high
    assert covered / studies > 0.92
    assert naive / studies < 0.85


def test_the_difference_is_of_means_with_an_interval_around_it() -> None:
    pairs = [(1, 1, 1)] * 30 + [(0, 1, 0)] * 60 + [(-1, 1, 1)] * 10
    mean, low, high = difference(pairs)
    assert mean == pytest.approx(0.2)
    assert (low, high) == pytest.approx((0.08, 0.31), abs=0.02)
    assert difference([]) == (0.0, -1.0, 1.0) == difference([(0, 0, 0)])


def test_with_one_trial_the_difference_has_the_published_interval_but_for_student_s_t() -> None:
    # Bonett & Price 2012, as ci.prop.ps of the R package statpsych prints it: 26 against 4 of 48.
    pairs = [(1, 1, 1)] * 26 + [(-1, 1, 1)] * 4 + [(0, 1, 0)] * 18
    _, low, high = difference(pairs)
    assert (low + high) / 2 == pytest.approx(0.44)
    error = (high - low) / 2 / statistics.t_of(47, 0.95)
    assert error == pytest.approx(0.09448809, abs=1e-8)


@pytest.mark.parametrize("sign", [1, -1])
def test_few_questions_that_all_agree_claim_little(sign: int) -> None:
    assert difference([(0, 10, 0)] * 3)[1:] == (-1.0, 1.0)
    _, low, high = difference([(10 * sign, 10, 10)] * 12)
    assert min(abs(low), abs(high)) < 0.8 and max(abs(low), abs(high)) == 1.0
    _, low, high = difference([(0, 1, 0)] * 200)
    assert -0.02 < low == -high < -0.01


def test_what_one_question_weighs_does_not_hang_on_how_its_trials_are_counted() -> None:
    shares = [(0.5, 1, 0.5), (0, 1, 0.5), (-0.25, 1, 0.75), (1, 1, 1)] * 5
    trials = [(4 * d, 4, 4 * size) for d, _, size in shares]
    assert difference(trials) == pytest.approx(difference(shares))


@given(
    st.lists(
        st.integers(1, 9).flatmap(
            lambda n: st.lists(st.sampled_from([-1, 0, 1]), min_size=n, max_size=n)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_difference_is_within_its_interval_and_turns_with_its_sign(
    trials: list[list[int]],
) -> None:
    pairs = [(sum(one), len(one), sum(map(abs, one))) for one in trials]
    mean, low, high = difference(pairs)
    assert -1 <= low <= mean + 1e-9 and mean - 1e-9 <= high <= 1 and low < high
    turned = difference([(-d, n, size) for d, n, size in pairs])
    assert turned == pytest.approx((-mean, -high, -low))


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=6), min_size=1, max_size=20))
def test_a_mean_of_scores_is_within_its_interval(clusters: list[list[float]]) -> None:
    share, low, high = accuracy(clusters)
    assert 0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1 and low < high


@pytest.mark.parametrize(
    ("kind", "questions", "world"),
    [
        # Where percentile bootstraps, t and pseudo-observations of single trials fail most.
        ("difference", 5, World((0.95, 0.98), 10, 0.0, 0.0)),
        ("difference", 10, World((1.0, 0.9), 10, 0.5, 1.0)),
        ("difference", 20, World((0.95, 0.98), 10, 0.5, 1.0)),
        ("difference", 20, World((0.9, 0.7), 1, 0.0, 0.0)),
        ("graded scores, difference", 10, World((0.95, 0.98), 10, 0.5, 1.0)),
        ("accuracy", 40, World((0.95, 0.9), 10, 0.5, 0.0)),
        ("pass^2", 20, World((0.9, 0.9), 3, 0.5, 0.0)),
    ],
)
def test_intervals_hold_with_few_questions_too(kind: str, questions: int, world: World) -> None:
    assert held(kind, world, questions, 300) >= 0.92


def test_quantiles_are_interpolated() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2.5
    assert quantile([5], 0.95) == 5
    assert quantile([], 0.5) == 0.0
