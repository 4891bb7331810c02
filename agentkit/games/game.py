"""A game in normal form: who can do what, and what each gets for what all do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentkit.errors import SetupError
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table

Profile = tuple[str, ...]
"""A move for each player, in the order of the seats."""
Payoffs = Mapping[Profile, Sequence[float]] | Callable[[Profile], Sequence[float]]

LARGEST = 20_000
"""Profiles of a game, at most: each is looked at."""


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
        SetupError: a payoff that is missing, or is no finite number; a move twice; no player.
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
        found = self.payoffs.get(tuple(profile))
        if found is None:
            raise SetupError(
                f"{self.name} has no payoffs for {', '.join(map(repr, profile))}.",
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
        """The best replies of a player to what the others do in a profile."""
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
        """The move that is better than every other whatever the others do; None without one."""
        best = set(self.moves[seat])
        for profile in self.profiles():
            replies = self.replies(seat, profile)
            best &= set(replies) if len(replies) == 1 else set()
        return best.pop() if best else None

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
    if several and len(several) != len(moves):
        raise SetupError(f"{name}: {moves!r} mixes moves and lists of moves.", expected="one kind")
    found = [tuple(one) for one in several] if several else [tuple(map(str, moves))] * players
    if not found or any(not one or len(set(one)) != len(one) for one in found):
        raise SetupError(
            f"{name} cannot be played with the moves {moves!r}.",
            expected="for each player at least one move, none twice, and at least one player",
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
        found[profile] = tuple(given)
        if len(given) != game.players or not all(map(is_number, given)):
            raise SetupError(
                f"{game.name} pays {given!r} for {', '.join(profile)}.",
                expected=f"{game.players} finite numbers, one for each player",
            )
    if lacking:
        some = "; ".join(", ".join(one) for one in lacking[:4])
        more = f" and {len(lacking) - 4} more" if len(lacking) > 4 else ""
        raise SetupError(
            f"{game.name} lacks the payoffs of {some}{more}.",
            expected=f"payoffs for all {len(lacking) + len(found)} profiles",
        )
    return found


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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
    """
    room = players * most + 1 if capacity is None else capacity

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
