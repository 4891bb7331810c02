"""Where runs are started from: the notebook of this process, as its front end tells it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar

from agentkit.notes import Note

SESSION = "JPY_SESSION_NAME"
"""Jupyter's servers tell a kernel the path of its notebook so."""

ROOT = "AGENTKIT_ROOT"
"""And our extension of such a server the folder that it serves."""


class BoundTo(Note):
    """Where the answer of a cell goes, and what else a resume of it has to know."""

    topic = "bound"
    quiet = True
    name: str = ""
    """The variable; empty for none."""
    type: str = ""
    """Of the answer, as the cell names it."""
    model: str = ""
    """That the cell asked with, in runs recorded before `run.started` told it."""


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


def started() -> tuple[str | None, str | None]:
    """As a run records it: the notebook, and the served folder that its path is relative to.

    A path keeps its meaning together with that folder, for one log may serve several servers. The
    folder is None where nobody tells it, or where the notebook does not lie in it.
    """
    place, root = here(), os.environ.get(ROOT)
    if not place or root is None or STARTED.get():
        return place, None
    base = root.rstrip("/" + os.sep)
    path = place.removeprefix(base)
    if path == place or path[:1] not in ("/", os.sep):
        return place, None
    return path[1:].replace(os.sep, "/"), base


def whole_path(place: str | None, root: str | None) -> str | None:
    """The whole path of what `started` told."""
    return place if place is None or root is None else f"{root}/{place}"


def alike(one: str | None, other: str | None) -> bool:
    """Whether two paths are the same, however their folders are divided."""
    if os.sep == "/" or one is None or other is None:
        return one == other
    return one.replace(os.sep, "/") == other.replace(os.sep, "/")


def here() -> str | None:
    """The notebook that runs are started from now; None outside of one, or where nobody knows."""
    return STARTED.get() or _place()
