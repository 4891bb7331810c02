"""A question to the person, with buttons or a text field and a countdown."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import anywidget
import traitlets

from agentkit.messages import JSON
from agentkit.person import Question
from agentkit.pictures.svg import clean
from agentkit.words import UNREAD
from nbext.show import publish
from nbext.widgets.base import WIDGET, twin
from nbext.widgets.door import door
from nbext.widgets.modules import served, styles

BY = {
    "person": "You answered",
    "script": "Answered by a script",
    "time": "Nobody answered in time",
    "nobody": "Nobody is here to answer; by default",
    "elsewhere": "Answered elsewhere",
    "stopped": "Stopped before there was an answer",
}


class QuestionWidget(anywidget.AnyWidget):
    """A question in a cell's output; awaiting it gives the answer."""

    _esm = served("question")
    _css = styles("question")
    still = traitlets.Unicode().tag(sync=True)
    """Class of the still text next to it, which hides while the live question is there."""
    text = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    default = traitlets.Unicode().tag(sync=True)
    timeout_s = traitlets.Float(0.0).tag(sync=True)
    words = traitlets.Bool(False).tag(sync=True)
    """Whether there is a field for other words, besides the buttons."""
    answer = traitlets.Unicode().tag(sync=True)
    by = traitlets.Unicode().tag(sync=True)
    """Who answered: empty, or one of BY."""
    door = traitlets.Unicode().tag(sync=True)
    """How the front end is heard while the cell waits; see `door`."""

    def __init__(self, question: Question) -> None:
        self.loop = asyncio.get_running_loop()
        self.mounted: asyncio.Future[None] = self.loop.create_future()
        self.given: asyncio.Future[str] = self.loop.create_future()
        self.display_id = f"agentkit-{uuid.uuid4().hex}"
        name, self.shut = door(lambda content: self.told(self, content, None))
        super().__init__(
            still=self.display_id,
            door=name,
            text=question.text,
            options=list(question.options),
            default=question.default,
            timeout_s=question.timeout_s or 0.0,
            words=question.words,
        )
        self.on_msg(self.told)

    def told(self, _widget: object, content: JSON, _buffers: object) -> None:
        """Hear the front end; older kernels call this from another thread."""
        if isinstance(content, dict):
            self.loop.call_soon_threadsafe(self.take, content)

    def take(self, content: dict[str, JSON]) -> None:
        """Note that somebody sees the question, or what was answered."""
        if not self.mounted.done():
            self.mounted.set_result(None)
        if content.get("type") == "answer" and not self.given.done():
            self.given.set_result(str(content.get("text", "")))

    def show_answer(self, answer: str, by: str) -> None:
        """Show the answer instead of the buttons, in the stored output too."""
        self.answer = answer
        self.by = by
        self.shut()
        self.publish(update=True)

    def publish(self, update: bool = False) -> None:
        """Put the question into the notebook, or renew its still text where it stands.

        They are two outputs, as those of the live views are: a page without a kernel would take
        the live form of a single one, and show nothing.
        """
        if not update:
            data, metadata = super()._repr_mimebundle_() or ({}, {})
            live = {"text/plain": "", **{k: v for k, v in data.items() if k == WIDGET}}
            publish(live, metadata)
        still = self.as_text()
        still["text/html"] = twin(self.display_id, still["text/html"])
        publish(still, display_id=self.display_id, update=update)

    @property
    def choice(self) -> str:
        """What may be answered, as text."""
        return f"[{'/'.join(self.options)}]" if self.options else "[...]"

    def as_text(self) -> dict[str, str]:
        """The question and its answer for front ends without widgets."""
        said = BY[self.by] + (f": {self.answer}" if self.answer else "") if self.by else self.choice
        look = "border-left:3px solid #b6bec8;padding:6px 12px;margin:4px 0"
        lines = f"{clean(self.text)}<br><small>{clean(said)}</small>"
        return {
            "text/plain": f"{self.text}\n{said}",
            "text/html": f'<div class="{UNREAD}" style="{look}">{lines}</div>',
        }

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        live = super()._repr_mimebundle_()
        data, metadata = live if live is not None else ({}, {})
        return {**data, **self.as_text()}, metadata
