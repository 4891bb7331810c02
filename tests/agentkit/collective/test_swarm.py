"""Swarms: order by noise, the short branch, and a plan against a rule at equal budget."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest

from agentkit import open_log
from agentkit.collective import bird, bridge, double_bridge, flock, flying, spread, swarm
from agentkit.errors import SetupError


def test_order_falls_with_noise_and_chaos_is_that_of_random_headings() -> None:
    orders = [flock(40, 3.1, noise, 300).last for noise in (0.1, 2.0, 4.0, 2 * math.pi)]
    assert orders == sorted(orders, reverse=True) and orders[0] > 0.95
    # Of N headings drawn by chance the mean vector is sqrt(pi / 4N) long, on average.
    assert abs(orders[-1] - math.sqrt(math.pi / 160)) < 0.03


async def test_birds_that_are_actors_fly_as_those_of_numpy_do() -> None:
    one = flock(6, 2.0, 0.0, 2, seed=3)
    names = [bird(f"b{k}") for k in range(6)]
    team = flying(names, one.places, one.headings, 2.0, 3)
    answer = await team("fly", log=open_log("memory:"))
    found: Any = answer.data
    longer = flock(6, 2.0, 0.0, 5, seed=3)
    assert found["order"] == pytest.approx(longer.order[2:])
    assert found["headings"] == pytest.approx(longer.headings)


def test_ants_take_one_of_two_equal_branches_and_the_shorter_of_two_others() -> None:
    equal = [bridge(seed=seed).taken for seed in range(20)]
    assert sum(max(one) > 0.8 for one in equal) >= 14
    assert {one[0] > 0.5 for one in equal} == {True, False}
    assert all(bridge((1, 2), seed=seed).taken[0] > 0.8 for seed in range(20))
    late = [bridge((1, 2), 4000, seed=seed, opens=(500, 0)).taken[0] for seed in range(5)]
    assert max(late) < 0.1  # a shorter way that opens later is not found


def test_ants_of_the_paper_choose_as_in_its_figure() -> None:
    # Goss et al. 1989, figure 2: 39, 49 and 66 % of colonies with over 80 % on the short branch.
    for ratio, paper in ((1, 0.39), (1.4, 0.49), (2, 0.66)):
        sure = statistics.mean(double_bridge(ratio, seed=s).taken[0] > 0.8 for s in range(60))
        assert abs(sure - paper) < 0.03 + 2.6 * math.sqrt(paper * (1 - paper) / 60)
    late = [double_bridge(opens=1000, seed=s).taken[0] for s in range(10)]
    assert max(late) < 0.2  # nor is a shorter way found that opens later
    one = double_bridge(seed=4)
    assert one == double_bridge(seed=4) and sum(one.taken) == 1 and one.lengths == (1.0, 2.0)


def test_words_decide_between_a_plan_and_a_swarm() -> None:
    def met(how: Any, **more: Any) -> float:
        return statistics.mean(spread(how, sites=30, steps=300, seed=s, **more) for s in range(4))

    assert met("swarm", budget=3) > met("plan", budget=3) + 0.1
    assert met("plan", budget=36) > met("swarm", budget=36) + 0.05
    dead = {how: met(how, budget=36, dies=50) for how in ("plan", "swarm")}
    assert dead["swarm"] > dead["plan"] + 0.2


def test_pictures() -> None:
    assert flock(5, 2.0, 0.1, 5).to_svg().count("<circle") == 5
    assert "order" in str(flock(5, 2.0, 0.1, 5)) and "1: " in str(bridge())


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: flock(1, 2.0, 0.1), "two birds"),
        (lambda: flock(5, 2.0, float("nan")), "noise"),
        (lambda: flying([bird("a")], [], [], 1.0, 1), "as many of each"),
        (lambda: bridge((1.0,)), "two branches"),
        (lambda: bridge(opens=(5, 5)), "open at first"),
        (lambda: double_bridge(0.5), "a ratio from 1"),
        (lambda: double_bridge(math.inf), "a ratio from 1"),
        (lambda: double_bridge(flow=0), "a flow above 0"),
        (lambda: double_bridge(opens=-1), "whole number of ants"),
        (lambda: spread("vote"), "plan"),  # type: ignore[arg-type]
        (lambda: spread("plan", sites=1), "two sites"),
    ],
)
def test_what_cannot_swarm_is_refused(work: Any, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        work()


def test_a_seed_gives_the_same_flock_on_a_machine_with_other_last_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Other:
        """The library of a processor whose cosine is one digit in the last place larger."""

        def __getattr__(self, name: str) -> Any:
            return getattr(np, name)

        def cos(self, angle: Any) -> Any:
            return np.nextafter(np.cos(angle), 2)

    here = flock(40, 3.1, 5, 400, seed=1)
    monkeypatch.setattr(swarm, "numpy", Other)
    assert flock(40, 3.1, 5, 400, seed=1) == here
