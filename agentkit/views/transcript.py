"""The transcript: who said what to whom, which tools were called, what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    StepEnded,
)
from agentkit.messages import JSON
from agentkit.views.book import YOU, Book, Order, mapped, short
from agentkit.views.svg import FONT, TONES, clean
from agentkit.views.table import table_svg
from agentkit.views.text import LONG, cell, fence

UNTOLD = ("bound", "recalled")
"""Notes that tell nothing new: where a notebook puts the answer; what a step has told before."""


@dataclass(slots=True)
class Line:
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

    def data(self) -> dict[str, JSON]:
        """The entry as JSON."""
        names = (name for name in self.__slots__ if name not in ("rev", "order"))
        return {name: getattr(self, name) for name in names}


class Transcript:
    """What was said and done, in the order of the story: parallel work stands one by one."""

    def __init__(self) -> None:
        self.book = Book()
        self.lines: list[Line] = []
        self.rev = 0

    def add(self, event: Event) -> None:
        """Take one event into account."""
        verdict = self.book.take(event)
        if verdict == "old":
            return
        self.rev += 1
        if isinstance(event, RunStarted) and verdict == "again":
            self.put(event, "run", "resumed", "")
        elif verdict == "new":
            self.enter(event)

    def enter(self, event: Event) -> None:
        """Enter what was not told before."""
        match event:
            case MessageSent():
                title = f"{event.sender or YOU} → {event.to or YOU}"
                self.put(event, event.purpose, title, self.book.said(event.message))
            case StepEnded(step="model", status="ok") if event.nodes:
                self.thought(event)
            case StepEnded() if event.step not in ("model", "clock", "random"):
                self.step(event)
            case StepEnded() if event.status == "failed" and event.error is not None:
                title = f"{self.book.actor(event)}: {event.name} failed"
                self.put(event, "error", title, f"{event.error.type}: {event.error.text}")
            case ScopeClosed() if event.error is not None:
                title = f"{self.book.actor(event)} {event.status}"
                self.put(event, "error", title, f"{event.error.type}: {event.error.text}")
            case Noted() if event.topic not in UNTOLD:
                title = f"{self.book.actor(event)}: {event.topic.replace('_', ' ')}"
                self.put(event, "note", title, self.book.words(event.data))
            case RunEnded() if event.status != "ok":
                error = event.error
                self.put(
                    event,
                    "error",
                    f"run {event.status}",
                    f"{error.type}: {error.text}" if error else "",
                )

    def thought(self, event: StepEnded) -> None:
        """Enter what a model thought before it answered, where its endpoint tells."""
        reasoning = event.nodes[-1].message.reasoning
        if reasoning:
            title = f"{self.book.actor(event)} thinks"
            self.put(event, "thought", title, reasoning, event.reused is not None)

    def step(self, event: StepEnded) -> None:
        """Enter a call of a tool (or of memory, a person, a remote) with its result."""
        request = self.book.steps[event.run, event.key].request
        asked = arguments(request)
        failed = event.status != "ok" or bool(mapped(event.result, "error"))
        if event.error is not None:
            result = f"{event.error.type}: {event.error.text}"
        else:
            result = recalled(event) or self.book.words(event.result)
        call = f"{event.name}({short(asked, 400)})"
        kind = "error" if failed else "call"
        title = f"{self.book.actor(event)} → {call}"
        self.put(event, kind, title, result, event.reused is not None)

    def put(self, event: Event, kind: str, title: str, text: str, reused: bool = False) -> None:
        """Add an entry."""
        scope = self.book.scopes.get((event.run, event.scope))
        depth = scope.path.count("/") if scope is not None else 0
        where = (event.run, event.seq, event.at)
        line = Line(*where, kind, title, text, depth, reused, self.rev, self.book.order)
        self.lines.append(line)

    def told(self) -> list[Line]:
        """The entries in the order of the story; `data` has them in that of time."""
        return sorted(self.lines, key=lambda line: line.order)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """Entries as JSON; see View.data."""
        return {
            "rev": self.rev,
            "lines": [line.data() for line in self.lines if line.rev > since],
        }

    def __str__(self) -> str:
        found = []
        for line in self.told():
            pad = "  " * line.depth
            body = line.text.replace("\n", f"\n{pad}    ")
            found.append(f"{pad}{line.title}{mark(line)}" + (f"\n{pad}    {body}" if body else ""))
        return "\n".join(found) or "(nothing said yet)"

    def to_markdown(self) -> str:
        """The transcript as Markdown; long texts are folded."""
        return "\n\n".join(markdown(line) for line in self.told()) or "*Nothing said yet.*"

    def to_html(self) -> str:
        """The transcript as HTML; long texts are folded."""
        body = "".join(html(line) for line in self.told()) or "<p>Nothing said yet.</p>"
        return f'<div style="font-family:{FONT};font-size:13px;line-height:1.5">{body}</div>'

    def to_svg(self) -> str:
        """The transcript as a picture, for readers that show neither HTML nor Markdown."""
        rows = [[line.title, short(line.text, 60)] for line in self.told()]
        return table_svg([["who", "what"], *rows], "Transcript", [])


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


def mark(line: Line) -> str:
    """How an entry shows that nothing was performed for it."""
    return " (reused, not paid)" if line.reused else ""


def markdown(line: Line) -> str:
    """An entry in Markdown; what models wrote stands in code blocks, so it cannot pose as ours."""
    head = f"**{cell(line.title)}**{mark(line)}"
    if line.kind == "note":
        head = f"*{cell(line.title)}*"
    if not line.text:
        return head
    if len(line.text) <= LONG:
        return f"{head}\n\n{fence(line.text)}"
    brief = f"{cell(short(line.text, 120))} ({len(line.text)} characters)"
    return f"{head}\n\n<details><summary>{brief}</summary>\n\n{fence(line.text)}\n\n</details>"


def html(line: Line) -> str:
    """An entry in HTML."""
    tone = TONES.get(line.kind, "#9aa3ad")
    box = (
        f"margin:0 0 10px {line.depth * 18}px;padding:2px 0 2px 10px;"
        f"border-left:3px solid {tone};color:var(--jp-content-font-color1,inherit)"
    )
    title = f"<div style='font-weight:600'>{clean(line.title)}<i>{mark(line)}</i></div>"
    pre = "white-space:pre-wrap;overflow-wrap:anywhere;margin:2px 0"
    if not line.text:
        body = ""
    elif len(line.text) <= LONG:
        body = f'<div style="{pre}">{clean(line.text)}</div>'
    else:
        brief = f"{clean(short(line.text, 120))} ({len(line.text)} characters)"
        whole = f'<div style="{pre}">{clean(line.text)}</div>'
        body = f"<details><summary>{brief}</summary>{whole}</details>"
    return f'<div style="{box}">{title}{body}</div>'
