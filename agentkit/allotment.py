"""A budget of one ask inside a run: its part of what the run may spend, as a tree.

An ask that is given a budget draws from that of whoever asks: a call must fit into both, and what
is not used stays with the asker. What becomes of the rest when it is spent is the stop contract:

finish: a call that does not fit is refused (`BudgetSpent`); what is under way ends as it would.
cancel: the first call that is refused ends the whole ask; what is under way is cancelled, and
counts as its bound.

With `partial` the ask then answers with what its members have answered by then, and says in
`missing` what is not there; else it raises. The bound is no part of what is asked, so no step's
identity knows of it: with more budget the run goes on, and pays nothing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from agentkit.answer import Answer
from agentkit.bounds import Bounds, Deadline, above, bind, ends_below
from agentkit.budget import Budget
from agentkit.errors import BudgetSpent, ReplayMismatch
from agentkit.recorder import spent_in
from agentkit.run import Run
from agentkit.scope import Expenses, Scope
from agentkit.step import PAID


def allot(current: Run, scope: Scope, bounds: Bounds) -> None:
    """Let a scope, and all that are opened in it, be bound."""
    bind(scope, bounds)
    scope.kept = [] if bounds.partial else None
    if not bounds.bounds_money:
        return
    outer = current.budget if scope.budget is None else scope.budget
    beside = Expenses()
    budget = Budget(
        current.id,
        bounds.budget_usd,
        bounds.budget_tokens,
        partial(spent_in, scope, beside),
        outer,
        calls=bounds.budget_calls,
        whose=scope.path,
    )
    budget.beside = beside
    scope.budget = budget
    if current.how == "resume" and current.past.records:
        enter_earlier(current, scope, beside)


def enter_earlier(current: Run, scope: Scope, beside: Expenses) -> None:
    """Enter what earlier attempts paid in a scope; what is told again is taken out one by one."""
    own = current.past.records[0]
    for end in ends_below(own, scope.key):
        if end.step in PAID and end.usage is not None and end.reused is None:
            beside.spend(end.usage, end.cost_usd)
    for lost in own.cut:
        if lost.usage is not None and scope.key in above(lost.scope, own.way.parents):
            beside.spend(lost.usage, lost.cost_usd)


async def bounded(
    current: Run,
    scope: Scope,
    bounds: Bounds,
    act: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Do the work of an ask within its bounds.

    Raises:
        DeadlinePassed, BudgetSpent: they were reached.
    """
    try:
        async with contextlib.AsyncExitStack() as stack:
            if bounds.deadline_s is not None and current.lease is not None:
                late = Deadline(current, scope, scope.actor, bounds.deadline_s)
                await stack.enter_async_context(late)
            budget = current.budget_of(scope)
            if bounds.stop == "cancel" and budget.limited:
                await stack.enter_async_context(StopAtRefusal(budget))
            return await act()
    except (BudgetSpent, ReplayMismatch) as error:
        # A replay meets a call that was refused as one that is not recorded.
        was = isinstance(error, BudgetSpent) or scope.key in current.past.records[0].answers
        if not (bounds.partial and was and scope.kept):
            raise
        return partial_answer(scope.actor, scope.kept)


def partial_answer(name: str, kept: list[tuple[str, str]]) -> Answer:
    """What the members answered before the budget was spent."""
    text = "\n\n".join(f"{member}: {said}" for member, said in kept)
    return Answer(text=text, missing=(f"the rest of the work of {name}: its budget is spent",))


class StopAtRefusal:
    """Ends what is under way as soon as a call is refused."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.limit = asyncio.timeout(None)
        self.refusal: BudgetSpent | None = None

    async def __aenter__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.budget.on_refusal = self.refused
        await self.limit.__aenter__()

    def refused(self, error: BudgetSpent) -> None:
        """A call does not fit."""
        if self.refusal is None:
            self.refusal = error
            self.loop.call_soon_threadsafe(self.end)

    def end(self) -> None:
        """Cancel what is under way."""
        with contextlib.suppress(RuntimeError):
            self.limit.reschedule(self.loop.time())

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.budget.on_refusal = None
        try:
            await self.limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise (self.refusal or BudgetSpent("The budget is spent.")) from None
