"""A model that says what it was told to, without any endpoint.

model = ScriptedModel([call("tariff", port="Amber")], "79.2 EUR")
answer = await Agent("clerk", model=model, tools=[tariff])("What are the dues?")
assert model.requests[0].thread[-1].message.text == "What are the dues?"
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.messages import ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.testing.saying import USAGE, Line, reply_of, stream


def lines_of(given: Any) -> list[Line]:
    """The lines that an agent was given: several, or one; a tuple of calls is one."""
    calls = isinstance(given, tuple) and all(isinstance(one, ToolCall) for one in given)
    return list(given) if isinstance(given, list | tuple) and not calls else [given]


class ScriptedModel:
    """A model that says its lines in order, and keeps every request it was sent."""

    def __init__(
        self,
        *lines: Line,
        actors: Mapping[str, Line | Sequence[Line]] | None = None,
        name: str = "scripted",
        delay_s: float = 0.0,
        usage: Usage = USAGE,
        cost_usd: float | None = 0.001,
    ) -> None:
        """Make a model.

        Args:
            lines: what it says, in order; a function at the end is asked every further time.
            actors: of a team whose agents share the model, what it says to each by name (a
                line, or a list of them), in whatever order they ask; `lines` is for the others.
            name: of the model, in the log.
            delay_s: seconds that each reply takes.
            usage, cost_usd: of each reply.
        """
        self.name, self.delay_s, self.usage, self.cost_usd = name, delay_s, usage, cost_usd
        self.lines: list[Line] = list(lines)
        self.actors: dict[str, list[Line]] = {
            actor: lines_of(given) for actor, given in (actors or {}).items()
        }
        self.requests: list[Request] = []

    def enqueue(self, *lines: Line) -> None:
        """Add lines at the end."""
        self.lines += lines

    @property
    def unsaid(self) -> list[Any]:
        """The lines that nobody has asked for yet; a function at the end is not among them."""
        return [
            line
            for lines in (self.lines, *self.actors.values())
            for line in lines
            if not (line is lines[-1] and callable(line))
        ]

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say the next line.

        Raises:
            SetupError: there is none left, or it is none.
        """
        self.requests.append(request)
        lines = self.actors.get(request.actor, self.lines)
        if not lines:
            times = sum((one.actor in self.actors) == (request.actor in self.actors)
                        for one in self.requests)  # fmt: skip
            raise SetupError(
                f"The model {self.name} was asked {times} times and has no line left.",
                expected="a line for each time that it is asked",
                todo="give more lines, or one function of the request",
            )
        line = lines[0] if len(lines) == 1 and callable(lines[0]) else lines.pop(0)
        await asyncio.sleep(self.delay_s)
        reply = await reply_of(line, request, self.name, self.usage, self.cost_usd)
        stream(reply, on_text)
        return reply
