"""What a match was worth, as measures of `agentkit.evaluate`: payoff, regret, welfare.

Suite(["Play."], scorers=[payoff("ann"), regret("ann"), welfare()])
"""

from __future__ import annotations

from agentkit.evaluate.measures import Measure, measure
from agentkit.games.match import match_of


def payoff(player: str, *, missing: float | None = None) -> Measure:
    """Return the measure of what a player got in a round, on average.

    Args:
        player: by its name.
        missing: what a match counts that could not be played; see `measure`.
    """
    return measure(f"payoff of {player}", lambda data: match_of(data).payoff(player),
                   missing=missing)  # fmt: skip


def regret(player: str, *, missing: float | None = None) -> Measure:
    """Return the measure of what a player's best fixed move would have got more in a round."""
    return measure(f"regret of {player}", lambda data: match_of(data).regret(player),
                   missing=missing)  # fmt: skip


def welfare(*, missing: float | None = None) -> Measure:
    """Return the measure of what all players got together in a round, on average."""
    return measure("welfare", lambda data: match_of(data).welfare, missing=missing)
