"""What a message of OpenAI's dialect holds: words, thoughts, images, calls; and what it cost."""

from __future__ import annotations

from typing import Any

from agentkit.endpoints.dialect import without_repeats
from agentkit.endpoints.shapes import Malformed, count, fields_in, mapping, sequence, string
from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.messages import JSON, ToolCall, canonical, digest
from agentkit.parts import Image
from agentkit.values import built, mended

THINKING = ("reasoning", "thinking")
"""How the types of parts begin that hold a thought."""
ECHOED = ("reasoning_details", "reasoning_content")
"""Fields of a reply that some servers want back with it when tools were called."""


def usage(value: JSON) -> Usage:
    """Tokens of a reply; what the server does not tell counts as 0."""
    told = fields_in(value)
    details = fields_in(told.get("prompt_tokens_details") or told.get("input_tokens_details"))
    made = fields_in(told.get("completion_tokens_details") or told.get("output_tokens_details"))
    known = details.get("cached_tokens") or told.get("prompt_cache_hit_tokens")
    cached = count(known or told.get("cached_tokens"))
    tokens_in = count(told.get("prompt_tokens") or told.get("input_tokens"))
    tokens_out = count(told.get("completion_tokens") or told.get("output_tokens"))
    written, thought = count(details.get("cache_write_tokens")), count(made.get("reasoning_tokens"))
    # Some servers count the cached ones apart, as Anthropic's dialect does.
    apart = cached > tokens_in
    tokens_in += cached if apart else 0
    more = count(told.get("total_tokens")) - tokens_in - tokens_out
    if more > 0 and more != thought and more in (cached, written, cached + written):
        tokens_in += more
    elif more > 0 or thought > tokens_out:
        # Nor do all count thoughts among the tokens out, which are paid all the same: xAI's sums
        # tell how many they were, and so do those of Gemini, which names none.
        tokens_out += max(more, thought if thought > tokens_out else 0)
    counts = {
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "tokens_cached": cached,
        "tokens_written": written,
        "tokens_reasoning": thought,
        "calls": 1,
    }
    return built(Usage, counts)


def tells_usage(value: JSON) -> bool:
    """Whether a usage tells anything."""
    return usage(value).tokens_in > 0 or usage(value).tokens_out > 0


def text_of(content: JSON) -> str:
    """The text of a message's content, which may also be a list of parts; without thoughts."""
    if isinstance(content, list):
        return "".join(map(text_in, content))
    return string(content, "message.content")


def drawn(said: dict[str, Any]) -> list[Image]:
    """The images of a message: in a field of their own, or among the parts of its content.

    Raises:
        Malformed: one that can be no image.
    """
    content, own = said.get("content"), said.get("images")
    parts = [part for some in (content, own) if isinstance(some, list) for part in some]
    urls = [part["image_url"] for part in parts if isinstance(part, dict) and "image_url" in part]
    try:
        return [Image.from_url(fields_in(url).get("url", url)) for url in urls]
    except SetupError as error:
        raise Malformed(f"it holds an image that is none: {error.what}") from error


def spoken(said: dict[str, Any]) -> str:
    """The words of a message that was spoken, beside which there is no text."""
    audio = said.get("audio")
    words = audio.get("transcript") if isinstance(audio, dict) else None
    return words if isinstance(words, str) else ""


def text_in(part: JSON) -> str:
    """The text of one part."""
    if isinstance(part, str):
        return part
    part = mapping(part, "a part of the content")
    if str(part.get("type", "")).startswith(THINKING):
        return ""
    return string(part.get("text"), "a part's text")


def refusal_of(said: dict[str, Any]) -> str:
    """The words with which a model refuses, in a field of their own or in a part of the content."""
    content = said.get("content")
    parts = content if isinstance(content, list) else []
    own = [said, *(part for part in parts if isinstance(part, dict))]
    return "".join(one["refusal"] for one in own if isinstance(one.get("refusal"), str))


def thoughts_of(said: dict[str, Any]) -> str:
    """What a model thought, in whichever field the server tells it."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(said.get(name), str) and said[name].strip():
            return str(said[name])
    parts = [said.get("reasoning_details"), said.get("content")]
    found = [part for some in parts if isinstance(some, list) for part in some]
    return "".join(thought(part) for part in found if isinstance(part, dict))


def thought(part: dict[str, Any]) -> str:
    """The thought in one part of a message; "" where it holds none."""
    kind = str(part.get("type", ""))
    if kind == "thinking" and isinstance(part.get("thinking"), list):
        return text_of(part["thinking"])
    words = part.get("text") or part.get("summary") or part.get("thinking")
    return words if kind.startswith(THINKING) and isinstance(words, str) else ""


def arguments_of(value: JSON) -> str:
    """A call's arguments as JSON text; some servers send the object itself, or nothing."""
    if isinstance(value, str):
        return value or "{}"
    return "{}" if value is None else canonical(value)


def calls_of(items: list[Any], salt: str) -> tuple[ToolCall, ...]:
    """The tool calls; an id that is missing or used twice is invented, the same every time."""
    calls: list[ToolCall] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        place = f"tool_calls[{index}]"
        function = mapping(mapping(item, place).get("function"), f"{place}.function")
        name = string(function.get("name"), f"{place}.function.name")
        if not name:
            raise Malformed(f"{place} names no function")
        id_ = item.get("id")
        if not isinstance(id_, str) or not id_ or id_ in seen:
            id_ = "call_" + digest(salt, str(index))[:16]
        seen.add(id_)
        arguments = arguments_of(function.get("arguments"))
        made = {"id": mended(id_), "name": mended(name), "arguments": mended(arguments)}
        calls.append(built(ToolCall, made))
    return tuple(calls)


def items_of(said: dict[str, Any]) -> list[Any]:
    """The calls of a message; older servers make one in a field of its own."""
    items = sequence(said.get("tool_calls"), "message.tool_calls")
    items = without_repeats(items, lambda item: [item.get("id"), item.get("function")])
    old = said.get("function_call")
    return items or ([{"function": old}] if isinstance(old, dict) and old.get("name") else [])


def native(said: dict[str, Any], items: list[Any], calls: tuple[ToolCall, ...]) -> JSON:
    """What must go back verbatim with a message that calls tools, such as thought signatures."""
    if not calls:
        return None
    extras = {
        call.id: item["extra_content"]
        for call, item in zip(calls, items, strict=True)
        if item.get("extra_content")
    }
    fields = {name: said[name] for name in ECHOED if said.get(name)}
    return {"openai": {"calls": extras, "fields": fields}} if extras or fields else None
