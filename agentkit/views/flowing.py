"""The arrows of a declared graph in the picture of its run: who hands what on to whom.

A graph asks its actors itself, and gets their answers. Drawn so, every graph would be a star;
drawn along its arrows, a run looks as the graph was declared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.views.mail import EdgeMessage


@dataclass(slots=True)
class Flowing:
    """A declared graph at work."""

    name: str
    sources: dict[str, list[str]] = field(default_factory=dict)
    """Whom an actor gets its task from, by actor; the graph itself among them."""
    last: dict[str, EdgeMessage] = field(default_factory=dict)
    """The last answer of each actor."""
    waiting: dict[str, EdgeMessage] = field(default_factory=dict)
    """Answers that nobody was given yet."""

    def givers(self, actor: str) -> list[str]:
        """Whose answers an actor is given now: those that came after its own last one."""
        mine = self.last[actor].seq if actor in self.last else 0
        known = self.sources.get(actor, [])
        found = [one for one in known if one in self.last and self.last[one].seq > mine]
        return found or [self.name]

    def answer(self, actor: str, letter: EdgeMessage) -> EdgeMessage | None:
        """Keep an answer until it is handed on; returns one before it that never was."""
        before = self.waiting.get(actor)
        self.last[actor] = self.waiting[actor] = letter
        return before
