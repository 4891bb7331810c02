"""What tests of one's own agents need: a model that says what it was told to, without any endpoint.

model = ScriptedModel([call("tariff", port="Amber")], "79.2 EUR")
answer = await Agent("clerk", model=model, tools=[tariff])("What are the dues?")
assert model.requests[0].thread[-1].message.content == "What are the dues?"
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall, canonical
from agentkit.model import OnText, Reply, Request

Line = (
    str | ToolCall | Sequence[ToolCall] | Message | Reply | BaseException | Callable[[Request], Any]
)
"""What a ScriptedModel does when asked: say a text, call tools, answer with a Message or a Reply,
raise, or what a function of the request, plain or async, returns."""


USAGE = Usage(tokens_in=10, tokens_out=5, calls=1)


class ScriptedModel:
    """A model that says its lines in order, and keeps every request it was sent."""

    def __init__(
        self,
        *lines: Line,
        name: str = "scripted",
        delay_s: float = 0.0,
        usage: Usage = USAGE,
        cost_usd: float | None = 0.001,
    ) -> None:
        """Make a model.

        Args:
            lines: what it says, in order; a function at the end is asked every further time.
            name: of the model, in the log.
            delay_s: seconds that each reply takes.
            usage, cost_usd: of each reply.
        """
        self.name, self.delay_s, self.usage, self.cost_usd = name, delay_s, usage, cost_usd
        self.lines: list[Line] = list(lines)
        self.requests: list[Request] = []

    def enqueue(self, *lines: Line) -> None:
        """Add lines at the end."""
        self.lines += lines

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say the next line.

        Raises:
            SetupError: there is none left, or it is none.
        """
        self.requests.append(request)
        if not self.lines:
            raise SetupError(
                f"The model {self.name} was asked {len(self.requests)} times and has no line left.",
                expected="a line for each time that it is asked",
                todo="give more lines, or one function of the request",
            )
        last = len(self.lines) == 1 and callable(self.lines[0])
        line: Any = self.lines[0] if last else self.lines.pop(0)
        await asyncio.sleep(self.delay_s)
        if callable(line):
            line = line(request)
            line = await line if inspect.isawaitable(line) else line
        if isinstance(line, BaseException):
            raise line
        reply = line if isinstance(line, Reply) else self._reply(line)
        if on_text is not None:
            for piece in re.findall(r"\S+\s*|\s+", reply.text):
                on_text(piece)
        return reply

    def _reply(self, line: Any) -> Reply:
        message = said(line)
        if message is None:
            raise SetupError(
                f"The model {self.name} cannot say a {type(line).__name__}.",
                expected="a text, a call(...) or a list of them, a Message of an assistant, a"
                " Reply, an error, or a function of the request that gives one of these",
                todo="several lines are several arguments; of typed data give the JSON as a text",
            )
        return Reply(
            message=message,
            stop="tools" if message.calls else "stop",
            usage=self.usage,
            cost_usd=self.cost_usd,
            model=self.name,
        )


def said(line: Any) -> Message | None:
    """The message that a line is; None if it is none."""
    if isinstance(line, Message):
        return line if line.role == "assistant" else None
    if isinstance(line, str):
        return Message(role="assistant", content=line)
    calls = [line] if isinstance(line, ToolCall) else line
    if isinstance(calls, list | tuple) and all(isinstance(one, ToolCall) for one in calls):
        return Message(role="assistant", calls=tuple(calls))
    return None


_numbers = itertools.count(1)


def call(tool: str, /, **arguments: Any) -> ToolCall:
    """A model's wish to call a tool, with an id of its own."""
    return ToolCall(id=f"call_{next(_numbers)}", name=tool, arguments=canonical(arguments))
