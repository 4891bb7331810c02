"""Mechanisms and congestion: truthful or not over all values, and rest that always comes."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.games import (
    PENNIES,
    all_pay,
    congestion,
    first_price,
    improving,
    lies,
    price_of_anarchy,
    second_price,
    vcg,
)

VALUES = {who: [0, 1, 2, 3] for who in ("ann", "bo", "cy")}


def test_the_second_price_is_truthful_and_the_first_is_not() -> None:
    assert lies(second_price, VALUES) == []
    assert lies(lambda bids: second_price(bids, reserve=2), VALUES) == []
    found = lies(first_price, VALUES)
    assert found and found[0].gain == 3.0 and found[0].said < found[0].truth
    assert "gains" in str(found[0]) and lies(all_pay, VALUES)


def test_who_wins_and_what_is_paid() -> None:
    bids = {"ann": 3.0, "bo": 5.0, "cy": 4.0}
    assert first_price(bids).payments == {"ann": 0.0, "bo": 5.0, "cy": 0.0}
    assert second_price(bids).outcome == "bo" and second_price(bids).revenue == 4.0
    assert second_price(bids, reserve=4.5).revenue == 4.5
    assert second_price(bids, reserve=6).outcome is None
    assert second_price({"ann": 3.0}).revenue == 0.0
    assert all_pay(bids).revenue == 12.0
    assert second_price({"ann": 1.0, "bo": 1.0}).outcome == "ann"


def test_vcg_with_one_good_is_the_second_price() -> None:
    rng = random.Random(1)
    for _ in range(50):
        bids = {who: float(rng.randint(0, 20)) for who in "abcd"}
        reports = {who: {one: bids[who] if one == who else 0.0 for one in "abcd"} for who in "abcd"}
        assert vcg(reports).outcome == second_price(bids).outcome
        assert vcg(reports).payments == second_price(bids).payments


def test_vcg_is_truthful_about_anything_and_can_be_cheated_together() -> None:
    kinds = [{"bridge": b, "road": r, "none": 0} for b, r in itertools.product((0, 2, 5), (1, 3))]
    assert lies(vcg, dict.fromkeys(("ann", "bo", "cy"), kinds)) == []

    def pays_own(reports: Any) -> Any:
        found = vcg(reports)
        own = {who: float(report[found.outcome]) for who, report in reports.items()}
        return type(found)(found.outcome, own)

    assert lies(pays_own, dict.fromkeys(("ann", "bo"), kinds))
    # Two who each want one of two goods, and one who wants both (Ausubel and Milgrom 2006).
    goods = ["x and y to cy", "x to ann, y to bo"]
    both = vcg({"ann": {goods[0]: 0, goods[1]: 2}, "bo": {goods[0]: 0, goods[1]: 2},
                "cy": {goods[0]: 2, goods[1]: 0}})  # fmt: skip
    assert both.outcome == goods[1] and both.revenue == 0.0


def test_what_is_no_auction_is_refused() -> None:
    for bad in (
        lambda: first_price({}),
        lambda: second_price({"ann": float("nan")}),
        lambda: second_price({"ann": "3"}),  # type: ignore[dict-item]
        lambda: vcg({}),
        lambda: vcg({"ann": {}}),
        lambda: vcg({"ann": {"x": 1}, "bo": {"y": 1}}),
        lambda: lies(first_price, {}),
        lambda: lies(first_price, dict.fromkeys("abcdefgh", range(10))),
        lambda: congestion({}, 2),
        lambda: congestion({"a": float}, 2, {"way": ["b"]}),
        lambda: improving(PENNIES, ("heads", "side")),
    ):
        with pytest.raises(SetupError):
            bad()


@pytest.mark.parametrize("seed", range(10))
def test_congestion_always_comes_to_rest(seed: int) -> None:
    rng = random.Random(seed)
    slopes = {name: (rng.randint(0, 5), rng.randint(1, 4)) for name in "abcd"}
    costs = {name: (lambda n, s=s: s[0] + s[1] * n) for name, s in slopes.items()}
    ways = {"one": ["a", "b"], "two": ["b", "c"], "three": ["d"]}
    game = congestion(costs, 4, ways)
    for _ in range(5):
        start = tuple(rng.choice(list(ways)) for _ in range(4))
        path = improving(game, start)
        assert path.still and path.last in game.pure()
    assert not improving(PENNIES, (PENNIES.moves[0][0], PENNIES.moves[1][0])).still


def test_braess_a_road_that_makes_everybody_slower() -> None:
    """Braess 1968, with 4 drivers: a new road of no length takes all from 3 to 4 units of time."""
    costs = {"a": lambda n: n / 2, "b": lambda n: 2.1, "c": lambda n: 2.1, "d": lambda n: n / 2,
             "new": lambda n: 0.0}  # fmt: skip
    old = congestion(costs, 4, {"up": ["a", "b"], "down": ["c", "d"]})
    new = congestion(costs, 4, {"up": ["a", "b"], "down": ["c", "d"], "both": ["a", "new", "d"]})
    before = improving(old, ("up",) * 4)
    after = improving(new, ("up",) * 4)
    assert old.welfare(before.last) == pytest.approx(-12.4)
    assert after.last == ("both",) * 4 and new.welfare(after.last) == pytest.approx(-16.0)
    assert price_of_anarchy(new) == pytest.approx(-16.0 / new.optimum()[1])
    assert 1.2 < price_of_anarchy(new) <= 4 / 3
