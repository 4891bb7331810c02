"""A game in normal form: who can do what, and what each gets for what all do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from agentkit.errors import SetupError
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table

Profile = tuple[str, ...]
"""A move for each player, in the order of the seats."""
Payoffs = Mapping[Profile, Sequence[float]] | Callable[[Profile], Sequence[float]]

LARGEST = 20_000
"""Profiles of a game, at most: each is looked at."""
MOST = 1e100
"""A payoff is between this and minus this, so that sums and products of payoffs are numbers."""


@dataclass(frozen=True)
class Game:
    """A finite game in normal form.

    Args:
        name: of the game.
        moves: of each player, in the order of the seats; or one list that all have.
        payoffs: by profile what each player gets, in the same order; or a function of a profile.
        players: how many, where all have the same moves.
        rules: what players are told of the payoffs; made from them without.

    Raises:
        SetupError: a payoff that is missing, is no number, or is of a profile that there is not; a
            move that is no text, or twice; no player.
    """

    name: str
    moves: tuple[Profile, ...]
    payoffs: Mapping[Profile, tuple[float, ...]] = field(repr=False)
    rules: str = field(default="", repr=False)

    def __init__(
        self,
        name: str,
        moves: Sequence[str] | Sequence[Sequence[str]],
        payoffs: Payoffs,
        *,
        players: int = 2,
        rules: str = "",
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "moves", seats(name, moves, players))
        put(self, "payoffs", paid(self, payoffs))
        put(self, "rules", rules or in_words(self))

    @property
    def players(self) -> int:
        """How many play."""
        return len(self.moves)

    def profiles(self) -> Iterator[Profile]:
        """Everything that all can do together."""
        return itertools.product(*self.moves)

    def payoff(self, profile: Sequence[str]) -> tuple[float, ...]:
        """What each player gets.

        Raises:
            SetupError: a move that a player does not have.
        """
        made = tuple(profile)
        found = self.payoffs.get(made) if all(isinstance(one, str) for one in made) else None
        if found is None:
            raise SetupError(
                f"{self.name} has no payoffs for {', '.join(map(repr, made))}.",
                expected=" and ".join(f"one of {', '.join(one)}" for one in self.moves),
            )
        return found

    def welfare(self, profile: Sequence[str]) -> float:
        """What all get together."""
        return sum(self.payoff(profile))

    def optimum(self) -> tuple[Profile, float]:
        """The profile with the most welfare, and that welfare."""
        best = max(self.profiles(), key=self.welfare)
        return best, self.welfare(best)

    def replies(self, seat: int, profile: Sequence[str]) -> tuple[str, ...]:
        """The best replies of a player to what the others do in a profile.

        Raises:
            SetupError: a seat or a move that is none.
        """
        if not 0 <= seat < self.players:
            raise SetupError(
                f"{self.name} has no seat {seat}.", expected=f"0 to {self.players - 1}"
            )
        given = tuple(profile)
        gains = {
            move: self.payoff((*given[:seat], move, *given[seat + 1 :]))[seat]
            for move in self.moves[seat]
        }
        most = max(gains.values())
        return tuple(move for move, gain in gains.items() if gain == most)

    def pure(self) -> list[Profile]:
        """The profiles from which no player gains by another move alone: pure Nash equilibria."""
        return [
            profile
            for profile in self.profiles()
            if all(move in self.replies(seat, profile) for seat, move in enumerate(profile))
        ]

    def dominant(self, seat: int) -> str | None:
        """The move that is better than every other whatever the others do; None without one.

        Raises:
            SetupError: a seat that is none.
        """
        best = {self.replies(seat, profile) for profile in self.profiles()}
        replies = best.pop()
        return replies[0] if not best and len(replies) == 1 else None

    def rows(self) -> Rows:
        """The payoffs as a table; of two players one down, the other across."""
        if self.players == 2:
            down, across = self.moves
            head = [self.name, *across]
            cells = [[shown(self.payoff((one, two))) for two in across] for one in down]
            return [head, *[[one, *line] for one, line in zip(down, cells, strict=True)]]
        head = [f"player {seat + 1}" for seat in range(self.players)]
        return [[*head, "payoffs"], *[[*one, shown(self.payoff(one))] for one in self.profiles()]]

    def to_markdown(self) -> str:
        """The payoffs as a Markdown table."""
        return markdown_table(self.rows(), numbers=False)

    def _repr_html_(self) -> str:
        return report_html(self.rows(), [], "")

    def __str__(self) -> str:
        return "\n".join(text_table(self.rows()))

    __repr__ = __str__

    def __hash__(self) -> int:
        return hash((self.name, self.moves))


def seats(
    name: str, moves: Sequence[str] | Sequence[Sequence[str]], players: int
) -> tuple[Profile, ...]:
    """The moves of each player.

    Raises:
        SetupError: they cannot be.
    """
    several = [one for one in moves if not isinstance(one, str)]
    whole = type(players) is int and all(isinstance(one, Sequence) for one in several)
    if several and (len(several) != len(moves) or not whole):
        raise SetupError(
            f"{name}: {moves!r} are no moves, and no lists of moves.",
            expected='texts, as in ["left", "right"], or a list of texts for each player',
        )
    common = tuple(one for one in moves if isinstance(one, str))
    found = [tuple(one) for one in several] if several else [common] * (whole and players)
    texts = all(isinstance(move, str) and move for one in found for move in one)
    if not found or not texts or any(not one or len(set(one)) != len(one) for one in found):
        raise SetupError(
            f"{name} cannot be played with the moves {moves!r}.",
            expected="a player, and for each at least one move, a text, none twice",
        )
    if math.prod(map(len, found)) > LARGEST:
        raise SetupError(
            f"{name} has {math.prod(map(len, found)):,} profiles.",
            expected=f"at most {LARGEST:,}, as each is looked at",
            todo="for many players play it with fewer moves, or as a congestion of shared things",
        )
    return tuple(found)


def paid(game: Game, payoffs: Payoffs) -> dict[Profile, tuple[float, ...]]:
    """The payoffs of every profile.

    Raises:
        SetupError: some are missing, or are no finite numbers for each player.
    """
    lacking, found = [], {}
    for profile in game.profiles():
        given = payoffs(profile) if callable(payoffs) else payoffs.get(profile)
        if given is None:
            lacking.append(profile)
            continue
        pays = tuple(given) if isinstance(given, Iterable) else (given,)
        if len(pays) != game.players or not all(map(is_number, pays)):
            raise SetupError(
                f"{game.name} pays {given!r} for {', '.join(profile)}.",
                expected=f"{game.players} numbers, one for each player, none beyond {MOST:g}",
            )
        found[profile] = tuple(one if type(one) is int else float(one) for one in pays)
    if lacking:
        raise SetupError(
            f"{game.name} lacks the payoffs of {some(lacking)}.",
            expected=f"payoffs for all {len(lacking) + len(found)} profiles",
        )
    unknown = [] if callable(payoffs) else [one for one in payoffs if one not in found]
    if unknown:
        raise SetupError(
            f"{game.name} has payoffs for {some(unknown)}, which nobody can do.",
            expected=" and ".join(f"one of {', '.join(one)}" for one in game.moves),
        )
    return found


def some(profiles: Sequence[Profile]) -> str:
    """The first profiles as a text, and how many more there are."""
    more = f" and {len(profiles) - 4} more" if len(profiles) > 4 else ""
    return "; ".join(", ".join(map(str, one)) for one in profiles[:4]) + more


def is_number(value: Any) -> bool:
    """Whether it is a number that can be counted with; numpy's are, truth values are not."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and bool(abs(value) <= MOST)


def shown(payoffs: Sequence[float]) -> str:
    """What each gets, as a text."""
    return ", ".join(f"{one:g}" for one in payoffs)


def in_words(game: Game) -> str:
    """The payoffs as a player is told them, who is the first; of large games none."""
    if len(game.payoffs) > 16:
        return f"The game is {game.name}."
    if game.players != 2:
        lines = [f"{', '.join(one)}: {shown(game.payoff(one))}" for one in game.profiles()]
        return "Moves of all players, and what each gets:\n" + "\n".join(lines)
    lines = [
        f"{one} against {two}: player 1 gets {a:g}, player 2 gets {b:g}"
        for one, two in game.profiles()
        for a, b in [game.payoff((one, two))]
    ]
    return "\n".join(lines)


def square(name: str, moves: tuple[str, str], *pairs: tuple[float, float]) -> Game:
    """A game of two players with two moves each, row by row."""
    return Game(name, moves, dict(zip(itertools.product(moves, moves), pairs, strict=True)))


PRISONERS = square("prisoner's dilemma", ("cooperate", "defect"), (3, 3), (0, 5), (5, 0), (1, 1))
"""With the payoffs of Axelrod 1980, Effective Choice in the Prisoner's Dilemma."""
STAG = square("stag hunt", ("stag", "hare"), (4, 4), (0, 3), (3, 0), (3, 3))
CHICKEN = square("chicken", ("swerve", "straight"), (0, 0), (-1, 1), (1, -1), (-10, -10))
SEXES = square("battle of the sexes", ("opera", "football"), (2, 1), (0, 0), (0, 0), (1, 2))
PENNIES = square("matching pennies", ("heads", "tails"), (1, -1), (-1, 1), (-1, 1), (1, -1))
"""Two more games of this kind; their numbers are our choice, their order of payoffs is not."""


def commons(players: int, most: int = 3, *, capacity: float | None = None) -> Game:
    """A pasture that all share: the more animals are on it, the less each is worth.

    An animal is worth `capacity` minus the number of all animals, but not less than 0 (in the
    spirit of Hardin 1968, The Tragedy of the Commons; the form is ours).

    Args:
        players: how many share it.
        most: animals of one player, at most.
        capacity: so many animals are worth nothing; by default players * most + 1.

    Raises:
        SetupError: no players, or a capacity that is no number.
    """
    room = players * most + 1 if capacity is None else capacity
    if not is_number(room):
        raise SetupError(f"A pasture with room for {room!r}.", expected="a number of animals")

    def pays(profile: Profile) -> list[float]:
        herds = [int(one) for one in profile]
        worth = max(0.0, room - sum(herds))
        return [herd * worth for herd in herds]

    return Game(
        "commons",
        [str(one) for one in range(most + 1)],
        pays,
        players=players,
        rules=(
            f"{players} players share a pasture. Each puts 0 to {most} animals on it. Each animal"
            f" is worth {room:g} minus the number of all animals on it, but not less than 0."
        ),
    )
