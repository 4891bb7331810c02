"""A run's budget: a call reserves the most it may cost before it is made, and settles after it.

So a team of any width never passes its budget by more than what was in flight when a call
turned out to cost more than its bound. The bound is taken from the request and max_tokens;
where nobody said max_tokens, from the longest reply of that model in this run; and while there
is none, the call is made alone: it reserves all that is left. What is cut in flight may have
been paid, so it counts: with max_tokens as its bound; without as the longest reply so far, and
while there is none as GUESS_TOKENS, which it may have passed. Never as less than what came of it.
Of a model that tells no bound, and of which nothing is known, only that it was called counts.
A note "cut" says by which of these. Where a server does not count, its call counts as estimated.

A run that is opened inside another one is bound by both budgets.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple

from agentkit.errors import BudgetSpent, SetupError, UnknownPrice, safe_repr
from agentkit.events import Usage
from agentkit.holds import HOLDING, CallsSoFar, Hold, over, sized
from agentkit.holds import Bound as Bound
from agentkit.holds import bound_of as bound_of
from agentkit.holds import cut as cut
from agentkit.holds import holding as holding
from agentkit.holds import may_have_cost as may_have_cost
from agentkit.messages import JSON
from agentkit.notes import Note

GUESS_TOKENS = 500
"""Tokens of a reply that was cut, where neither max_tokens nor another reply tells more."""

CHARS = 4
"""Characters of a token at most, of what came of a reply before it was cut."""

Grounds = Literal["max_tokens", "longest reply", "guess"]
"""What is known of a reply that was cut: its bound, other replies, or nothing."""

PATIENCE_S = 2.0
"""How long a call waits for others before it asks whether their event loops still turn."""


class CallRefused(Note):
    """A call was not made, because the budget is spent or its price unknown."""

    topic = "budget"
    grave = True
    spent: JSON = None
    """USD or tokens; "unknown price"."""
    refused: str
    """The model, ..."""
    by: str = ""
    """The run whose budget refused it, where that is one around the run; else empty."""
    key: str = ""
    """Of the step that was not performed; a replay meets the refusal again there."""
    error: str = ""
    """The class of what was raised."""
    text: str = ""
    """Its text."""


class Spent(NamedTuple):
    """What was spent so far."""

    usd: float | None
    """None: a price was unknown."""
    tokens: int
    calls: int = 0


class Budget:
    """What a run may spend, what is reserved of it, and who waits for a refund."""

    def __init__(
        self,
        run: str,
        usd: float | None,
        tokens: int | None,
        spent: Callable[[], Spent],
        outer: Budget | None = None,
        *,
        calls: int | None = None,
        whose: str = "",
    ) -> None:
        """Make a budget.

        Args:
            run: its run's id, for errors.
            usd, tokens: the most that may be spent; None is no bound.
            spent: what was spent so far.
            outer: that of the run in which this one was opened, or of the ask around this one.
            calls: the most model calls that may be paid; None is no bound.
            whose: path of the ask that it is of; empty for that of the run.
        """
        self.run, self.usd, self.tokens, self.spent = run, usd, tokens, spent
        self.calls, self.whose = calls, whose
        self.limited = not (usd is tokens is calls is None)
        """Whether there is any bound at all."""
        self.outer = outer if outer is not None and outer.bounded else None
        self.beside: Any = None
        """Where an ask enters what runs that were opened in it spent; see `agentkit.allotment`."""
        self.on_refusal: Callable[[BudgetSpent], None] | None = None
        """Told of a call that does not fit."""
        self._known: dict[str, CallsSoFar] = {}
        if self.limited:
            self._holds: list[Hold] = []
            self._queue: deque[asyncio.Future[None]] = deque()
            self._mutex = threading.RLock()

    @property
    def bounded(self) -> bool:
        """Whether there is any bound here or around."""
        return self.limited or self.outer is not None

    @property
    def counts_calls(self) -> bool:
        """Whether there is a bound of model calls here or around."""
        return self.calls is not None or (self.outer is not None and self.outer.counts_calls)

    async def reserve(self, name: str, make: Callable[[], Bound | None] | None = None) -> Hold:
        """Reserve the most that a call of this model may cost; wait while refunds may make room.

        Args:
            name: of the model.
            make: works out the bound of the call; None where its model cannot tell.

        Raises:
            BudgetSpent: it does not fit, whatever the calls under way give back.
            UnknownPrice: a budget in USD, and nobody knows what the call costs.
        """
        hold = Hold(name, make)
        if self.outer is not None:
            hold.outer = await self.outer.reserve(name, make)
        if not self.limited:
            return hold
        try:
            return await self._reserved(hold)
        except BaseException:
            self._settle_outer(hold)
            raise

    async def _reserved(self, hold: Hold) -> Hold:
        hold.budget = self
        # A call made while performing another waits for nobody: its own caller would never end.
        if any(one in self._holds for one in HOLDING.get()):
            if not self._admit(hold):
                raise self._refused(hold)
            return hold
        if not self._queue and self._admit(hold):
            return hold
        turn: asyncio.Future[None] = hold.loop.create_future()
        self._queue.append(turn)
        try:
            while not self._admit(hold):
                await self._turned(turn, hold)
                if turn.done():
                    turn = self._again(turn, hold.loop)
            return hold
        finally:
            with self._mutex, contextlib.suppress(ValueError):
                self._queue.remove(turn)
            self._wake()

    def enter(self, hold: Hold, usage: Usage, cost_usd: float | None) -> None:
        """Learn from a call, performed or recorded, what the next ones of its model may take."""
        if self.outer is not None:
            self.outer.enter(hold.outer or Hold(hold.name, None), usage, cost_usd)
        known = self._known.get(hold.name) or self._known.setdefault(hold.name, CallsSoFar())
        known.tokens = max(known.tokens, usage.tokens_in + usage.tokens_out)
        known.tokens_out = max(known.tokens_out, usage.tokens_out)
        if cost_usd is not None:
            known.usd = max(known.usd or 0.0, cost_usd)
        # Without a limit nobody has worked out a bound, and it need not be done for this.
        if self.limited and hold.bound and hold.bound.tokens_in and usage.calls == 1:
            known.stretch = max(known.stretch, usage.tokens_in / hold.bound.tokens_in)

    def extend(self, hold: Hold) -> None:
        """Reserve for one more attempt at a call, beside what the cut one may have cost.

        Raises:
            BudgetSpent: it does not fit.
        """
        guess = self.estimate(hold)
        with self._mutex:
            usd, tokens, calls = self.spent()
            others = [one for one in self._holds if one is not hold]
            calls_then = calls + hold.cuts + 1 + sum(one.most(1) or 0 for one in others)
            if self.calls is not None and calls_then > self.calls:
                raise self._refused(hold)
            if guess is None or usd is None:
                return
            usd += sum(one.most(one.usd) or 0.0 for one in others)
            tokens += sum(round(one.most(one.tokens) or 0) for one in others)
            lost_usd, lost_tokens = guess[1] or 0.0, guess[0].tokens_in + guess[0].tokens_out
            usd_then = usd + hold.cuts * lost_usd + (hold.usd or lost_usd)
            tokens_then = tokens + hold.cuts * lost_tokens + (hold.tokens or lost_tokens)
            if (self.usd is not None and usd_then > over(self.usd)) or (
                self.tokens is not None and tokens_then > self.tokens
            ):
                raise self._refused(hold, lost_usd, lost_tokens)

    def affords(self) -> bool:
        """Whether all that is reserved fits, attempts that were cut and copies included."""
        with self._mutex:
            usd, tokens, calls = self.spent()
            for limit, spent, held in (
                (self.usd, usd or 0.0, [one.most(one.usd) for one in self._holds]),
                (self.tokens, tokens, [one.most(one.tokens) for one in self._holds]),
                (self.calls, calls, [one.most(1) for one in self._holds]),
            ):
                if limit is not None and (
                    None in held or spent + sum(filter(None, held)) > over(limit)
                ):
                    return False
            return True

    def settle(self, hold: Hold) -> None:
        """Give back what a call reserved; what it cost has been added to what is spent."""
        self._settle_outer(hold)
        if hold.budget is None:
            return
        with self._mutex:
            if hold in self._holds:
                self._holds.remove(hold)
        self._wake()

    def _settle_outer(self, hold: Hold) -> None:
        if self.outer is not None and hold.outer is not None:
            self.outer.settle(hold.outer)

    def estimate(self, hold: Hold) -> tuple[Usage, float | None] | None:
        """What one attempt at a call that was cut is entered as; None where nothing is known."""
        known = self._known.get(hold.name)
        if hold.bound is None:
            if known is not None and self.limited:
                return Usage(tokens_in=known.tokens, calls=1), known.usd
            # Of a model that nothing is known of, that it was called is.
            return (Usage(calls=1), None) if self.counts_calls else None
        tokens_in, out = sized(hold.bound, known)
        out = max(out or GUESS_TOKENS, hold.heard // CHARS)
        usage = Usage(tokens_in=tokens_in, tokens_out=out, calls=1)
        return usage, hold.bound.price(usage)

    def grounds(self, hold: Hold) -> Grounds:
        """What the estimate of an attempt at a call that was cut goes by."""
        known = self._known.get(hold.name)
        if hold.bound is not None and hold.bound.tokens_out:
            return "max_tokens"
        if known is not None and known.tokens_out:
            return "longest reply"
        return "guess"

    def _measure(self, hold: Hold) -> None:
        """Work out what the call needs, from what is known by now."""
        known = self._known.get(hold.name)
        if hold.bound is None:
            hold.usd, hold.tokens = (known.usd, known.tokens) if known else (None, None)
            return
        tokens_in, out = sized(hold.bound, known)
        least = Usage(tokens_in=tokens_in, tokens_out=out or 0, calls=1)
        price = hold.bound.price(least)
        if self.usd is not None and price is None:
            raise self._unpriced(hold)
        hold.usd, hold.tokens = (None, None) if out is None else (price, tokens_in + out)
        spent_usd, spent_tokens, _ = self.spent()
        too_much = self.usd is not None and (spent_usd or 0.0) + (price or 0.0) > over(self.usd)
        if too_much or (self.tokens is not None and spent_tokens + tokens_in > self.tokens):
            # Not even the request itself fits.
            raise self._refused(hold, price, tokens_in)

    def _admit(self, hold: Hold) -> bool:
        """Reserve what the call needs, if it fits now.

        Raises:
            BudgetSpent: it would not fit even if nothing else were under way.
            UnknownPrice: nobody knows what it costs.
        """
        with self._mutex:
            self._measure(hold)
            spent_usd, spent_tokens, spent_calls = self.spent()
            if self.usd is not None and spent_usd is None:
                raise self._unpriced(hold)
            others = [one for one in self._holds if one not in HOLDING.get()]
            fits = True
            for limit, spent, need, held in (
                (self.usd, spent_usd or 0.0, hold.usd, [one.most(one.usd) for one in others]),
                (self.tokens, spent_tokens, hold.tokens, [one.most(one.tokens) for one in others]),
                (self.calls, spent_calls, 1, [one.most(1) for one in others]),
            ):
                if limit is None:
                    continue
                if (need is None and spent >= limit) or spent + (need or 0) > over(limit):
                    raise self._refused(hold)
                if need is None or None in held:
                    fits = fits and not held
                else:
                    fits = fits and spent + sum(filter(None, held)) + need <= over(limit)
            if fits:
                self._holds.append(hold)
            return fits

    async def _turned(self, turn: asyncio.Future[None], hold: Hold) -> None:
        """Wait until something may have been given back.

        Raises:
            BudgetSpent: those who could give back are stuck: their event loops are blocked,
                perhaps by code that waits for the very call that waits here.
        """
        heard: list[bool] = []
        with self._mutex:
            loops = {one.loop for one in self._holds}
        for loop in loops:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(heard.append, True)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(turn)
        except TimeoutError:
            if loops and not heard:
                raise self._refused(hold) from None

    def _again(
        self, turn: asyncio.Future[None], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[None]:
        """A new place for somebody whose turn came in vain: still the first in the queue."""
        with self._mutex:
            fresh: asyncio.Future[None] = loop.create_future()
            with contextlib.suppress(ValueError):
                self._queue.remove(turn)
            self._queue.appendleft(fresh)
            return fresh

    def _wake(self) -> None:
        """Let the first in the queue look again."""
        with self._mutex:
            for turn in self._queue:
                loop = turn.get_loop()
                if loop.is_closed() or turn.done():
                    continue
                loop.call_soon_threadsafe(_resolve, turn)
                return

    def _refused(
        self, hold: Hold, usd: float | None = None, tokens: int | None = None
    ) -> BudgetSpent:
        spent_usd, spent_tokens, spent_calls = self.spent()
        usd = hold.usd if usd is None else usd
        tokens = hold.tokens if tokens is None else tokens
        parts, needs = [], []
        if self.usd is not None:
            parts.append(f"{dollars(spent_usd or 0.0)} of {dollars(self.usd)} USD")
            needs += [] if usd is None else [f"{dollars(usd)} USD"]
        if self.tokens is not None:
            parts.append(f"{spent_tokens} of {self.tokens} tokens")
            needs += [] if tokens is None else [f"{tokens} tokens"]
        if self.calls is not None:
            parts.append(f"{spent_calls} of {self.calls} calls")
        may = f", and the next call may cost {' and '.join(needs)}" if needs else ""
        whose = f"{self.whose} in run" if self.whose else "run"
        error = BudgetSpent(
            f"The budget of {whose} {self.run} is spent: {' and '.join(parts)}{may}."
            f" {hold.name} was not called.",
            todo="resume the run with a higher budget; nothing done so far is paid again."
            " A smaller max_tokens lets more calls fit",
            run_id=self.run,
            spent=" and ".join(parts),
        )
        if self.on_refusal is not None:
            self.on_refusal(error)
        return error

    def _unpriced(self, hold: Hold) -> UnknownPrice:
        find = hold.bound.unpriced if hold.bound is not None else None
        whose = find(Usage(tokens_in=1, calls=1)) if find is not None else ""
        return UnknownPrice(
            f"The price of {whose or hold.name} is unknown, so a budget of {self.usd:g} USD cannot"
            f" be kept. {hold.name} was not called.",
            expected="a price, or a budget in tokens",
            todo="say it: connect(..., price=(USD per million tokens in, out)), which is (0, 0) for"
            " a model of your own; or give budget_tokens instead",
            run_id=self.run,
        )


def dollars(usd: float) -> str:
    """An amount with as many digits as show what it is."""
    return f"{usd:.6f}" if usd == 0 or usd >= 1e-6 else f"{usd:.2g}"


AROUND: ContextVar[Budget | None] = ContextVar("agentkit_budget_around", default=None)
"""The budget around runs that are opened outside of any: that of those they are performed for."""


def checked(usd: float | None, tokens: int | None, calls: int | None = None) -> None:
    """Refuse a budget that binds nothing, or of which nobody knows what it binds.

    Raises:
        SetupError: with what it may be.
    """
    for name, value, what in (
        ("budget_usd", usd, "USD"),
        ("budget_tokens", tokens, "tokens"),
        ("budget_calls", calls, "calls"),
    ):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or (number and 0 <= value < float("inf")):
            if name == "budget_usd" or value is None or isinstance(value, int):
                continue
        raise SetupError(
            f"{name} is {safe_repr(value)}.",
            expected=f"{'a' if what == 'USD' else 'a whole'} number of {what}, 0 or more;"
            " None is no bound",
        )


def _resolve(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
