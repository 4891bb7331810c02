"""The fakes of the tests: a model with a script, and a clock that stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from agentkit.events import Usage
from agentkit.log import Log
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.testing import ScriptedModel

__all__ = ["EchoModel", "FakeClock", "ScriptedModel", "call", "cut_off", "kinds"]


class EchoModel:
    """Answers with its last message, after `delay_s`; counts its calls by idempotency key."""

    name = "echo"

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.keys: list[str] = []

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.keys.append(request.key)
        await asyncio.sleep(self.delay_s)
        return Reply(
            message=Message(
                role="assistant", content=f"echo: {request.thread[-1].message.content}"
            ),
            usage=Usage(tokens_in=3, tokens_out=3, calls=1),
            cost_usd=0.001,
            model=self.name,
        )


class FakeClock:
    """A clock that moves when told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def call(name: str, arguments: str = "{}", id: str = "call_1") -> ToolCall:
    return ToolCall(id=id, name=name, arguments=arguments)


def kinds(events: Iterable[Any]) -> list[str]:
    return [event.kind for event in events]


async def cut_off(
    ask: Coroutine[Any, Any, Any], log: Log, after: int, counts: Callable[[Any], bool] | None = None
) -> None:
    """Run an ask, and cancel it once so many events are stored; all kinds, or those that count."""
    seen = 0

    def watch(events: list[Any]) -> None:
        nonlocal seen
        seen += len(events) if counts is None else sum(map(counts, events))
        if seen >= after:
            task.cancel()

    remove = log.subscribe(watch)
    task = asyncio.ensure_future(ask)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    remove()
