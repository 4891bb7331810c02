"""What servers send, as content of messages, and content of messages as what servers send."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

import mcp_types as types

from agentkit.errors import error_text
from agentkit.messages import JSON, Content, canonical
from agentkit.parts import Binary, Data, Image, Part
from agentkit.protocols import foreign


def words_of(blocks: Iterable[Any]) -> str:
    """Blocks in words, as an error of a tool is told."""
    return str(Content(part_of(one) for one in blocks))


def result_of(result: types.CallToolResult, structured: Any) -> JSON | Content:
    """What a tool gave, as its model reads it.

    Args:
        result: of the server.
        structured: its structured content, as far as that is believed.

    Returns:
        The structured content where the rest is only its text, which servers add for clients that
        know no better; else texts and parts, and that at the end.
    """
    parts = [part_of(one) for one in result.content]
    texts = [one for one in parts if isinstance(one, str)]
    if structured is not None:
        if not texts or len(texts) == len(parts) and says(texts, structured):
            others = [one for one in parts if not isinstance(one, str)]
            return Content([*others, Data(structured)]) if others else structured
        return Content([*parts, Data(structured)])
    if len(parts) == len(texts):
        return "\n".join(texts)
    return Content(parts)


def says(texts: list[str], structured: Any) -> bool:
    """Whether texts say in words what the structured content says."""
    for said in (structured, *(structured.values() if isinstance(structured, dict) else ())):
        if len(texts) == 1 and (texts[0] == said or read(texts[0]) == said):
            return True
        if isinstance(said, list) and [read(one) for one in texts] in (said, [said]):
            return True
    return False


def read(text: str) -> Any:
    """A text as the JSON that it is, else itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def part_of(block: Any) -> str | Part:
    """A block of content as a text or a part; what cannot be used is said in words."""
    match block:
        case types.TextContent():
            return block.text
        case types.ImageContent() | types.AudioContent():
            return binary(block.data, block.mime_type, "")
        case types.EmbeddedResource():
            return resource_part(block.resource)
        case types.ResourceLink():
            link = {"uri": block.uri, "name": block.name, "description": block.description}
            link["mime_type"] = block.mime_type
            return Data({name: one for name, one in link.items() if one}, name="resource")
    return f"[content of a kind that is not known here: {type(block).__name__}]"


def resource_part(found: Any) -> str | Part:
    """The contents of a resource as a text or a part."""
    if isinstance(found, types.BlobResourceContents):
        return binary(found.blob, found.mime_type or "", found.uri)
    return str(found.text)


def binary(data: str, media_type: str, name: str) -> str | Part:
    """Bytes in base64 as an image or a file."""
    try:
        found = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        return f"[bytes that cannot be read: {error_text(error)}]"
    return foreign.binary(found, media_type, name)


def blocks_of(result: Any) -> list[Any]:
    """A result of a tool, JSON or content, as blocks of the protocol."""
    if isinstance(result, Content):
        return [block for one in result if (block := block_of(one)) is not None]
    text = result if isinstance(result, str) else canonical(result)
    return [types.TextContent(type="text", text=text)]


def block_of(one: str | Part) -> Any:
    """A text or part as a block; None for what a model thought."""
    if isinstance(one, Binary):
        if one.url:
            kind = one.media_type or None
            name = one.name or one.url
            return types.ResourceLink(type="resource_link", uri=one.url, name=name, mime_type=kind)
        data = base64.b64encode(one.data).decode("ascii")
        if isinstance(one, Image):
            return types.ImageContent(type="image", data=data, mime_type=one.media_type)
        if one.media_type.startswith("audio/"):
            return types.AudioContent(type="audio", data=data, mime_type=one.media_type)
        held = types.BlobResourceContents(
            uri=f"file:///{one.name or one.digest[:12]}",
            mime_type=one.media_type or None,
            blob=data,
        )
        return types.EmbeddedResource(type="resource", resource=held)
    text = one if isinstance(one, str) else one.words
    return types.TextContent(type="text", text=text) if text else None
