"""A run as a chat is told of it: text, thoughts, calls of tools; and a prompt as a task."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from acp import schema
from acp.helpers import (
    start_tool_call,
    text_block,
    tool_content,
    update_agent_message_text,
    update_agent_thought_text,
    update_tool_call,
)

from agentkit.errors import SetupError
from agentkit.events import Delta, Noted, ScopeOpened, StepEnded, StepStarted, Thought
from agentkit.messages import JSON, Content, canonical
from agentkit.parts import File, Image
from agentkit.reliability.retry import Retried

LONGEST = 20_000
"""Characters of the result of a tool that a chat is shown."""


class Telling:
    """The updates that the events of one run are."""

    def __init__(self, actor: str) -> None:
        """Begin.

        Args:
            actor: who is talked with: his words are the message, those of others thoughts.
        """
        self.actor = actor
        self.said = ""
        """By the actor, in his last reply."""
        self.key = ""
        self.speaker = ""
        self.ends: dict[str, str] = {}
        """Calls that have begun."""

    def take(self, item: Any) -> list[Any]:
        """The updates of an event, or of a piece of a reply."""
        match item:
            case Delta():
                return [self.text(item)]
            case Thought():
                return [update_agent_thought_text(item.text)]
            case Noted(note=Retried()) if self.said:
                self.said = ""
                return [update_agent_message_text("\n[tried again]\n")]
            case ScopeOpened() if item.actor != self.actor:
                self.speaker = ""
            case StepStarted() if item.step in ("tool", "remote"):
                return [self.call(item)]
            case StepEnded() if item.key in self.ends:
                return [self.result(item)]
        return []

    def text(self, item: Delta) -> Any:
        """A piece of a reply."""
        if item.actor != self.actor:
            head = "" if self.speaker == item.actor else f"\n{item.actor}: "
            self.speaker = item.actor
            return update_agent_thought_text(head + item.text)
        between = "\n\n" if self.said and self.key != item.key else ""
        if self.key != item.key:
            self.key, self.said = item.key, ""
        self.said += item.text
        return update_agent_message_text(between + item.text)

    def call(self, item: StepStarted) -> Any:
        """A call begins."""
        self.ends[item.key] = item.name
        # Whether it only reads is what a person wants to know of it first.
        kind: Any = "read" if item.effect == "pure" else "other"
        return start_tool_call(
            item.key, item.name, kind=kind, status="in_progress", raw_input=item.request
        )

    def result(self, item: StepEnded) -> Any:
        """A call ends."""
        del self.ends[item.key]
        text = f"{item.error}" if item.error is not None else words(item.given)
        content = [tool_content(text_block(shortened(text)))]
        status: Any = "completed" if item.status == "ok" else "failed"
        return update_tool_call(item.key, status=status, content=content)

    def rest(self, text: str) -> list[Any]:
        """What of the answer was not told as it was said."""
        if not text or text == self.said:
            return []
        return [update_agent_message_text(("\n\n" if self.said else "") + text)]


def shortened(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def words(value: JSON) -> str:
    """A result in words."""
    if isinstance(value, str | Content):
        return str(value)
    return canonical(value)


def task_of(blocks: list[Any]) -> str | Content:
    """What a prompt asks: a text, or content where there is more.

    Raises:
        SetupError: it is empty, or holds what no model of ours takes.
    """
    parts: list[Any] = []
    for block in blocks:
        match block:
            case schema.TextContentBlock():
                parts.append(block.text)
            case schema.ImageContentBlock():
                parts.append(Image.from_bytes(decoded(block.data)))
            case schema.ResourceContentBlock():
                parts.append(f"[{block.name}: {block.uri}]")
            case schema.EmbeddedResourceContentBlock():
                parts.append(embedded(block.resource))
            case _:
                kind = getattr(block, "type", type(block).__name__)
                raise SetupError(f"A prompt with {kind}.", expected="text, images and resources")
    if all(isinstance(one, str) for one in parts):
        text = "\n".join(parts).strip()
        if not text:
            raise SetupError("The prompt is empty.", expected="a task")
        return text
    return Content(parts)


def embedded(resource: Any) -> Any:
    """A resource that came along."""
    if isinstance(resource, schema.TextResourceContents):
        return f"[{resource.uri}]\n{resource.text}"
    return File.from_bytes(decoded(resource.blob), name=str(resource.uri).rpartition("/")[2])


def decoded(data: str) -> bytes:
    """Bytes in base64.

    Raises:
        SetupError: they are not.
    """
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SetupError("An image or file is not in base64.") from error
