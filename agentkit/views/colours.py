"""The labels that a picture shows: of a run whose log speaks of them, or of any if wanted."""

from __future__ import annotations

from agentkit.events import Event
from agentkit.messages import JSON
from agentkit.trust.flow import Flow
from agentkit.trust.labels import CLEAN
from agentkit.views.book import Book
from agentkit.views.fold import Changes
from agentkit.views.mail import EdgeMessage
from agentkit.views.node import GraphNode


class Colours:
    """Who knows what from where, as far as it shows."""

    def __init__(self) -> None:
        self.flow = Flow(keep=True)
        self.always = False
        """Whether labels show also where no policy held."""

    @property
    def shown(self) -> bool:
        """Whether they do."""
        return self.always or self.flow.governed

    def learn(
        self, event: Event, book: Book, nodes: dict[str, GraphNode], changes: Changes[int | str]
    ) -> None:
        """Let who takes part in an event know what it knows by now."""
        scope = book.scopes.get((event.run, event.scope)) if self.shown else None
        node = nodes.get(scope.actor) if scope is not None else None
        known = self.flow.place(event.run, event.scope).mark.label
        if node is not None and not known <= node.trust:
            node.trust |= known
            changes.touch(node.id)

    def letter(
        self, event: Event, kind: str, body: JSON, step: tuple[str, str] | None = None
    ) -> EdgeMessage:
        """A message of an event, with the label of its words."""
        known = self.flow.at(event.run, event.seq).label if self.shown else CLEAN
        return EdgeMessage(event.run, event.seq, event.at, kind, body, step=step, trust=known)
