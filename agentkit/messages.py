"""Messages, and conversations as Merkle chains of them.

A message's id is the digest of its parent's id and its content, as in a version
control system: a conversation is known by its last id, two conversations share
the prefix they have in common, and a log stores each message once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from agentkit.errors import full_text
from agentkit.forms import plain

JSON = Any
"""A JSON value: None, bool, int, float, str, list or dict of them."""


def mended(value: JSON) -> JSON:
    """The value as every JSON reader takes it: what it cannot hold is replaced, visibly.

    NaN and infinities become strings, halves of surrogate pairs U+FFFD. Without it a value
    would read back from a log as another one, and no endpoint could be sent it.
    """
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list():
            return [mended(item) for item in value]
        case dict():
            return {mended(name): mended(item) for name, item in value.items()}
    return value


def jsonable(value: Any) -> JSON:
    """Any value as JSON: dataclasses, pydantic models, dates, sets, arrays, tables and so on.

    Raises:
        ValueError: it has no JSON form, or contains itself.
    """
    try:
        return mended(to_jsonable_python(value, fallback=plain))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(full_text(error)) from error


Text = Annotated[str, AfterValidator(mended)]


class Frozen(BaseModel):
    """Base of all data: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(Frozen):
    """A model's wish to call a tool."""

    id: Text
    name: Text
    arguments: Text
    """The JSON text exactly as the model wrote it; it may be malformed."""


class Message(Frozen):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text = ""
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


class Node(Frozen):
    """A message in its place in a conversation."""

    id: str
    parent: str | None
    message: Message


Thread = tuple[Node, ...]
"""A conversation, oldest first; thread[-1].id names all of it."""


def digest(*parts: str) -> str:
    """Name the parts: 128 bits of BLAKE2b in hex; lengths count, so that none run together."""
    whole = bytearray()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        whole += b"%d:" % len(data)
        whole += data
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: JSON) -> str:
    """The one JSON text of a value: sorted keys, no spaces (in the spirit of RFC 8785)."""
    return CANONICAL.encode(value)


def stored_message(message: Message) -> str:
    """A message as its id is made from it, and as logs keep it: JSON without defaults."""
    # What model_dump_json does, without its dozen options; this is done for every message.
    serializer = message.__pydantic_serializer__
    return serializer.to_json(message, exclude_defaults=True).decode()


def node(message: Message, parent: str | None = None) -> Node:
    """Put a message after the one called parent."""
    id = digest(parent or "", stored_message(message))
    return Node(id=id, parent=parent, message=message)


def extend(thread: Thread, *messages: Message) -> Thread:
    """The conversation with the messages added at its end."""
    for message in messages:
        thread = (*thread, node(message, thread[-1].id if thread else None))
    return thread


def chain(nodes: Mapping[str, Node], head: str | None) -> Thread:
    """The conversation that ends with this message, as far back as the messages are known."""
    thread: list[Node] = []
    while head is not None and head in nodes:
        thread.append(nodes[head])
        head = nodes[head].parent
    return tuple(reversed(thread))


def thread_of(messages: Iterable[Message]) -> Thread:
    """A conversation from its messages."""
    return extend((), *messages)
