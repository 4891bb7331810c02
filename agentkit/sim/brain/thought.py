"""What goes into the simulated brain and what comes out, free of any wire dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from agentkit.deprecated import moved

Json = Any


class Unfillable(ValueError):
    """A schema that no finite form of a sensible size can fill."""


@dataclass(frozen=True)
class WishedCall:
    """A wish to have a tool called."""

    name: str
    arguments: dict[str, Json] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class DialogTurn:
    """One message of the conversation; a tool's turn answers the call named by `call_id`."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[WishedCall, ...] = ()
    call_id: str | None = None
    name: str | None = None
    error: bool = False


@dataclass(frozen=True)
class OfferedTool:
    """A tool that may be called; `parameters` is its JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class BrainRequest:
    """One request to the brain; `tool_choice` is auto, none, required or a tool's name."""

    model: str
    system: str
    turns: tuple[DialogTurn, ...]
    offers: tuple[OfferedTool, ...] = ()
    schema: dict[str, Json] | None = None
    tool_choice: str = "auto"
    parallel: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Say:
    """The brain's reply: text, calls, or a refusal."""

    text: str = ""
    calls: tuple[WishedCall, ...] = ()
    refusal: str = ""


__getattr__ = moved(
    __name__,
    {
        "Ask": f"{__name__}:BrainRequest",
        "Call": f"{__name__}:WishedCall",
        "Offer": f"{__name__}:OfferedTool",
        "Turn": f"{__name__}:DialogTurn",
    },
)
