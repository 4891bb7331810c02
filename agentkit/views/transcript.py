"""The transcript: who said what to whom, which tools were called, what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agentkit.events import (
    QUIET,
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    StepEnded,
)
from agentkit.messages import JSON, Content
from agentkit.parts import Reasoning
from agentkit.views.book import YOU, News
from agentkit.views.entries import Order
from agentkit.views.fold import Fold
from agentkit.views.notes import grave, quiet, sentence
from agentkit.views.phrases import explained, mapped, short

HIDDEN = ("rev", "order", "edit", "content")
"""Fields of a line that are no part of its data."""


@dataclass(slots=True)
class TranscriptLine:
    """One entry: a message, a call with its result, a note or an error."""

    run: str
    seq: int
    at: float
    kind: str
    title: str
    text: str
    depth: int = 0
    reused: bool = False
    rev: int = 0
    order: Order = ()
    edit: int | str | None = None
    """What a fork edits to change it; see Book.edited_by."""
    content: Content | None = None
    """What was said, where it is more than text."""

    def data(self) -> dict[str, JSON]:
        """The entry as JSON."""
        names = (name for name in self.__slots__ if name not in HIDDEN)
        return {name: getattr(self, name) for name in names}


class Transcript(Fold):
    """What was said and done, in the order of the story: parallel work stands one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[TranscriptLine] = []

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, RunStarted) and news == "again":
            self.put(event, "run", "resumed", "")
        elif news == "new":
            self.enter(event)

    def enter(self, event: Event) -> None:
        """Enter what was not told before."""
        match event:
            case MessageSent():
                title = f"{event.sender or YOU} → {event.to or YOU}"
                text = self.book.said(event.message)
                known = self.book.messages.get(event.message)
                content = known.content if known is not None else None
                edit = self.book.edited_by(event)
                self.put(event, event.purpose, title, text, edit=edit, content=content)
            case StepEnded(step="model", status="ok") if event.nodes:
                self.thought(event)
            case StepEnded() if event.step not in ("model", *QUIET):
                self.step(event)
            case StepEnded() if event.status == "failed" and event.error is not None:
                title = f"{self.book.actor(event)}: {event.name} failed"
                self.put(event, "error", title, explained(event.error))
            case ScopeClosed() if event.error is not None:
                title = f"{self.book.actor(event)} {event.status}"
                self.put(event, "error", title, explained(event.error))
            case ScopeClosed() if event.missing:
                title = f"{self.book.actor(event)}: not everything was reached"
                self.put(event, "warning", title, f"Missing: {'; '.join(event.missing)}")
            case Noted() if not quiet(event):
                title = f"{self.book.actor(event)}: {event.topic.replace('_', ' ')}"
                kind = "warning" if grave(event.topic) else "note"
                self.put(event, kind, title, sentence(event.topic, event.data))
            case RunEnded() if event.status != "ok":
                why = explained(event.error) if event.error else ""
                self.put(event, "error", f"run {event.status}", why)

    def thought(self, event: StepEnded) -> None:
        """Enter what a model thought before it answered, where its endpoint tells."""
        said = event.nodes[-1].message
        parts = () if isinstance(said.content, str) else said.content
        thoughts = [one.text for one in parts if isinstance(one, Reasoning)]
        reasoning = "\n".join(filter(None, [said.reasoning, *thoughts]))
        if reasoning:
            title = f"{self.book.actor(event)} thinks"
            self.put(event, "thought", title, reasoning, event.reused is not None)

    def step(self, event: StepEnded) -> None:
        """Enter a call of a tool (or of memory, a person, a remote) with its result."""
        request = self.book.steps[event.run, event.key].request
        asked = arguments(request)
        failed = event.status != "ok" or bool(mapped(event.result, "error"))
        if event.error is not None:
            result = explained(event.error)
        else:
            result = recalled(event) or self.book.words(event.result)
        call = f"{event.name}({short(asked, 400)})"
        kind = "error" if failed else "call"
        title = f"{self.book.actor(event)} → {call}"
        reused = event.reused is not None
        self.put(event, kind, title, result, reused, event.seq, event.content)

    def put(
        self,
        event: Event,
        kind: str,
        title: str,
        text: str,
        reused: bool = False,
        edit: int | str | None = None,
        content: str | Content | None = None,
    ) -> None:
        """Add an entry."""
        scope = self.book.scopes.get((event.run, event.scope))
        depth = scope.path.count("/") if scope is not None else 0
        where = (event.run, event.seq, event.at)
        line = TranscriptLine(
            *where, kind, title, text, depth, reused, self.rev, self.book.order, edit
        )
        line.content = content if isinstance(content, Content) else None
        self.lines.append(line)

    def told(self) -> list[TranscriptLine]:
        """The entries in the order of the story; `data` has them in that of time."""
        return sorted(self.lines, key=lambda line: line.order)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """Entries as JSON; see View.data."""
        return {
            "rev": self.rev,
            "lines": [line.data() for line in self.lines if line.rev > since],
        }


def recalled(event: StepEnded) -> str:
    """What a search of a memory found, a line for each with its score; empty for other steps."""
    rows = event.result if event.step == "memory" and isinstance(event.result, list) else []
    found = [(mapped(row, "item"), mapped(row, "score")) for row in rows]
    if not all(isinstance(score, float) and mapped(item, "text") for item, score in found):
        return ""
    return "\n".join(f"{score:.2f}  {short(str(item['text']), 300)}" for item, score in found)


def arguments(request: JSON) -> str:
    """What a step was asked, as arguments of a call."""
    if not isinstance(request, dict):
        return "" if request is None else str(request)
    named = (f"{k}={json.dumps(v, ensure_ascii=False, default=str)}" for k, v in request.items())
    return ", ".join(named)
