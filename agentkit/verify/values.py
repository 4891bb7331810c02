"""The values of a JSON Schema: all of them where they are few, else some at its edges."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from agentkit.messages import JSON, canonical

FEW = 16
"""A range of whole numbers up to this size is taken whole."""
MOST = 64
"""Values of one type, at most."""
DEEP = 4
"""How often a type may stand inside itself."""
WORDS = "(some words)"
"""Stands for a text, of which there is no end."""


@dataclass(frozen=True)
class Values:
    """Values of a type."""

    values: tuple[JSON, ...]
    whole: bool
    """Whether these are all."""


def values_of(schema: JSON, definitions: JSON = None, deep: int = 0) -> Values:
    """The values of a JSON Schema.

    Args:
        schema: of the type.
        definitions: those that its references go to; by default its own.
        deep: in how many types this one stands.

    Returns:
        At most MOST different ones. Not whole: texts, numbers without narrow bounds, lists,
        what is cut off by MOST, and what the schema says in words that are not read here.
    """
    if not isinstance(schema, dict):
        return Values((WORDS,), False)
    found = schema.get("$defs")
    known: dict[str, Any] = found if isinstance(found, dict) else definitions or {}
    if deep > DEEP:
        return Values((), False)
    if "const" in schema:
        return Values((schema["const"],), True)
    if "enum" in schema:
        return bounded(list(schema["enum"]), True)
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return values_of(known.get(name), known, deep + 1)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            parts = [values_of(one, known, deep + 1) for one in schema[choice]]
            every = [value for part in parts for value in part.values]
            return bounded(every, all(part.whole for part in parts))
    return of_kind(schema, known, deep)


def of_kind(schema: dict[str, Any], known: dict[str, Any], deep: int) -> Values:
    """The values of a schema that names a type of JSON."""
    match schema.get("type"):
        case "null":
            return Values((None,), True)
        case "boolean":
            return Values((True, False), True)
        case "integer":
            return whole_numbers(schema)
        case "number":
            low, high = edges(schema, 1e-9)
            return bounded([one for one in (low, high) if one is not None] or [0.0, 1.5], False)
        case "array":
            return lists(schema, known, deep)
        case "object":
            return objects(schema, known, deep)
    return texts(schema)


def texts(schema: dict[str, Any]) -> Values:
    """A text of a schema: so long as it must be, at most so long as it may be."""
    length = max(int(schema.get("minLength", 0)), min(len(WORDS), schema.get("maxLength", 99)))
    return Values(((WORDS * (1 + length // len(WORDS)))[:length],), False)


def edges(schema: dict[str, Any], step: float) -> tuple[Any, Any]:
    """The least and the largest number that a schema allows; None where it does not say."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + step
    if high is None and "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - step
    return low, high


def whole_numbers(schema: dict[str, Any]) -> Values:
    """Whole numbers: a small range whole, of others the edges, or those around 0."""
    low, high = edges(schema, 1)
    by = int(schema.get("multipleOf", 1)) or 1
    if low is not None and high is not None and (high - low) // by < FEW:
        first = -(-int(low) // by) * by
        return bounded(list(range(first, int(high) + 1, by)), True)
    near = [-1, 0, 1, 2] if low is None and high is None else []
    ends = [low, None if low is None else low + 1, high, None if high is None else high - 1]
    some = [int(one) for one in [*near, *ends] if one is not None]
    return bounded([one // by * by if by > 1 else one for one in some], False)


def lists(schema: dict[str, Any], known: dict[str, Any], deep: int) -> Values:
    """Lists: as short as they may be, of each value once, and of two."""
    if "prefixItems" in schema:
        parts = [values_of(one, known, deep + 1) for one in schema["prefixItems"]]
        return product(parts, list)
    one = values_of(schema.get("items"), known, deep + 1).values
    least, most = int(schema.get("minItems", 0)), schema.get("maxItems", 99)
    some: list[JSON] = [[value] * max(least, 1) for value in one] if most and one else []
    if least == 0:
        some = [[], *some]
    if least <= 2 <= most and len(one) > 1:
        some.append(list(one[:2]))
    return bounded(some, False)


def objects(schema: dict[str, Any], known: dict[str, Any], deep: int) -> Values:
    """Objects: every field with every value, and without it where it may be left out."""
    fields = schema.get("properties", {})
    needed = schema.get("required", ())
    parts = []
    for name, field in fields.items():
        found = values_of(field, known, deep + 1)
        if name not in needed and not found.values:
            continue
        given: list[JSON] = [{name: value} for value in found.values]
        left_out: list[JSON] = [] if name in needed else [{}]
        parts.append(Values(tuple(left_out + given), found.whole))
    free = not fields and schema.get("additionalProperties", True) is not False
    merged = product(parts, lambda picked: {k: v for one in picked for k, v in one.items()})
    return Values(merged.values, merged.whole and not free)


def product(parts: list[Values], made: Any) -> Values:
    """Every combination of one value of each part."""
    every = itertools.product(*[part.values for part in parts])
    some = [made(picked) for picked in itertools.islice(every, MOST + 1)]
    return bounded(some, all(part.whole for part in parts))


def bounded(some: list[Any], whole: bool) -> Values:
    """Different ones of these, at most MOST."""
    different = list({canonical(one): one for one in some}.values())
    return Values(tuple(different[:MOST]), whole and len(different) <= MOST)
