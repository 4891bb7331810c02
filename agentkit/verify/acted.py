"""The way to a fault of a protocol as a run: it is drawn, read and opened as any other."""

from __future__ import annotations

from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.pattern import Pattern
from agentkit.verify.protocol import Checked, Move


async def acted(checked: Checked, *, log: Log | None = None) -> Answer:
    """Perform the way to a fault: each role is an actor, and each word that it tells an ask.

    Args:
        checked: of `check_protocol`.
        log: where the run goes; the default log without one.

    Raises:
        SetupError: nothing is wrong, so there is no way.
    """
    if checked.holds:
        raise SetupError(
            f"{checked.protocol.name} has no way to a fault.", expected="one that does not hold"
        )
    roles: dict[str, Pattern] = {}
    for role in checked.protocol.roles:
        roles[role] = Pattern(player(roles), role)

    async def counterexample(task: str) -> str:
        """Take one step after the other."""
        for step in checked.steps:
            told = [list(one) for one in step.tells] if isinstance(step, Move) else []
            await roles[step.role]({"step": str(step), "tells": told})
        return checked.why

    whole = Pattern(counterexample, "protocol", tuple(roles.values()))
    return await whole(checked.protocol.name, **({} if log is None else {"log": log}))


def player(roles: dict[str, Pattern]) -> Any:
    """What an actor of a role does: tell others what its step says, or hear a word."""

    async def plays(task: Any) -> str:
        if not isinstance(task, dict):
            return "heard"
        for to, word in task["tells"]:
            await roles[to](word)
        return str(task["step"])

    return plays
