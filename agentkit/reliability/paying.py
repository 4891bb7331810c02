"""What calls cost whose reply was not taken, so that bill and budget tell the truth."""

from __future__ import annotations

from collections.abc import Iterable

from agentkit.events import Usage
from agentkit.holds import under_way
from agentkit.model import Reply
from agentkit.scope import here


def with_others(reply: Reply, others: Iterable[Reply]) -> Reply:
    """A reply with what others cost that were paid for it too."""
    usage, cost = reply.usage, reply.cost_usd
    for other in others:
        usage = usage + other.usage
        both = cost is not None and other.cost_usd is not None
        cost = (cost or 0.0) + (other.cost_usd or 0.0) if both else None
    if usage == reply.usage and cost == reply.cost_usd:
        return reply
    return reply.model_copy(update={"usage": usage, "cost_usd": cost})


def guessed() -> tuple[Usage, float | None]:
    """What an attempt at the call under way is entered as that was cut: tokens and USD."""
    current, hold = here.get(), under_way()
    if current is None or hold is None:
        return Usage(), None
    return current[0].budget_of(current[1]).estimate(hold) or (Usage(), None)
