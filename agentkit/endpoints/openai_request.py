"""OpenAI Chat Completions: what is sent, and what servers that are not OpenAI want otherwise."""

from __future__ import annotations

import re
from typing import Any

from agentkit.endpoints.callids import nine, unique
from agentkit.endpoints.partswire import SOUNDS, as_text, in_base64, is_pdf, unsupported
from agentkit.endpoints.schemas import strict, with_schema
from agentkit.errors import SetupError
from agentkit.messages import JSON, Message, canonical, digest
from agentkit.model import Options, Request, ToolSpec
from agentkit.parts import File, Image, Part
from agentkit.regex import lazy_regex

CHOICES = ("auto", "none", "required")


def chosen(request: Request, options: Options) -> str | None:
    """What is said of the tools in this call; a call demanded is demanded of one reply only.

    Raises:
        SetupError: a tool is demanded that is not offered.
    """
    choice = options.tool_choice
    if choice is None or not request.tools or choice in ("auto", "none"):
        return choice if request.tools else None
    offered = [tool.name for tool in request.tools]
    if choice not in CHOICES and choice not in offered:
        raise SetupError(
            f"tool_choice={choice!r} names no tool of {request.actor or 'the request'}",
            expected=", ".join((*CHOICES, *offered)),
        )
    # Demanded again after its result, it would be called for ever.
    after_result = bool(request.thread) and request.thread[-1].message.role == "tool"
    return None if after_result else choice


def headers(key: str | None) -> dict[str, str]:
    """What every call carries."""
    return {"authorization": f"Bearer {key}"} if key else {}


NAME = "OpenAI's Chat Completions"
SHOWN = "What the call {id} returned beside its text:"
DRAWN = "What you gave beside the text of your last reply:"


def part(item: Part, role: str) -> dict[str, Any]:
    """A part that is no text, as the wire has it; only what a user says may hold one.

    Raises:
        UnsupportedPart: the dialect has no form for it. BlobMissing: its bytes are not at hand.
    """
    if role in ("user", "tool"):
        if isinstance(item, Image):
            url = item.url or f"data:{item.media_type};base64,{in_base64(item)}"
            return {"type": "image_url", "image_url": {"url": url}}
        if isinstance(item, File) and not item.url and item.media_type in SOUNDS:
            sound = {"data": in_base64(item), "format": SOUNDS[item.media_type]}
            return {"type": "input_audio", "input_audio": sound}
        if isinstance(item, File) and not item.url and is_pdf(item):
            data = f"data:{item.media_type};base64,{in_base64(item)}"
            return {
                "type": "file",
                "file": {"filename": item.name or "file.pdf", "file_data": data},
            }
    takes = "text alone"
    if role in ("user", "tool"):
        takes = "text, images, data, and files: text in UTF-8, PDF, WAV or MP3 (no URL)"
    raise unsupported(item, role, NAME, takes)


def content(item: Message) -> str | list[dict[str, Any]]:
    """The content of a message; one text where all of it is text, as every server takes it.

    Raises:
        UnsupportedPart, BlobMissing: as `part`.
    """
    if isinstance(item.content, str):
        return item.content
    texts = [as_text(one) for one in item.content]
    if None not in texts:
        return "\n".join(filter(None, texts))
    if item.role == "assistant" and any(isinstance(one, Image) for one in item.content):
        return item.text  # An assistant's holds text only; see `messages`.
    said: list[dict[str, Any]] = []
    for one, text in zip(item.content, texts, strict=True):
        if text:
            said.append({"type": "text", "text": text})
        elif isinstance(one, Part) and text is None:
            said.append(part(one, item.role))
    return said


def message(item: Message) -> dict[str, Any]:
    """One message as the wire has it."""
    said = content(item)
    if item.role == "tool":
        if isinstance(said, list):
            said = item.text  # What is no text in it comes after the results; see `messages`.
        # The dialect has no mark for a failed tool; the words must say it.
        failed = item.error and not said.lower().startswith("error")
        said = f"Error: {said}" if failed else said
        return {"role": "tool", "tool_call_id": item.call_id or "", "content": said}
    if not item.calls:
        return {"role": item.role, "content": said}
    own = item.native.get("openai", {}) if isinstance(item.native, dict) else {}
    extras = own.get("calls", {})
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
            **({"extra_content": extras[call.id]} if call.id in extras else {}),
        }
        for call in item.calls
    ]
    spoken = {"role": item.role, "content": said or None, "tool_calls": calls}
    return {**own.get("fields", {}), **spoken}


def messages(items: list[Message]) -> list[dict[str, Any]]:
    """A conversation as the wire has it.

    A tool's message may hold text only, and so may the model's own: what else a tool returned, or
    the model drew, follows, once all results of the turn are there, in a message of the user that
    says whose it is.
    """
    result: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for item in items:
        if shown and item.role != "tool":
            result.append({"role": "user", "content": shown})
            shown = []
        result.append(message(item))
        if item.role in ("tool", "assistant") and not isinstance(item.content, str):
            beside = [one for one in item.content if isinstance(one, Part) and as_text(one) is None]
            if beside:
                whose = SHOWN.format(id=item.call_id) if item.role == "tool" else DRAWN
                shown.append({"type": "text", "text": whose})
                shown += [part(one, "user") for one in beside]
    return [*result, {"role": "user", "content": shown}] if shown else result


def form(tool: ToolSpec) -> dict[str, JSON]:
    """A tool as it is sent; nobody changes its schema, which is not copied for each request."""
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def body(request: Request, model: str, options: Options, stream: bool) -> dict[str, Any]:
    """The request's JSON."""
    result: dict[str, Any] = {
        "model": model,
        "messages": messages(unique(node.message for node in request.thread)),
    }
    if request.tools:
        result["tools"] = [{"type": "function", "function": form(one)} for one in request.tools]
    if request.output is not None:
        closed = strict(request.output)
        name = re.sub(r"[^A-Za-z0-9_-]", "_", str(request.output.get("title") or "answer"))[:64]
        result["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": name,
                "schema": closed or request.output,
                "strict": closed is not None,
            },
        }
    for name in ("temperature", "max_tokens", "seed", "top_p", "stop", "reasoning_effort"):
        if (value := getattr(options, name)) is not None:
            result[name] = value
    if choice := chosen(request, options):
        named = {"type": "function", "function": {"name": choice}}
        result["tool_choice"] = choice if choice in CHOICES else named
    if stream:
        result["stream"] = True
        result["stream_options"] = {"include_usage": True}
    if options.extra:
        result.update(options.extra)
    return result


DROPPED = ("stream_options", "seed", "encoding_format")
"""Fields that some servers refuse and that a request can do without."""
UNKNOWN = lazy_regex(
    r"un(supported|known|recogni[sz]ed|expected)|not (supported|permitted|allowed|recogni[sz]ed)"
    r"|extra (input|field)|does not support|invalid (field|parameter|argument name)"
)
"""How servers say that they know no such field, whatever its value."""
SCHEMA = lazy_regex(
    r"response_format|json|(?<!input_)schema|structured[ _]output|grammar|guided|constrained"
)
TOOLS = lazy_regex(r"\btools?\b|function|tool_choice")


def cure(refused: dict[str, Any], words: str) -> str | None:
    """Which adaptation the words of a 400 or 422 ask for; servers disagree on these fields."""
    words = words.lower()
    if "max_tokens" in refused and "max_completion_tokens" in words:
        return "max_completion_tokens"
    if "max_completion_tokens" in refused and "max_completion_tokens" in words:
        return "max_tokens"
    for name in DROPPED:
        if name in refused and re.search(rf"\b{name}\b", words):
            return f"no {name}"
    if re.search(r"tool.?call.?ids?\b", words) and any(
        m.get("tool_calls") for m in body_messages(refused)
    ):
        return "ids of nine letters"
    form = refused.get("response_format")
    if isinstance(form, dict) and SCHEMA.search(words):
        # Both are known there, but not together.
        apart = bool(refused.get("tools")) and bool(TOOLS.search(words))
        plain = form.get("type") != "json_schema"
        return "schema in words" if apart or plain else "json_object"
    if any(m.get("content", "") is None for m in body_messages(refused)):
        # The API's own null beside tool calls is not everybody's.
        return "text beside calls" if "content" in words else None
    return None


def lasting(how: str, refused: dict[str, Any], words: str) -> str | None:
    """For which requests an adaptation that helped holds from now on; None for this one alone.

    One refusal says nothing about other schemas, nor about other values of a field that the
    server knows.
    """
    if how in ("json_object", "schema in words"):
        return about(refused)
    if how.startswith("no ") and not UNKNOWN.search(words.lower()):
        return None
    return "all"


def about(asked: dict[str, Any]) -> str:
    """What a refusal of an output schema is about: that schema, with tools or without."""
    form = asked.get("response_format")
    return digest(canonical(form), "tools" if asked.get("tools") else "") if form else ""


def body_messages(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a body."""
    return [m for m in asked.get("messages", ()) if isinstance(m, dict)]


def adapt(refused: dict[str, Any], how: str) -> dict[str, Any]:
    """A body put the way that one server wants it."""
    result = dict(refused)
    if how == "max_completion_tokens" and "max_tokens" in result:
        result[how] = result.pop("max_tokens")
    elif how == "max_tokens" and "max_completion_tokens" in result:
        result[how] = result.pop("max_completion_tokens")
    elif how.startswith("no "):
        result.pop(how.removeprefix("no "), None)
    elif how == "json_object" and "response_format" in result:
        schema = schema_in(result["response_format"])
        # llama.cpp binds its model to that schema; others know none, and must be told.
        result["response_format"] = {"type": "json_object", "schema": schema}
        result["messages"] = told(result["messages"], schema)
    elif how == "schema in words" and "response_format" in result:
        form = result.pop("response_format")
        if form.get("type") == "json_schema":
            result["messages"] = told(result["messages"], schema_in(form))
    elif how == "text beside calls":
        result["messages"] = [
            {**m, "content": ""} if m.get("content", "") is None else m for m in result["messages"]
        ]
    elif how == "ids of nine letters":
        result["messages"] = [with_nine(m) for m in result["messages"]]
    return result


def schema_in(form: dict[str, Any]) -> JSON:
    """The schema that a response format asks for."""
    return form.get("json_schema", {}).get("schema")


def told(messages: list[dict[str, Any]], schema: JSON) -> list[dict[str, Any]]:
    """Messages whose system text asks for a schema in words."""
    first, *others = messages or [{}]
    system = first["content"] if first.get("role") == "system" else ""
    asking = {"role": "system", "content": with_schema(system, schema)}
    return [asking, *(others if system else messages)]


def with_nine(item: dict[str, Any]) -> dict[str, Any]:
    """A message whose ids of calls are of nine letters and digits."""
    if "tool_call_id" in item:
        return {**item, "tool_call_id": nine(item["tool_call_id"])}
    if item.get("tool_calls"):
        return {**item, "tool_calls": [{**c, "id": nine(c["id"])} for c in item["tool_calls"]]}
    return item
