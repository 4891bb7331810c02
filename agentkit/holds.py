"""What a call under way has reserved in the budgets around it, and what its attempts may cost.

A budget sees to it that all of this fits; see `agentkit.budget`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from agentkit.errors import EndpointError
from agentkit.events import Usage
from agentkit.model import Model, Request
from agentkit.traces import stopped

ROUNDING = 1e-9
"""Sums of prices are inexact; so much of a budget is not missed."""


@dataclass(frozen=True)
class Bound:
    """The most that a call may take, as far as its model can tell before."""

    tokens_in: int
    tokens_out: int | None
    """max_tokens; None where nobody said it."""
    price: Callable[[Usage], float | None]
    """USD of a usage; None where the price is unknown."""
    unpriced: Callable[[Usage], str] | None = None
    """Of several models that may be asked, the name of one whose price is unknown."""


@dataclass
class CallsSoFar:
    """What the calls of one model took so far in this run."""

    tokens: int = 0
    tokens_out: int = 0
    usd: float | None = None
    stretch: float = 1.0
    """How many times as many tokens as estimated a request had at most."""


class Holder(Protocol):
    """A budget, as far as a hold must know it."""

    def extend(self, hold: Hold) -> None:
        """Reserve for one more attempt at a call of which one was cut."""
        ...

    def affords(self) -> bool:
        """Whether all that is reserved fits."""
        ...


@dataclass(eq=False)
class Hold:
    """What a call under way has reserved, in USD and tokens; None: all that is left."""

    name: str
    make: Callable[[], Bound | None] | None
    """Works out the bound, which takes a look at the whole conversation."""
    usd: float | None = None
    tokens: int | None = None
    cuts: int = 0
    """Attempts at it that were cut in flight."""
    idle: bool = False
    """Whether it waits for its turn, so that nothing of it is under way."""
    took: float | None = None
    """What it is entered as in the end, in USD, attempts that were cut included."""
    heard: int = 0
    """Characters that came of its longest attempt, where somebody listens to it."""
    budget: Holder | None = None
    """That of a run which has one."""
    outer: Hold | None = None
    """The same in the run that this one was opened in, where that is bounded."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def most(self, need: float | None) -> float | None:
        """What it may have cost in the end, its attempts that were cut included."""
        return None if need is None else need * (1 + self.cuts)

    def lineage(self) -> Iterator[Hold]:
        """What it reserved, in this run and in those around it."""
        hold: Hold | None = self
        while hold is not None:
            yield hold
            hold = hold.outer

    @functools.cached_property
    def bound(self) -> Bound | None:
        return self.make() if self.make else None


def bound_of(model: Model, request: Request) -> Bound | None:
    """What the model says of a call beforehand, by a method `bound`; None if it has none."""
    find = getattr(model, "bound", None)
    return find(request) if find else None


HOLDING: ContextVar[tuple[Hold, ...]] = ContextVar("agentkit.holding", default=())


def cut(error: BaseException | None) -> bool:
    """Say that an attempt at the call under way failed; a retry does, before it asks again.

    Returns:
        Whether that attempt is entered, as it may have been paid.

    Raises:
        BudgetSpent: the attempt that failed may have been paid, and another does not fit.
    """
    holding = HOLDING.get()
    if not holding:
        return False
    sent, holding[-1].idle = not holding[-1].idle, False
    if not (sent and may_have_cost(error)):
        return False
    another()
    return True


def another() -> None:
    """Reserve for one more attempt at the call under way, as the one before was paid.

    Raises:
        BudgetSpent: it does not fit; the one before is entered all the same.
    """
    hold = under_way()
    for one in hold.lineage() if hold is not None else ():
        one.cuts += 1
    for one in hold.lineage() if hold is not None else ():
        if one.budget is not None:
            one.budget.extend(one)


def under_way() -> Hold | None:
    """What the call that this code works on has reserved."""
    holding = HOLDING.get()
    return holding[-1] if holding else None


def spare(*, forced: bool = False) -> bool:
    """Reserve for one more attempt at the call under way, next to the one that goes on.

    Args:
        forced: enter it whether it fits or not, as it has been paid.

    Returns:
        Whether it fits; if not, nothing is reserved.
    """
    hold = under_way()
    lineage = list(hold.lineage()) if hold is not None else []
    for one in lineage:
        one.cuts += 1
    if forced or all(one.budget is None or one.budget.affords() for one in lineage):
        return True
    unspare()
    return False


def unspare() -> None:
    """Give back what `spare` reserved: that attempt cost nothing, or is entered as what it cost."""
    hold = under_way()
    for one in hold.lineage() if hold is not None else ():
        one.cuts -= 1


def may_have_cost(error: BaseException | None) -> bool:
    """Whether a call that ended so may have been paid all the same."""
    if isinstance(error, EndpointError):
        return error.may_have_cost
    return stopped(error)


def sized(bound: Bound, known: CallsSoFar | None) -> tuple[int, int | None]:
    """Tokens in and out that a call may take; None where neither bound nor record tells."""
    if known is None:
        return bound.tokens_in, bound.tokens_out
    return round(bound.tokens_in * known.stretch), bound.tokens_out or known.tokens_out


def over(limit: float) -> float:
    """The limit with what rounding may add."""
    return limit + abs(limit) * ROUNDING


class holding:
    """Work on the call that reserved this; see `uncancelled` for why it is a class."""

    def __init__(self, hold: Hold | None) -> None:
        """Make one; without a hold it changes nothing."""
        self.hold = hold

    def __enter__(self) -> None:
        self.token = None
        if self.hold is not None:
            more = reversed(list(self.hold.lineage()))
            self.token = HOLDING.set((*HOLDING.get(), *more))

    def __exit__(self, *_: object) -> None:
        if self.token is not None:
            with contextlib.suppress(ValueError):
                HOLDING.reset(self.token)
