"""Filters over metadata as Chroma writes them, and their evaluation in Python.

Both stores are given the same strict form, so that a filter means the same in both, and a
wrong one is told before anything is searched.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agentkit.errors import SetupError
from memory.stores import Scalar, Where
from memory.stores.entry import LARGEST, worded
from memory.stores.metadata import plain_value

ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}

NEGATED = {"$ne": "$eq", "$nin": "$in"}
"""True also of items that have no such field, as in Chroma."""

LISTS, JOINS = ("$in", "$nin"), ("$and", "$or")
LISTED = {"$or": {"$eq": "$in", "$in": "$in"}, "$and": {"$ne": "$nin", "$nin": "$nin"}}
"""What becomes a list where several conditions are joined so."""

VERBS = ("$eq", "$ne", *ORDERED, *LISTS)


DEEPEST = 60
"""How deep a filter may be nested; deeper ones are no filters that a person wrote."""


def plain_filter(given: Any, depth: int = 0) -> Any:
    """Return a filter as JSON has it: the form that a step is recorded with.

    Raises:
        SetupError: it is nested without measure.
    """
    bounded(depth)
    if isinstance(given, Mapping):
        return {name: plain_filter(value, depth + 1) for name, value in given.items()}
    if isinstance(given, list | tuple | set):
        return [plain_filter(one, depth + 1) for one in given]
    plain = plain_value(given)
    if not isinstance(plain, str | int | float | None):
        raise SetupError(
            f"A filter compares with {plain!r}.", expected="a text, a number, a boolean or a date"
        )
    return plain


def bounded(depth: int) -> None:
    """Refuse what is nested without measure.

    Raises:
        SetupError: it is.
    """
    if depth > DEEPEST:
        raise SetupError(f"A filter is nested more than {DEEPEST} deep.", expected="a flatter one")


def normal(where: Where | None, depth: int = 0) -> Where | None:
    """The filter with one condition to a mapping, joined by $and; None when it fits all.

    Raises:
        SetupError: an operator that does not exist, or a value that cannot be compared.
    """
    bounded(depth)
    if where is None:
        return None
    if not isinstance(where, Mapping):
        raise SetupError(
            f"The filter is {where!r}.", expected='a mapping, such as {"port": "Amber"}'
        )
    parts = [one for name, given in where.items() for one in strict(name, given, depth)]
    return one_filter("$and", parts)


def strict(name: str, given: Any, depth: int) -> list[Where]:
    """The conditions that one entry of a filter stands for; all of them must hold."""
    if name in JOINS:
        if not isinstance(given, list | tuple) or not given:
            raise SetupError(f"{name} is given {given!r}.", expected="a list of filters")
        parts = [normal(one, depth + 1) for one in given]
        kept = [one for one in parts if one is not None]
        if name == "$or" and len(kept) < len(parts):
            return []
        whole = one_filter(name, as_lists(kept, LISTED[name]))
        return [] if whole is None else [whole]
    if not isinstance(name, str) or not name or name.startswith("$"):
        raise SetupError(f"The filter has the field {name!r}.", expected="a name of the metadata")
    conditions = given if isinstance(given, Mapping) else {"$eq": given}
    if not conditions:
        raise SetupError(f"The filter of {name} is empty.", expected="a value, or an operator")
    return [condition(name, verb, operand(name, verb, v)) for verb, v in conditions.items()]


def condition(name: str, verb: str, value: Any) -> Where:
    """One field compared in one way; Chroma takes no list of whole and broken numbers together."""
    if verb not in LISTS or len({type(one) for one in value}) == 1:
        return {name: {verb: value}}
    whole, broken = ([one for one in value if isinstance(one, t)] for t in (int, float))
    return {"$or" if verb == "$in" else "$and": [{name: {verb: some}} for some in (whole, broken)]}


def as_lists(parts: list[Where], verbs: Mapping[str, str]) -> list[Where]:
    """Conditions that compare one field with several values as one with a list.

    A store looks up all of a list at once, and goes through its items for each condition.
    """
    made: list[Where] = []
    lists: dict[tuple[str, type], list[Any]] = {}
    for one in parts:
        ((name, given),) = one.items()
        verb = next(iter(given)) if isinstance(given, dict) else ""
        if not isinstance(given, dict) or verb not in verbs:
            made.append(one)
            continue
        values = given[verb] if verb in LISTS else [given[verb]]
        known = lists.setdefault((name, type(values[0])), [])
        if not known:
            made.append({name: {verbs[verb]: known}})
        known.extend(values)
    return [single(one) for one in made]


def single(part: Where) -> Where:
    """A condition of a list of one value as that of the value."""
    ((name, given),) = part.items()
    for verb, one in (("$in", "$eq"), ("$nin", "$ne")):
        if isinstance(given, dict) and len(given.get(verb, ())) == 1:
            return {name: {one: given[verb][0]}}
    return part


def one_filter(how: str, parts: list[Where]) -> Where | None:
    """Filters as one."""
    return None if not parts else parts[0] if len(parts) == 1 else {how: parts}


def operand(name: str, verb: str, value: Any) -> Any:
    """The value of an operator, if it can be compared."""
    if verb not in VERBS:
        raise SetupError(
            f"The filter of {name} has the operator {verb!r}.",
            expected=", ".join([*VERBS, *JOINS]),
        )
    for text in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
        if isinstance(text, str):
            worded(text, f"the filter of {name}")
    if verb in LISTS:
        value = [plain_value(one) for one in value] if isinstance(value, list | tuple) else value
        kinds = {kind(one) for one in value} if isinstance(value, list | tuple | set) else set()
        if len(kinds) == 1 and None not in kinds:
            return [at_most_64_bits(name, one) for one in value]
        expected = "a list of texts, of numbers or of booleans, not empty"
    else:
        value = plain_value(value)
        found = kind(value)
        if found == "number" or (found and verb not in ORDERED):
            return at_most_64_bits(name, value)
        expected = "a number or a date" if verb in ORDERED else "a text, a number or a boolean"
    raise SetupError(f"The filter {name} {verb} is given {value!r}.", expected=expected)


def at_most_64_bits(name: str, value: Any) -> Any:
    """Return a value that a filter compares with, if a store can hold one like it.

    Raises:
        SetupError: a whole number that is larger.
    """
    if isinstance(value, int) and abs(value) > LARGEST:
        raise SetupError(
            f"The filter of {name} compares with {value}.",
            expected="a whole number of at most 64 bits, as metadata has",
        )
    return value


def kind(value: object) -> str | None:
    """What a value can be compared with; True is no number, as in Chroma."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return "number"
    return "text" if isinstance(value, str) else None


class Among(frozenset[tuple[str | None, Scalar]]):
    """The values of a list in a filter, each with its kind, to be looked up at once."""


def rewritten(where: Where, change: Callable[[str, str, Any], Where]) -> Where:
    """A filter in its strict form with each condition changed: field, operator and value."""
    ((name, given),) = where.items()
    if name in JOINS:
        parts: Any = given
        return {name: [rewritten(one, change) for one in parts]}
    ((verb, value),) = given.items()  # type: ignore[attr-defined]
    return change(name, verb, value)


def prepared(where: Where | None) -> Where | None:
    """A filter in its strict form for `matches` to be asked often: its lists are looked up.

    Without it each item costs as much as a list is long.
    """

    def looked_up(name: str, verb: str, value: Any) -> Where:
        return {name: {verb: Among((kind(one), one) for one in value) if verb in LISTS else value}}

    return None if where is None else rewritten(where, looked_up)


def fits(where: Where | None) -> Callable[[Mapping[str, Scalar]], bool]:
    """What says whether an item's metadata fit a filter in its strict form, of many items."""
    return partial(matches, prepared(where))


def matches(where: Where | None, metadata: Mapping[str, Scalar]) -> bool:
    """Whether an item's metadata fit a filter in its strict form."""
    if where is None:
        return True
    ((name, given),) = where.items()
    if name in JOINS:
        parts: Any = given
        return (all if name == "$and" else any)(matches(one, metadata) for one in parts)
    ((verb, value),) = given.items()  # type: ignore[attr-defined]
    if verb in NEGATED:
        return name not in metadata or not compared(NEGATED[verb], metadata[name], value)
    return name in metadata and compared(verb, metadata[name], value)


def compared(verb: str, stored: Scalar, value: Any) -> bool:
    """Whether a stored value compares so."""
    if isinstance(value, Among):
        return (kind(stored), stored) in value
    if verb == "$in":
        return any(compared("$eq", stored, one) for one in value)
    if kind(stored) != kind(value):
        return False
    return bool(stored == value if verb == "$eq" else ORDERED[verb](stored, value))
