"""What goes into the simulated brain and what comes out, free of any wire dialect."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from agentkit.deprecated import moved

Json = Any


class Unfillable(ValueError):
    """A schema that no finite form of a sensible size can fill."""


class Formed:
    """What a request is made of, written as digests of requests have it.

    From these come ids, and which requests a fault strikes under a seed: they stay, whatever a
    class is called.
    """

    form: ClassVar[str]

    def __repr__(self) -> str:
        values = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self))  # type: ignore[arg-type]
        return f"{self.form}({', '.join(values)})"


@dataclass(frozen=True, repr=False)
class WishedCall(Formed):
    """A wish to have a tool called."""

    form = "Call"

    name: str
    arguments: dict[str, Json] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, repr=False)
class DialogTurn(Formed):
    """One message of the conversation; a tool's turn answers the call named by `call_id`."""

    form = "Turn"

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[WishedCall, ...] = ()
    call_id: str | None = None
    name: str | None = None
    error: bool = False


@dataclass(frozen=True, repr=False)
class OfferedTool(Formed):
    """A tool that may be called; `parameters` is its JSON schema."""

    form = "Offer"

    name: str
    description: str = ""
    parameters: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class BrainRequest(Formed):
    """One request to the brain; `tool_choice` is auto, none, required or a tool's name."""

    form = "Ask"

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
