"""The events of a run, one a line: their numbers, when, who, and what happened."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentkit.amounts import money
from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StateChanged,
    StepEnded,
    StepStarted,
)
from agentkit.messages import JSON, Frozen
from agentkit.views.book import YOU, Book
from agentkit.views.notes import sentence
from agentkit.views.phrases import short

WHAT = 160
"""Characters of what happened."""


class EventLine(Frozen):
    """An event in words."""

    run: str
    seq: int
    after_s: float
    """Seconds since the run's first event."""
    actor: str
    kind: str
    what: str


def told(events: Iterable[Event]) -> list[EventLine]:
    """Events as lines, in their order."""
    book, found = Book(), []
    for event in events:
        book.take(event)
        line = EventLine(
            run=event.run,
            seq=event.seq,
            after_s=max(0.0, event.at - book.runs[event.run].began),
            actor=book.actor(event) if event.scope else "",
            kind=event.kind,
            what=short(happened(book, event), WHAT),
        )
        found.append(line)
    return found


def happened(book: Book, event: Event) -> str:
    """What an event tells, as a sentence or a call with its result."""
    match event:
        case RunStarted():
            how = "" if event.how == "ask" else f" ({event.how} of {came_from(event)})"
            return f"{event.name}{how}"
        case ScopeClosed() if event.missing:
            return f"{ended(event)}, missing: {'; '.join(event.missing)}"
        case RunEnded() | ScopeClosed():
            return ended(event)
        case ScopeOpened():
            model = f", {event.model}" if event.model else ""
            return f"{event.actor} begins ({event.what}{model})"
        case MessageSent():
            said = book.said(event.message)
            return f"{event.sender or YOU} → {event.to or YOU} ({event.purpose}): {said}"
        case StepStarted():
            return begun(book, event)
        case StepEnded():
            return done(book, event)
        case StateChanged():
            return f"{event.name} = {plain(event.value)}"
        case Noted():
            return sentence(event.topic, event.data)


def came_from(event: RunStarted) -> str:
    """The run that a run goes on from."""
    return event.origin.run[-8:] if event.origin else "itself"


def ended(event: RunEnded | ScopeClosed) -> str:
    """How a run or an activation ended."""
    why = f": {event.error}" if event.error else ""
    return f"{event.status}{why}"


def begun(book: Book, event: StepStarted) -> str:
    """The beginning of a step."""
    again = f", attempt {event.attempt}" if event.attempt > 1 else ""
    if event.step == "model":
        return f"{event.name} is asked{again}"
    once = ", once only" if event.effect == "once" else ""
    return f"{call_line(event, event.request)} begins{once}{again}"


def done(book: Book, event: StepEnded) -> str:
    """The end of a step: its result, and what it cost."""
    known = book.steps[event.run, event.key]
    if event.error is not None:
        result = f"{event.status}: {event.error}"
    else:
        result = book.words(event.result) or event.status
    name = event.name if event.step == "model" else call_line(event, known.request)
    facts = []
    if event.reused is not None:
        facts.append("reused, not paid")
    elif event.usage is not None:
        facts.append(f"{event.usage.tokens_in} + {event.usage.tokens_out} tokens")
        facts += [money(event.cost_usd)] if event.cost_usd is not None else []
    head = f"{name} [{', '.join(facts)}]" if facts else name
    return f"{head} → {result}"


def call_line(event: StepStarted | StepEnded, request: JSON) -> str:
    """A step as a call with its arguments."""
    if not isinstance(request, dict):
        return f"{event.name}({plain(request) if request is not None else ''})"
    named = ", ".join(f"{name}={plain(value)}" for name, value in request.items())
    return f"{event.name}({named})"


def plain(value: JSON) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def editable(events: Iterable[Event]) -> dict[int, int | str]:
    """What `fork(edit=...)` takes for the events that show something to edit, by their numbers.

    A step's beginning means its end, an answer the model's last reply before it, and the first
    message of a run its task.
    """
    book = Book()
    found: dict[int, int | str] = {}
    begins: dict[str, int] = {}
    for event in events:
        book.take(event)
        match event:
            case StepStarted():
                begins[event.key] = event.seq
            case StepEnded() if (end := book.steps[event.run, event.key].ended) == event.seq:
                found[event.seq] = end
                if event.key in begins:
                    found[begins[event.key]] = end
            case MessageSent() if (seq := book.edited_by(event)) is not None:
                found[event.seq] = seq
    return found
