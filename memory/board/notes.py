"""What a board on replicas notes: conflicts, what was lost or stale, and what was merged."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from agentkit.messages import JSON
from agentkit.notes import Note


class BoardNote(Note):
    """A note about a key of a board."""

    board: str = Field(validation_alias=AliasChoices("board", "memory"))
    key: str


class Redirected(BoardNote):
    """A read was sent to another replica, because this one is behind what the session knows."""

    topic = "redirected"
    replica: str = ""
    before: Annotated[str, Field(alias="from")] = ""


class StaleRead(BoardNote):
    """A read gave an old value."""

    topic = "stale_read"
    grave = True
    replica: str = ""
    behind: int = 0
    """Versions that the replica has not heard of."""
    value: JSON = None


class Merged(BoardNote):
    """Siblings were made one value for a reader."""

    topic = "merged"
    replica: str = ""
    values: tuple[JSON, ...] = ()
    value: JSON = None


class WriteRefused(BoardNote):
    """A write was based on another version than there is."""

    topic = "conflict"
    grave = True
    based_on: tuple[int, ...] = ()
    told: str = ""


class LostUpdate(BoardNote):
    """A write was overwritten by one that did not know of it."""

    topic = "lost_update"
    says = "A write to {board} was lost."
    grave = True
    n: int = 0
    """The write that was lost."""
    replica: str = ""
    by: str = ""
    value: JSON = None
    winner: int | None = None
    winner_by: str | None = None
    seq: int | None = None
    """The event of the board that shows it."""


class SiblingsKept(BoardNote):
    """Writes that did not know of each other are both kept."""

    topic = "siblings"
    replica: str = ""
    versions: tuple[dict[str, JSON], ...] = ()
    """Of each its number, by whom, and its value."""
