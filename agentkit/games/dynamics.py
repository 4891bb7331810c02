"""How a population, or two learners, move: replicator dynamics and fictitious play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.games.game import Game, is_number

STILL = 1e-9
"""A path that moves by less in a step has come to rest."""


@dataclass(frozen=True)
class SharePath:
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


def replicator(game: Game, shares: Mapping[str, float], steps: int = 1000) -> SharePath:
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
    start = [shares.get(move, 0.0) for move in moves]
    known = set(shares) <= set(moves) and all(map(is_number, start))
    if not known or min(start) < 0 or abs(sum(start) - 1) > 1e-6:
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
        return SharePath(shares_by_move(moves, path), still=False)
    return SharePath(shares_by_move(moves, path), still=True)


def shares_by_move(moves: tuple[str, ...], path: list[list[float]]) -> tuple[dict[str, float], ...]:
    """Shares by move."""
    return tuple(dict(zip(moves, one, strict=True)) for one in path)


def fictitious_play(game: Game, steps: int = 1000) -> tuple[SharePath, SharePath]:
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


def settled(path: list[dict[str, float]]) -> SharePath:
    """The path, and whether its second half stays within a hundredth of its end."""
    end, half = path[-1], path[len(path) // 2 :]
    still = all(abs(one[move] - end[move]) <= 0.01 for one in half for move in end)
    return SharePath(tuple(path), still)


def gradient_play(
    game: Game,
    start: tuple[float, float],
    steps: int = 4000,
    rate: float = 0.01,
    *,
    winning: float = 1.0,
) -> tuple[SharePath, SharePath]:
    """Let two players of two moves each climb the gradient of their own payoff, both at once.

    With `winning` at 1 this is infinitesimal gradient ascent in small steps: what they get on
    average comes to an equilibrium's, what they do need not (Singh, Kearns and Mansour 2000, Nash
    Convergence of Gradient Dynamics). Below 1 each goes slower while it wins, that is while it does
    better than its own average so far would: "win or learn fast", which comes to rest (Bowling and
    Veloso 2002, Multiagent Learning Using a Variable Learning Rate; they compare with the average,
    too, where no equilibrium is known).

    Args:
        game: of two players with two moves each.
        start: chance of the first move, for each.
        steps: to go.
        rate: of a step.
        winning: the rate is multiplied by it for a player that wins, 0..1.

    Returns:
        For each player the shares of its moves after each step.

    Raises:
        SetupError: another game, or numbers out of their range.
    """
    if game.players != 2 or any(len(moves) != 2 for moves in game.moves):
        raise SetupError(f"{game.name} is no game of two by two.", expected="two moves for each")
    if not (steps >= 1 and rate > 0 and 0 < winning <= 1 and all(0 <= p <= 1 for p in start)):
        raise SetupError(
            f"A start {start!r}, {steps!r} steps of {rate!r}, winning {winning!r}.",
            expected="chances, a step or more, a rate above 0, winning above 0 and at most 1",
        )
    now, mean = [float(start[0]), float(start[1])], [float(start[0]), float(start[1])]
    paths: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    for step in range(1, steps + 1):
        slopes = [gain_slope(game, seat, now[1 - seat]) for seat in (0, 1)]
        # Payoffs are linear in one's own chance, so that the slope tells who does better.
        wins = [slopes[seat] * (now[seat] - mean[seat]) > 0 for seat in (0, 1)]
        for seat in (0, 1):
            gone = rate * (winning if wins[seat] else 1.0) * slopes[seat]
            now[seat] = min(1.0, max(0.0, now[seat] + gone))
            mean[seat] += (now[seat] - mean[seat]) / (step + 1)
            first, second = game.moves[seat]
            paths[seat].append({first: now[seat], second: 1 - now[seat]})
    return settled(paths[0]), settled(paths[1])


def gain_slope(game: Game, seat: int, other: float) -> float:
    """What the first move gets more than the second, if the other makes its first with a chance."""

    def pays(move: str) -> float:
        one, two = game.moves[1 - seat]
        pairs = [(move, one), (move, two)] if seat == 0 else [(one, move), (two, move)]
        return other * game.payoff(pairs[0])[seat] + (1 - other) * game.payoff(pairs[1])[seat]

    return pays(game.moves[seat][0]) - pays(game.moves[seat][1])


__getattr__ = moved(__name__, {"Path": f"{__name__}:SharePath"})
