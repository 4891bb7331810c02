"""Messages, errors and values as a reader wants them."""

from __future__ import annotations

from agentkit.events import Failure
from agentkit.messages import JSON, Message


def speech(message: Message) -> str:
    """A message as a reader wants it: its text, then the tools it asks for."""
    wishes = [f"{call.name}({call.arguments})" for call in message.calls]
    return "\n".join([message.text, *wishes] if message.text else wishes)


def explained(error: Failure) -> str:
    """An error as a reader wants it: what it is, then where it happened, as far as is known."""
    return "\n".join(filter(None, [str(error), error.trace or error.where]))


def short(text: str, limit: int = 140) -> str:
    """The text on one line, cut to the limit in characters."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + "…"


def mapped(value: JSON, *names: str) -> JSON:
    """The first of these fields that a JSON object has, or None."""
    if isinstance(value, dict):
        for name in names:
            if value.get(name) is not None:
                return value[name]
    return None
