"""Rows of a result: what a row is called, and which rows are about given names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentkit.sim.brain.lexing import Lit, literals
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.values import as_number
from agentkit.sim.brain.words import sense, senses, split_identifier

NAMES = tuple(map(sense, ("name", "title", "label")))
NUMBERED = frozenset(map(sense, "id number no nr code key reference line isbn".split()))


def labels_of(rows: list[dict[str, Json]], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return what tells rows apart, one text each, or nothing where no field does.

    The order of a result's fields says nothing, as JSON objects have none. A field called name
    comes first, then one called like the thing asked for, then any text or identifier that no
    two rows share.
    """
    kinds = set(wanted)

    def rank(key: str) -> tuple[int, str] | None:
        values = [row.get(key) for row in rows]
        words = [sense(word) for word in split_identifier(key)]
        if not words or any(isinstance(one, dict | list | bool | None) for one in values):
            return None
        texts = all(isinstance(one, str) and one and not measured(one) for one in values)
        if len(set(map(str, values))) < len(rows) or not (texts or set(words) & NUMBERED):
            return None
        if not texts:
            return (5, key)
        place = next((n for n, name in enumerate(NAMES) if name in words), None)
        return (place if place is not None else 3 if set(words) & kinds else 4, key)

    ranked = [found for key in (rows[0] if rows else {}) if (found := rank(key))]
    return tuple(str(row[min(ranked)[1]]) for row in rows) if ranked else ()


def measured(text: str) -> bool:
    """Return whether a text is a number, a time or a date and so no name."""
    found = literals(text)
    return len(found) == 1 and found[0].kind in ("number", "time", "date", "day")


def about(rows: list[Any], left: list[Lit]) -> list[Any]:
    """Return the rows that hold all the given values."""
    return [row for row in rows if all(held(row, lit) for lit in left)]


def held(row: Json, lit: Lit) -> bool:
    """Return whether a row has a value."""
    if isinstance(row, dict):
        return any(held(value, lit) for value in row.values())
    if isinstance(row, list):
        return any(held(value, lit) for value in row)
    if lit.kind == "number":
        return not isinstance(row, bool) and as_number(row) == as_number(lit.value)
    return str(row).casefold() == lit.text.casefold()


def keys_of(data: Json) -> set[str]:
    """Return the senses of the names of a record's fields, or of all rows' fields.

    A field that says no of some rows is not true of all of them because it is there.
    """
    rows = [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]
    names = dict.fromkeys(key for row in rows for key in row)
    return {
        one
        for key in names
        if all(row.get(key) and not isinstance(row.get(key), bool) for row in rows)
        for one in senses(split_identifier(key))
    }


def flagged(data: Json, said: set[str]) -> tuple[Json, set[str]]:
    """Return the rows of which all the switches hold that a question names, and those words.

    Of loans with a field `overdue`, those that are, where overdue loans are asked for.
    """
    rows = data if isinstance(data, list) else []
    if not rows or not all(isinstance(row, dict) for row in rows):
        return data, set()
    words: set[str] = set()
    for key in rows[0]:
        own = set(senses(split_identifier(key)))
        if own and own <= said and all(isinstance(row.get(key), bool) for row in rows):
            words |= own
            data = [row for row in data if row[key]]
    return data, words
