"""The transcript: who said what to whom, which tools were called, what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agentkit.amounts import LONG, cell, fence
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
from agentkit.pictures.svg import FONT, TONES, clean
from agentkit.pictures.table import table_svg
from agentkit.views.book import YOU, Book, Order, explained, mapped, short
from agentkit.views.branching import branches, hint
from agentkit.views.notes import grave, quiet, sentence
from agentkit.words import UNREAD


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
    edit: int | str | None = None
    """What a fork edits to change it; see Book.edited_by."""

    def data(self) -> dict[str, JSON]:
        """The entry as JSON."""
        names = (name for name in self.__slots__ if name not in ("rev", "order", "edit"))
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
                text = self.book.said(event.message)
                self.put(event, event.purpose, title, text, edit=self.book.edited_by(event))
            case StepEnded(step="model", status="ok") if event.nodes:
                self.thought(event)
            case StepEnded() if event.step not in ("model", "clock", "random"):
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
            result = explained(event.error)
        else:
            result = recalled(event) or self.book.words(event.result)
        call = f"{event.name}({short(asked, 400)})"
        kind = "error" if failed else "call"
        title = f"{self.book.actor(event)} → {call}"
        self.put(event, kind, title, result, event.reused is not None, event.seq)

    def put(
        self,
        event: Event,
        kind: str,
        title: str,
        text: str,
        reused: bool = False,
        edit: int | str | None = None,
    ) -> None:
        """Add an entry."""
        scope = self.book.scopes.get((event.run, event.scope))
        depth = scope.path.count("/") if scope is not None else 0
        where = (event.run, event.seq, event.at)
        line = Line(*where, kind, title, text, depth, reused, self.rev, self.book.order, edit)
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
            title = " ".join(line.title.splitlines())  # no word of it may begin a line
            head = f"{pad}{title}{mark(line)}  #{line.seq}"
            found.append(head + (f"\n{pad}    {body}" if body else ""))
        return "\n".join([*found, *self.hints()]) or "(nothing said yet)"

    def hints(self) -> list[str]:
        """How the numbers of the events are used, when there are any."""
        return [hint(self.lines[-1].run)] if self.lines else []

    def to_markdown(self) -> str:
        """The transcript as Markdown; long texts are folded."""
        shown = [*map(markdown, self.told()), *map(cell, self.hints())]
        return "\n\n".join(shown) or "*Nothing said yet.*"

    def to_html(self) -> str:
        """The transcript as HTML; long texts are folded."""
        body = "".join(html(line) for line in self.told()) or "<p>Nothing said yet.</p>"
        look = f"font-family:{FONT};font-size:13px;line-height:1.5"
        return f'<div class="{UNREAD}" style="{look}">{body}</div>'

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
    bold = "*" if line.kind == "note" else "**"
    head = f"{bold}{cell(line.title)}{bold}{mark(line)} #{line.seq}"
    if not line.text:
        return head
    if len(line.text) <= LONG:
        return f"{head}\n\n{fence(line.text)}"
    brief = f"{cell(short(line.text, 120))} ({len(line.text)} characters)"
    return f"{head}\n\n<details><summary>{brief}</summary>\n\n{fence(line.text)}\n\n</details>"


def number(line: Line) -> str:
    """An entry's event number in HTML; it opens the lines that go on from there."""
    look = "float:right;margin-left:12px;font-size:11px;color:var(--jp-content-font-color2,#5b6570)"
    ways = [
        f'<div title="{clean(one.help)}">{one.name}: <code>{clean(one.line)}</code></div>'
        for one in branches(line.run, line.seq, line.edit)
    ]
    return (
        f'<details style="{look}"><summary style="cursor:pointer">#{line.seq}</summary>'
        f"{''.join(ways)}</details>"
    )


def html(line: Line) -> str:
    """An entry in HTML."""
    tone = TONES.get(line.kind, "#9aa3ad")
    box = (
        f"margin:0 0 10px {line.depth * 18}px;padding:2px 0 2px 10px;"
        f"border-left:3px solid {tone};color:var(--jp-content-font-color1,inherit)"
    )
    head = f"{clean(line.title)}<i>{mark(line)}</i>"
    title = f'{number(line)}<div style="font-weight:600">{head}</div>'
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
