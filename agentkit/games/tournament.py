"""Everybody against everybody, as Axelrod had it: who does best over all matches."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.games.game import Game
from agentkit.games.match import Match, match_of
from agentkit.games.repeated import repeated
from agentkit.gather import gather
from agentkit.pictures.table import Rows, markdown_table, text_table


@dataclass(frozen=True)
class Tournament:
    """The matches of a tournament."""

    game: str
    matches: tuple[Match, ...]

    @property
    def scores(self) -> dict[str, float]:
        """By player what it got in a round, on average over its matches; the best first."""
        got: dict[str, list[float]] = {}
        for match in self.matches:
            for name, mean in match.mean.items():
                got.setdefault(name, []).append(mean)
        means = {name: sum(all) / len(all) for name, all in got.items()}
        return dict(sorted(means.items(), key=lambda pair: (-pair[1], pair[0])))

    def against(self, one: str, two: str) -> float:
        """What a player got in a round against another one, on average.

        Raises:
            SetupError: they did not meet.
        """
        means = [m.mean[one] for m in self.matches if {one, two} == set(m.players)]
        if not means:
            raise SetupError(f"{one} and {two} did not meet.", expected=", ".join(self.scores))
        return sum(means) / len(means)

    def rows(self) -> Rows:
        """A table as texts: the players by their score, and what each got against each."""
        names = list(self.scores)
        head = [f"{self.game}, {len(self.matches)} matches", "a round"]
        head += [f"{n}." for n in range(1, len(names) + 1)]
        return [head, *[
            [f"{n}. {one}", f"{self.scores[one]:.2f}",
             *["–" if one == two else f"{self.against(one, two):.2f}" for two in names]]
            for n, one in enumerate(names, 1)
        ]]  # fmt: skip

    def to_markdown(self) -> str:
        """The table as Markdown."""
        return markdown_table(self.rows())

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __str__(self) -> str:
        return "\n".join(text_table(self.rows(), right=range(1, len(self.rows()[0]))))

    __repr__ = __str__


async def tournament(
    game: Game,
    players: Sequence[Actor],
    rounds: int,
    *,
    times: int = 1,
    noise: float = 0.0,
    forfeit: str | None = None,
) -> Tournament:
    """Let every two players meet; best within a `run(...)`, so that all of it is one run.

    Args:
        game: of two players.
        players: two or more.
        rounds: of each match.
        times: how often every two meet, with chances of their own.
        noise, forfeit: see `repeated`.

    Raises:
        SetupError: a game of more than two, one player, or numbers that are none.
    """
    if game.players != 2 or len(players) < 2:
        raise SetupError(
            f"{len(players)} players cannot have a tournament of {game.name}.",
            expected="a game of two players, and two or more who play it",
        )
    if type(times) is not int or times < 1:
        raise SetupError(f"times is {times!r}.", expected="a whole number, 1 or more")
    asks = [
        repeated(game, pair, rounds, noise=noise, forfeit=forfeit)(f"Match {n}.", sample=n)
        for n, (pair, _) in enumerate(
            itertools.product(itertools.combinations(players, 2), range(times))
        )
    ]
    return Tournament(game.name, tuple(map(match_of, await gather(*asks))))
