"""OpenAI's Responses: what is sent.

A conversation is sent whole each time, and nothing is stored there (`store` is false): the log is
where runs are. So what a reasoning model thought goes to and fro encrypted, in the items that it
was given in.

Source: OpenAI API reference, "Responses", and the types of the official client.
"""

from __future__ import annotations

import re
from typing import Any

from agentkit.endpoints.callids import unique
from agentkit.endpoints.openai_request import CHOICES, SCHEMA, UNKNOWN, chosen
from agentkit.endpoints.partswire import as_text, in_base64, is_pdf, unsupported
from agentkit.endpoints.schemas import strict, with_schema
from agentkit.endpoints.shapes import mapping, sequence, string
from agentkit.errors import SetupError
from agentkit.messages import JSON, Message, canonical, digest
from agentkit.model import Options, Request
from agentkit.parts import File, Image, Part
from agentkit.regex import lazy_regex

NAME = "OpenAI's Responses"
ENCRYPTED = "reasoning.encrypted_content"


def part(item: Part, role: str) -> dict[str, Any]:
    """A part that is no text, as the wire has it; a user and a tool may say one.

    Raises:
        UnsupportedPart: the dialect has no form for it. BlobMissing: its bytes are not at hand.
    """
    taken = role in ("user", "tool")
    if taken and isinstance(item, Image):
        url = item.url or f"data:{item.media_type};base64,{in_base64(item)}"
        return {"type": "input_image", "detail": "auto", "image_url": url}
    if taken and isinstance(item, File) and is_pdf(item):
        if item.url:
            return {"type": "input_file", "file_url": item.url}
        data = f"data:{item.media_type};base64,{in_base64(item)}"
        return {"type": "input_file", "filename": item.name or "file.pdf", "file_data": data}
    takes = "text, images, data, and files: text in UTF-8, or PDF" if taken else "text alone"
    raise unsupported(item, role, NAME, takes)


def content(item: Message) -> str | list[dict[str, Any]]:
    """The content of a message; one text where all of it is text.

    Raises:
        UnsupportedPart, BlobMissing: as `part`.
    """
    if isinstance(item.content, str):
        return item.content
    texts = [as_text(one) for one in item.content]
    if None not in texts:
        return "\n".join(filter(None, texts))
    said: list[dict[str, Any]] = []
    for one, text in zip(item.content, texts, strict=True):
        if text:
            said.append({"type": "input_text", "text": text})
        elif isinstance(one, Part) and text is None:
            said.append(part(one, item.role))
    return said


def items(item: Message) -> list[dict[str, Any]]:
    """A message as the items that the wire has for it."""
    if item.role == "tool":
        output = content(item)
        # The dialect has no mark for a failed tool; the words must say it.
        if item.error and isinstance(output, str) and not output.lower().startswith("error"):
            output = f"Error: {output}"
        return [
            {"type": "function_call_output", "call_id": item.call_id or "", "output": output},
        ]
    if item.role != "assistant":
        return [{"role": item.role, "content": content(item)}]
    own = item.native.get("responses") if isinstance(item.native, dict) else None
    if own and tells(own, item):
        return list(own)
    said = content(item)
    calls = [
        {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": c.arguments}
        for c in item.calls
    ]
    return [*([{"role": "assistant", "content": said}] if said else []), *calls]


def tells(own: list[Any], item: Message) -> bool:
    """Whether items kept verbatim say what their message says; an edit changes only that."""
    calls = [one for one in own if one.get("type") == "function_call"]
    made = [(call.id, call.name, call.arguments) for call in item.calls]
    same = [(one.get("call_id"), one.get("name"), one.get("arguments")) for one in calls] == made
    # What it drew is among its own items, and is no text.
    words = [item.text] if isinstance(item.content, str) else item.content
    said = "\n".join(one for one in words if isinstance(one, str))
    return same and said_in(own)[0].strip() == said.strip()


def parts_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a message that a model said."""
    return [mapping(one, "a part") for one in sequence(item.get("content"), "content")]


def said_in(output: list[Any]) -> tuple[str, str]:
    """What the messages among items say: the answer, and what was only said on the way to it."""
    answer, comments = "", ""
    for one in output:
        if one.get("type") == "message":
            texts = [string(part.get("text"), "text") for part in parts_of(one)]
            if one.get("phase") == "commentary":
                comments += "".join(texts)
            else:
                answer += "".join(texts)
    # Beside calls there is no answer yet, and the comment is all that was said.
    return (answer, comments) if answer else (comments, "")


def body(request: Request, model: str, options: Options, stream: bool) -> dict[str, Any]:
    """The request's JSON. A seed is not part of this dialect and left out.

    Raises:
        SetupError: texts are set at which the reply is to end, which it has no field for.
    """
    if options.stop is not None:
        raise SetupError(f"{NAME} knows no stop", todo='leave it out, or use dialect="openai"')
    said = unique(node.message for node in request.thread)
    first = next((n for n, item in enumerate(said) if item.role != "system"), len(said))
    told = "\n\n".join(filter(None, (str(content(item)) for item in said[:first])))
    fields = dict(options.extra or {})
    result: dict[str, Any] = {
        "model": model,
        "input": [one for item in said[first:] for one in items(item)],
        "store": False,
        "include": [ENCRYPTED, *fields.pop("include", ())],
    }
    if told:
        result["instructions"] = told
    if request.tools:
        # Strict unless it says otherwise, and then no parameter may have a default.
        result["tools"] = [
            {"type": "function", **tool.model_dump(), "strict": False} for tool in request.tools
        ]
    text: dict[str, Any] = dict(fields.pop("text", {}))
    if request.output is not None:
        text["format"] = form_of(request.output)
    if "verbosity" in fields:
        text["verbosity"] = fields.pop("verbosity")
    if text:
        result["text"] = text
    given = (options.temperature, options.top_p, options.max_tokens)
    names = ("temperature", "top_p", "max_output_tokens")
    result |= {name: value for name, value in zip(names, given, strict=True) if value is not None}
    thinking = fields.pop("reasoning", None) or {}
    if options.reasoning_effort is not None:
        thinking = {"effort": options.reasoning_effort, **thinking}
    if thinking:
        result["reasoning"] = thinking
    if choice := chosen(request, options):
        named = {"type": "function", "name": choice}
        result["tool_choice"] = choice if choice in CHOICES else named
    if stream:
        result["stream"] = True
    return {**result, **fields}


def form_of(output: JSON) -> dict[str, Any]:
    """A schema as the format of the text."""
    assert isinstance(output, dict)
    closed = strict(output)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(output.get("title") or "answer"))[:64]
    return {
        "type": "json_schema",
        "name": name,
        "schema": closed or output,
        "strict": closed is not None,
    }


DROPPED = ("include", "store", "stream_options")
"""Fields that compatible servers refuse and that a request can do without."""
STALE = lazy_regex(
    r"required (following|reasoning) item|without its required|encrypted_?\s?content"
    r"|item with id|reasoning item|'reasoning'"
)
"""How the API says that it cannot use what was thought: another model's, or another account's."""


def cure(refused: dict[str, Any], words: str) -> str | None:
    """Which adaptation the words of a 400 or 422 ask for."""
    words = words.lower()
    for name in DROPPED:
        if name in refused and re.search(rf"\b{name}\b", words):
            return f"no {name}"
    if STALE.search(words) and any(one.get("type") == "reasoning" for one in refused["input"]):
        return "no thoughts"
    return "schema in words" if "format" in refused.get("text", {}) and asks(words) else None


def asks(words: str) -> bool:
    """Whether a refusal is about the schema of the answer."""
    return bool(re.search(r"text\.format|\btext\b", words) or SCHEMA.search(words))


def lasting(how: str, refused: dict[str, Any], words: str) -> str | None:
    """For which requests an adaptation that helped holds from now on; None for this one alone."""
    if how == "schema in words":
        return about(refused)
    return "all" if how.startswith("no ") and UNKNOWN.search(words.lower()) else None


def about(asked: dict[str, Any]) -> str:
    """What a refusal of an output schema is about: that schema, with tools or without."""
    form = asked.get("text", {}).get("format")
    return digest(canonical(form), "tools" if asked.get("tools") else "") if form else ""


def adapt(refused: dict[str, Any], how: str) -> dict[str, Any]:
    """A body put the way that one server wants it."""
    result = dict(refused)
    if how == "no thoughts":
        result["input"] = [plain(one) for one in refused["input"] if one.get("type") != "reasoning"]
    elif how.startswith("no "):
        result.pop(how.removeprefix("no "), None)
    elif how == "schema in words" and "format" in result.get("text", {}):
        rest = dict(result.pop("text"))
        schema = rest.pop("format")["schema"]
        if rest:
            result["text"] = rest
        result["instructions"] = with_schema(result.get("instructions", ""), schema)
    return result


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item without its id, by which the API knows what was thought before it."""
    if item.get("type") == "message":
        texts = [string(part.get("text"), "text") for part in parts_of(item)]
        return {"role": "assistant", "content": "".join(texts)}
    return {name: value for name, value in item.items() if name != "id"}
