"""What an agent keeps outside its conversation, and the moments at which it comes in.

A memory is an object that the user passes in, `Agent(..., memory=notes)`; the package
`memory` has several. The agent tells it of three moments of an ask and offers its tools
next to its own. What a memory reads and writes it does by `run.step`, as everybody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.errors import ContextTooLong, SetupError, safe_repr
from agentkit.events import Effect
from agentkit.messages import JSON, Thread
from agentkit.notes import Note
from agentkit.tools import FunctionTool, Tool
from agentkit.tools.function import tool_of_kind


class Remembered(Note):
    """What a memory found for a query, and why."""

    topic = "recalled"
    quiet = True
    memory: str
    query: JSON
    hits: tuple[JSON, ...] = ()
    """Of each hit its id, score, the parts of the score, and the beginning of its text."""
    untrusted: bool = True
    scope: dict[str, str] = {}
    """Whose memory it is, where it is somebody's alone."""


@dataclass(frozen=True, init=False)
class MemoryTool(FunctionTool):
    """A function of a memory that a model may call: its own steps are recorded, the call is not."""

    own_steps = True


def memory_tool(
    *, effect: Effect, name: str, timeout_s: float | None = 60.0
) -> Callable[[Callable[..., Any]], MemoryTool]:
    """Make a function a tool of a memory: `@memory_tool(effect="pure", name="notes_recall")`.

    Args:
        effect: of what it does in its own steps: "pure" for reads, "idempotent" for writes.
        name: what the model calls it; by custom the memory's name and a verb.
        timeout_s: seconds until a call counts as failed; None waits for ever.

    Raises:
        ToolError: as `tool`.
    """
    return lambda fn: tool_of_kind(
        MemoryTool, fn, effect=effect, timeout_s=timeout_s, approve=False, name=name
    )


class Memory:
    """The base of all memories: each of its moments changes nothing by default.

    All of them run in the scope of the agent, so a model that a memory needs is best asked
    as an actor: then it has a scope of its own, and is seen.
    """

    name: str
    """An identifier; prefixes the names of its tools and of its steps."""

    @property
    def tools(self) -> Sequence[Tool]:
        """What the agent may call, besides its own tools."""
        return ()

    async def on_task(self, thread: Thread) -> Thread:
        """The agent was asked; the thread ends with the task. Returns what it starts from."""
        return thread

    async def on_turn(self, thread: Thread) -> Thread:
        """The model is about to be called. Returns the conversation that goes on from here.

        One that ends with words of the agent ends its turns: they are its answer.
        """
        return thread

    async def on_overflow(self, thread: Thread, error: ContextTooLong) -> Thread:
        """The endpoint has no room for the conversation. Returns a shorter one, or the same.

        Called again, with what it returned, while that is too long still; a few times at most.
        """
        return thread

    async def on_answer(self, thread: Thread) -> None:
        """The agent answered; the thread ends with the answer."""


def memories(given: Memory | Sequence[Memory] | None, agent: str) -> tuple[Memory, ...]:
    """What an agent was given, as a tuple.

    Raises:
        SetupError: something that is no memory, or two of one name.
    """
    found = () if given is None else tuple(given) if isinstance(given, Iterable) else (given,)
    names = [one.name for one in found if isinstance(one, Memory)]
    for one in found:
        if not isinstance(one, Memory):
            raise SetupError(
                f"The memory of {agent} is {safe_repr(one)}.",
                expected="a memory, or a list of them, such as memory.VectorMemory('notes')",
            )
        if names.count(one.name) > 1:
            raise SetupError(f"{agent} was given two memories called {safe_repr(one.name)}.")
    return found
