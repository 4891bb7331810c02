"""with_budget(actor, usd=0.02): an actor whose asks may spend so much of what is there.

It is the same actor otherwise: same name, same steps, so that a run that was made without a budget
goes on with one, and the other way round. Inside a run each ask draws from the budget of whoever
asks; outside, it is the budget of the run. What becomes of calls under way when it is spent, and
whether there is an answer then, is said by `stop` and `partial`; see `agentkit.allotment`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeVar

from agentkit.bounds import bounds_of
from agentkit.errors import SetupError, safe_repr


class Allowed(Protocol):
    """An actor, as far as it must be known here."""

    name: str
    allowed: Mapping[str, Any]


A = TypeVar("A", bound=Allowed)


def with_budget(
    actor: A,
    *,
    usd: float | None = None,
    tokens: int | None = None,
    calls: int | None = None,
    seconds: float | None = None,
    stop: Literal["finish", "cancel"] = "finish",
    partial: bool = False,
) -> A:
    """Make an actor whose asks are bounded; the one given stays as it is.

    Args:
        actor: an agent, a team, whatever can be asked.
        usd: the most that one ask may cost, with all below it.
        tokens: the same in tokens, in and out.
        calls: the same in model calls that are paid.
        seconds: how long an ask may take; its DeadlinePassed says what was cut off.
        stop: "finish" lets calls under way end when one is refused, "cancel" ends them at once.
        partial: whether it answers with what its members have answered when its budget is
            spent, and says what is missing; without anything answered it raises.

    Raises:
        SetupError: no actor, nothing that binds, or a number that cannot be kept.
    """
    if not hasattr(actor, "allowed"):
        raise SetupError(f"with_budget was given {safe_repr(actor)}.", expected="an actor")
    given = {"budget_usd": usd, "budget_tokens": tokens, "budget_calls": calls}
    given = {name: value for name, value in given.items() if value is not None}
    if not given and seconds is None:
        raise SetupError(
            f"with_budget of {actor.name} bounds nothing.",
            expected="usd, tokens, calls or seconds",
        )
    bounds_of(actor.name, seconds, None, stop=stop, partial=partial, **given)
    made = copy.copy(actor)
    more = {} if seconds is None else {"deadline_s": seconds}
    made.allowed = {**actor.allowed, **given, **more, "stop": stop, "partial": partial}
    return made
