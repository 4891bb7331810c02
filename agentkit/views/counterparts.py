"""Whom a step talks to: a tool, a memory, a person, another machine."""

from __future__ import annotations

from agentkit.events import StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.views.book import YOU, Book

APART = {"tool": "tool:", "memory": "memory:", "remote": "remote:", "trial": "trial:"}
"""Steps whose counterpart is a node of its own, and the prefix of its id."""


def called(event: StepStarted | StepEnded) -> str:
    """What the counterpart of a step is called; all that is done to a memory is one node's."""
    return event.name.partition(".")[0] if event.step == "memory" else event.name


def step_request(event: StepStarted | StepEnded, request: JSON) -> JSON:
    """What a step asked; of a memory with what was to be done, as `{"recall": ...}`."""
    return {event.name.partition(".")[2]: request} if event.step == "memory" else request


def counterpart(book: Book, event: StepStarted | StepEnded) -> str | None:
    """The node that a step talks to: a tool, a person, ...; none for models and clocks."""
    scope = book.scopes.get((event.run, event.scope))
    if event.step in APART and (scope is None or scope.what != event.step):
        return APART[event.step] + called(event)
    if event.step == "person" and (scope is None or scope.what != "person"):
        return YOU
    return None
