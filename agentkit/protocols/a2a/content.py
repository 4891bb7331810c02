"""Content of our messages as parts of the protocol's, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from a2a.types import Part as Sent
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.struct_pb2 import Value

from agentkit.errors import AgentkitError, UnsupportedPart
from agentkit.messages import JSON, Content, canonical
from agentkit.parts import Binary, Data, File, Image, Part
from agentkit.protocols import foreign
from agentkit.protocols.a2a.terms import TYPED

LARGEST_INT = 2**53
"""Beyond it a floating-point number is not exact."""


def content_of(parts: Iterable[Any]) -> str | Content:
    """Parts of a message or artifact as content; texts alone are one text."""
    found = [part_of(one) for one in parts]
    if all(isinstance(one, str) for one in found):
        return "\n".join(map(str, found))
    return Content(found)


def part_of(one: Any) -> str | Part:
    """A part as a text or a part of ours; what cannot be used is said in words."""
    match one.WhichOneof("content"):
        case "text":
            return str(one.text)
        case "raw":
            return foreign.binary(one.raw, one.media_type, one.filename)
        case "url":
            kind = Image if one.media_type.startswith("image/") else File
            try:
                # It is not fetched: whoever reads it decides that.
                return kind.from_url(one.url, media_type=one.media_type, name=one.filename)
            except AgentkitError as error:
                return f"[a file that cannot be used: {error.what}]"
        case "data":
            return Data(value_of(one.data), name=one.filename)
    return "[a part of a kind that is not known here]"


def value_of(value: Any) -> JSON:
    """A value of the protocol as JSON; numbers come as floats, and whole ones are made whole."""
    return whole(MessageToDict(value))


def whole(value: JSON) -> JSON:
    """JSON with 26 where it has 26.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INT:
        return int(value)
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return value


def typed_in(parts: Iterable[Any]) -> tuple[bool, JSON]:
    """Whether there are data that are the answer as the type asked for, and they."""
    for one in parts:
        if one.WhichOneof("content") == "data" and TYPED in one.metadata:
            return True, value_of(one.data)
    return False, None


def parts_of(content: JSON | Content) -> list[Sent]:
    """Content, or a JSON value, as parts.

    Raises:
        UnsupportedPart: a number that the protocol cannot carry.
    """
    if isinstance(content, Content):
        return [part for one in content if (part := sent(one)) is not None]
    if isinstance(content, str):
        return [Sent(text=content)]
    return [Sent(data=proto_value(content))]


def sent(one: str | Part) -> Sent | None:
    """A text or part as the protocol has it; None for what a model thought."""
    if isinstance(one, Binary):
        name, kind = one.name, one.media_type
        if one.url:
            return Sent(url=one.url, filename=name, media_type=kind)
        return Sent(raw=one.data, filename=name, media_type=kind)
    if isinstance(one, Data):
        return Sent(data=proto_value(one.value), filename=one.name)
    text = one if isinstance(one, str) else one.words
    return Sent(text=text) if text else None


def typed(data: JSON) -> Sent:
    """An answer's data as a part that says that it is."""
    part = Sent(data=proto_value(data))
    part.metadata[TYPED] = True
    return part


def proto_value(value: JSON) -> Value:
    """A JSON value as the protocol carries it.

    Raises:
        UnsupportedPart: it cannot be carried: its numbers are floating-point, of 64 bits.
    """
    try:
        # Its own parser, so that the error of a number or depth that does not fit is ours.
        made = ParseDict(json.loads(canonical(value)), Value())
    except (ParseError, ValueError, RecursionError, OverflowError) as error:
        raise UnsupportedPart(
            f"A2A cannot carry these data: {error}.", expected="JSON with finite numbers"
        ) from error
    if MessageToDict(made) != value:
        raise UnsupportedPart(
            "A2A cannot carry these data: its numbers have 53 bits, and one here has more.",
            expected="whole numbers up to 9007199254740991",
            todo="give larger ones as texts",
        )
    return made
