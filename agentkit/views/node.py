"""A node of the message graph: what it did, and what it is doing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agentkit.messages import JSON
from agentkit.trust.labels import CLEAN, Label
from agentkit.views.entries import Order, ScopeEntry
from agentkit.views.mail import EdgeMessage
from agentkit.views.notes import grave


@dataclass(slots=True)
class GraphNode:
    """You, an actor, or a tool."""

    id: str
    label: str
    what: str
    model: str | None = None
    beside: str = ""
    """What is shown in place of the model."""
    asked: int = 0
    """Tasks or calls it was given."""
    calls: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    unpriced: int = 0
    status: str = ""
    notes: Counter[str] = field(default_factory=Counter)
    told: list[EdgeMessage] = field(default_factory=list)
    """The notes about it, and answers that were handed on to nobody, in their order."""
    scopes: list[ScopeEntry] = field(default_factory=list)
    steps: dict[tuple[str, str], str] = field(default_factory=dict)
    """Its open steps and what they are."""
    order: Order = ()
    """Of what it first appears in; see Book."""
    ended: Order = ()
    """Of the step that gave it its status."""
    trust: Label = CLEAN
    """Of what it knows, where a policy follows that."""

    def state(self) -> tuple[str, str]:
        """What it is doing: its state, and the reason for waiting."""
        doing = set(self.steps.values())
        for reason in ("person", "retry", "model"):
            if reason in doing:
                return "waiting", reason
        if doing:
            return "running", min(doing)
        live = [scope for scope in self.scopes if scope.open]
        if live:
            below = all(scope.children > 0 for scope in live)
            return ("waiting", "children") if below else ("running", "")
        scope = max(self.scopes, key=lambda one: one.order, default=None)
        last = scope.status if scope is not None else self.status
        return {"ok": "done", "failed": "failed", "cancelled": "cancelled"}.get(last, "idle"), ""

    @property
    def under(self) -> str | None:
        """What is shown under its name."""
        return self.beside or self.model

    def data(self) -> dict[str, JSON]:
        """The node as JSON."""
        state, doing = self.state()
        return {
            **({} if self.trust.clean else {"trust": self.trust.form()}),
            "id": self.id,
            "label": self.label,
            "what": self.what,
            "model": self.under,
            "state": state,
            "doing": doing,
            "asked": self.asked,
            "activations": len(self.scopes),
            "calls": self.calls,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd,
            "unpriced": self.unpriced,
            "notes": dict(sorted(self.notes.items())),
            "grave": any(grave(topic) for topic in self.notes),
        }
