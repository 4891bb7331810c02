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
from agentkit.budget import Bound, bound_of, cut
from agentkit.errors import EndpointError, SetupError, error_text
from agentkit.messages import JSON
from agentkit.model import Model, OnText, Options, Reply, Request
from agentkit.notes import Note, Number
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


class Retry:
    """A Model that asks another one again; see retry."""

    def __init__(
        self,
        model: Model,
        attempts: int,
        base_s: float,
        cap_s: float,
        retry_after_cap_s: float,
        sleep: Sleep,
        rng: random.Random,
    ) -> None:
        self.model, self.name, self.attempts = model, model.name, attempts
        self.base_s, self.cap_s, self.retry_after_cap_s = base_s, cap_s, retry_after_cap_s
        self.sleep, self.rng = sleep, rng
        self.options: Options = getattr(model, "options", None) or Options()

    @property
    def settings(self) -> JSON:
        """What was set on the model it wraps."""
        return getattr(self.model, "settings", None)

    def __repr__(self) -> str:
        return f"{self.model!r}.retry({self.attempts})"

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask; see agentkit.model.Model."""
        for attempt in range(1, self.attempts):
            try:
                return await self.model(request, on_text)
            except EndpointError as error:
                if not self.may_retry(error):
                    raise
                wait_s = self.pause(attempt, error)
                if out_of_time(wait_s):
                    raise
                self.tell(attempt, error, wait_s)
            await self.sleep(wait_s)
        return await self.model(request, on_text)

    def bound(self, request: Request) -> Bound | None:
        """The most that one attempt may take."""
        return bound_of(self.model, request)

    def may_retry(self, error: EndpointError) -> bool:
        """Whether it may pass, and not only after longer than anybody waits."""
        return error.retryable and (asked_s(error) or 0.0) <= self.retry_after_cap_s

    def pause(self, attempt: int, error: EndpointError) -> float:
        """Seconds before the next attempt: what the endpoint asked for, then full jitter."""
        bound = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 60))
        return (asked_s(error) or 0.0) + self.rng.uniform(0.0, bound)

    def tell(self, attempt: int, error: EndpointError, wait_s: float) -> None:
        """Record that it is asked again. Listeners throw away the text streamed so far."""
        cut(error)
        note(
            Retried(
                model=self.name,
                attempt=attempt + 1,
                error=type(error).__name__,
                text=error_text(error).splitlines()[0] if error_text(error) else "",
                wait_s=round(wait_s, 3),
            )
        )

    async def aclose(self) -> None:
        """Close the model it wraps."""
        close = getattr(self.model, "aclose", None)
        if close is not None:
            await close()


def out_of_time(wait_s: float) -> bool:
    """Whether the time of the ask that this call is made for is up before the next attempt."""
    rest_s = left_s(current_scope()) if in_run() else None
    return rest_s is not None and wait_s >= rest_s


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
) -> Model:
    """Make a model that is asked again after a failure that may pass.

    Every attempt carries the request's own idempotency key, so an endpoint that keeps them
    answers twice and charges once. Each retry is a note "retry" in the run's log. Text that
    was streamed before the failure has been streamed: on_text then gets the new attempt's
    text from its beginning, and a listener that shows text clears it at that note.

    Args:
        model: asked again only after an EndpointError whose class says `retryable`.
        attempts: in all, the first included; from 1.
        base_s: the first pause is at most this long, each further one twice that.
        cap_s: no pause that we draw is longer.
        retry_after_cap_s: an endpoint that asks for more patience than this is not asked
            again; its Retry-After is honoured in full otherwise.
        sleep: replaced in tests.
        rng: replaced in tests.

    Returns:
        The model; it raises the last attempt's error, unchanged.

    Raises:
        SetupError: attempts is less than 1, or a time is negative.
    """
    if attempts < 1 or min(base_s, cap_s, retry_after_cap_s) < 0:
        raise SetupError(
            f"retry(attempts={attempts}, base_s={base_s}, cap_s={cap_s}, "
            f"retry_after_cap_s={retry_after_cap_s})",
            expected="attempts from 1, and no negative time",
        )
    rng = rng or random.Random()
    return Retry(model, attempts, base_s, cap_s, retry_after_cap_s, sleep, rng)
