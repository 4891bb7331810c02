"""Filters over metadata as Chroma writes them, evaluated in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from agentkit.errors import SetupError
from memory.stores import Scalar, Where

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$in": lambda value, given: value in given,
}

NEGATED = {"$ne": "$eq", "$nin": "$in"}
"""True also of items that have no such field, as in Chroma."""


def matches(where: Where | None, metadata: Mapping[str, Scalar]) -> bool:
    """Whether an item's metadata fit a filter; no filter fits all.

    Raises:
        SetupError: an operator that does not exist, or values that cannot be compared.
    """
    return all(fits(name, wanted, metadata) for name, wanted in (where or {}).items())


def fits(name: str, wanted: Any, metadata: Mapping[str, Scalar]) -> bool:
    """Whether one condition holds."""
    if name in ("$and", "$or"):
        if not isinstance(wanted, list) or not wanted:
            raise SetupError(f"{name} is given {wanted!r}.", expected="a list of filters")
        return (all if name == "$and" else any)(matches(one, metadata) for one in wanted)
    conditions = wanted if isinstance(wanted, dict) else {"$eq": wanted}
    return all(compared(name, verb, given, metadata) for verb, given in conditions.items())


def compared(name: str, verb: str, given: Any, metadata: Mapping[str, Scalar]) -> bool:
    """Whether a field compares so to a value."""
    if verb in NEGATED:
        return name not in metadata or not compared(name, NEGATED[verb], given, metadata)
    if verb not in COMPARE:
        known = ", ".join([*COMPARE, *NEGATED, "$and", "$or"])
        raise SetupError(f"The filter of {name} has the operator {verb!r}.", expected=known)
    if name not in metadata:
        return False
    try:
        return COMPARE[verb](metadata[name], given)
    except TypeError as error:
        raise SetupError(
            f"The filter {name} {verb} {given!r} does not fit {metadata[name]!r}."
        ) from error
