"""What counts as no order, by its kind: a number is none, and neither is a choice from a list.

What a model reads from a hostile text and answers in such a form carries no words of that text.
It may still be wrong: who wrote the text chose which number it is.
"""

from __future__ import annotations

from typing import Any

from agentkit.messages import JSON

LARGEST = 10**15
"""Of a number: more digits could spell words."""

FIELDS = 24
"""Values in one answer: a long row of choices could spell words, too."""


def plain(value: JSON) -> str | None:
    """The kind of a value that is no text: "number" or "boolean"; None of anything else."""
    if value is None or isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float) and abs(value) < LARGEST:
        return "number"
    return None


def kinds_of(schema: JSON) -> tuple[str, ...] | None:
    """The kinds of all that fits a JSON Schema; None where something in it is a free text.

    Args:
        schema: with its `$defs`; fields that it does not name must not be there.
    """
    if not isinstance(schema, dict):
        return None
    found: list[str] = []
    if not collect_kinds(schema, schema.get("$defs") or {}, found, 0) or len(found) > FIELDS:
        return None
    return tuple(sorted(set(found)))


def collect_kinds(schema: JSON, named: dict[str, Any], found: list[str], depth: int) -> bool:
    """Add the kind of each value; whether each has one."""
    if not isinstance(schema, dict) or depth > 8 or len(found) > FIELDS:
        return False
    match schema:
        case {"$ref": str(name)}:
            inner = named.get(name.removeprefix("#/$defs/"))
            return inner is not None and collect_kinds(inner, named, found, depth + 1)
        case {"enum": [*_]} | {"const": _}:
            found.append("enum")
            return True
        case {"anyOf": [*many]} | {"oneOf": [*many]}:
            return all(collect_kinds(one, named, found, depth + 1) for one in many)
        case {"type": "boolean" | "null"}:
            found.append("boolean")
            return True
        case {"type": "number" | "integer"}:
            found.append("number")
            return True
        case {"type": "array", "items": items, "maxItems": int(most)} if most <= FIELDS:
            inside: list[str] = []
            if not collect_kinds(items, named, inside, depth + 1) or "number" in inside:
                return False  # A row of numbers may be letters.
            found += inside * most
            return len(found) <= FIELDS
        case {"type": "object", "properties": dict(fields)}:
            if schema.get("additionalProperties") not in (None, False):
                return False
            return all(collect_kinds(one, named, found, depth + 1) for one in fields.values())
    return False


def within(value: JSON) -> bool:
    """Whether the numbers in a value are of a size that spells nothing."""
    if isinstance(value, list):
        return all(map(within, value))
    if isinstance(value, dict):
        return all(map(within, value.values()))
    return isinstance(value, str) or plain(value) is not None
