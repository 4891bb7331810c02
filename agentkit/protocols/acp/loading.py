"""A conversation that a log has, told to a chat again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from acp.helpers import (
    image_block,
    update_agent_message_text,
    update_user_message,
    update_user_message_text,
)

from agentkit.answer import Answer
from agentkit.errors import AgentkitError
from agentkit.events import Delta, RunEnded, RunStarted, ScopeOpened, StepEnded, StepStarted
from agentkit.finished import recorded_answer
from agentkit.log import Log
from agentkit.messages import JSON, Content, canonical, in_words
from agentkit.parts import Image
from agentkit.protocols.acp.telling import Telling


@dataclass
class PastPrompt:
    """A prompt, and what came of it."""

    updates: list[Any] = field(default_factory=list)
    answer: Answer | None = None


def place_of(session: str) -> str:
    """Where the runs of a conversation say that they were started from."""
    return f"acp:{session}"


def retold(log: Log, actor: str, session: str) -> list[PastPrompt]:
    """The turns of a conversation with an actor, in their order; none where the log has none.

    Raises:
        LogError: the log cannot be read.
    """
    infos = [one for one in log.runs() if one.place == place_of(session) and one.actor == actor]
    return [turn_of(log.read(one.id)) for one in sorted(infos, key=lambda one: one.started)]


def turn_of(events: Sequence[Any]) -> PastPrompt:
    """A turn as its run has it."""
    start = next(one for one in events if isinstance(one, RunStarted))
    actor = str(start.actor)
    made = PastPrompt(list(prompted(start.given)))
    retelling = Retelling(actor)
    for event in events:
        made.updates += retelling.take(event)
    end = next((one for one in reversed(events) if isinstance(one, RunEnded | RunStarted)), None)
    text = ended(end)
    if isinstance(end, RunEnded) and end.status == "ok":
        try:
            made.answer = recorded_answer(events, "", actor, worded(start.given), start.output)
            text = made.answer.text
        except AgentkitError as error:
            text = f"[What was answered cannot be read: {error.what}]"
    made.updates += retelling.rest(text)
    return made


def worded(task: JSON | Content) -> str | Content:
    """A task as whoever answers was told it."""
    return task if isinstance(task, str | Content) else canonical(task)


def prompted(task: JSON | Content) -> Iterator[Any]:
    """What was asked, as the chat's own words."""
    for part in task if isinstance(task, Content) else [in_words(task)]:
        if isinstance(part, Image) and not part.url:
            try:
                data = base64.b64encode(part.data).decode()
            except AgentkitError as error:
                yield update_user_message_text(f"[an image that is gone: {error.what}]")
            else:
                yield update_user_message(image_block(data, part.media_type))
        else:
            yield update_user_message_text(str(part))


class Retelling(Telling):
    """The updates of recorded events: of a reply as one piece, of questions with their answers."""

    def __init__(self, actor: str) -> None:
        super().__init__(actor)
        self.actors: dict[str, str] = {}
        """By the key of the activation."""
        self.asked: set[str] = set()
        """Keys of questions in words; a choice was a request for permission, and not talked of."""

    def take(self, item: Any) -> list[Any]:
        match item:
            case ScopeOpened():
                self.actors[item.scope] = item.actor
            case StepEnded(step="model", status="ok") if item.nodes:
                return self.reply(item, item.nodes[-1].message.text)
            case StepStarted(step="person", request={"text": str(text), **more}):
                if not more.get("options"):
                    self.asked.add(item.key)
                    return [update_agent_message_text(f"\n\n{text}")]
            case StepEnded(step="person", status="ok") if item.key in self.asked:
                found = item.result
                words = found.get("text") if isinstance(found, dict) else found
                return [update_user_message_text(str(words))]
        return super().take(item)

    def reply(self, item: StepEnded, text: str) -> list[Any]:
        """What a model said, as if it came in one piece."""
        actor = self.actors.get(item.scope, "")
        piece = Delta(run=item.run, scope=item.scope, key=item.key, actor=actor, text=text)
        return super().take(piece) if text else []


def ended(end: RunEnded | RunStarted | None) -> str:
    """What is said of a turn that came to no answer."""
    if not isinstance(end, RunEnded):
        return "[It was cut off before it had answered.]"
    if end.status == "cancelled":
        return "[It was stopped.]"
    return f"[It failed: {end.error}]"
