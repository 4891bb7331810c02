"""Making a value fit a JSON schema: types, bounds, enumerations, blanks."""

from __future__ import annotations

import re

from agentkit.sim.brain.affinity import enum_value
from agentkit.sim.brain.composing import show
from agentkit.sim.brain.lexing import number_of
from agentkit.sim.brain.schemas import read_params
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.values import as_number
from agentkit.sim.brain.words import sense, senses

UNKNOWN = "unknown"
UNKNOWNS = frozenset(("unknown", "none", "other", "unclear", "undecided", "n/a", "abstain"))
HEDGED = re.compile(
    r"\b(?:not|no|never|without|except|about|around|approximately|roughly|nearly|almost|perhaps|"
    r"maybe|between|at least|at most|(?:more|less|fewer) than|up to|over|under|above|below|or)\b|"
    r"n['’]t\b|[<>≤≥~≈±]",
    re.IGNORECASE,
)
"""What makes another number, or none, of the one that a text names."""


def fits_kind(kind: str, value: Json) -> bool:
    """Return whether a value can be of a JSON type."""
    if kind in ("number", "integer"):
        return as_number(value) is not None
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str | int | float)


def nullable(schema: dict[str, Json]) -> bool:
    """Return whether a schema allows null."""
    kinds = schema.get("type")
    options = schema.get("anyOf") or schema.get("oneOf") or ()
    return (
        kinds == "null"
        or (isinstance(kinds, list) and "null" in kinds)
        or any(option.get("type") == "null" for option in options)
    )


def fitted_to(schema: dict[str, Json], kind: str, value: Json) -> Json:
    """Return a value in the schema's type and bounds, or None when it cannot be."""
    if value is None:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        param = read_params({"properties": {"value": schema}})[0]
        exact = enum_value(param, str(value))
        return (
            exact
            if exact is not None
            else next(
                (one for one in schema["enum"] if sense(str(one)) in senses(str(value))), None
            )
        )
    match kind:
        case "boolean":
            if isinstance(value, bool):
                return value
            hit = re.match(r"\W*(yes|true|no|false)\b", str(value), re.IGNORECASE)
            return hit.group(1).casefold() in ("yes", "true") if hit else None
        case "number" | "integer":
            number = as_number(value)
            if number is None and isinstance(value, str):
                number = only_number(value)
            return within(schema, kind, number)
        case "string":
            text = value if isinstance(value, str) else show(value)
            # What is cut says something else: `12` of 123.45, and a sentence without its end.
            return text if len(text) <= schema.get("maxLength", len(text)) else None
        case "object":
            return value if isinstance(value, dict) else None
    return value


def only_number(text: str) -> float | None:
    """Return the number that a text is about, or None where it is a bound, a guess or denied.

    `1.234,50` is written in another way than the numbers here, and the 2 of `P2D` is no number.
    """
    found = re.findall(r"(?<![^\W_])-?\d[\d,.]*", text)
    if len(found) != 1 or len(re.findall(r"\d[\d,.]*", text)) != 1 or HEDGED.search(text):
        return None
    digits = found[0].rstrip(".,")
    plainly = re.fullmatch(r"-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?", digits)
    return as_number(number_of(digits).value) if plainly else None


def within(schema: dict[str, Json], kind: str, number: float | None) -> float | None:
    """Return a number of a schema's kind and bounds as it is, or None; it is never changed."""
    if number is None or (kind == "integer" and number != int(number)):
        return None
    low, high = schema.get("minimum", number), schema.get("maximum", number)
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if not low <= number <= high or (over is not None and number <= over):
        return None
    if under is not None and number >= under:
        return None
    whole = kind == "integer" or float(number) != number
    return int(number) if whole else float(number)


def has_blank(schema: dict[str, Json], kind: str) -> bool:
    """Return whether a type has a value that says that nothing is known, and not something false.

    No number says so, no switch, and of an enumeration only a value such as `unknown`.
    """
    if schema.get("enum"):
        return any(str(one).casefold() in UNKNOWNS for one in schema["enum"])
    short = 0 < schema.get("maxLength", len(UNKNOWN)) < len(UNKNOWN)  # of none there is but one
    return kind in ("array", "object") or (
        kind == "string" and "format" not in schema and not short
    )


def blank(schema: dict[str, Json], kind: str) -> Json:
    """Return the emptiest valid value of a type, for required fields of which nothing is known."""
    if schema.get("enum"):
        named = [one for one in schema["enum"] if str(one).casefold() in UNKNOWNS]
        return [*named, schema["enum"][-1]][0]
    match kind:
        case "boolean":
            return False
        case "number" | "integer":
            return max(0, schema.get("minimum", 0))
        case "array":
            return []
        case "object":
            return {}
    text = UNKNOWN.ljust(int(schema.get("minLength", 0)), ".")
    return text[: int(schema.get("maxLength", len(text)))]
