"""A match that was played: what was done in each round, and what it was worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.pictures.svg import document, element, image, paint, words
from agentkit.pictures.table import Rows, report_html, text_table
from agentkit.values import Frozen

CELL, LEFT = 16.0, 150.0
"""Pixels of a round in the picture, and of a player's name before it."""
DRAWN = 60
"""Rounds that are drawn, the last ones."""
TONES = ("done", "failed", "warn", "running", "mute")


class Match(Frozen):
    """A match, as the answer of `repeated` has it in its data."""

    game: str
    players: list[str]
    moves: list[list[str]]
    """Of each player what it may do."""
    rounds: list[list[str]]
    """By round the moves that counted, in the order of the players."""
    payoffs: list[list[float]]
    """By round what each player got."""
    regrets: list[float]
    """By player what the best fixed move would have got more in a round, against the same."""
    optimum: float
    """The most that all could have got together in a round."""
    slips: int = 0
    """Moves that noise turned into others."""
    forfeits: int = 0
    """Moves that were made for a player that named none of its own."""

    @property
    def mean(self) -> dict[str, float]:
        """By player what it got in a round, on average."""
        count = len(self.payoffs)
        return {
            name: sum(one[seat] for one in self.payoffs) / count
            for seat, name in enumerate(self.players)
        }

    @property
    def welfare(self) -> float:
        """What all got together in a round, on average."""
        return sum(self.mean.values())

    def share(self, move: str, player: str | None = None) -> float:
        """How often a move was made, 0..1: by a player, or by all.

        Raises:
            SetupError: no such player.
        """
        seats = range(len(self.players)) if player is None else [self._seat(player)]
        made = [one[seat] for one in self.rounds for seat in seats]
        return sum(one == move for one in made) / len(made)

    def payoff(self, player: str) -> float:
        """What a player got in a round, on average.

        Raises:
            SetupError: no such player.
        """
        self._seat(player)
        return self.mean[player]

    def regret(self, player: str) -> float:
        """What a player's best fixed move would have got more in a round.

        Raises:
            SetupError: no such player.
        """
        return self.regrets[self._seat(player)]

    def _seat(self, player: str) -> int:
        if player not in self.players:
            raise SetupError(
                f"{player!r} did not play.", expected=f"one of {', '.join(self.players)}"
            )
        return self.players.index(player)

    def rows(self) -> Rows:
        """A table as texts; its first row is the head."""
        head = [f"{self.game}, {len(self.rounds)} rounds", "a round", "regret", "moves"]
        return [head, *[
            [name, f"{self.mean[name]:.2f}", f"{self.regrets[seat]:.2f}", self._made(seat)]
            for seat, name in enumerate(self.players)
        ]]  # fmt: skip

    def _made(self, seat: int) -> str:
        shares = [(move, self.share(move, self.players[seat])) for move in self.moves[seat]]
        return ", ".join(f"{move} {share:.0%}" for move, share in shares if share)

    def remarks(self) -> list[str]:
        """What the table does not say."""
        said = [f"All together {self.welfare:.2f} a round, of {self.optimum:g} at best."]
        if self.slips:
            said.append(f"{self.slips} moves slipped into another one.")
        if self.forfeits:
            said.append(f"{self.forfeits} moves were made for players that named none of theirs.")
        return said

    def to_svg(self) -> str:
        """The moves by round, a row for each player."""
        shown = self.rounds[-DRAWN:]
        first = len(self.rounds) - len(shown) + 1
        width = max(420.0, LEFT + CELL * len(shown) + 24)
        parts = [
            words(f"{self.game}: rounds {first} to {len(self.rounds)}", 16, 22, 12, font_weight=600)
        ]
        kinds = list(dict.fromkeys(move for moves in self.moves for move in moves))
        for seat, name in enumerate(self.players):
            y = 36.0 + seat * 24
            parts.append(words(name[:22], 16, y + 13, 12))
            for n, moves in enumerate(shown):
                tone = TONES[kinds.index(moves[seat]) % len(TONES)]
                box = element("rect", x=LEFT + n * CELL, y=y, width=CELL - 2, height=18.0, rx=3.0,
                              **paint(tone))  # fmt: skip
                mark = words(
                    moves[seat][:1].upper(), LEFT + n * CELL + 3.5, y + 13, 10, fill="#fff"
                )
                parts += [box, mark]
        y = 36.0 + len(self.players) * 24 + 18
        x = LEFT
        for n, move in enumerate(kinds[: len(TONES)]):
            parts.append(element("rect", x=x, y=y - 10, width=12.0, height=12.0, rx=2.0,
                                 **paint(TONES[n])))  # fmt: skip
            parts.append(words(move, x + 18, y, 11, **paint("mute")))
            x += 34 + 7.0 * len(move)
        return document(width, y + 14, f"{self.game}: moves by round", *parts)

    def _repr_html_(self) -> str:
        return report_html(self.rows(), self.remarks(), image(self.to_svg()))

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows(), right=[1, 2]), *self.remarks()])

    __repr__ = __str__


def match_of(answer: Answer | Mapping[str, Any]) -> Match:
    """The match that the answer of `repeated` tells of.

    Raises:
        SetupError: it tells of none.
    """
    data = answer.data if isinstance(answer, Answer) else answer
    try:
        return Match.model_validate(data)
    except ValueError as error:
        raise SetupError(
            "This is the answer of no match.", expected="what repeated(game, players) answers"
        ) from error
