"""retry(model): ask again after a failure that may pass, later and later.

Exponential backoff with full jitter: the n-th pause is drawn evenly from 0 to
base * 2^n, so that many clients that failed together do not come back together.
Source: Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from agentkit.bounds import left_s
from agentkit.causes import performing
from agentkit.errors import EndpointError, SetupError, Unreachable, error_text
from agentkit.holds import cut
from agentkit.listening import tell_again
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note, Number
from agentkit.reliability.admission import queued
from agentkit.reliability.retrybudget import RetryAccount, RetryBudget, RetryRefused, as_budget
from agentkit.reliability.shared import shared
from agentkit.reliability.wrapper import Wrapper, endpoint_of
from agentkit.scope import current_scope, in_run, note

Sleep = Callable[[float], Awaitable[None]]


class Retried(Note):
    """A call failed in a way that may pass, and is made again."""

    topic = "retry"
    says = "{model} is asked again after {wait_s} s, because of {error}: {text}"
    grave = True
    model: str = ""
    attempt: int = 0
    """Which attempt comes now: 2, 3, ..."""
    error: str = ""
    """The class of what went wrong."""
    text: str = ""
    wait_s: Number | None = None
    step: str = ""
    """Key of the step, where the attempt that failed may have been paid: a crash leaves no more."""


class Retry(Wrapper):
    """A Model that asks another one again; see retry."""

    technique = "retry"

    def __init__(
        self,
        model: Model,
        attempts: int,
        base_s: float,
        cap_s: float,
        retry_after_cap_s: float,
        sleep: Sleep,
        rng: random.Random,
        account: RetryAccount | None = None,
    ) -> None:
        super().__init__(model)
        self.attempts = attempts
        self.base_s, self.cap_s, self.retry_after_cap_s = base_s, cap_s, retry_after_cap_s
        self.sleep, self.rng, self.account = sleep, rng, account
        self.stateful = bool(getattr(endpoint_of(model), "stateful", False))

    def __repr__(self) -> str:
        return f"{self.model!r}.retry({self.attempts})"

    def set_to(self) -> str:
        bounded = f", at most {self.account.how.ratio:g} for each call" if self.account else ""
        return f"{self.attempts} attempts{bounded}"

    def state(self) -> str:
        return f"{self.account.left:.3g} retries left" if self.account else ""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask; see agentkit.model.Model."""
        if self.account is not None:
            self.account.called()
        attempt, extra = 1, 0
        while True:
            try:
                return await self.model(request, on_text)
            except EndpointError as error:
                if not extra and was_idle(error) and self.may_retry(error):
                    # It was hardly an attempt, so one is added.
                    extra, wait_s = 1, 0.0
                elif attempt < self.attempts + extra and self.may_retry(error):
                    if not self.affords(error):
                        raise
                    wait_s = self.pause(attempt - extra, error)
                else:
                    raise
                if out_of_time(wait_s):
                    raise
                self.tell(attempt, error, wait_s)
            await queued(self.sleep(wait_s))
            tell_again(on_text)
            attempt += 1

    def may_retry(self, error: EndpointError) -> bool:
        """Whether it may pass, not only after longer than anybody waits, and without harm."""
        harmless = not (self.stateful and error.may_have_cost)
        return error.retryable and harmless and (asked_s(error) or 0.0) <= self.retry_after_cap_s

    def affords(self, error: EndpointError) -> bool:
        """Whether the retries of the endpoint are not used up."""
        if self.account is None or self.account.take(asyncio.get_running_loop().time()):
            return True
        note(RetryRefused(model=self.name, error=type(error).__name__))
        return False

    def pause(self, attempt: int, error: EndpointError) -> float:
        """Seconds before the next attempt: what the endpoint asked for, then full jitter."""
        bound = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 60))
        return (asked_s(error) or 0.0) + self.rng.uniform(0.0, bound)

    def tell(self, attempt: int, error: EndpointError, wait_s: float) -> None:
        """Record that it is asked again. Listeners throw away the text streamed so far."""
        under_way = performing.get()
        step = under_way.step if cut(error) and under_way is not None else ""
        note(
            Retried(
                model=self.name,
                attempt=attempt + 1,
                error=type(error).__name__,
                text=error_text(error).splitlines()[0] if error_text(error) else "",
                wait_s=round(wait_s, 3),
                **({"step": step} if step else {}),
            )
        )


def out_of_time(wait_s: float) -> bool:
    """Whether the time of the ask that this call is made for is up before the next attempt."""
    rest_s = left_s(current_scope()) if in_run() else None
    return rest_s is not None and wait_s >= rest_s


def was_idle(error: EndpointError) -> bool:
    """Whether a kept connection turned out dead, so that the endpoint is as well as it ever was."""
    return isinstance(error, Unreachable) and error.was_idle


def asked_s(error: EndpointError) -> float | None:
    """Seconds that the endpoint asked to wait, or None."""
    return getattr(error, "retry_after_s", None)


def retry(
    model: Model,
    attempts: int = 3,
    *,
    base_s: float = 0.5,
    cap_s: float = 20.0,
    retry_after_cap_s: float = 60.0,
    sleep: Sleep = asyncio.sleep,
    rng: random.Random | None = None,
    budget: RetryBudget | float | bool = False,
) -> Model:
    """Make a model that is asked again after a failure that may pass.

    A call that a kept connection lost, before any byte of a reply, is made again at once and over
    another connection; that is no attempt of the endpoint's, and counts as none, once a call.
    Most likely the server had just closed it, as it was idle (RFC 9112, section 9.3.1).

    Every attempt carries the request's own idempotency key, so an endpoint that keeps them
    answers twice and charges once. Each retry is a note "retry" in the run's log. Text that
    was streamed before the failure has been streamed: on_text then gets the new attempt's
    text from its beginning, and a listener that shows text clears it at that note.

    Args:
        model: asked again only after an EndpointError whose class says `retryable`; one that
            keeps a conversation of its own (`stateful`) not after one that it may have performed.
        attempts: in all, the first included; from 1.
        base_s: the first pause is at most this long, each further one twice that.
        cap_s: no pause that we draw is longer.
        retry_after_cap_s: an endpoint that asks for more patience than this is not asked
            again; its Retry-After is honoured in full otherwise.
        sleep: replaced in tests.
        rng: replaced in tests.
        budget: how many retries all who use the endpoint here have together: a RetryBudget, or
            how many for each call; True is 0.2.

    Returns:
        The model; it raises the last attempt's error, unchanged.

    Raises:
        SetupError: attempts is less than 1, a time is negative, or the wrapper is out of order.
    """
    times = (base_s, cap_s, retry_after_cap_s)
    if type(attempts) is not int or attempts < 1 or not all(is_time(one) for one in times):
        raise SetupError(
            f"retry(attempts={attempts}, base_s={base_s}, cap_s={cap_s}, "
            f"retry_after_cap_s={retry_after_cap_s})",
            expected="attempts from 1, and no negative time",
        )
    rng = rng or random.Random()
    account = account_of(model, budget) if budget is not False else None
    return Retry(model, attempts, base_s, cap_s, retry_after_cap_s, sleep, rng, account)


def is_time(value: object) -> bool:
    """Whether it is a number of seconds, 0 or more."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def account_of(model: Model, budget: RetryBudget | float | bool) -> RetryAccount:
    """The retries that all who use an endpoint have together, by what was stated last."""
    how = as_budget(budget)
    account = shared("retry", model, lambda: RetryAccount(how))
    account.how = how
    return account
