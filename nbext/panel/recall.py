"""A recorded ask found by its cell, and as the Python that does the same."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable
from itertools import dropwhile
from typing import Any

from agentkit.answer import Answer
from agentkit.conversation import BEFORE, heard_in, uninstructed
from agentkit.errors import SetupError
from agentkit.events import MessageSent, Noted, RunStarted
from agentkit.place import BoundTo
from agentkit.typed import schema_of
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


NUMBERS = (
    "sample", "seed", "budget_usd", "budget_tokens", "budget_calls", "deadline_s", "concurrency",
)  # fmt: skip
"""What an ask may be given besides its task, as its run records it."""


def as_python(session: Session, run: str) -> str:
    """The ask of a run as a line of Python, for a cell of this notebook, with all it was given.

    Raises:
        SetupError: it is a block of code, which is Python already.
    """
    events = session.log.read(run)
    asked = next(event for event in events if isinstance(event, RunStarted))
    if asked.actor is None or not isinstance(asked.task, str) or asked.content is not None:
        raise SetupError(
            f"Run {short(run)} is no ask of a text that a line of Python could repeat."
        )
    notes = (e.note for e in events if isinstance(e, Noted))
    bound = next((note for note in notes if isinstance(note, BoundTo)), BoundTo())
    named = (name for name, one in session.actors().items() if one.name == asked.actor)
    actor = next(named, asked.actor)
    given = {**output(session, actor, asked, bound), **after(session, asked.actor, events)}
    if model := bound.model or asked.model:
        given["model"] = repr(json.loads(model) if model.startswith("{") else model)
    given |= {name: repr(value) for name in NUMBERS if (value := getattr(asked, name))}
    more = asked.arguments if isinstance(asked.arguments, dict) else {}
    given |= {name: repr(value) for name, value in more.items() if usable(name)}
    words = "".join(f", {name}={value}" for name, value in given.items())
    call = f"await {actor}({quoted(worded(asked.task, events))}{words})"
    value = f"({call}).data" if bound.type else call
    return f"{bound.name or 'answer'} = {value}"


def output(session: Session, actor: str, asked: RunStarted, bound: BoundTo) -> dict[str, str]:
    """The type of the answer, where it is not the actor's own."""
    if bound.type:
        return {"output": bound.type}
    own = getattr(session.actors().get(actor), "output", None)
    if asked.output is None or (own is not None and schema_of(own) == asked.output):
        return {}
    return {"output": repr(asked.output)}


def after(session: Session, actor: str, events: list[Any]) -> dict[str, str]:
    """The conversation that the ask went on with: an answer of the notebook, or what was said.

    Raises:
        SetupError: more than text was said in it, and no variable holds it.
    """
    before = list(dropwhile(lambda one: one.role == "system", heard_in(events, actor)))
    if not before:
        return {}
    for name, value in session.namespace.items():
        if isinstance(value, Answer) and usable(name) and not name.startswith("_"):
            if [node.message for node in uninstructed(value.thread)] == before:
                return {"after": name}
    if not all(isinstance(one.content, str) for one in before):
        raise SetupError(
            "This ask went on with a conversation that has more than text in it, and no variable"
            " holds it any more.",
            todo="run the cell that made its answer, then copy again",
        )
    return {"after": repr([one.model_dump(mode="json", exclude_defaults=True) for one in before])}


def worded(task: str, events: list[Any]) -> str:
    """The task as it was asked: a team is told in words, after the task, what was said before."""
    texts = {node.id: node.message.text for event in events for node in event.nodes}
    sent = (texts.get(e.message, "") for e in events if isinstance(e, MessageSent))
    return next((text for text in sent if text.startswith(task + BEFORE)), task)


def usable(name: str) -> bool:
    """Whether Python takes a word for a name."""
    return name.isidentifier() and not keyword.iskeyword(name)


def quoted(text: str) -> str:
    """A text as Python writes it, over several lines where it has several."""
    plain = "\n" in text and '"""' not in text and "\\" not in text and not text.endswith('"')
    return f'"""{text}"""' if plain else repr(text)
