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
    congestion,
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
        (lambda: Game("g", "ab", lambda p: (1,)), "2 numbers, one for each"),
        (lambda: Game("g", "ab", lambda p: (1, float("nan"))), "none beyond"),
        (lambda: Game("g", "ab", lambda p: (1, "2")), "2 numbers"),
        (lambda: Game("g", "aa", lambda p: (1, 1)), "none twice"),
        (lambda: Game("g", [], lambda p: (1, 1)), "a player"),
        (lambda: Game("g", [["a"], "b"], lambda p: (1, 1)), "no lists of moves"),
        (lambda: Game("g", "ab", lambda p: [0] * 30, players=30), "profiles"),
        (lambda: PRISONERS.payoff(("defect", "sing")), "'sing'"),
        (lambda: price_of_anarchy(PENNIES), "no price of anarchy"),
        (lambda: replicator(SEXES, {"opera": 1.0}), "same for both"),
        (lambda: replicator(STAG, {"stag": 0.7}), "add up to 1"),
        (lambda: replicator(STAG, {"deer": 1.0}), "stag, hare"),
        (lambda: fictitious_play(commons(3)), "two players"),
        (lambda: Game("g", "ab", lambda p: 3), "g pays 3"),
        (lambda: Game("g", "ab", lambda p: (10**400, 0)), "none beyond 1e\\+100"),
        (lambda: Game("g", "ab", lambda p: (1e308, 0)), "none beyond 1e\\+100"),
        (lambda: Game("g", "ab", lambda p: (True, 0)), "2 numbers"),
        (lambda: Game("g", "a", {("a", "a"): (0, 0), ("a", "b"): (1, 1)}), "a, b, which nobody"),
        (lambda: Game("g", [1, 2], lambda p: (0, 0)), "no lists of moves"),  # type: ignore[list-item]
        (lambda: Game("g", [[1], [2]], lambda p: (0, 0)), "a text"),  # type: ignore[list-item]
        (lambda: Game("g", "ab", lambda p: (0, 0), players=2.5), "a player"),  # type: ignore[arg-type]
        (lambda: PRISONERS.payoff([["cooperate"], "defect"]), "has no payoffs"),  # type: ignore[list-item]
        (lambda: PRISONERS.replies(2, ("defect", "defect")), "no seat 2"),
        (lambda: PRISONERS.dominant(2), "no seat 2"),
        (lambda: commons(2, capacity=float("nan")), "room for nan"),
        (lambda: replicator(STAG, {"stag": float("nan"), "hare": 1.0}), "add up to 1"),
        (lambda: congestion({"road": lambda n: None}, 2), "road costs None"),  # type: ignore[arg-type,return-value]
        (lambda: congestion({"road": lambda n: float("inf")}, 2), "road costs inf with 2"),
    ],
)
def test_what_is_no_game_is_refused(make, words):
    with pytest.raises(SetupError, match=words):
        make()


@pytest.mark.parametrize(("rows", "columns"), [(1, 3), (3, 1), (3, 3), (2, 3)])
def test_a_game_of_ties_never_claims_to_be_whole(rows, columns):
    moves = [[f"r{n}" for n in range(rows)], [f"c{n}" for n in range(columns)]]
    found = equilibria(Game("all the same", moves, lambda p: (0, 0)))
    # An odd number of equilibria is found in some of these, as in games without a tie.
    assert len(found) == rows * columns and not found.complete and "degenerate" in found.remark


def test_a_large_game_says_that_only_pure_equilibria_are_looked_for():
    dice = random.Random(5)
    moves = [[f"m{n}" for n in range(30)]] * 2
    game = Game("large", moves, lambda p: (dice.random(), dice.random()))
    found = equilibria(game)
    assert not found.complete and "large" in found.remark
    pure = {tuple(next(iter(mix)) for mix in one.mixes) for one in found}
    assert pure == set(game.pure())


def test_a_game_takes_numbers_of_numpy():
    numpy = pytest.importorskip("numpy")
    game = Game("g", "ab", lambda p: numpy.array([1, 2]))
    assert game.payoff(("a", "b")) == (1.0, 2.0) and {*map(type, game.payoff("ab"))} == {float}


def test_equilibria_of_drawn_games_are_equilibria_and_all_pure_ones_are_among_them():
    dice = random.Random(11)
    for size in itertools.product((1, 2, 3, 4), repeat=2):
        for most in (2, 1000):  # many ties, and hardly any
            moves = [[f"r{n}" for n in range(size[0])], [f"c{n}" for n in range(size[1])]]
            game = Game("drawn", moves, lambda p: (dice.randint(0, most), dice.randint(0, most)))  # noqa: B023
            found = equilibria(game)
            for one in found:
                first, second = (
                    [
                        sum(game.payoff((a, b))[0] * q for b, q in one.mixes[1].items())
                        for a in moves[0]
                    ],
                    [
                        sum(game.payoff((a, b))[1] * q for a, q in one.mixes[0].items())
                        for b in moves[1]
                    ],
                )
                assert one.payoffs == pytest.approx((max(first), max(second)))
            pure = {tuple(next(iter(mix)) for mix in one.mixes) for one in found if one.pure}
            assert pure == set(game.pure())
            assert not found.complete or len(found) % 2 == 1


def test_without_nashpy_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nashpy", None)
    with pytest.raises(SetupError, match=r"jupyter-agentkit\[games\]"):
        equilibria(PENNIES)
    assert equilibria(commons(3)).found
