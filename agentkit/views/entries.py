"""What the book keeps of a run, an activation and a step."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.events import Usage
from agentkit.messages import JSON

Order = tuple[float, ...]
"""Where something stands in the story: its number inside its activation, after that one's own."""


@dataclass(slots=True)
class RunEntry:
    """A run as far as it is known."""

    id: str
    name: str
    began: float
    """Time of its first event."""
    status: str = "running"
    starts: int = 0
    """How often it was started or resumed."""
    seq: int = 0
    """Of its last event."""
    order: Order = ()
    begun: int = 0
    """Things that began outside of any activation."""
    asked: str | None = None
    """Whom the run asked; None for a block of code."""
    last: Order = ()
    """Of what stands last in the story so far."""
    by: str = ""
    """The run that called it, from another process; empty where none did."""

    def head(self) -> dict[str, JSON]:
        """What the line above a picture tells of it, as JSON."""
        return {"id": self.id, "name": self.name, "status": self.status, "by": self.by}


@dataclass(slots=True)
class ScopeEntry:
    """One activation of an actor."""

    run: str
    key: str
    actor: str
    what: str
    path: str
    parent: str
    model: str | None
    open: bool = True
    status: str = ""
    """How it closed; empty while it never did."""
    children: int = 0
    """Activations inside it that are open."""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    waiting_s: float = 0.0
    order: Order = ()
    begun: int = 0
    """Activations, steps and messages that began in it."""
    spoke: int = 0
    """Seq of the last reply of its model; 0 while there is none."""


@dataclass(slots=True)
class StepEntry:
    """One effect."""

    run: str
    key: str
    scope: str
    kind: str
    name: str
    request: JSON
    started: float
    open: bool = True
    status: str = ""
    order: Order = ()
    ended: int = 0
    """Seq of the end that tells its result; 0 while there is none that could be edited."""
