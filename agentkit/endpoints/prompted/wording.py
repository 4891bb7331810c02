"""What a model without tools is told: its tools, how to call one, and what came of its calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from agentkit.messages import JSON, Message, canonical
from agentkit.model import ToolSpec

RULE = (
    'To use tools answer only with JSON: {"calls": [{"tool": NAME, "arguments": {...}}]}.'
    ' Else answer only with JSON: {"answer": %s}.'
)
SMALL_RULE = "You answer with a call of one of these tools:"
COPY = "Copy the arguments from the request."
EXAMPLES = (
    ("Add 3 and 4.", "add", {"a": 3, "b": 4}),
    ("Who wrote Hamlet?", "find_author", {"title": "Hamlet"}),
)
"""Shown to small models, which imitate better than they obey (Brown et al. 2020, section 3)."""


def type_of(schema: JSON) -> str:
    """The type of a parameter, in few letters."""
    if not isinstance(schema, dict):
        return "any"
    if "enum" in schema:
        return " | ".join(json.dumps(one, ensure_ascii=False) for one in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "anyOf" in schema:
        return " | ".join(type_of(one) for one in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(f"{k}: {type_of(v)}" for k, v in schema["properties"].items()) + "}"
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def signature(tool: ToolSpec) -> str:
    """A tool in one line: far fewer tokens than its JSON Schema."""
    required = tool.parameters.get("required", []) if isinstance(tool.parameters, dict) else []
    shown = [
        f"{name}{'' if name in required else '?'}: {type_of(schema)}"
        for name, schema in tool.properties.items()
    ]
    return f"{tool.name}({', '.join(shown)}): {' '.join(tool.description.split())}"


def tools_as_lines(tools: Iterable[ToolSpec]) -> str:
    """Tools, a line each."""
    return "\n".join(f"- {signature(tool)}" for tool in tools)


def told(tools: Sequence[ToolSpec], output: JSON, required: bool) -> str:
    """What a capable model is told of its tools."""
    shape = "TEXT" if output is None else f"JSON that fits {canonical(output)}"
    rule = RULE.partition(" Else")[0] if required else RULE % shape
    return f"Tools:\n{tools_as_lines(tools)}\n\n{rule}"


def call_text(name: str, arguments: Any) -> str:
    """A call as a small model writes it."""
    return json.dumps({"tool": name, "arguments": arguments}, ensure_ascii=False)


def small(tools: Sequence[ToolSpec]) -> list[Message]:
    """What a small model is told of its tools, and shown."""
    rule = f"{SMALL_RULE}\n{tools_as_lines(tools)}\n{COPY}"
    shown = [
        one
        for question, name, arguments in EXAMPLES
        for one in (
            Message(role="user", content=question),
            Message(role="assistant", content=call_text(name, arguments)),
        )
    ]
    return [Message(role="system", content=rule), *shown]


FILLED = (
    ("Karl sells 4 fish in Rome.", {"seller": "Karl", "fish": 4, "town": "Rome"}),
    ("In hall K9 Anna sings tonight.", {"singer": "Anna", "hall": "K9", "when": "tonight"}),
)
"""Forms that were filled in, for small models to imitate."""


def filled() -> list[Message]:
    """Forms that were filled in, as a conversation."""
    return [
        one
        for text, found in FILLED
        for one in (
            Message(role="user", content=text),
            Message(role="assistant", content=json.dumps(found)),
        )
    ]


def plain(messages: Sequence[Message], tiny: bool = False) -> list[Message]:
    """A conversation without calls and results of tools, which are said in words."""
    if tiny:
        return found_out(messages)
    names = {call.id: call.name for one in messages for call in one.calls}
    result: list[Message] = []
    for one in messages:
        if one.role == "tool":
            failed = "failed" if one.error else "returned"
            said = f"{names.get(one.call_id or '', 'the tool')} {failed}: {one.text}"
            last = result[-1] if result else None
            if last is not None and last.role == "user" and last.text.startswith(RESULTS):
                said = f"{last.text}\n{said}"
                result.pop()
            else:
                said = f"{RESULTS}\n{said}"
            result.append(Message(role="user", content=said))
        elif one.calls:
            result.append(Message(role="assistant", content=calls_text(one)))
        else:
            result.append(one)
    return result


RESULTS = "Results:"


def found_out(messages: Sequence[Message]) -> list[Message]:
    """A conversation for a small model, in which results stand below what was asked.

    Shown its own calls it makes one more, in words, instead of an answer.
    """
    result: list[Message] = []
    for one in messages:
        if one.role == "tool":
            last = result[-1] if result else Message(role="user", content="")
            if last.role == "user":
                result = result[:-1]
                said = last.text
            else:
                said = ""
            told = f"{KNOWN_WRONG if one.error else KNOWN} {one.text}"
            result.append(Message(role="user", content=f"{said}\n{told}".strip()))
        elif not one.calls or one.text:
            result.append(one.model_copy(update={"calls": ()}) if one.calls else one)
    return result


KNOWN, KNOWN_WRONG = "Answer from this result:", "That failed:"


def calls_text(message: Message) -> str:
    """The calls of a message as they were asked for."""
    calls = [{"tool": call.name, "arguments": read(call.arguments)} for call in message.calls]
    return json.dumps({"calls": calls}, ensure_ascii=False)


def read(arguments: str) -> Any:
    """Arguments as JSON, or as the text they are."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
