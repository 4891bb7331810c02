"""Whether calls are those that a row of the Berkeley leaderboard has as right.

Its checker's rules, with their quirks: a value must have the declared type, or that of the right
values; a whole number is taken where a float is declared, and no float for a whole number; texts
are compared without case and some signs, inside of lists and dicts too; an empty list stands for a
parameter that may be left out; calls that belong together may be made in any order.

Source: `ast_checker` of the package bfcl-eval, for Python; `make test-inspect` holds both
against each other on the leaderboard's rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.evaluate.calling import Call, bare, spoken

KINDS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
"""What the declared types are in Python."""


def differ(made: Sequence[Call], possible: Sequence[Any], functions: Sequence[Any]) -> str:
    """Return how calls differ from those that are right; "" where they do not.

    Args:
        made: name and arguments of each call.
        possible: what each call may be; each is given the first that is right.
        functions: of the row, with their parameters.
    """
    if len(made) != len(possible):
        return f"{len(made)} calls and not {len(possible)}"
    known = {one["name"]: one for one in functions}
    left = list(made)
    for wanted in possible:
        name, allowed = next(iter(wanted.items()))
        reasons = [call_differs(one, name, allowed, known[name]["parameters"]) for one in left]
        if "" not in reasons:
            same = [why for why, one in zip(reasons, left, strict=True) if one[0] == spoken(name)]
            return (same or [f"no call of {name}"])[0]
        left.pop(reasons.index(""))
    return ""


def call_differs(
    made: Call, name: str, allowed: Mapping[str, Sequence[Any]], about: Mapping[str, Any]
) -> str:
    """Return how a call differs from one that is right; "" where it does not."""
    called, given = made
    if called not in (name, spoken(name)):
        return f"no call of {name}"
    for one in about.get("required", ()):
        if one not in given:
            return f"{one} is missing"
    for one, value in given.items():
        if one not in about["properties"] or one not in allowed:
            return f"{one} is not a parameter of it"
        if not fits(value, allowed[one], about["properties"][one]):
            return f"{one} is {str(value)[:60]!r}"
    for one, values in allowed.items():
        if one not in given and "" not in values:
            return f"{one} is missing"
    return ""


def fits(value: Any, right: Sequence[Any], about: Mapping[str, Any]) -> bool:
    """Return whether a value is one that is right for a parameter."""
    declared = about["type"]
    kind = KINDS[declared]
    inner = KINDS[about["items"]["type"]] if declared in ("array", "tuple") else None
    if declared == "float" and type(value) is int:
        value = float(value)
    if not typed(value, right, kind, inner):
        return False
    other = kind_of(right)
    if type(value) is kind and other in (None, kind):
        if kind is dict:
            return any(same_dict(value, one) for one in right if one != "")
        if kind is list and inner is dict:
            return any(same_dicts(value, one) for one in right)
        if kind is str:
            return bare(value) in [bare(one) for one in right if isinstance(one, str)]
        if kind is list:
            return list(map(plain, value)) in [list(map(plain, one)) for one in right]
    return value in right


def kind_of(right: Sequence[Any]) -> type | None:
    """Return the type of the first value that is right; None where nothing but "" is."""
    return next((type(one) for one in right if one != ""), None)


def typed(value: Any, right: Sequence[Any], kind: Any, inner: Any) -> bool:
    """Return whether a value has the declared type, or else that of the values that are right."""
    if type(value) is not kind:
        return type(value) is kind_of(right)
    if inner is None:
        return True
    return any(
        not isinstance(one, list) or all(typed(part, one, inner, None) for part in value)
        for one in right
    )


def plain(value: Any) -> Any:
    """Return a text as texts are compared, and anything else as it is."""
    return bare(value) if isinstance(value, str) else value


def same_dict(value: Any, right: Any) -> bool:
    """Return whether a dict is one that is right, whose keys have the values that they may have."""
    if not isinstance(value, dict) or not isinstance(right, dict):
        return False
    for key, one in value.items():
        if key not in right or plain(one) not in list(map(plain, right[key])):
            return False
    return all(key in value or "" in values for key, values in right.items())


def same_dicts(value: Sequence[Any], right: Sequence[Any]) -> bool:
    """Return whether dicts are those that are right, in their order."""
    pairs = zip(value, right, strict=False)
    return len(value) == len(right) and all(same_dict(one, other) for one, other in pairs)
