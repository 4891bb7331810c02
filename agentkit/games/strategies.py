"""Players that are a few lines: what they do next, by what was done so far.

The first move of a game stands for going along with the others ("cooperate"), the second for
turning against them. Sources: Axelrod 1980 (Effective Choice in the Prisoner's Dilemma, and More
Effective Choice) for those that played there; Nowak and Sigmund 1992 (Tit for tat in heterogeneous
populations) for the generous one, 1993 (A strategy of win-stay, lose-shift) for that one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.pattern import Pattern
from agentkit.run import current_run

GENEROUS = 1 / 3
"""Of the generous one: min(1 - (T-R)/(R-S), (R-P)/(T-P)) for the payoffs 5, 3, 1, 0."""
JOSS = 0.1
"""How often Joss turns against one who goes along."""


@dataclass(frozen=True)
class Observation:
    """What a player sees before its move."""

    moves: tuple[str, ...]
    """Its own."""
    mine: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]
    """By round the moves of the others."""
    draw: Callable[[], Awaitable[float]]
    """Draws a number in [0, 1), which the run records."""

    @property
    def nice(self) -> str:
        """The move that goes along."""
        return self.moves[0]

    @property
    def nasty(self) -> str:
        """The move that turns against the others."""
        return self.moves[1 % len(self.moves)]

    def crossed(self, back: int = 1) -> bool:
        """Whether somebody turned against this one, so many rounds ago."""
        return len(self.others) >= back and any(one != self.nice for one in self.others[-back])

    @property
    def ever(self) -> bool:
        """Whether somebody ever did."""
        return any(one != self.nice for moves in self.others for one in moves)


Rule = Callable[[Observation], Awaitable[str]]


async def cooperator(seen: Observation) -> str:
    """Always go along."""
    return seen.nice


async def defector(seen: Observation) -> str:
    """Always turn against the others."""
    return seen.nasty


async def random(seen: Observation) -> str:
    """Draw a move."""
    return seen.moves[int(await seen.draw() * len(seen.moves))]


async def alternator(seen: Observation) -> str:
    """Go along in every second round."""
    return seen.nasty if len(seen.mine) % 2 else seen.nice


async def tit_for_tat(seen: Observation) -> str:
    """Begin nice, then do what was done."""
    return seen.nasty if seen.crossed() else seen.nice


async def suspicious(seen: Observation) -> str:
    """Begin nasty, then do what was done."""
    return seen.nasty if not seen.mine or seen.crossed() else seen.nice


async def two_tats(seen: Observation) -> str:
    """Answer only two nasty moves in a row."""
    return seen.nasty if seen.crossed(1) and seen.crossed(2) else seen.nice


async def generous(seen: Observation) -> str:
    """Forgive one nasty move in three."""
    if not seen.crossed():
        return seen.nice
    return seen.nice if await seen.draw() < GENEROUS else seen.nasty


async def grim(seen: Observation) -> str:
    """Be nice until crossed, then never again."""
    return seen.nasty if seen.ever else seen.nice


async def win_stay(seen: Observation) -> str:
    """Stay with what went well, else change."""
    if not seen.mine:
        return seen.nice
    last = seen.mine[-1]
    if not seen.crossed():
        return last
    return seen.nice if last != seen.nice else seen.nasty


async def joss(seen: Observation) -> str:
    """Do what was done, but cheat in one round of ten."""
    if seen.crossed():
        return seen.nasty
    return seen.nasty if await seen.draw() < JOSS else seen.nice


async def majority(seen: Observation) -> str:
    """Do what the others have mostly done."""
    against = sum(one != seen.nice for moves in seen.others for one in moves)
    every = sum(len(moves) for moves in seen.others)
    return seen.nasty if 2 * against > every else seen.nice


STRATEGIES: Mapping[str, Rule] = MappingProxyType({
    "cooperator": cooperator,
    "defector": defector,
    "random": random,
    "alternator": alternator,
    "tit for tat": tit_for_tat,
    "suspicious tit for tat": suspicious,
    "tit for two tats": two_tats,
    "generous tit for tat": generous,
    "grim": grim,
    "win-stay lose-shift": win_stay,
    "joss": joss,
    "majority": majority,
})  # fmt: skip
"""By name what it does; its docstring says it in words."""


class Strategy(Pattern):
    """A player that is told the moves so far as data."""

    def __init__(self, name: str, rule: Rule) -> None:
        async def moves(task: Any) -> Answer:
            """Make the next move."""
            if not isinstance(task, dict) or "moves" not in task:
                raise SetupError(
                    f"{name} was asked {task!r}.",
                    expected="to play: repeated(game, [strategy(...), ...], rounds)",
                )
            own, mine, others = tuple(task["moves"]), tuple(task["mine"]), task["others"]
            move = await rule(Observation(own, mine, tuple(map(tuple, others)), draw))
            return Answer(text=move, data=move)

        super().__init__(moves, name)
        self.description = rule.__doc__ or name


async def draw() -> float:
    """Draw a number in [0, 1), which the run records."""
    return await current_run().random()


def strategy(name: str, *, called: str = "") -> Strategy:
    """Make a player.

    Args:
        name: one of STRATEGIES.
        called: the player's own name, where several play the same; by default that of the strategy.

    Raises:
        SetupError: there is none of that name.
    """
    if name not in STRATEGIES:
        raise SetupError(
            f"There is no strategy {name!r}.", expected=f"one of {', '.join(STRATEGIES)}"
        )
    return Strategy(called or name, STRATEGIES[name])
