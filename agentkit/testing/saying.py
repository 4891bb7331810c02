"""What a test lets a model say: lines, and the replies that they are."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.listening import tell_whole
from agentkit.messages import Message, ToolCall, canonical
from agentkit.model import OnText, Reply, Request, Stop

Line = (
    str | ToolCall | Sequence[ToolCall] | Message | Reply | BaseException | Callable[[Request], Any]
)
"""What a model of a test does when asked: say a text, call tools, answer with a Message or a Reply,
raise, or what a function of the request, plain or async, returns."""

USAGE = Usage(tokens_in=10, tokens_out=5, calls=1)


async def reply_of(
    line: Any, request: Request, name: str, usage: Usage, cost_usd: float | None
) -> Reply:
    """The reply that a line is; what it raises is raised.

    Raises:
        SetupError: it is none.
    """
    if callable(line):
        line = line(request)
        line = await line if inspect.isawaitable(line) else line
    if isinstance(line, BaseException):
        raise line
    if isinstance(line, Reply):
        return line
    message = message_of_line(line)
    if message is None:
        raise SetupError(
            f"The model {name} cannot say a {type(line).__name__}.",
            expected="a text, a call(...) or a list of them, a Message of an assistant, a"
            " Reply, an error, or a function of the request that gives one of these",
            todo="several lines are several arguments; of typed data give the JSON as a text",
        )
    stop: Stop = "tools" if message.calls else "stop"
    return Reply(message=message, stop=stop, usage=usage, cost_usd=cost_usd, model=name)


def message_of_line(line: Any) -> Message | None:
    """The message that a line is; None if it is none."""
    if isinstance(line, Message):
        return line if line.role == "assistant" else None
    if isinstance(line, str):
        return Message(role="assistant", content=line)
    calls = [line] if isinstance(line, ToolCall) else line
    if isinstance(calls, list | tuple) and all(isinstance(one, ToolCall) for one in calls):
        return Message(role="assistant", calls=tuple(calls))
    return None


def stream(reply: Reply, on_text: OnText | None) -> None:
    """Give a reply out as an endpoint streams it: thoughts, calls, its text word by word."""
    if on_text is not None:
        tell_whole(on_text, reply.message, text=False)
        for piece in re.findall(r"\S+\s*|\s+", reply.text):
            on_text(piece)


_numbers = itertools.count(1)


def call(tool: str, /, **arguments: Any) -> ToolCall:
    """A model's wish to call a tool, with an id of its own.

    Args:
        tool: its name.
        **arguments: JSON values, by the names of the tool's parameters.
    """
    return ToolCall(id=f"call_{next(_numbers)}", name=tool, arguments=canonical(arguments))
