"""Simulated players: they read the payoffs that they are told, and move by their temperament."""

from __future__ import annotations

import pytest

from agentkit import Agent, open_log
from agentkit.games import (
    CHICKEN,
    PENNIES,
    PRISONERS,
    STAG,
    Game,
    commons,
    match_of,
    repeated,
    strategy,
)
from agentkit.games.repeated import words_for
from agentkit.sim.brain.playing import told


async def rounds(kind: str, other: str, game: Game = PRISONERS, count: int = 5) -> list[str]:
    """What a simulated player does against a strategy."""
    player = Agent("sim", "You play.", model=f"sim:{kind}")
    match = repeated(game, [player, strategy(other)], count)
    answer = await match("Play.", log=open_log("memory:"), seed=1)
    return [one[0] for one in match_of(answer).rounds]


async def test_each_temperament_plays_as_it_is() -> None:
    c, d = "cooperate", "defect"
    assert await rounds("selfish", "cooperator") == [d] * 5
    assert await rounds("fair", "defector") == [c] * 5
    assert await rounds("reciprocal", "cooperator") == [c] * 5
    assert await rounds("reciprocal", "defector") == [c, d, d, d, d]
    made = await rounds("noisy", "cooperator", count=40)
    assert 0 < made.count(c) < 15


@pytest.mark.parametrize("game", [PRISONERS, STAG, CHICKEN, PENNIES], ids=lambda game: game.name)
def test_what_is_told_is_read_whole(game: Game) -> None:
    done = [game.optimum()[0], next(iter(game.profiles()))]
    for seat in (0, 1):
        found = told(words_for(game, seat, done, "3"))
        assert found is not None and found.seat == seat and found.rounds == tuple(done)
        assert found.pays == {one: game.payoff(one) for one in game.profiles()}


def test_three_players_are_read_and_large_games_are_not() -> None:
    pays: dict[tuple[str, ...], tuple[float, ...]] = {
        (a, b, c): (float(a == b), -1.5, 2.0) for a in "xy" for b in "xy" for c in "xy"
    }
    three = Game("three", ["x", "y"], pays, players=3)
    found = told(words_for(three, 2, [("x", "y", "x")], "2"))
    assert found is not None and found.pays == pays and found.seat == 2
    assert told(words_for(commons(3), 0, [], "1")) is None
    for text in ("", "You are player 1 of 2.", "Your move is one of: a, b.", "a against b: x"):
        assert told(text) is None


async def test_a_learner_finds_the_equilibrium_of_a_coordination_game() -> None:
    """Against one that always hunts the stag, the selfish one comes to hunt it, too."""
    assert (await rounds("selfish", "cooperator", PRISONERS, 3))[-1] == "defect"
    hunt = Game("stag hunt", ["cooperate", "defect"], {
        ("cooperate", "cooperate"): (4, 4), ("cooperate", "defect"): (0, 3),
        ("defect", "cooperate"): (3, 0), ("defect", "defect"): (3, 3),
    })  # fmt: skip
    assert await rounds("selfish", "cooperator", hunt, 3) == ["defect", "cooperate", "cooperate"]
