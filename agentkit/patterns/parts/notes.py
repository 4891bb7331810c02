"""Notes that several patterns emit; a note of one pattern alone stands in its file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentkit.deprecated import moved
from agentkit.messages import JSON
from agentkit.notes import Note


class Stopped(Note):
    """A pattern comes to its end, and why; each tells the counts that it has."""

    topic = "stop"
    says = "It stops: {reason}"
    round: int | None = None
    trial: int | None = None
    by: str | None = None
    """Who had the task last."""
    handoffs: int | None = None
    reason: str
    rounds: int | None = None
    resets: int | None = None
    turns: int | None = None
    never_spoke: tuple[str, ...] = ()


class PartialAnswer(Note):
    """An answer lacks a part of what was asked."""

    topic = "partial"
    grave = True
    round: int | None = None
    partial: bool = True
    done: dict[str, JSON] = {}
    """Results, by what they are of."""
    missing: tuple[str, ...] = ()
    reason: str


class FellBack(Note):
    """One way to an answer failed, so another is taken."""

    topic = "fallback"
    grave = True
    before: Annotated[str | None, Field(alias="from")] = None
    to: str
    reason: str = ""


class Routed(Note):
    """It was decided where a task goes on to."""

    topic = "route"
    says = "It goes on to {to}, because {reason}."
    before: Annotated[str | None, Field(alias="from")] = None
    to: str | tuple[str, ...]
    others: Annotated[tuple[str, ...], Field(alias="not")] = ()
    """Where it might have gone on to."""
    reason: str = ""


class Replanned(Note):
    """A plan is given up, and another one made."""

    topic = "replan"
    reason: str | dict[str, str]
    """Why; of a plan's steps what went wrong, by what they were to do."""
    resets: int | None = None
    """How many plans there were before, of a ledger."""


class Unselected(Note):
    """Who was to choose a member named none that can be chosen."""

    topic = "unselected"
    says = "The chooser said {said!r}: {reason}"
    grave = True
    said: str | None = None
    reason: str


class Absent(Note):
    """Members gave no answer."""

    topic = "absent"
    grave = True
    whole = "reasons"
    reasons: dict[str, str]
    """Why, by member."""


__getattr__ = moved(__name__, {"Partial": f"{__name__}:PartialAnswer"})
