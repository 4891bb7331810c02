"""When a call has left all queues and is sent, told to whoever times it.

A hedge after the 95th percentile must not count the time in a queue: under load every call would be
made twice, and the load would double.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

from agentkit.holds import under_way
from agentkit.notes import Note, Number

T = TypeVar("T")

TOLD_S = 0.01
"""A shorter wait is not worth an event."""

admitted: ContextVar[Callable[[], None] | None] = ContextVar("agentkit.admitted", default=None)
"""Called by each wrapper that queues calls, when it lets this one go on."""


beside: ContextVar[bool] = ContextVar("agentkit.beside", default=False)
"""Whether this request is a second one of a call whose first one is under way."""


still: ContextVar[Callable[[], bool] | None] = ContextVar("agentkit.still", default=None)
"""Whether what let a call wait for its turn would let it do so now; set by the breaker around."""


class Outdated(Exception):
    """A call was not sent, as what it waited for has changed; it is to wait anew."""


class Queued(Note):
    """A call waited for its turn before it was sent."""

    topic = "queue"
    says = "A call of {model} waited {wait_s} s for its turn ({cause})."
    quiet = True
    model: str
    wait_s: Number
    cause: str
    """limit or concurrency."""


async def queued(waiting: Awaitable[T]) -> T:
    """Wait, while nothing of the call is under way: whoever gives it up then has not paid for it.

    Args:
        waiting: for a turn, or for the next attempt.
    """
    hold = None if beside.get() else under_way()
    if hold is None:
        return await waiting
    hold.idle = True
    found = await waiting
    hold.idle = False
    return found


def let_go() -> None:
    """Tell whoever times this call that it goes on."""
    tell = admitted.get()
    if tell is not None:
        tell()
