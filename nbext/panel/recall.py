"""A recorded ask found by its cell, and as the Python that does the same."""

from __future__ import annotations

from collections.abc import Callable

from agentkit.errors import SetupError
from agentkit.events import Noted, RunStarted
from agentkit.place import BoundTo
from nbext.session import Session, short

LOOKED = 500
"""Runs that are looked through for a cell's, the newest."""


def finder(session: Session) -> Callable[[str], str]:
    """Return what finds the newest run of a cell; a run that was read is not read again."""
    cells: dict[str, str | None] = {}

    def find(cell: str) -> str:
        for info in session.log.runs()[:LOOKED]:
            if not session.ours(info):
                continue
            if info.id not in cells:
                first = session.log.read(info.id, upto=1)[0]
                cells[info.id] = first.cell if isinstance(first, RunStarted) else None
            if cells[info.id] == cell:
                return info.id
        raise SetupError(
            "No run of this cell is recorded.", todo="run the cell, or name a run: %runs lists them"
        )

    return find


def as_python(session: Session, run: str) -> str:
    """The ask of a run as a line of Python, for a cell of this notebook.

    Raises:
        SetupError: it is a block of code, which is Python already.
    """
    events = session.log.read(run)
    asked = next(event for event in events if isinstance(event, RunStarted))
    if asked.actor is None or not isinstance(asked.task, str):
        raise SetupError(
            f"Run {short(run)} is no ask of a text that a line of Python could repeat."
        )
    notes = (e.note for e in events if isinstance(e, Noted))
    bound = next((note for note in notes if isinstance(note, BoundTo)), BoundTo())
    named = (name for name, one in session.actors().items() if one.name == asked.actor)
    actor = next(named, asked.actor)
    kind = f", output={bound.type}" if bound.type else ""
    call = f"await {actor}({quoted(asked.task)}{kind})"
    value = f"({call}).data" if bound.type else call
    return f"{bound.name or 'answer'} = {value}"


def quoted(text: str) -> str:
    """A text as Python writes it, over several lines where it has several."""
    plain = "\n" in text and '"""' not in text and "\\" not in text and not text.endswith('"')
    return f'"""{text}"""' if plain else repr(text)
