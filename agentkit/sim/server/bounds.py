"""What a JSON schema may ask of the simulation, which a whole class shares.

A schema is checked before it is used: its keywords have the types that JSON Schema gives them,
and what it demands at least (items, characters, depth) can be filled at once.
"""

from __future__ import annotations

import math
from typing import Any

from agentkit.sim.brain.thought import Json
from agentkit.sim.server.wire import BadRequest

MOST_DEPTH = 48
MOST_PARTS = 5_000
MOST_ITEMS = 1_000
MOST_LENGTH = 10_000

LARGEST = 1e300

TYPES = frozenset(("object", "array", "string", "number", "integer", "boolean", "null"))
NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
SINGLE = ("items", "contains", "not", "if", "then", "else", "propertyNames")
COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
LIMITS = {"minItems": MOST_ITEMS, "minLength": MOST_LENGTH, "minProperties": MOST_ITEMS}


def sound(schema: dict[str, Json], field: str) -> dict[str, Json]:
    """Return a schema in which every part is an object; `true` becomes the empty schema.

    Args:
        schema: as it came.
        field: where it stood in the request, for the message.

    Raises:
        BadRequest: 400, it is malformed or asks for too much; the message names the place.
    """
    return SchemaReader().part(schema, field, 0)


class SchemaReader:
    """Reads one schema; counts its parts."""

    def __init__(self) -> None:
        self.parts = 0

    def part(self, schema: Any, field: str, depth: int) -> dict[str, Json]:
        """Return one part of the schema, checked."""
        self.parts += 1
        expect(depth <= MOST_DEPTH, field, f"nests deeper than {MOST_DEPTH} levels")
        expect(self.parts <= MOST_PARTS, field, f"has more than {MOST_PARTS} parts")
        if isinstance(schema, bool):
            return {}
        expect(isinstance(schema, dict), field, "is no JSON object")
        check_keywords(schema, field)
        found = dict(schema)
        if isinstance(found.get("items"), list):
            found["prefixItems"] = found.pop("items")
        for key in NAMED:
            if key in found:
                named = found[key]
                expect(isinstance(named, dict), f"{field}.{key}", "is no JSON object")
                found[key] = {
                    name: self.part(one, f"{field}.{key}.{name}", depth + 1)
                    for name, one in named.items()
                }
        for key in LISTED:
            if key in found:
                listed = found[key]
                expect(
                    isinstance(listed, list) and listed, f"{field}.{key}", "is no list of schemas"
                )
                found[key] = [
                    self.part(one, f"{field}.{key}.{n}", depth + 1) for n, one in enumerate(listed)
                ]
        for key in SINGLE:
            if key in found:
                found[key] = self.part(found[key], f"{field}.{key}", depth + 1)
        return found


def check_keywords(schema: dict[str, Json], field: str) -> None:
    """Check the keywords of one part that hold no schemas."""
    kinds = schema.get("type", [])
    listed = kinds if isinstance(kinds, list) else [kinds]
    known = all(isinstance(one, str) and one in TYPES for one in listed)
    expect(known, f"{field}.type", f"is {kinds!r}; expected one of {', '.join(sorted(TYPES))}")
    for key in COUNTS:
        value = schema.get(key, 0)
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        expect(whole and value == value // 1, f"{field}.{key}", "is no whole number from 0")
        most = LIMITS.get(key, math.inf)
        expect(value <= most, f"{field}.{key}", f"is {value:g}; the simulation fills {most:g}")
    for key in NUMBERS:
        value = schema.get(key, 0)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        # A whole number of JSON may be larger than any float.
        small = number and -LARGEST <= value <= LARGEST
        expect(small, f"{field}.{key}", "is no number that the simulation reckons with")
    required = schema.get("required", [])
    texts = isinstance(required, list) and all(isinstance(one, str) for one in required)
    expect(texts, f"{field}.required", "is no list of names")
    enum = schema.get("enum", [None])
    expect(isinstance(enum, list) and enum, f"{field}.enum", "is no list of values")
    for key in ("$ref", "description", "title", "pattern", "format"):
        expect(isinstance(schema.get(key, ""), str), f"{field}.{key}", "is no text")


def expect(condition: object, field: str, what: str) -> None:
    """Refuse the request unless the condition holds."""
    if not condition:
        name = field if len(field) <= 200 else f"{field[:200]}..."
        raise BadRequest(f"{name}: it {what}.", field=name, code="invalid_schema")
