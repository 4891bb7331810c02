"""What a tool needs of a machine, and who places its calls where that is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from agentkit.errors import ToolError, safe_repr


@dataclass(frozen=True)
class Needs:
    """Of a call: processors, graphics processors, and memory in GB. None: what there is."""

    cpus: float | None = None
    gpus: float | None = None
    memory_gb: float | None = None

    def __str__(self) -> str:
        parts = [("cpus", self.cpus), ("gpus", self.gpus), ("memory_gb", self.memory_gb)]
        return ", ".join(f"{name}={value:g}" for name, value in parts if value is not None)


@dataclass(frozen=True)
class PlacedCall:
    """A call to be placed."""

    tool: str
    fn: Callable[..., Any]
    values: Mapping[str, Any]
    needs: Needs
    again: bool
    """Whether it may be made anew where its machine dies."""


PLACING: ContextVar[Callable[[PlacedCall], Awaitable[Any]] | None] = ContextVar(
    "agentkit_placing", default=None
)
"""Who places calls, in the workers of a cluster; elsewhere they are made where they are asked."""


def needed(
    name: str, cpus: float | None, gpus: float | None, memory_gb: float | None, context: Any
) -> Needs | None:
    """What a tool says that it needs; None where it says nothing.

    Args:
        name: of the tool.
        cpus, gpus, memory_gb: as `tool` takes them.
        context: the parameter that takes the context of an ask, if any.

    Raises:
        ToolError: that cannot be.
    """
    needs = Needs(cpus, gpus, memory_gb)
    if needs == Needs():
        return None
    for what, value in vars(needs).items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value < float("inf")):
            raise ToolError(
                f"{what} of {name} is {safe_repr(value)}.", expected="a number, 0 or more"
            )
    if context:
        raise ToolError(
            f"{name} says what machine it needs, and takes a Context.",
            expected="one of them: its call may be made elsewhere, where the ask is not",
        )
    return needs
