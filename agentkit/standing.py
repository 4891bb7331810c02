"""What is asked in place of every agent's model, whoever made the agent; only tests set it.

A variable of the process and no context variable, so that threads and loops of the tested code
see it, whatever they were started from.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

from agentkit.model import Model


class StandIn:
    """The one place that says it."""

    model: Model | None = None
    """None outside of tests."""


Marks = dict[int, tuple[Any, str]]
"""By the identity of what is called: it, and the mark of its code."""


class Acting(Protocol):
    """Who plays the world to the code that works here: models, tools, persons, other machines."""

    marks: Marks
    """Known in every run meanwhile: nobody edits code in the middle of a check."""

    def model(self, own: Model) -> Model:
        """Give what is asked in place of an agent's own model, under its name."""
        ...

    def known(self, actor: Any, run: Any, scope: Any) -> Any:
        """Give what an ask comes to, where it need not be performed: see `over`; or None."""
        ...

    def over(self, run: Any, scope: Any, *told: Any) -> None:
        """Hear what an ask came to: the answer, the conversation with it, what is missing."""
        ...

    async def turn(self, step: Any) -> None:
        """Wait until it is a step's turn; called before each one begins."""
        ...

    def performer(self, step: Any, perform: Any) -> Any:
        """Give what performs a step in place of what would have."""
        ...


ACTING: ContextVar[Acting | None] = ContextVar("agentkit.acting", default=None)
"""None outside of bounded checking (`agentkit.verify`), which performs nothing for real."""
