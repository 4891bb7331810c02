"""Models for the tests of wrappers, and simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from agentkit.events import Noted, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, thread_of
from agentkit.model import OnText, Options, Reply, Request
from agentkit.opening import run
from consistency.virtual import VirtualLoop, play

T = TypeVar("T")


def ask(text: str = "hello", actor: str = "", **options: Any) -> Request:
    """A request."""
    thread = thread_of([Message(role="user", content=text)])
    return Request(thread=thread, actor=actor, key=f"key {text}", options=Options(**options))


def said(text: str, cost_usd: float = 1.0) -> Reply:
    """A reply."""
    usage = Usage(tokens_in=3, tokens_out=2, calls=1)
    return Reply(message=Message(role="assistant", content=text), usage=usage, cost_usd=cost_usd)


class Endpoint:
    """Answers each call as its line says: seconds to wait, then an error or a text."""

    def __init__(self, *lines: Any, name: str = "endpoint") -> None:
        self.lines, self.name = list(lines), name
        self.asked: list[Request] = []
        self.at: list[float] = []
        self.under_way = self.most = self.cancelled = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        nth = len(self.asked)
        self.asked.append(request)
        self.at.append(asyncio.get_running_loop().time())
        line = self.lines[min(nth, len(self.lines) - 1)] if self.lines else "hi"
        wait_s, what = line if isinstance(line, tuple) else (0.0, line)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(wait_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        if isinstance(what, BaseException):
            raise what
        if isinstance(what, Reply):
            return what
        if on_text is not None:
            on_text(what)
        return said(what)


def simulated(work: Coroutine[Any, Any, T]) -> T:
    """Run in simulated time."""
    return play(work, VirtualLoop())


async def noted(*work: Any) -> list[Noted]:
    """The notes of a run in which all this is awaited, whether it fails or not."""
    log = MemoryLog()
    async with run(log=log) as here:
        await asyncio.gather(*work, return_exceptions=True)
    return [one for one in log.read(here.id) if isinstance(one, Noted)]
