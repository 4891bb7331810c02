"""Anthropic Messages: what is sent.

Source: Anthropic API reference, "Messages" and "Structured outputs".
"""

from __future__ import annotations

import re
from typing import Any

from agentkit.endpoints.caching import unmarked
from agentkit.endpoints.callids import unique
from agentkit.endpoints.openai_request import CHOICES, SCHEMA, UNKNOWN, chosen
from agentkit.endpoints.partswire import as_text, in_base64, is_pdf, unsupported
from agentkit.endpoints.schemas import closed, with_schema
from agentkit.endpoints.shapes import Malformed, decode
from agentkit.messages import Message, ToolCall, canonical, digest
from agentkit.model import Options, Request
from agentkit.parts import File, Image, Part
from agentkit.thoughts import apart

VERSION = "2023-06-01"
MAX_TOKENS = 4096
"""The dialect demands a bound; this one is sent where none is set."""


def headers(key: str | None) -> dict[str, str]:
    """What every call carries."""
    return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}


def wire_id(id_: str) -> str:
    """A call's id in the letters that the dialect allows; other endpoints' ids may have more."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", id_) or "call"


def input_of(call: ToolCall) -> dict[str, Any]:
    """A call's arguments as the object that the dialect demands."""
    try:
        value = decode(call.arguments)
    except Malformed:
        value = None
    return value if isinstance(value, dict) else {"malformed": call.arguments}


NAME = "Anthropic's Messages"


def part(item: Part, role: str) -> dict[str, Any]:
    """A part that is no text as a content block; what a user says and a tool returns may hold one.

    Raises:
        UnsupportedPart: the dialect has no form for it. BlobMissing: its bytes are not at hand.
    """
    taken = role in ("user", "tool")
    if taken and (isinstance(item, Image) or is_pdf(item)):
        assert isinstance(item, Image | File)
        source: dict[str, Any] = {"type": "url", "url": item.url}
        if not item.url:
            source = {"type": "base64", "media_type": item.media_type, "data": in_base64(item)}
        titled = {"title": item.name} if isinstance(item, File) and item.name else {}
        kind = "image" if isinstance(item, Image) else "document"
        return {"type": kind, "source": source, **titled}
    takes = "text, images, data, and files: text in UTF-8, or PDF" if taken else "text alone"
    raise unsupported(item, role, NAME, takes)


def content_blocks(item: Message) -> list[dict[str, Any]]:
    """The content of a message as blocks; empty text is not allowed and left out.

    Raises:
        UnsupportedPart, BlobMissing: as `part`.
    """
    if isinstance(item.content, str):
        return [{"type": "text", "text": item.content}] if item.content.strip() else []
    found: list[dict[str, Any]] = []
    for one in item.content:
        text = as_text(one)
        if text is not None and text.strip():
            found.append({"type": "text", "text": text})
        elif text is None and isinstance(one, Part):
            found.append(part(one, item.role))
    return found


def told(item: Message) -> str:
    """The text of a system message.

    Raises:
        UnsupportedPart: it holds more than text.
    """
    if isinstance(item.content, str):
        return item.content
    return "\n".join(block["text"] for block in content_blocks(item))


def blocks(item: Message) -> list[dict[str, Any]]:
    """The content blocks of a message; empty text is not allowed and left out."""
    own = item.native.get("anthropic") if isinstance(item.native, dict) else None
    if own and item.role == "assistant" and tells(own, item):
        return list(own)
    text = content_blocks(item)
    if item.role == "tool":
        id_ = item.call_id or ""
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": id_, "content": text}
        return [{**result, "is_error": True}] if item.error else [result]
    calls = [
        {"type": "tool_use", "id": c.id, "name": c.name, "input": input_of(c)} for c in item.calls
    ]
    return text + calls


def tells(own: list[Any], item: Message) -> bool:
    """Whether blocks kept verbatim say what their message says; an edit changes only that."""
    kinds = [block for block in own if isinstance(block, dict)]
    texts = [str(block.get("text", "")) for block in kinds if block.get("type") == "text"]
    named = [block.get("name") for block in kinds if block.get("type") == "tool_use"]
    same = apart("".join(texts), cut=True)[1].strip() == item.text.strip()
    return same and named == [call.name for call in item.calls]


def turns(messages: list[Message]) -> list[dict[str, Any]]:
    """Messages in turns of user and assistant; the results of one turn's calls stand together."""
    result: list[dict[str, Any]] = []
    for item in messages:
        role = "assistant" if item.role == "assistant" else "user"
        content = blocks(item)
        if result and result[-1]["role"] == role:
            result[-1]["content"] += content
        elif content:
            result.append({"role": role, "content": content})
    return result


def body(request: Request, model: str, options: Options, stream: bool) -> dict[str, Any]:
    """The request's JSON. A seed is not part of this dialect and left out."""
    messages = unique((node.message for node in request.thread), wire_id)
    system = "\n\n".join(told(m) for m in messages if m.role == "system" and m.content)
    result: dict[str, Any] = {
        "model": model,
        "max_tokens": options.max_tokens or MAX_TOKENS,
        "messages": turns([m for m in messages if m.role != "system"]),
    }
    if system:
        result["system"] = system
    if request.tools:
        result["tools"] = [
            {"name": t.name, "description": t.description, "input_schema": t.parameters}
            for t in request.tools
        ]
    if request.output is not None:
        form = closed(request.output)
        if form is None:
            result["system"] = with_schema(system, request.output)
        else:
            result["output_config"] = {"format": {"type": "json_schema", "schema": form}}
    if options.temperature is not None:
        result["temperature"] = options.temperature
    if options.top_p is not None:
        result["top_p"] = options.top_p
    if options.stop is not None:
        result["stop_sequences"] = options.stop
    if options.reasoning_effort is not None:
        effort = {"effort": options.reasoning_effort}
        result["output_config"] = {**result.get("output_config", {}), **effort}
    if choice := chosen(request, options):
        kind = {"required": "any"}.get(choice, choice)
        named = {"type": "tool", "name": choice}
        result["tool_choice"] = {"type": kind} if choice in CHOICES else named
    if stream:
        result["stream"] = True
    if options.extra:
        result.update(options.extra)
    return result


def cure(refused: dict[str, Any], words: str) -> str | None:
    """Which adaptation the words of a 400 ask for."""
    if "cache_control" in words:
        return "no marks"
    named = re.search("output_config|output_format", words) or SCHEMA.search(words.lower())
    return "schema in words" if named and "format" in refused.get("output_config", {}) else None


def lasting(how: str, refused: dict[str, Any], words: str) -> str | None:
    """For which requests an adaptation that helped holds from now on: for that schema, or all."""
    if how == "no marks":
        return "all" if UNKNOWN.search(words.lower()) else None
    return about(refused)


def about(asked: dict[str, Any]) -> str:
    """What a refusal of an output schema is about: that schema, with tools or without."""
    form = asked.get("output_config", {}).get("format")
    return digest(canonical(form), "tools" if asked.get("tools") else "") if form else ""


def adapt(refused: dict[str, Any], how: str) -> dict[str, Any]:
    """A body put the way that one server wants it."""
    if how == "no marks":
        return dict(unmarked(refused))
    result = dict(refused)
    if how == "schema in words" and "format" in result.get("output_config", {}):
        rest = dict(result.pop("output_config"))
        schema = rest.pop("format")["schema"]
        if rest:
            result["output_config"] = rest
        system = result.get("system", "")
        if isinstance(system, list):
            result["system"] = [*system, {"type": "text", "text": with_schema("", schema)}]
        else:
            result["system"] = with_schema(system, schema)
    return result
