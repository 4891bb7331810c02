"""Who began the runs of a graph: you, or steps of other runs, which may be shown beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agentkit.causes import step_span, traced
from agentkit.events import Cause, RunStarted, StepStarted
from agentkit.views.book import YOU, Book
from agentkit.views.counterparts import APART
from agentkit.views.entries import StepEntry

ELSEWHERE = "remote:caller"
"""The node of callers that are no runs of agentkit, as far as they said."""

ATTEMPTS = 8
"""Attempts at a step among which the one that called is looked for."""


class Caller(NamedTuple):
    """The node that stands for who began a run."""

    id: str
    label: str = ""
    """Of a node that stands in for a step which is not shown; "" where it is."""


class Callers:
    """Of each run the node that began it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.of: dict[str, str] = {}
        self.traces: dict[str, str] = {}
        """Of each run that is shown its trace."""
        self.waiting: dict[str, list[str]] = {}
        """By the span of a step that is not shown yet, the runs that it began."""

    def enter(self, event: RunStarted, who: Callable[[str, str], str]) -> Caller:
        """The node that began a run.

        Args:
            event: its beginning.
            who: the node of an actor or tool of a run.
        """
        self.traces.setdefault(event.run, traced(event))
        if event.cause is None:
            return Caller(YOU)
        if (known := self.of.get(event.run)) is not None:
            return Caller(known)
        step = self.step(event.cause)
        if step is not None:
            self.of[event.run] = self.node_of(step, who)
            return Caller(self.of[event.run])
        if not event.cause.run:
            self.of[event.run] = ELSEWHERE
            return Caller(ELSEWHERE, "a caller elsewhere")
        self.waiting.setdefault(event.cause.span, []).append(event.run)
        self.of[event.run] = f"remote:{event.cause.span}"
        return Caller(self.of[event.run], f"run {event.cause.run[-8:]} elsewhere")

    def step(self, cause: Cause) -> StepEntry | None:
        """The step that a run names as its cause, if it is shown."""
        if cause.run:
            found = self.book.steps.get((cause.run, cause.step))
            # What a caller says of itself counts only where the span says it, too.
            return found if found is not None and matches(found, cause) else None
        near = {run for run, trace in self.traces.items() if trace == cause.trace}
        for entry in self.book.steps.values():
            if entry.run in near and entry.kind in APART and matches(entry, cause):
                return entry
        return None

    def node_of(self, step: StepEntry, who: Callable[[str, str], str]) -> str:
        """The node of the tool or machine that a step calls, else of who takes the step."""
        scope = self.book.scopes.get((step.run, step.scope))
        if step.kind in APART and (scope is None or scope.what != step.kind):
            return who(step.run, APART[step.kind] + step.name)
        return who(step.run, scope.actor if scope is not None else YOU)

    def found(self, event: StepStarted, target: str) -> list[str]:
        """A step began; the nodes that stood in for it, whose runs have its own node now."""
        if not self.waiting:
            return []
        runs = self.waiting.pop(step_span(event.run, event.key, event.attempt), [])
        stood = [self.of[run] for run in runs]
        self.of |= dict.fromkeys(runs, target)
        return list(dict.fromkeys(stood))


def matches(step: StepEntry, cause: Cause) -> bool:
    """Whether a span is that of an attempt at a step."""
    spans = (step_span(step.run, step.key, attempt) for attempt in range(1, ATTEMPTS + 1))
    return cause.span in spans


def renamed(name: str, old: str, new: str) -> str:
    """A name, or the one that takes its place."""
    return new if name == old else name
