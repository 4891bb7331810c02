"""Learners: values and policies that come to what the game allows, and rest that does not come."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import pytest

from agentkit import open_log, run
from agentkit.errors import SetupError
from agentkit.games import (
    PENNIES,
    PRISONERS,
    STAG,
    Game,
    Market,
    gradient_play,
    learn_prices,
    match_of,
    q_learner,
    q_learning,
    reinforce,
    repeated,
    strategy,
)
from agentkit.pictures.lines import Lines


def penalty(k: float) -> Game:
    pays = {("a", "a"): 10.0, ("b", "b"): 2.0, ("c", "c"): 10.0, ("a", "c"): k, ("c", "a"): k}
    profiles = itertools.product("abc", repeat=2)
    return Game("penalty", ["a", "b", "c"], {one: (pays.get(one, 0.0),) * 2 for one in profiles})


def best(learned: Any) -> float:
    return float(learned.share("aa") + learned.share("cc"))


@pytest.mark.parametrize("kind", ["independent", "joint"])
def test_the_larger_the_penalty_the_rarer_the_best_is_found(kind: Any) -> None:
    shares = [best(q_learning(penalty(k), kind, runs=300)) for k in (0, -20, -50, -100)]
    assert shares[0] == 1 and shares == sorted(shares, reverse=True) and shares[-1] < 0.4


def test_selfish_learners_find_the_dilemma() -> None:
    found = q_learning(PRISONERS, runs=50, steps=2000)
    assert found.share(["defect", "defect"]) > 0.9 and "defect" in str(found)
    assert found.last < 3 and found._repr_markdown_().startswith("|")


def test_the_same_seed_learns_the_same() -> None:
    assert q_learning(STAG, runs=20, seed=3) == q_learning(STAG, runs=20, seed=3)
    assert q_learning(STAG, runs=20, seed=3) != q_learning(STAG, runs=20, seed=4)


def test_a_baseline_finds_who_helped() -> None:
    team = Game(
        "team", ["idle", "work"], lambda p: [sum(m == "work" for m in p) / 6] * 6, players=6
    )
    none, mean, counter = [
        reinforce(team, one, steps=500, rate=0.2, runs=30)
        for one in ("none", "mean", "counterfactual")
    ]
    assert none.last < 0.9 * none.best and none.reached(0.95) is None
    assert min(mean.last, counter.last) > 0.97 * counter.best
    assert (counter.reached(0.95) or 0) < (mean.reached(0.95) or 0)


def test_the_gradient_of_the_counterfactual_is_not_biased() -> None:
    # Its expected step is that of the plain gradient, whatever the critic says.
    np = importlib.import_module("numpy")
    rng = np.random.default_rng(1)
    policy, pays, critic = np.array([0.3, 0.7]), rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    for baseline in (np.zeros(2), policy @ critic):
        step = np.zeros(2)
        for mine, other in itertools.product((0, 1), repeat=2):
            gain = pays[mine, other] - baseline[other]
            step += policy[mine] * 0.5 * gain * ((np.arange(2) == mine) - policy)
        assert np.allclose(step, policy * (pays.mean(1) - policy @ pays.mean(1)))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: q_learning(PRISONERS, rate=3.0), "diverged: after step"),
        (lambda: reinforce(PRISONERS, rate=1e9), "diverged: after step"),
        (lambda: q_learning(PRISONERS, steps=3), "at least 10 steps"),
        (lambda: q_learning(PRISONERS, rate=-1), "a number above 0"),
        (lambda: q_learning(PRISONERS, coldest=0), "coldest"),
        (lambda: q_learning(PRISONERS, "jont"), "independent"),  # type: ignore[arg-type]
        (lambda: reinforce(PRISONERS, "best"), "counterfactual"),  # type: ignore[arg-type]
        (lambda: q_learner(PRISONERS, seat=2), "a seat below 2"),
        (lambda: learn_prices(patience=1.0), "diverge"),
        (lambda: learn_prices(periods=10), "1,000 periods"),
        (lambda: learn_prices(rate=float("nan")), "a rate in"),
        (lambda: learn_prices(forget=float("inf")), "forgetting from 0"),
        (lambda: learn_prices(rest=0), "a rest from 1"),
        (lambda: Market(alike=0), "alike above 0"),
        (lambda: gradient_play(PENNIES, (2.0, 0.5)), "chances"),
        (lambda: Lines("nothing", {}), "Nothing to draw"),
        (lambda: Lines("holes", {"a": [1.0, float("nan")]}), "finite"),
    ],
)
def test_what_cannot_be_learned_is_refused(work: Any, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        work()


def test_without_numpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("agentkit.games.learners.importlib.import_module", missing)
    with pytest.raises(SetupError, match=r"jupyter-agentkit\[shared\]"):
        q_learning(PRISONERS)


def test_gradients_circle_and_come_to_rest_where_winners_are_slow() -> None:
    circling = gradient_play(PENNIES, (0.9, 0.5), steps=6000)
    resting = gradient_play(PENNIES, (0.9, 0.5), steps=20000, winning=0.25)
    assert not circling[0].still and resting[0].still and resting[1].still
    assert abs(resting[0].last["heads"] - 0.5) < 0.01
    mean = sum(one["heads"] for one in circling[0].steps) / len(circling[0])
    assert abs(mean - 0.5) < 0.03  # what they do on average is the equilibrium all the same


def test_the_market_has_the_prices_of_the_paper() -> None:
    market = Market()
    assert round(market.nash, 3) == 1.473 and round(market.monopoly, 3) == 1.925
    assert market.gain(market.profit(market.monopoly, market.monopoly)) == pytest.approx(1)
    assert (
        len(market.grid) == 15 and market.grid[0] < market.nash < market.monopoly < market.grid[-1]
    )
    best = max(market.profit(price, market.nash) for price in market.grid)
    assert best <= market.profit(market.nash, market.nash) + 1e-9


def test_programs_that_remember_collude_and_impatient_ones_do_not() -> None:
    patient = learn_prices(periods=200_000, forget=4e-5, seed=0)
    assert 0.5 < patient.gain <= 1 and len(patient.path) == 1000
    impatient = learn_prices(periods=200_000, forget=4e-5, seed=0, patience=0.0)
    assert impatient.gain < patient.gain - 0.3
    rested = learn_prices(periods=200_000, forget=4e-5, seed=0, rest=2000)
    assert rested.still == 2000 and rested.periods < patient.periods == 200_000
    path = patient.deviate()
    assert len(path) == 17 and path[2][0] < path[1][0]


async def test_a_learner_plays_in_a_match_and_goes_on_after_a_fork() -> None:
    log = open_log("memory:")
    async with run("lesson", log=log, seed=2):
        team = repeated(PRISONERS, [q_learner(PRISONERS), strategy("defector")], rounds=40)
        played = match_of(await team("Play."))
    assert played.share("defect", "learner") > 0.7 and played.regret("learner") < 0.3


def test_lines_are_drawn_and_told_as_text() -> None:
    lines = Lines("a & b", {"up": range(1000), "flat": [5.0] * 10})
    assert "a &amp; b" in lines.to_svg() and lines.to_svg().count("<polyline") == 2
    assert str(lines).splitlines()[1].startswith("up   ▁") and "999" in str(lines)
    assert str(Lines("still", {"one": [2.0, 2.0]})).count("▄") == 2
