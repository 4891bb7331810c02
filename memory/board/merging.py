"""What a writer changed, applied to what stands there now: a merge of three values.

A writer gives a whole value. What it means by that is the difference to the value it had read
(diff3; Khanna, Kunal and Pierce 2007): what others wrote since, and the writer did not touch,
stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit.messages import JSON, canonical
from memory.board.crdt import edits, kind_of


class Concurrent(Exception):
    """Two writers gave one place two values that no data type joins, such as two numbers."""


def merged(base: JSON, now: JSON, new: JSON) -> JSON:
    """Return the value now, with what changed from base to new.

    Args:
        base: what the writer had read; None where there was nothing.
        now: what stands there.
        new: what the writer gives.

    Raises:
        Concurrent: both changed a value that is neither an object, a list nor a text. Equal
            numbers count: two that add one to the same number mean two more.
    """
    if now == base:
        return new
    if new == base:
        return now
    if now == new and (now is None or isinstance(now, bool)):
        return new
    kinds = {kind_of(one) for one in (base, now, new) if one is not None}
    if now is None or new is None or len(kinds) > 1 or kinds == {"value"}:
        raise Concurrent
    if kinds == {"map"}:
        return merged_fields(base or {}, now, new)
    if kinds == {"text"}:
        return "".join(spliced(base or "", now, new, base or "", now, new))
    named = [[canonical(one) for one in side] for side in (base or [], now, new)]
    return spliced(base or [], now, new, *named)


def merged_fields(
    base: dict[str, JSON], now: dict[str, JSON], new: dict[str, JSON]
) -> dict[str, JSON]:
    """Merge objects field by field.

    Raises:
        Concurrent: one removed a field that the other changed, or both changed it otherwise.
    """
    found = {}
    for name in [*now, *(name for name in new if name not in now)]:
        before, there, given = (name in one for one in (base, now, new))
        if there and given:
            found[name] = merged(base.get(name), now[name], new[name])
        elif before and (now if there else new)[name] != base[name]:
            raise Concurrent
        elif not before:
            found[name] = (now if there else new)[name]
    return found


def spliced(
    base: Sequence[Any],
    now: Sequence[Any],
    new: Sequence[Any],
    *named: Sequence[str],
) -> list[Any]:
    """Apply what was inserted and deleted from base to new, to now.

    Args:
        base, now, new: texts or lists.
        named: the same, by what their elements are compared.
    """
    place = places(named[0], named[1])
    gone: set[int] = set()
    inserted: dict[int, list[Any]] = {}
    for verb, i, j, k, m in edits(named[0], named[2]):
        if verb == "equal":
            continue
        gone.update(n for n in place[i:j] if n is not None)
        # Before the next element that is still there: what others added here comes first.
        at = next((n for n in place[j:] if n is not None), len(now))
        inserted.setdefault(at, []).extend(new[k:m])
    found: list[Any] = []
    for n in range(len(now) + 1):
        found += inserted.get(n, [])
        found += [now[n]] if n < len(now) and n not in gone else []
    return found


def places(base: Sequence[str], now: Sequence[str]) -> list[int | None]:
    """Find where each element of base stands in now; None for those that are gone."""
    found: list[int | None] = []
    shift = 0
    for verb, i, j, _k, m in edits(base, now):
        found += [n + shift for n in range(len(found), i)]
        found += [n + shift if verb == "equal" else None for n in range(i, j)]
        shift = m - j
    return found + [n + shift for n in range(len(found), len(base))]
