"""Federated learning: the same as on pooled data, one liar against the mean, and masked sums."""

from __future__ import annotations

import math

import pytest

from agentkit import open_log, pattern
from agentkit.collective import (
    accuracy,
    federated,
    federated_of,
    harbours,
    improved,
    loss,
    masked,
    mean,
    median,
    member,
    slope,
    unmasked,
)
from agentkit.errors import SetupError

PARTS = harbours(4, 30, seed=3)
POOLED = [record for part in PARTS[:-1] for record in part]


async def learned(team, rounds=10, **more):  # type: ignore[no-untyped-def]
    return federated_of(await federated(team, rounds, 3, **more)("learn", log=open_log("memory:")))


async def test_one_step_a_round_is_gradient_descent_on_the_pooled_data() -> None:
    # McMahan et al. 2017, section 2: with one step on all own data the average is the pooled step.
    uneven = [PARTS[0], PARTS[1] + PARTS[2], PARTS[3]]
    found = await learned([member(f"h{k}", part) for k, part in enumerate(uneven)])
    now = [0.0, 0.0, 0.0]
    for after in found.path:
        now = improved(now, POOLED)
        assert math.dist(now, after) < 1e-12
    assert found.numbers == 10 * 2 * 3 * 3
    assert accuracy(found.weights, PARTS[-1]) > 0.75 and loss(found.weights, POOLED) < 0.6


async def test_more_steps_need_fewer_rounds() -> None:
    one, many = [
        await learned([member(f"h{k}", p, steps=n) for k, p in enumerate(PARTS[:-1])], rounds=3)
        for n in (1, 10)
    ]
    assert loss(many.weights, POOLED) < loss(one.weights, POOLED) - 0.02


async def test_one_liar_steers_the_mean_anywhere_and_not_the_median() -> None:
    target = [5.0, -9.0, 4.0]
    honest = [member(f"h{k}", part) for k, part in enumerate(PARTS[:3])]

    def steer(before: list[float], made: list[float]) -> list[float]:
        others = [improved(before, part) for part in PARTS[:3]]
        return [4 * t - sum(c) for t, c in zip(target, zip(*others, strict=True), strict=True)]

    liar = member("liar", PARTS[3], lie=steer)
    assert math.dist((await learned([*honest, liar], rounds=1)).weights, target) < 1e-9
    kept = await learned([*honest, liar], rounds=10, join=median)
    assert accuracy(kept.weights, PARTS[-1]) > 0.75


def test_joins() -> None:
    assert mean([[1.0], [4.0]], [2, 1]) == [2.0]
    assert median([[1.0], [2.0], [90.0]], [1, 1, 1]) == [2.0]
    assert median([[1.0], [2.0]], [1, 9]) == [1.5]


def test_the_gradient_of_one_record_is_the_record() -> None:
    for record in PARTS[0]:
        found = slope([0.1, -0.4, 0.2], [record])
        assert [one / found[0] for one in found] == pytest.approx(record[0])


def test_masks_fall_out_of_the_sum_and_hide_the_numbers() -> None:
    names = ["amber", "birch", "cedar", "dune"]
    numbers = {name: [k, -7 * k, 10**15] for k, name in enumerate(names)}
    sent = [masked(numbers[name], name, names, 5) for name in names]
    assert unmasked(sent) == [6, -42, 4 * 10**15]
    assert all(one[0] > 10**9 for one in sent) and len({tuple(one) for one in sent}) == 4
    assert unmasked(sent[:3]) != [3, -21, 3 * 10**15]  # one that falls silent takes its masks along


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: member("empty", []), "0 records"),
        (lambda: member("ragged", [([1.0], 1), ([1.0, 2.0], 0)]), "equally many"),
        (lambda: federated([member("a", POOLED)], 0, 3), "at least one"),
        (lambda: masked([1], "eve", ["a", "b"], 1), "itself"),
        (lambda: unmasked([[1], [1, 2]]), "equally many"),
        (lambda: federated_of(ANSWER), "no federation"),
    ],
)
def test_what_cannot_be_learned_is_refused(work, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SetupError, match=words):
        work()


class Nothing:
    data = None


ANSWER = Nothing()


async def test_a_member_that_sends_no_model_and_one_that_makes_it_diverge_are_named() -> None:
    @pattern
    async def silent(task: object) -> str:
        return "I would rather not"

    with pytest.raises(SetupError, match="silent sent"):
        await learned([member("h0", PARTS[0]), silent])
    wild = member("wild", PARTS[1], lie=lambda before, made: [float("inf")] * 3)
    with pytest.raises(SetupError, match="diverged in round 1"):
        await learned([member("h0", PARTS[0]), wild])
