"""Messages, and conversations as Merkle chains of them.

A message's id is the digest of its parent's id and its content, as in a version
control system: a conversation is known by its last id, two conversations share
the prefix they have in common, and a log stores each message once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from agentkit.deprecated import moved
from agentkit.parts import Content
from agentkit.values import JSON, Frozen, Text, built, canonical, changed, digest, jsonable, mended

__all__ = [
    "JSON", "Content", "Frozen", "Message", "Text", "Thread", "ThreadMessage", "ToolCall",
    "built", "canonical", "chain", "changed", "digest", "extend", "in_words", "jsonable",
    "mended", "stored_message", "thread_message", "thread_of",
]  # fmt: skip


class ToolCall(Frozen):
    """A model's wish to call a tool."""

    id: Text
    name: Text
    arguments: Text
    """The JSON text exactly as the model wrote it; it may be malformed."""


Role = Literal["system", "user", "assistant", "tool"]


class Message(Frozen):
    """One message of a conversation."""

    role: Role
    content: Annotated[Text | Content, Field(union_mode="left_to_right")] = ""
    """Text; or a list of texts and parts, see `agentkit.parts`."""
    calls: tuple[ToolCall, ...] = ()
    """Tool calls, of an assistant."""
    call_id: str | None = None
    """Which call a tool message answers."""
    error: bool = False
    """Whether a tool message tells of a failure."""
    native: Annotated[JSON, AfterValidator(mended)] = None
    """Blocks only the endpoint understands (signed thinking), sent back to it verbatim."""
    reasoning: Text = ""
    """What the model thought first, where the endpoint tells; no part of the answer."""

    @property
    def text(self) -> str:
        """The content in words: what is no text in it says what it is."""
        return self.content if isinstance(self.content, str) else str(self.content)


class ThreadMessage(Frozen):
    """A message in its place in a conversation."""

    id: str
    parent: str | None
    message: Message


Thread = tuple[ThreadMessage, ...]
"""A conversation, oldest first; thread[-1].id names all of it."""


def in_words(task: JSON | Content) -> str:
    """A task as text: content in words, any other value as its JSON."""
    if isinstance(task, str | Content):
        return str(task)
    return canonical(task)


def stored_message(message: Message) -> str:
    """A message as its id is made from it, and as logs keep it: JSON without defaults."""
    # What model_dump_json does, without its dozen options; this is done for every message.
    serializer = message.__pydantic_serializer__
    return serializer.to_json(message, exclude_defaults=True).decode()


def thread_message(message: Message, parent: str | None = None) -> ThreadMessage:
    """Put a message after the one called parent."""
    id = digest(parent or "", stored_message(message))
    return built(ThreadMessage, {"id": id, "parent": parent, "message": message})


def extend(thread: Thread, *messages: Message) -> Thread:
    """The conversation with the messages added at its end."""
    for message in messages:
        thread = (*thread, thread_message(message, thread[-1].id if thread else None))
    return thread


def message_of(role: Role, content: str | Content, **fields: Any) -> Message:
    """What Message(role=role, content=content, **fields) makes; of text it is made sooner.

    Args:
        role: who says it.
        content: mended here.
        fields: the others, as their classes say.
    """
    if type(content) is not str:
        return Message(role=role, content=content, **fields)
    return built(Message, {"role": role, "content": mended(content), **fields})


def chain(nodes: Mapping[str, ThreadMessage], head: str | None) -> Thread:
    """The conversation that ends with this message, as far back as the messages are known."""
    thread: list[ThreadMessage] = []
    while head is not None and head in nodes:
        thread.append(nodes[head])
        head = nodes[head].parent
    return tuple(reversed(thread))


def thread_of(messages: Iterable[Message]) -> Thread:
    """A conversation from its messages."""
    return extend((), *messages)


__getattr__ = moved(
    __name__,
    {
        "Node": f"{__name__}:ThreadMessage",
        "node": f"{__name__}:thread_message",
    },
)
