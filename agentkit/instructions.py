"""What an agent is told about itself: a text, or a function that gives one for each ask."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from agentkit.errors import SetupError
from agentkit.given import NOT_GIVEN, Context
from agentkit.office import RunOffice
from agentkit.run import current_run
from agentkit.scope import current_scope
from agentkit.step import Outcome

Instructions = str | Callable[..., str | Awaitable[str]]
"""A text, or a function that gives one, evaluated at each ask."""


async def instructed(make: Instructions, agent: str) -> str:
    """The instructions of this ask; a function's are recorded, and made anew in a rerun.

    Raises:
        SetupError: the function gave no text.
    """
    if isinstance(make, str):
        return make

    async def perform(_key: str) -> Outcome:
        made = make(context_of(agent)) if takes_context(make) else make()
        text = await made if inspect.isawaitable(made) else made
        if not isinstance(text, str):
            raise SetupError(
                f"The instructions of {agent} gave a {type(text).__name__}.",
                expected="a text",
            )
        return Outcome(result=text)

    outcome = await current_run().step(
        "random",
        "instructions",
        None,
        perform,
        effect="pure",
        durable=False,
        redo=lambda _: True,
    )
    return str(outcome.result)


def context_of(agent: str) -> Context[Any]:
    """What the caller gave to this ask; its value is None where he gave nothing."""
    given = current_scope().given
    value = None if given is NOT_GIVEN else given
    return Context(value, agent=agent, run_id=current_run().id, office=RunOffice())


def summary(instructions: Instructions) -> str:
    """The instructions as they are shown; of a function what it says of itself."""
    if isinstance(instructions, str):
        return instructions
    name = getattr(instructions, "__name__", type(instructions).__name__)
    return inspect.getdoc(instructions) or f"{name}()"


def takes_context(make: Callable[..., Any]) -> bool:
    """Whether a function of instructions can be given the context."""
    places = inspect.signature(make).parameters.values()
    return any(
        one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL)
        for one in places
    )
