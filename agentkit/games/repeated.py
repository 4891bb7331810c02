"""A game that is played round after round by actors, all moving at once in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError
from agentkit.games.game import Game, Profile
from agentkit.games.match import Match
from agentkit.games.strategies import Strategy
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import members
from agentkit.run import current_run
from agentkit.scope import note


class Played(Note):
    """A round of a game."""

    topic = "played"
    says = "Round {round}: {moves}, which pays {payoffs}."
    round: int
    moves: dict[str, str]
    """By player; after noise."""
    payoffs: dict[str, Number]


class Forfeited(Note):
    """A player named no move of its own, and another one is made for it."""

    topic = "forfeit"
    says = "{player} made no move of the game in round {round}; {move} is made for it."
    grave = True
    player: str
    round: int
    move: str


class Slipped(Note):
    """Noise turned a move into another one."""

    topic = "slip"
    says = "{player} meant {meant} in round {round}, and did {did}."
    player: str
    round: int
    meant: str
    did: str


def repeated(
    game: Game,
    players: Sequence[Actor],
    rounds: int,
    *,
    noise: float = 0.0,
    forfeit: str | None = None,
    known_end: bool = False,
    name: str = "match",
) -> Pattern:
    """Make a match: its answer's data is a Match, see `match_of`.

    Args:
        game: that is played.
        players: in the order of the seats: agents, persons, strategies, any actor. An actor is told
            the payoffs and all moves so far, so that it needs no memory of its own.
        rounds: 1 or more.
        noise: the chance that a move slips into another one of the player's, 0..1; recorded.
        forfeit: the move that is made for a player who names none of its own even after it was
            told so; without, the match fails.
        known_end: whether players are told how many rounds there are.
        name: of the match.

    Raises:
        SetupError: as many players as the game has not, two of one name, or a number that is none.
        BadOutput: on asking: a player named no move of its own, and no forfeit is set.
    """
    team = members(players)
    check_match(game, team, rounds, noise, forfeit)

    async def match(task: JSON) -> Answer:
        """Play all rounds."""
        done: list[Profile] = []
        slips, forfeits = 0, 0
        for number in range(1, rounds + 1):
            end = f" of {rounds}" if known_end else ""
            asks = [
                player_move(game, one, seat, done, f"{number}{end}", forfeit)
                for seat, one in enumerate(team)
            ]
            made = await gather(*asks)
            moves: list[str] = []
            for seat, (one, move) in enumerate(zip(team, made, strict=True)):
                if move is None:
                    forfeits += 1
                    move = str(forfeit)
                    note(Forfeited(player=one.name, round=number, move=move))
                slipped = await slip(game.moves[seat], move, noise)
                if slipped != move:
                    slips += 1
                    note(Slipped(player=one.name, round=number, meant=move, did=slipped))
                moves.append(slipped)
            done.append(tuple(moves))
            names = [one.name for one in team]
            pays = game.payoff(moves)
            note(Played(
                round=number,
                moves=dict(zip(names, moves, strict=True)),
                payoffs=dict(zip(names, pays, strict=True)),
            ))  # fmt: skip
        played = told(game, team, done, slips, forfeits)
        return Answer(text=str(played), data=played.model_dump(mode="json"))

    return Pattern(match, name, team)


def check_match(
    game: Game, team: Sequence[Actor], rounds: int, noise: float, forfeit: str | None
) -> None:
    """Refuse what cannot be played.

    Raises:
        SetupError: it cannot.
    """
    if len(team) != game.players:
        raise SetupError(
            f"{game.name} is played by {game.players}, not by {len(team)}.",
            expected=f"{game.players} players",
        )
    if type(rounds) is not int or rounds < 1:
        raise SetupError(f"A match of {rounds!r} rounds.", expected="a whole number, 1 or more")
    if not 0 <= noise <= 1:
        raise SetupError(f"noise is {noise!r}.", expected="a chance, 0..1")
    if forfeit is not None and not all(forfeit in moves for moves in game.moves):
        raise SetupError(
            f"{forfeit!r} cannot be made for every player.",
            expected="a move that all of them have",
        )


async def player_move(
    game: Game, player: Actor, seat: int, done: Sequence[Profile], number: str, forfeit: str | None
) -> str | None:
    """The move of a player; None where it named none of its own, and that is a forfeit.

    Raises:
        BadOutput: it named none.
    """
    own: Any = Literal[game.moves[seat]]
    if isinstance(player, Strategy):
        mine = [one[seat] for one in done]
        others = [[*one[:seat], *one[seat + 1 :]] for one in done]
        task: Any = {"moves": [*game.moves[seat]], "mine": mine, "others": others}
    else:
        task = words_for(game, seat, done, number)
    try:
        answer = await player(task, output=own)
    except BadOutput:
        if forfeit is None:
            raise
        return None
    return str(answer.data)


def words_for(game: Game, seat: int, done: Sequence[Profile], number: str) -> str:
    """What a player is told: everything, so that it needs no memory, and a resume is exact."""
    lines = [game.rules, f"You are player {seat + 1} of {game.players}. This is round {number}."]
    if done:
        lines.append("Moves so far, player 1 first:")
        lines += [f"round {n}: {', '.join(moves)}" for n, moves in enumerate(done, 1)]
    lines.append(f"Your move is one of: {', '.join(game.moves[seat])}.")
    return "\n".join(lines)


async def slip(moves: Profile, move: str, noise: float) -> str:
    """The move, or by chance another one."""
    others = [one for one in moves if one != move]
    if not noise or not others or await current_run().random() >= noise:
        return move
    if len(others) == 1:
        return others[0]
    return others[int(await current_run().random() * len(others))]


def told(
    game: Game, team: Sequence[Actor], done: Sequence[Profile], slips: int, forfeits: int
) -> Match:
    """The match that was played."""
    payoffs = [[*game.payoff(moves)] for moves in done]
    regrets = []
    for seat, moves in enumerate(game.moves):
        got = sum(one[seat] for one in payoffs)
        fixed = [
            sum(game.payoff((*one[:seat], move, *one[seat + 1 :]))[seat] for one in done)
            for move in moves
        ]
        regrets.append(max(0.0, max(fixed) - got) / len(done))
    return Match(
        game=game.name,
        players=[one.name for one in team],
        moves=[[*one] for one in game.moves],
        rounds=[[*one] for one in done],
        payoffs=payoffs,
        regrets=regrets,
        optimum=game.optimum()[1],
        slips=slips,
        forfeits=forfeits,
    )
