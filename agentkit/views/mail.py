"""The messages on the edges of a graph, kept as references to what the log holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agentkit.messages import JSON
from agentkit.pictures.graph import KINDS
from agentkit.views.book import Order


@dataclass(slots=True)
class Letter:
    """One message on an edge; `body` is a message id or the JSON of a call or result."""

    run: str
    seq: int
    at: float
    kind: str
    body: JSON
    tokens: int | None = None
    cost_usd: float | None = None
    step: tuple[str, str] | None = None
    """Run and key of the step that it belongs to."""
    edit: int | str | None = None
    """What a fork edits to change it; see Book.edited_by."""


@dataclass(slots=True)
class GraphEdge:
    """All messages from one node to another; of a team that has not run, those that may come."""

    source: str
    target: str
    kinds: Counter[str] = field(default_factory=Counter)
    letters: list[Letter] = field(default_factory=list)
    label: str = ""
    """Under which condition."""
    likely: str = "task"
    """What kind they will be."""
    order: Order = ()
    """Of the first of them; see Book."""

    @property
    def id(self) -> str:
        return f"{self.source}→{self.target}"


def edge_data(name: str, source: str, target: str, edges: list[GraphEdge]) -> dict[str, JSON]:
    """A curve as JSON, without its messages: one edge, or several drawn as one."""
    counts: Counter[str] = Counter()
    for edge in edges:
        counts.update(edge.kinds)
    return {
        "id": name,
        "source": source,
        "target": target,
        "kinds": {kind: counts[kind] for kind in KINDS if counts[kind]},
        "count": counts.total(),
        "kind": main_kind(counts) if counts.total() else edges[0].likely,
        "label": edges[0].label,
    }


def beginning(text: str, limit: int = 280, lines: int = 6) -> str:
    """The beginning of a text: some characters, some lines."""
    part = "\n".join(text[:limit].split("\n")[:lines])
    return part if len(part) == len(text) else part[:-1] + "…" if part else "…"


def main_kind(kinds: Counter[str]) -> str:
    """The kind that gives an edge its colour: an error first, else the most frequent."""
    most = max(KINDS, key=lambda kind: kinds[kind])
    return "error" if kinds["error"] and kinds["error"] * 2 >= kinds.total() else most
