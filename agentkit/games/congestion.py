"""Congestion: roads, queues and endpoints that are slower the more take them (Rosenthal 1973)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentkit.errors import SetupError
from agentkit.games.game import Game, Profile, is_number


def congestion(
    costs: Mapping[str, Callable[[int], float]],
    players: int,
    ways: Mapping[str, Sequence[str]] | None = None,
    *,
    name: str = "congestion",
) -> Game:
    """Make a game of players who each choose a way; what a way costs depends on how many are on it.

    Payoffs are costs below 0. Such a game has a pure equilibrium, and whoever changes one at a time
    to what is better comes to one (Rosenthal 1973); see `improving`.

    Args:
        costs: by resource what it costs each who uses it, given how many do.
        players: how many.
        ways: by way the resources that it takes; by default each resource is a way.
        name: of the game.

    Raises:
        SetupError: no resource, a way over one that is not there, a cost that is no number, or too
            many profiles.
    """
    taken = (
        {one: (one,) for one in costs} if ways is None else {k: tuple(v) for k, v in ways.items()}
    )
    unknown = sorted({part for way in taken.values() for part in way} - set(costs))
    if unknown or not taken:
        raise SetupError(
            f"A way takes {', '.join(unknown) or 'nothing'}, which costs nobody knows.",
            expected=f"ways over {', '.join(costs) or 'resources'}",
        )

    def pays(profile: Profile) -> list[float]:
        load = dict.fromkeys(costs, 0)
        for way in profile:
            for part in taken[way]:
                load[part] += 1
        spent = {part: costs[part](n) for part, n in load.items() if n}
        for part, cost in spent.items():
            if not is_number(cost):
                raise SetupError(
                    f"{part} costs {cost!r} with {load[part]} on it.", expected="a number"
                )
        return [-float(sum(spent[part] for part in taken[way])) for way in profile]

    return Game(name, list(taken), pays, players=players,
                rules=f"{players} players choose one of {', '.join(taken)} each. The more choose"
                " the same, the slower it is.")  # fmt: skip


@dataclass(frozen=True)
class Improving:
    """Profiles of moves, each better than the one before for the player that changed."""

    steps: tuple[Profile, ...]
    still: bool
    """Whether nobody would change any more; else it goes in a circle, or was cut off."""

    @property
    def last(self) -> Profile:
        """Where it came to."""
        return self.steps[-1]

    def __len__(self) -> int:
        return len(self.steps)


def improving(game: Game, start: Profile, steps: int = 1000) -> Improving:
    """Let one player after the other change to a best reply, until nobody would.

    Args:
        game: of any kind; with congestion it always comes to rest.
        start: a profile of moves.
        steps: changes, at most.

    Raises:
        SetupError: a profile that is none.
    """
    now = tuple(start)
    game.payoff(now)
    path, seen = [now], {now}
    while len(path) <= steps:
        changed = None
        for seat, move in enumerate(now):
            replies = game.replies(seat, now)
            if move not in replies:
                changed = (*now[:seat], replies[0], *now[seat + 1 :])
                break
        if changed is None:
            return Improving(tuple(path), True)
        now = changed
        path.append(now)
        if now in seen:
            break
        seen.add(now)
    return Improving(tuple(path), False)
