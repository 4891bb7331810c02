"""What an ask shows while it goes on: who does what, the text as it streams, the answer."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from typing import Any

from IPython.display import publish_display_data
from pydantic_core import to_jsonable_python

from agentkit.answer import Answer
from agentkit.events import (
    QUIET,
    Calling,
    Delta,
    Noted,
    Partial,
    ReplyPiece,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
    Thought,
)
from agentkit.inline import pictures
from agentkit.messages import JSON
from agentkit.office import Progressed
from agentkit.reliability.fallback import FellBackTo
from agentkit.reliability.retry import Retried
from agentkit.words import Growing, fenced, for_line, for_markdown, for_terminal

UPDATE_S = 0.05
"""Least time between two updates of an output: servers drop what comes too fast."""
SHARE = 4
"""Pause after an update, in times of what it took: reading a long answer must not fill the loop."""
PACE = 400_000
"""Characters a second that are sent to a front end, which reads all of them anew each time."""
TAIL = 1_200
"""Characters shown of the text of somebody who works for the one who was asked."""
BLOCK = re.compile(r"#|>|[-+*] |\d+[.)] |\||```|<pre>|\$\$|___")
"""How a block begins that cannot go on in a line."""
THOUGHT = 80
"""Characters shown of the end of what a model thinks."""
NOTHING = "no words"
"""What is shown of an answer that has none."""
DOING = 3
"""Things that the line of activity names."""


def publish(
    data: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    *,
    display_id: str | None = None,
    update: bool = False,
) -> None:
    """Put an output into the notebook, or renew the one of that display id."""
    if "text/plain" in data:
        data = {**data, "text/plain": for_terminal(data["text/plain"])}
    transient = {"display_id": display_id} if display_id else {}
    publish_display_data(data, metadata or {}, transient=transient, update=update)  # type: ignore[no-untyped-call]


class LiveProgress:
    """A fold over a run's events and deltas: the text of whom it is now, and who does what."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.names: dict[str, str] = {}
        self.texts: dict[str, tuple[str, str]] = {}
        """Step and text so far, by scope."""
        self.growing: dict[str, Growing] = {}
        """The texts as Markdown, as far as they are read, by scope."""
        self.doing: dict[str, tuple[str, str]] = {}
        """Scope and what it does, by step."""
        self.far: dict[str, str] = {}
        """How far it is, by step."""
        self.top = ""
        self.tails: dict[str, str] = {}
        """The end of what it thinks, or of the call that forms, by step."""
        self.forming: dict[str, tuple[str, Any]] = {}
        """Step and object of a typed answer as far as it has come, by scope."""

    def add(self, item: Any) -> None:
        """Take an event or a piece of text into account."""
        match item:
            case ReplyPiece():
                self.hear(item)
            case ScopeOpened():
                self.names[item.scope] = item.actor
                if not item.parent:
                    self.top = item.scope
            case ScopeClosed() if item.scope != self.top:
                self.texts.pop(item.scope, None)
                self.forming.pop(item.scope, None)
            case StepStarted():
                self.doing[item.key] = (item.scope, performed(item))
            case StepEnded():
                self.doing.pop(item.key, None)
                self.far.pop(item.key, None)
                self.tails.pop(item.key, None)
            case Noted(note=Progressed() as so_far):
                if so_far.step in self.doing:
                    self.far[so_far.step] = far(so_far)
            case Noted(note=Retried() as again):
                self.anew(item.scope)
                for key, (scope, _) in self.doing.items():
                    if scope == item.scope:
                        self.doing[key] = (scope, retried(again))
            case Noted(note=FellBackTo()):
                self.anew(item.scope)
            case _:
                pass

    def hear(self, item: ReplyPiece) -> None:
        """Take a piece of a reply into account."""
        match item:
            case Delta():
                self.names.setdefault(item.scope, item.actor)
                key, text = self.texts.get(item.scope, ("", ""))
                self.texts[item.scope] = (
                    item.key,
                    text + item.text if key == item.key else item.text,
                )
                if item.key in self.doing:
                    self.doing[item.key] = (item.scope, "")
            case Partial():
                self.forming[item.scope] = (item.key, item.data)
            case Thought() if item.key in self.doing:
                self.tails[item.key] = (self.tails.get(item.key, "") + item.text)[-THOUGHT:]
                said = " ".join(self.tails[item.key].split())
                self.doing[item.key] = (item.scope, f"is thinking: …{said}")
            case Calling() if item.key in self.doing:
                if item.name:
                    self.tails[item.key] = f"{item.name}("
                said = self.tails[item.key] = (self.tails.get(item.key, "") + item.arguments)[
                    -THOUGHT:
                ]
                self.doing[item.key] = (item.scope, f"is about to call {said}")
            case _:
                pass

    def anew(self, scope: str) -> None:
        """Forget what was said in a scope by a call that is made again."""
        self.texts.pop(scope, None)
        self.forming.pop(scope, None)
        for key, (place, _) in self.doing.items():
            if place == scope:
                self.tails.pop(key, None)

    def text(self) -> str:
        """What is being said, as Markdown."""
        parts = []
        for scope, (key, said) in self.texts.items():
            step, data = self.forming.get(scope, ("", None))
            if step == key:
                parts.append(formed(data))
                continue
            name = self.names.get(scope, "")
            if scope == self.top or name == self.actor:
                parts.append(self.growing.setdefault(scope, Growing()).shown(said))
            else:
                cut = said if len(said) <= TAIL else "…" + said[-TAIL:]
                text = for_markdown(cut)
                below = "\n\n" if BLOCK.match(text) else " "
                parts.append(f"**{for_line(name)}**:{below}{text}")
        return "\n\n".join(part for part in parts if part.strip())

    def activity(self) -> str:
        """Who does what, in one line."""
        lines = [
            f"{self.names.get(scope, self.actor)} {what}{self.far.get(key, '')}"
            for key, (scope, what) in self.doing.items()
            if what
        ]
        more = len(lines) - DOING
        return " · ".join(lines[:DOING]) + (f" · and {more} more" if more > 0 else "")


def formed(data: Any) -> str:
    """A typed answer as far as it has come, as Markdown."""
    shown = to_jsonable_python(data, exclude_none=True, fallback=str)
    if not isinstance(shown, dict):
        return fenced(json.dumps(shown, ensure_ascii=False, indent=2), "json")
    told = [(str(name), written(value)) for name, value in shown.items() if value is not None]
    lines = [f"- **{for_line(name)}**: {for_line(value)}" for name, value in told]
    return "\n".join(lines)


def written(value: JSON) -> str:
    """A field's value in a line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= TAIL else text[: TAIL - 1] + "…"


def performed(event: StepStarted) -> str:
    """A step in a few words."""
    if event.step == "model":
        return "is thinking"
    if event.step == "person":
        return "waits for you"
    if event.step == "tool":
        return f"calls {event.name}({arguments(event.request)})"
    return "" if event.step in QUIET else f"does {event.name}"


def arguments(request: JSON) -> str:
    """A call's arguments, short."""
    if not isinstance(request, dict):
        return ""
    shown = ", ".join(f"{name}={json.dumps(v, ensure_ascii=False)}" for name, v in request.items())
    return shown if len(shown) <= 60 else shown[:59] + "…"


def far(so_far: Progressed) -> str:
    """How far a call is, in a few words."""
    text = so_far.text if len(so_far.text) <= 60 else so_far.text[:59] + "…"
    return f" {so_far.share:.0%}" + (f" {text}" if text else "")


def retried(again: Retried) -> str:
    """A retry in a few words."""
    return f"tries again ({again.error or 'failed'})"


class Canvas:
    """One output in the notebook, updated at most twenty times a second, a long one less often."""

    def __init__(self, live: bool) -> None:
        self.live = live
        self.id = new_id()
        self.placed = False
        self.shown: dict[str, Any] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.pause_s = UPDATE_S
        self.progress: LiveProgress | None = None

    def follow(self, progress: LiveProgress) -> None:
        """Show this from now on."""
        self.progress = progress
        if self.live:
            self.loop = asyncio.get_running_loop()
            self.draw()

    def receive(self, items: list[Any]) -> None:
        """A subscriber of the log."""
        if self.progress is None:
            return
        for item in items:
            self.progress.add(item)
        self.schedule()

    def schedule(self) -> None:
        """Draw soon, on the loop of the cell; a tool in a thread may bring an event too."""
        if not self.live or self.timer is not None or self.loop is None:
            return
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self.loop:
            self.timer = self.loop.call_later(self.pause_s, self.draw)
        else:
            self.loop.call_soon_threadsafe(self.schedule)

    def draw(self) -> None:
        """Show the present state."""
        self.timer = None
        begun = time.perf_counter()
        if self.progress is not None:
            text, doing = self.progress.text(), self.progress.activity()
            if not text and not doing:
                doing = self.progress.actor
            self.put(paragraphs_of(text, small(f"{doing} …") if doing else ""), "…")
            self.pause_s = max(UPDATE_S, SHARE * (time.perf_counter() - begun), len(text) / PACE)

    def step_aside(self, asker: str) -> None:
        """Leave this place to a question, and go on below it."""
        if self.progress is None:
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        said = self.progress.text()
        self.put(
            paragraphs_of(said, small(f"{asker} asks:")), paragraphs_of(said, f"[{asker} asks:]")
        )
        self.id, self.placed = new_id(), False

    def put(self, markdown: str, text: str) -> None:
        """Replace the output."""
        self.shown = {"text/markdown": markdown, "text/plain": text}
        update, self.placed = self.placed, True
        publish(self.shown, display_id=self.id, update=update)

    def again(self) -> None:
        """Put what is shown once more, from the cell that runs now."""
        if self.placed:
            publish(self.shown, display_id=self.id, update=True)

    def finish(self, markdown: str, text: str) -> None:
        """Show the end state, which stays in the notebook."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.progress = None
        self.put(markdown, text)

    def stopped(self, why: str) -> None:
        """Keep what was said until it stopped, and say why it did."""
        said = self.progress.text() if self.progress else ""
        self.finish(paragraphs_of(said, small(why)), paragraphs_of(said, f"[{why}]"))


def paragraphs_of(*parts: str) -> str:
    """Paragraphs, the empty ones left out."""
    return "\n\n".join(part for part in parts if part)


def new_id() -> str:
    """A display id that nobody else has."""
    return f"agentkit-{uuid.uuid4().hex}"


def small(text: str) -> str:
    """A line in small print, as Markdown; whatever is in it is shown as it is."""
    return f"<small>{for_line(text)}</small>"


def answer_shown(answer: Answer, extra: str = "") -> tuple[str, str]:
    """An answer with its one-line bill, as Markdown and as text."""
    bill = answer.bill + (f" · {extra}" if extra else "")
    text, markdown = answer.text, for_markdown(answer.text)
    if answer.data is not None and typed(answer):
        text = json.dumps(to_jsonable_python(answer.data), indent=2, ensure_ascii=False)
        markdown = fenced(text, "json")
    images = pictures(answer.content)
    if not (text.strip() or images or answer.data is not None):
        text, markdown = f"({NOTHING})", small(NOTHING)
    said = paragraphs_of(markdown, images, small(f"{answer.actor} · {bill}"))
    return said, f"{text}\n[{answer.actor} · {bill}]"


def typed(answer: Answer) -> bool:
    """Whether the text is the JSON that a typed answer came in, not prose next to its data."""
    return answer.text.lstrip()[:1] in tuple("{[`")
