"""The JSON Schema of what a model without tools may say: calls of its tools, or an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit.messages import JSON
from agentkit.model import ToolSpec

MOST_CALLS = 8
LONGEST_TEXT, MOST_ITEMS, LARGEST = 200, 8, 10**9 - 1
"""Bounds for small models, which otherwise fill a text or a list until they are cut."""
TITLE = "reply"


def obj(properties: dict[str, Any], definitions: JSON = None) -> dict[str, Any]:
    """The schema of an object with just these properties."""
    found = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {**found, "$defs": definitions} if definitions else found


def lifted(schema: JSON, prefix: str, definitions: dict[str, Any]) -> Any:
    """A schema inside another one: its definitions move to the root, under names of their own."""
    if isinstance(schema, list):
        return [lifted(one, prefix, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for name, part in schema.items():
        if name == "$defs" and isinstance(part, dict):
            for inner, one in part.items():
                definitions[f"{prefix}.{inner}"] = lifted(one, prefix, definitions)
        elif name == "$ref" and isinstance(part, str):
            found[name] = part.replace("#/$defs/", f"#/$defs/{prefix}.")
        elif name not in ("enum", "const", "default", "examples"):
            found[name] = lifted(part, prefix, definitions)
        else:
            found[name] = part
    return found


def bounded(schema: Any) -> Any:
    """A schema whose free texts and lists are bounded."""
    if isinstance(schema, list):
        return [bounded(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {k: v if k in ("enum", "const") else bounded(v) for k, v in schema.items()}
    if found.get("type") == "string" and not found.keys() & {"enum", "const", "pattern", "format"}:
        found.setdefault("maxLength", LONGEST_TEXT)
    if found.get("type") == "integer" and not found.keys() & {"enum", "const"}:
        found = {"minimum": -LARGEST, "maximum": LARGEST, **found}
    if found.get("type") == "array":
        found.setdefault("maxItems", MOST_ITEMS)
    return found


def call_schema(tool: ToolSpec, definitions: dict[str, Any]) -> dict[str, Any]:
    """One call of a tool; its name is the only one that can be written there."""
    name = {"type": "string", "enum": [tool.name]}
    return obj({"tool": name, "arguments": lifted(tool.parameters, tool.name, definitions)})


def reply_schema(tools: Sequence[ToolSpec], output: JSON, required: bool) -> dict[str, Any]:
    """Calls of tools, or an answer, as one object.

    Args:
        tools: that are offered.
        output: the schema of the answer; None for text.
        required: whether a call is demanded.
    """
    definitions: dict[str, Any] = {}
    kinds = [call_schema(tool, definitions) for tool in tools]
    one = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    calls = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_CALLS}
    shapes = [obj({"calls": calls})]
    if not required:
        answer = {"type": "string"} if output is None else lifted(output, "answer", definitions)
        shapes.append(obj({"answer": answer}))
    found = shapes[0] if required else {"anyOf": shapes}
    return {"title": TITLE, **found, **({"$defs": definitions} if definitions else {})}
