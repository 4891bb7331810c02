"""Afford: a list of tasks, a budget and a deadline; what is worth most is done first, and best.

Each worker has a quality and, from what its asks cost so far, a price. Of all that could be done
next (give a task to the cheapest, or to a better one in place of a cheaper) that is chosen which is
worth most for its money, until the budget is used up: the marginal values of a knapsack, taken
greedily (source: Dantzig 1957, "Discrete-Variable Extremum Problems"). It is planned anew whenever
a price becomes known. What does not fit, or comes too late, is skipped, and the answer says which
and why.

Who takes a task is recorded, so that a run that goes on with more budget keeps what was done, and
does what was skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.affording import Assignee, Shift, Value
from agentkit.patterns.parts.team import at_least, members
from agentkit.reliability.withbudget import with_budget


def afford(
    workers: Sequence[tuple[Actor, float]] | Actor,
    *,
    value: Value = lambda task: 1.0,
    budget_usd: float | None = None,
    deadline_s: float | None = None,
    concurrency: int = 8,
    name: str = "afford",
) -> Actor:
    """Make an actor that does of a list of tasks what budget and deadline allow, by value.

    Args:
        workers: (actor, quality) with qualities above 0, or one actor; a better one is dearer.
        value: of a task; those worth more come first.
        budget_usd: for all tasks; without one what the ask has left.
        deadline_s: seconds for all; what is under way then is cut off.
        concurrency: tasks at a time.
        name: of the new actor.

    Returns:
        An actor whose task is a list; its data are {"done": {number: answer}, "skipped":
        {number: why}, "downgraded": [number]}, and `missing` names what was skipped.
        Notes: skipped.

    Raises:
        SetupError: no worker, a quality or bound that is none; on asking, a task that is no list.
    """
    pairs = [(workers, 1.0)] if isinstance(workers, Actor) else list(workers)
    members([actor for actor, _ in pairs])
    at_least(1, concurrency=concurrency)
    if any(not quality > 0 for _, quality in pairs):
        raise SetupError(f"A quality of {name} is not above 0.", expected="such as 1.0 and 0.7")
    for what, bound in (("budget_usd", budget_usd), ("deadline_s", deadline_s)):
        if bound is not None and not 0 <= bound < float("inf"):
            raise SetupError(f"{what} of {name} is {safe_repr(bound)}.", expected="a number from 0")

    async def work(task: JSON) -> Answer:
        """Do what is worth it."""
        if not isinstance(task, list):
            raise SetupError(f"{name} was asked {safe_repr(task)}.", expected="a list of tasks")
        shift = Shift(task, [Assignee(*one) for one in pairs], value, budget_usd, deadline_s)
        return await shift.all(concurrency, name)

    desk = Pattern(work, name, [actor for actor, _ in pairs])
    # Its asks draw from that together, whatever each of them turns out to cost.
    return desk if budget_usd is None else with_budget(desk, usd=budget_usd)
