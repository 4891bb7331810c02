"""Another actor as a tool: what it does is recorded as an ask of its own, and not as a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentkit.errors import AgentkitError, Interrupted, LogError, TooDeep, Unsettled
from agentkit.given import Context
from agentkit.messages import JSON, Content, jsonable
from agentkit.notes import Note
from agentkit.scope import discard, lacking, note
from agentkit.tools import Approve, Arguments, CallFailed, FunctionTool, of_answer
from agentkit.tools.function import tool_of_kind


class DelegateFailed(Note):
    """An actor that was called as a tool failed; who called it was told so."""

    topic = "delegate_failed"
    says = "{actor} failed at what it was asked: {error}"
    grave = True
    actor: str
    error: str


@dataclass(frozen=True, init=False)
class ActorTool(FunctionTool):
    """An actor that another one may ask by calling it; as a function it gives the data."""

    actor: Any
    own_steps = True

    def __init__(self, actor: Any, **rest: Any) -> None:
        """Make one; usually by `actor.as_tool()`."""
        super().__init__(**rest)
        vars(self)["actor"] = actor

    async def _call(self, arguments: Arguments, context: Context[Any] | None) -> Any:
        """Ask the actor; its text, and what is wrong with its answer.

        Raises:
            CallFailed: it failed at what it was asked.
            Exception: a mistake in its code, or what ends the ask of whoever called it.
        """
        asked, task = self.actor, arguments["task"]
        try:
            answer = await asked(task)
        except (LogError, Unsettled, Interrupted, TooDeep):
            raise
        except AgentkitError as error:
            note(DelegateFailed(actor=asked.name, error=str(error.what)))
            reason = f"{type(error).__name__}: {error.what}"
            lacking(f"an answer of {asked.name} ({reason})", source=(asked.name, task))
            raise CallFailed(f"{asked.name} failed: {error.what}") from error
        discard((asked.name, task))
        if answer.content is not None:
            return Content((*answer.content, *([f"[{answer.fault}]"] if answer.fault else ())))
        return answer.text + (f"\n[{answer.fault}]" if answer.fault else "")


def delegate(
    actor: Any, name: str | None, description: str | None, approve: Approve = False
) -> ActorTool:
    """An actor as a tool of others."""

    async def ask(task: str) -> JSON | Content:
        given = of_answer(await actor(task))
        return given if isinstance(given, Content) else jsonable(given)

    ask.__doc__ = description or actor.description or f"Ask {actor.name}."
    return tool_of_kind(
        ActorTool, ask, effect="pure", timeout_s=None, approve=approve, name=name or actor.name,
        on_error="raise", actor=actor,
    )  # fmt: skip
