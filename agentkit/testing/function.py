"""A function of the request as a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.model import OnText, Reply, Request
from agentkit.testing.saying import USAGE, reply_of, stream


class FunctionModel:
    """A model that answers with what a function of the request returns.

        def clever(request):
            if request.thread[-1].message.role == "tool":
                return f"It is {request.thread[-1].message.text}."
            return call("tariff", port="Amber")

        clerk = Agent("clerk", model=FunctionModel(clever), tools=[tariff])

    It keeps every request that it was sent in `requests`.
    """

    def __init__(
        self,
        answer: Callable[[Request], Any],
        *,
        name: str = "",
        usage: Usage = USAGE,
        cost_usd: float | None = 0.001,
    ) -> None:
        """Make a model.

        Args:
            answer: plain or async; it returns what a ScriptedModel may say: a text, a
                `call(...)` or several, a Message, a Reply, or an error to raise.
            name: of the model, in the log; the function's by default.
            usage, cost_usd: of each reply that is no Reply itself.

        Raises:
            SetupError: it is no function.
        """
        if not callable(answer):
            raise SetupError(
                f"A FunctionModel was given a {type(answer).__name__}.",
                expected="a function of the request",
                todo="lines to say one after the other are for ScriptedModel(...)",
            )
        self.answer, self.usage, self.cost_usd = answer, usage, cost_usd
        self.name = name or getattr(answer, "__name__", type(answer).__name__)
        self.requests: list[Request] = []

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Answer with what the function returns."""
        self.requests.append(request)
        reply = await reply_of(self.answer, request, self.name, self.usage, self.cost_usd)
        stream(reply, on_text)
        return reply
