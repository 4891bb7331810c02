"""How a population, or two learners, move: replicator dynamics and fictitious play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentkit.errors import SetupError
from agentkit.games.game import Game

STILL = 1e-9
"""A path that moves by less in a step has come to rest."""


@dataclass(frozen=True)
class Path:
    """Shares of moves, step by step."""

    steps: tuple[dict[str, float], ...]
    still: bool
    """Whether it came to rest; else it was cut off, or goes in circles."""

    @property
    def last(self) -> dict[str, float]:
        """Where it came to."""
        return self.steps[-1]

    def __len__(self) -> int:
        return len(self.steps)


def symmetric(game: Game) -> list[list[float]]:
    """What the first of two players gets, move by move, in a game that is the same for both.

    Raises:
        SetupError: it is not.
    """
    same = game.players == 2 and game.moves[0] == game.moves[1]
    if not same or any(
        game.payoff((b, a)) != game.payoff((a, b))[::-1] for a, b in game.profiles()
    ):
        raise SetupError(
            f"{game.name} is not the same for both players.",
            expected="a symmetric game of two: (a, b) pays one what (b, a) pays the other",
        )
    moves = game.moves[0]
    return [[game.payoff((one, two))[0] for two in moves] for one in moves]


def replicator(game: Game, shares: Mapping[str, float], steps: int = 1000) -> Path:
    """Let a population play: what does better than the average grows, in proportion.

    Discrete time, x' = x f / mean f (Taylor and Jonker 1978, Evolutionarily Stable Strategies and
    Game Dynamics), with payoffs moved up so that the least is 1, which changes how fast it goes but
    not where it rests.

    Args:
        game: symmetric, of two players.
        shares: of the moves at the beginning; those left out are 0.
        steps: at most.

    Raises:
        SetupError: no such game, or shares that do not add up to 1.
    """
    pays, moves = symmetric(game), game.moves[0]
    start = [float(shares.get(move, 0.0)) for move in moves]
    unknown = sorted(set(shares) - set(moves))
    if unknown or min(start) < 0 or abs(sum(start) - 1) > 1e-6:
        raise SetupError(
            f"{dict(shares)!r} are no shares of the moves of {game.name}.",
            expected=f"numbers from 0 that add up to 1, for {', '.join(moves)}",
        )
    least = min(map(min, pays))
    lifted = [[one - least + 1.0 for one in line] for line in pays]
    path, now = [start], start
    for _ in range(steps):
        fit = [sum(a * b for a, b in zip(line, now, strict=True)) for line in lifted]
        mean = sum(a * b for a, b in zip(fit, now, strict=True))
        following = [share * f / mean for share, f in zip(now, fit, strict=True)]
        moved = max(abs(a - b) for a, b in zip(following, now, strict=True))
        now = following
        path.append(now)
        if moved < STILL:
            break
    else:
        return Path(named(moves, path), still=False)
    return Path(named(moves, path), still=True)


def named(moves: tuple[str, ...], path: list[list[float]]) -> tuple[dict[str, float], ...]:
    """Shares by move."""
    return tuple(dict(zip(moves, one, strict=True)) for one in path)


def fictitious_play(game: Game, steps: int = 1000) -> tuple[Path, Path]:
    """Let two players reply to how often the other has made each move so far.

    Brown 1951, Iterative Solution of Games by Fictitious Play. The shares converge in games of
    opposite interests (Robinson 1951) and in those with a potential; in others they may circle for
    ever (Shapley 1964), which `still` tells. Both begin with their first move; ties go to it.

    Returns:
        For each player the shares of its moves after each step.

    Raises:
        SetupError: a game of more than two, or no step.
    """
    if game.players != 2 or steps < 1:
        raise SetupError(
            f"{game.name} has no fictitious play of {steps} steps.", expected="two players, a step"
        )
    counts = [dict.fromkeys(moves, 0) for moves in game.moves]
    paths: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    for step in range(1, steps + 1):
        made = [best(game, seat, counts[1 - seat]) for seat in (0, 1)]
        for seat, move in enumerate(made):
            counts[seat][move] += 1
            paths[seat].append({one: n / step for one, n in counts[seat].items()})
    return settled(paths[0]), settled(paths[1])


def best(game: Game, seat: int, seen: Mapping[str, int]) -> str:
    """The best reply to how often each move was made."""

    def pays(move: str) -> float:
        pairs = [((move, other) if seat == 0 else (other, move), n) for other, n in seen.items()]
        return sum(game.payoff(pair)[seat] * n for pair, n in pairs)

    return max(game.moves[seat], key=pays)


def settled(path: list[dict[str, float]]) -> Path:
    """The path, and whether its second half stays within a hundredth of its end."""
    end, half = path[-1], path[len(path) // 2 :]
    still = all(abs(one[move] - end[move]) <= 0.01 for one in half for move in end)
    return Path(tuple(path), still)
