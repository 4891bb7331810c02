"""What a write changed of a value, as JSON: its event carries that, and nothing of the rest.

As RFC 6902 has it for JSON, but with the pieces of a text. A change is a list of operations,
applied one after another; each begins with the place it is about, as a list of names:

    [place, value]           stands there now
    [place]                  is gone
    [place, i, j, piece]     what was from i to j of a text or list is this piece now
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agentkit.messages import JSON, canonical
from memory.board.diffing import edits, few

Place = tuple[str, ...]


def patch(before: JSON, after: JSON) -> list[JSON]:
    """What turns one value into another; [] where they are the same.

    Cost: in proportion to both, see `diffing.edits`.
    """
    return list(_changes(before, after, ()))


def patched(value: JSON, operations: Sequence[JSON]) -> JSON:
    """A value after operations; the one given stays as it is.

    Raises:
        ValueError: they do not fit it.
    """
    for one in operations:
        try:
            place, *what = one
            value = _within(value, tuple(place), what)
        except (TypeError, LookupError, ValueError) as error:
            raise ValueError(f"a change that fits no such value: {canonical(one)[:200]}") from error
    return value


def alike(one: JSON, other: JSON) -> bool:
    """Whether two values have the same JSON: true is no number, and 1 is not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def _changes(before: JSON, after: JSON, place: Place) -> Iterator[JSON]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from ([[*place, name]] for name in before if name not in after)
        for name, one in after.items():
            if name not in before:
                yield [[*place, name], one]
            else:
                yield from _changes(before[name], one, (*place, name))
    elif alike(before, after):
        return
    elif isinstance(before, str) and isinstance(after, str):
        yield from _pieces(before, after, after, place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _pieces(list(map(_named, before)), list(map(_named, after)), after, place)
    else:
        yield [list(place), after]


def _named(element: JSON) -> str:
    """By what elements of lists are compared."""
    return f"{type(element).__name__}{canonical(element)}"


def _pieces(
    before: Sequence[str], after: Sequence[str], whole: Sequence[JSON], place: Place
) -> Iterator[JSON]:
    """What differs between two texts or lists, from the end, so that places before stay right."""
    found = few([one for one in edits(before, after) if one[0] != "equal"], len(before))
    for _, i, j, k, m in reversed(found):
        yield [list(place), i, j, whole[k:m]]


def _within(value: JSON, place: Place, what: list[JSON]) -> JSON:
    """A value with an operation done at a place inside of it, in copies of what it is in."""
    if not place:
        return _done(value, what)
    made: dict[str, JSON] = dict(value)
    name, *rest = place
    if not rest and not what:
        del made[name]
    elif not rest and len(what) == 1:
        made[name] = what[0]
    else:
        made[name] = _within(made[name], tuple(rest), what)
    return made


def _done(value: Any, what: list[JSON]) -> JSON:
    if len(what) == 1:
        return what[0]
    i, j, piece = what
    if type(value) is not type(piece) or not isinstance(piece, str | list):
        raise TypeError
    if not 0 <= i <= j <= len(value):
        raise LookupError
    return value[:i] + piece + value[j:]
