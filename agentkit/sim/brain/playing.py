"""A player of a game: it reads the payoffs that it is told, and moves by its temperament.

Selfish: the best reply to how often the others made each move so far (Brown 1951, fictitious play);
at first, the best reply if all of them are as likely. Fair: its part in the profile whose least
payoff is the largest. Reciprocal: fair while the other is, as seen in its last move; else selfish
against that move. Noisy: selfish, but for another move now and then.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.thought import Say

NOISE = 0.1
"""The chance that a noisy player makes another move; our choice."""

SEAT = re.compile(r"^You are player (\d+) of (\d+)\.", re.M)
MOVES = re.compile(r"^Your move is one of: (.+)\.$", re.M)
ROUND = re.compile(r"^round \d+: (.+)$", re.M)
PAIR = re.compile(r"^(.+) against (.+): player 1 gets (\S+), player 2 gets (\S+)$", re.M)
LINE = re.compile(r"^(?!round \d)([^:\n]+): (-?[\d.e+]+(?:, -?[\d.e+]+)+)$", re.M)

Profile = tuple[str, ...]


@dataclass(frozen=True)
class GameView:
    """What a player is told of a game."""

    seat: int
    moves: tuple[str, ...]
    pays: Mapping[Profile, tuple[float, ...]]
    rounds: tuple[Profile, ...]

    def others(self, profile: Profile) -> Profile:
        """What the others do in a profile."""
        return (*profile[: self.seat], *profile[self.seat + 1 :])

    def best(self, seen: Mapping[Profile, float]) -> str:
        """The move that gains most against what the others do, each as often as told."""
        worth = dict.fromkeys(self.moves, 0.0)
        for profile, pays in self.pays.items():
            worth[profile[self.seat]] += seen.get(self.others(profile), 0.0) * pays[self.seat]
        return max(self.moves, key=lambda move: worth[move])

    def selfish(self) -> str:
        """The best reply to how often the others did what."""
        every = {self.others(profile): 1.0 for profile in self.pays}
        return self.best(Counter(map(self.others, self.rounds)) or every)

    @property
    def fairest(self) -> Profile:
        """The profile whose least payoff is the largest; of equal ones the richest for all."""
        return max(self.pays, key=lambda one: (min(self.pays[one]), sum(self.pays[one])))

    def reciprocal(self) -> str:
        """Fair if the others were in the last round, else the best reply to what they did."""
        fair = self.fairest
        last = self.others(self.rounds[-1]) if self.rounds else self.others(fair)
        return fair[self.seat] if last == self.others(fair) else self.best({last: 1.0})


def told(text: str) -> GameView | None:
    """What a task tells of a game; None where it tells of none, or not of the payoffs."""
    seat, moves = SEAT.search(text), MOVES.search(text)
    if seat is None or moves is None:
        return None
    players = int(seat[2])
    pays: dict[Profile, tuple[float, ...]]
    pays = {(a, b): (number(one), number(two)) for a, b, one, two in PAIR.findall(text)}
    if players != 2:
        lines = {tuple(k.split(", ")): numbers(v) for k, v in LINE.findall(text)}
        pays = {k: v for k, v in lines.items() if len(k) == len(v) == players}
    own = tuple(moves[1].split(", "))
    rounds = [tuple(one.split(", ")) for one in ROUND.findall(text)]
    known = {profile[int(seat[1]) - 1] for profile in pays}
    if not pays or known != set(own) or any(one not in pays for one in rounds):
        return None
    sizes = [{profile[n] for profile in pays} for n in range(players)]
    if set(itertools.product(*sizes)) != set(pays):
        return None
    return GameView(int(seat[1]) - 1, own, pays, tuple(rounds))


def number(text: str) -> float:
    """A payoff."""
    return float(text.rstrip("."))


def numbers(text: str) -> tuple[float, ...]:
    """Payoffs of all players."""
    return tuple(map(number, text.split(", ")))


def played(scene: Scene) -> Say | None:
    """The move of a player; None where this model does not play, or nothing is to be played."""
    how = scene.temper.plays
    game = told(scene.task) if how else None
    if game is None:
        return None
    if how == "fair":
        move = game.fairest[game.seat]
    elif how == "reciprocal":
        move = game.reciprocal()
    else:
        move = game.selfish()
    if how == "noisy" and scene.dice.draw("slip of the hand") < NOISE and len(game.moves) > 1:
        rest: Sequence[str] = [one for one in game.moves if one != move]
        move = rest[scene.dice.choice("which instead", len(rest))]
    schema = scene.ask.schema
    if schema is None:
        return Say(move)
    wrapped = list(schema.get("properties", {})) == ["value"]
    return Say(json.dumps({"value": move} if wrapped else move, ensure_ascii=False))
