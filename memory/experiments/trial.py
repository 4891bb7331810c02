"""What the experiments share: who takes part, how one is measured, the run that holds it all."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator

from agentkit import Memory, Model, connect, run
from agentkit.messages import Frozen, Thread, thread_of
from agentkit.model import OnText, Reply, Request
from agentkit.pictures.table import markdown_table
from agentkit.scope import in_run
from agentkit.tokens import conversation_tokens
from agentkit.words import for_line, for_terminal
from memory.paged.entries import groups

REMARK = "Largest request: tokens of its messages, without the descriptions of tools."


class ResultTable(Frozen):
    """What came of an experiment."""

    title: str
    rows: list[list[str]]
    """The first is the head."""
    remarks: list[str] = []

    def __repr__(self) -> str:
        widths = [max(len(row[n]) for row in self.rows) for n in range(len(self.rows[0]))]
        lines = [
            "  ".join(
                cell.rjust(width) if n else cell.ljust(width)
                for n, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in self.rows
        ]
        return for_terminal("\n".join([self.title, *lines, *self.remarks]))

    __str__ = __repr__

    def _repr_markdown_(self) -> str:
        remarks = "".join(f"\n\n{for_line(one)}" for one in self.remarks)
        return f"**{for_line(self.title)}**\n\n{markdown_table(self.rows)}{remarks}"


class FixedWindow(Memory):
    """No memory at all: the oldest messages are dropped until the rest fits the window."""

    def __init__(self, name: str, window_tokens: int) -> None:
        self.name, self.window_tokens = name, window_tokens

    async def on_turn(self, thread: Thread) -> Thread:
        """The instructions and the newest messages, calls with their results; at least the last."""
        fixed = [one.message for one in thread if one.message.role == "system"]
        queue = groups([one for one in thread if one.message.role != "system"])
        while len(queue) > 1:
            kept = [*fixed, *(one.message for group in queue for one in group)]
            if conversation_tokens(kept) <= self.window_tokens:
                break
            queue.pop(0)
        return thread_of([*fixed, *(one.message for group in queue for one in group)])


class Metered:
    """A model that counts how often it is called, and its largest request."""

    def __init__(self, model: str | Model | None) -> None:
        self.model = connect(model) if model is None or isinstance(model, str) else model
        self.name = self.model.name
        self.calls = 0
        self.largest = 0
        """Tokens, by `memory.tokens`; the descriptions of tools are not counted."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        size = conversation_tokens(one.message for one in request.thread)
        self.calls, self.largest = self.calls + 1, max(self.largest, size)
        return await self.model(request, on_text)


def says(text: str, value: str) -> bool:
    """Whether an answer gives a value, as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


def share(right: list[bool]) -> str:
    """How many are right, as a table shows it."""
    return f"{sum(right)} of {len(right)}"


@contextlib.asynccontextmanager
async def one_run(name: str) -> AsyncIterator[None]:
    """A run for all asks of an experiment, where there is none."""
    if in_run():
        yield
        return
    async with run(name):
        yield
