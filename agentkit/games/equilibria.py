"""Where nobody gains by moving alone, and what that costs all: Nash equilibria, price of anarchy.

Of two players all equilibria of a nondegenerate game come from nashpy, by support enumeration
(Nisan et al. 2007, Algorithmic Game Theory, section 2.3). Of more players the pure ones are found.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.games.game import Game
from agentkit.pictures.table import Rows, markdown_table, text_table

EXACT = 1e-9
"""A probability below this is none."""
ROUNDING = 1e-9
"""Payoffs that are nearer than this, in parts of the largest, are equal."""
SUPPORTS = 20_000
"""Pairs of sets of moves that are tried, at most, as all are looked at: seven moves each."""
MANY = "The game is degenerate: there may be infinitely many equilibria, of which these are some."
LARGE = "The game is large: only its pure equilibria are looked for."
EVEN = "A game that is not degenerate has an odd number of equilibria: one was lost by rounding."


@dataclass(frozen=True)
class Equilibrium:
    """A mix of moves for each player, from which no player gains by leaving alone."""

    mixes: tuple[dict[str, float], ...]
    """By player the probability of each move that is played at all."""
    payoffs: tuple[float, ...]
    """What each player gets, expected."""

    @property
    def pure(self) -> bool:
        """Whether every player makes one move for certain."""
        return all(len(mix) == 1 for mix in self.mixes)

    @property
    def welfare(self) -> float:
        """What all get together, expected."""
        return sum(self.payoffs)


@dataclass(frozen=True)
class Equilibria:
    """The equilibria of a game that were found."""

    game: Game
    found: tuple[Equilibrium, ...]
    complete: bool
    """Whether these are all."""
    remark: str = ""
    """Why they may not be."""

    def __iter__(self) -> Any:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, index: int) -> Equilibrium:
        return self.found[index]

    def rows(self) -> Rows:
        """A table as texts; its first row is the head."""
        head = [self.game.name, *[f"player {n + 1}" for n in range(self.game.players)], "payoffs"]
        return [head, *[
            [f"equilibrium {n}", *[mixed(mix) for mix in one.mixes],
             ", ".join(f"{pay:.4g}" for pay in one.payoffs)]
            for n, one in enumerate(self.found, 1)
        ]]  # fmt: skip

    def to_markdown(self) -> str:
        """The table as Markdown, and whether it is whole."""
        table = markdown_table(self.rows(), numbers=False)
        return f"{table}\n\n{self.remark}" if self.remark else table

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows()), *([self.remark] if self.remark else [])])

    __repr__ = __str__


def mixed(mix: dict[str, float]) -> str:
    """A mix of moves as a text."""
    if len(mix) == 1:
        return next(iter(mix))
    return ", ".join(f"{move} {share:.3g}" for move, share in mix.items())


def equilibria(game: Game) -> Equilibria:
    """Find the Nash equilibria of a game.

    Args:
        game: of two players with up to seven moves each, for all; of others, for the pure ones.

    Raises:
        SetupError: nashpy is not installed, and the game has two players.
    """
    if game.players != 2:
        pure = tuple(
            Equilibrium(tuple({move: 1.0} for move in one), game.payoff(one)) for one in game.pure()
        )
        return Equilibria(
            game, pure, False, f"Of {game.players} players only the pure equilibria are looked for."
        )
    import_nashpy()
    import nashpy  # type: ignore[import-untyped]
    import numpy as np

    down, across = game.moves
    tables = [
        np.array([[game.payoff((one, two))[seat] for two in across] for one in down], dtype=float)
        for seat in (0, 1)
    ]
    pairs, tried = solved(nashpy.Game(*tables), tables)
    found: dict[Any, Equilibrium] = {}
    degenerate = False
    for pair in pairs:
        mixes = tuple(
            {move: float(p) for move, p in zip(moves, share, strict=True) if p > EXACT}
            for moves, share in zip(game.moves, pair, strict=True)
        )
        pays = tuple(float(pair[0] @ table @ pair[1]) for table in tables)
        key = tuple(tuple((m, round(p, 6)) for m, p in mix.items()) for mix in mixes)
        found.setdefault(key, Equilibrium(mixes, pays))
        best = [(gain >= gain.max() - near).sum() for gain, near in slack(tables, pair)]
        degenerate |= bool(best[0] > len(mixes[1]) or best[1] > len(mixes[0]))
    why = [MANY] * degenerate + [LARGE] * (not tried)
    if not why and len(found) % 2 == 0:
        why = [EVEN]
    return Equilibria(game, tuple(found.values()), not why, " ".join(why))


def slack(tables: list[Any], pair: Any) -> list[tuple[Any, float]]:
    """For either player what each move gains against the other's mix, and what counts as equal."""
    gains = (tables[0] @ pair[1], pair[0] @ tables[1])
    return [
        (gain, ROUNDING * (abs(table).max() or 1.0))
        for gain, table in zip(gains, tables, strict=True)
    ]


def solved(game: Any, tables: list[Any]) -> tuple[list[Any], bool]:
    """Pairs of mixes from which nobody gains by leaving, and whether all supports were tried."""
    sizes = tables[0].shape
    tried = (2 ** sizes[0] - 1) * (2 ** sizes[1] - 1) <= SUPPORTS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = list(game.support_enumeration(non_degenerate=False)) if tried else corners(tables)
    good = [
        pair
        for pair in pairs
        if all(abs(mix.sum() - 1) < ROUNDING and mix.min() > -ROUNDING for mix in pair)
        and all(mix @ gain >= gain.max() - near
                for mix, (gain, near) in zip(pair, slack(tables, pair), strict=True))
    ]  # fmt: skip
    return good, tried


def corners(tables: list[Any]) -> list[Any]:
    """The pure equilibria, as mixes."""
    import numpy as np

    rows, columns = (np.eye(size) for size in tables[0].shape)
    stays = (tables[0] >= tables[0].max(axis=0)) & (tables[1].T >= tables[1].max(axis=1)).T
    return [(rows[one], columns[two]) for one, two in np.argwhere(stays)]


def import_nashpy() -> None:
    """See to it that nashpy is there.

    Raises:
        SetupError: it is not.
    """
    try:
        importlib.import_module("nashpy")
    except ImportError as error:
        raise missing_extra(error, "game.pure(), which finds the pure ones") or error from error


def price_of_anarchy(game: Game) -> float:
    """Give how much better the best for all is than the worst equilibrium: 1 is as good.

    Koutsoupias and Papadimitriou 1999, Worst-case Equilibria. With payoffs (not costs) it is the
    optimum's welfare divided by that of the worst equilibrium found; where all is a cost, so
    that no welfare is above 0, the cost of that equilibrium divided by the least.

    Raises:
        SetupError: none was found, or welfare is not above 0 in one, so that a ratio says nothing.
    """
    found = equilibria(game)
    worst = min((one.welfare for one in found.found), default=None)
    least = game.optimum()[1]
    if worst is not None and least < 0:
        return worst / least
    if worst is None or worst <= 0:
        why = "none was found" if worst is None else f"one is worth {worst:g} to all"
        raise SetupError(
            f"{game.name} has no price of anarchy: of its equilibria {why}.",
            expected="an equilibrium with welfare above 0; a constant may be added to all payoffs",
        )
    return game.optimum()[1] / worst
