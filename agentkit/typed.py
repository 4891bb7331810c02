"""Typed answers: a type as the JSON Schema that goes out, and what comes back as the type."""

from __future__ import annotations

import functools
from typing import Any

from pydantic import TypeAdapter

from agentkit.messages import JSON, canonical

Output = Any
"""A type (int, list[str], a pydantic model, ...) or a JSON Schema; None for free text."""


@functools.lru_cache(256)
def _adapter(output: Any) -> TypeAdapter[Any]:
    return TypeAdapter(output)


def adapter(output: Output) -> TypeAdapter[Any]:
    """Validates answers of a type."""
    try:
        return _adapter(output)
    except TypeError:
        return TypeAdapter(output)


def schema_of(output: Output) -> JSON:
    """The JSON Schema of a type; None for free text."""
    if output is None or isinstance(output, dict):
        return output
    return adapter(output).json_schema()


def validated(text: str, output: Output) -> Any:
    """The answer's text as the type asked for; with a JSON Schema, as plain JSON.

    Raises:
        ValueError: it does not fit (pydantic's ValidationError is one).
    """
    if isinstance(output, dict):
        named = output.get("$ref", "").rpartition("/")[2]
        shape = output.get("$defs", {}).get(named, output)
        kind = dict[str, Any] if shape.get("type") == "object" else Any
        return adapter(kind).validate_json(text)
    return adapter(output).validate_json(text)


def object_schema(output: Output) -> JSON:
    """The type's JSON Schema, wrapped where it is no object, as endpoints demand."""
    schema = schema_of(output)
    if schema is None or is_object(schema):
        return schema
    definitions = schema.get("$defs")
    schema = {name: part for name, part in schema.items() if name != "$defs"}
    wrapped = {
        "type": "object",
        "properties": {"value": schema},
        "required": ["value"],
        "additionalProperties": False,
    }
    return {**wrapped, "$defs": definitions} if definitions else wrapped


def is_object(schema: dict[str, Any]) -> bool:
    """Whether a JSON Schema describes an object; a reference into $defs is followed."""
    target = schema.get("$ref", "")
    if target.startswith("#/$defs/"):
        schema = schema["$defs"][target.removeprefix("#/$defs/")]
    return schema.get("type") == "object"


def unwrapped(text: str, output: Output) -> Any:
    """The typed answer in a reply's text; a Markdown fence around it is forgiven.

    Raises:
        ValueError: it does not fit.
    """
    text = text.strip()
    if text.startswith("```"):
        text = text.split("\n", 1)[-1].rsplit("```", 1)[0]
    if is_object(schema_of(output)):
        return validated(text, output)
    value = validated(text, dict[str, Any])
    if set(value) != {"value"}:
        raise ValueError('the answer must be an object with the one field "value"')
    return validated(canonical(value["value"]), output)


def explained(error: ValueError) -> str:
    """A validation error in one line for the model."""
    if hasattr(error, "errors"):
        parts = [f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors()]
        return "; ".join(parts) + ". Answer again with only the corrected JSON."
    return f"{error}. Answer again with only the corrected JSON."
