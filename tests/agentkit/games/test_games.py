"""Games, their equilibria and dynamics, beside what is known of them."""

from __future__ import annotations

import itertools
import random
import sys

import pytest

from agentkit.errors import SetupError
from agentkit.games import (
    CHICKEN,
    PENNIES,
    PRISONERS,
    SEXES,
    STAG,
    Game,
    commons,
    equilibria,
    fictitious_play,
    price_of_anarchy,
    replicator,
)


def drawn(rng, rows=3, columns=3):
    pays = {
        pair: (rng.randint(-9, 9), rng.randint(-9, 9))
        for pair in itertools.product("abcd"[:rows], "xyz"[:columns])
    }
    return Game("drawn", [[*"abcd"[:rows]], [*"xyz"[:columns]]], pays)


def expected(game, mixes, seat):
    total = 0.0
    for profile in game.profiles():
        share = 1.0
        for mix, move in zip(mixes, profile, strict=True):
            share *= mix.get(move, 0.0)
        total += share * game.payoff(profile)[seat]
    return total


def test_known_games_have_their_known_equilibria():
    assert PRISONERS.pure() == [("defect", "defect")] and PRISONERS.dominant(0) == "defect"
    assert set(STAG.pure()) == {("stag", "stag"), ("hare", "hare")}
    assert PENNIES.pure() == [] and PENNIES.dominant(1) is None
    (found,) = equilibria(PENNIES)
    assert found.mixes[0] == pytest.approx({"heads": 0.5, "tails": 0.5})
    mixed = next(one for one in equilibria(SEXES) if not one.pure)
    assert mixed.mixes[0]["opera"] == pytest.approx(2 / 3)
    assert mixed.payoffs == pytest.approx((2 / 3, 2 / 3))
    assert len(equilibria(CHICKEN)) == 3
    assert price_of_anarchy(PRISONERS) == pytest.approx(3.0)


def test_nobody_gains_by_leaving_what_is_found():
    rng = random.Random(7)
    for _ in range(40):
        game = drawn(rng)
        found = equilibria(game)
        assert len(found) or not found.complete
        assert {p for p in game.pure()} <= {
            tuple(next(iter(m)) for m in one.mixes) for one in found if one.pure
        } or not found.complete
        for one in found:
            for seat in (0, 1):
                assert one.payoffs[seat] == pytest.approx(expected(game, one.mixes, seat))
                for move in game.moves[seat]:
                    other = list(one.mixes)
                    other[seat] = {move: 1.0}
                    assert expected(game, other, seat) <= one.payoffs[seat] + 1e-7


def test_a_degenerate_game_says_that_there_may_be_more():
    found = equilibria(Game("all the same", "ab", lambda profile: (1, 1)))
    assert not found.complete and "degenerate" in str(found)


def test_a_commons_of_three_is_grazed_too_much():
    game = commons(3)
    worst = min(game.pure(), key=game.welfare)
    best, welfare = game.optimum()
    assert game.welfare(worst) < welfare and sum(map(int, worst)) > sum(map(int, best))
    assert "pure" in equilibria(game).remark


def test_dominated_moves_die_out_and_mixed_ones_stay():
    path = replicator(PRISONERS, {"cooperate": 0.99, "defect": 0.01})
    assert path.still and path.last["defect"] == pytest.approx(1.0)
    assert replicator(STAG, {"stag": 0.8, "hare": 0.2}).last["stag"] == pytest.approx(1.0)
    assert replicator(STAG, {"stag": 0.7, "hare": 0.3}).last["hare"] == pytest.approx(1.0)
    chicken = replicator(CHICKEN, {"swerve": 0.5, "straight": 0.5}, 5000)
    assert chicken.last["swerve"] == pytest.approx(0.9, abs=1e-3)
    for step in chicken.steps:
        assert sum(step.values()) == pytest.approx(1.0)


def test_fictitious_play_comes_to_rest_or_says_that_it_does_not():
    one, _ = fictitious_play(PENNIES, 20_000)
    assert one.still and one.last["heads"] == pytest.approx(0.5, abs=0.02)
    shapley = dict(zip(
        itertools.product("abc", repeat=2),
        [(1, 0), (0, 0), (0, 1), (0, 1), (1, 0), (0, 0), (0, 0), (0, 1), (1, 0)], strict=True,
    ))  # fmt: skip
    circling, _ = fictitious_play(Game("Shapley 1964", "abc", shapley), 20_000)
    assert not circling.still


def test_tables_show_the_payoffs():
    assert "3, 3" in PRISONERS.to_markdown() and "5, 0" in str(PRISONERS)
    assert "<script" not in Game("<script>", "ab", lambda p: (1, 1))._repr_html_()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Game("g", "ab", {("a", "a"): (1, 1)}), "lacks the payoffs of a, b; b, a; b, b"),
        (lambda: Game("g", "ab", lambda p: (1,)), "2 finite numbers"),
        (lambda: Game("g", "ab", lambda p: (1, float("nan"))), "finite"),
        (lambda: Game("g", "ab", lambda p: (1, "2")), "finite"),
        (lambda: Game("g", "aa", lambda p: (1, 1)), "none twice"),
        (lambda: Game("g", [], lambda p: (1, 1)), "at least one"),
        (lambda: Game("g", [["a"], "b"], lambda p: (1, 1)), "mixes"),
        (lambda: Game("g", "ab", lambda p: [0] * 30, players=30), "profiles"),
        (lambda: PRISONERS.payoff(("defect", "sing")), "'sing'"),
        (lambda: price_of_anarchy(PENNIES), "no price of anarchy"),
        (lambda: replicator(SEXES, {"opera": 1.0}), "same for both"),
        (lambda: replicator(STAG, {"stag": 0.7}), "add up to 1"),
        (lambda: replicator(STAG, {"deer": 1.0}), "stag, hare"),
        (lambda: fictitious_play(commons(3)), "two players"),
    ],
)
def test_what_is_no_game_is_refused(make, words):
    with pytest.raises(SetupError, match=words):
        make()


def test_without_nashpy_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nashpy", None)
    with pytest.raises(SetupError, match=r"jupyter-agentkit\[games\]"):
        equilibria(PENNIES)
    assert equilibria(commons(3)).found
