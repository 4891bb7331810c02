"""Where runs are started from: the notebook of this process, as its front end tells it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar

from agentkit.notes import Note

SESSION = "JPY_SESSION_NAME"
"""Jupyter's servers tell a kernel the path of its notebook so."""


class BoundTo(Note):
    """Where the answer of a cell goes, and what else a resume of it has to know."""

    topic = "bound"
    quiet = True
    name: str = ""
    """The variable; empty for none."""
    type: str = ""
    """Of the answer, as the cell names it."""
    model: str = ""
    """That the cell asked with instead of the agent's own."""


Place = Callable[[], str | None]
"""The path of the notebook; None where there is none, or nobody knows."""


def jupyter() -> str | None:
    """The notebook that a Jupyter server started this kernel for."""
    return os.environ.get(SESSION) or None


def nobody() -> None:
    """Nobody tells which cell it is."""


STARTED: ContextVar[str | None] = ContextVar("agentkit.place", default=None)
"""Where runs of this code are started from, where that is no notebook: a conversation of a chat."""

_place: Place = jupyter
_cell: Callable[[], str | None] = nobody


def set_place(place: Place | None) -> Place:
    """Where runs of this process are started from now on; returns what told it before.

    Args:
        place: () -> path of the notebook or None; None is what Jupyter's server says.
    """
    global _place
    before, _place = _place, place or jupyter
    return before


def set_cell(cell: Callable[[], str | None] | None) -> None:
    """Tell which cell runs of this process are started from, from now on.

    Args:
        cell: () -> the cell's id or None; None is nobody who knows.
    """
    global _cell
    _cell = cell or nobody


def cell() -> str | None:
    """The id of the cell that runs are started from now; None where nobody knows."""
    return _cell()


def here() -> str | None:
    """The notebook that runs are started from now; None outside of one, or where nobody knows."""
    return STARTED.get() or _place()
