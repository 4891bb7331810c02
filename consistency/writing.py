"""What clients write, so that a value tells whose writes it comes from.

A register is a list of the numbers of writes, to which each writer adds its own. Of a CRDT a key's
name says its type; each write adds something of its own: a field, an element, a word, or one to a
number.
"""

from __future__ import annotations

import re
from typing import Any

from agentkit.messages import JSON
from memory.board.versions import ReadVersions


def added(value: Any, key: str, op: int, crdt: bool) -> JSON:
    """Return a value with what the write `op` adds to it."""
    if not crdt:
        return [*(value or []), op]
    match key[0]:
        case "m":
            return {**(value or {}), f"w{op}": op}
        case "l":
            return [*(value or []), op]
        case "t":
            return f"{value or ''}w{op};"
        case "n":
            return {**(value or {}), "last": op}
    return op


def seen_value(seen: ReadVersions, crdt: bool) -> JSON:
    """Return what a read saw: of siblings all."""
    if crdt or len(seen.siblings) <= 1:
        return seen.value
    return {"siblings": [one.value for one in seen.siblings]}


def members(value: Any, key: str) -> set[int]:
    """Return the writes whose part a CRDT's value shows."""
    match value:
        case dict():
            return {int(one) for one in value.values()}
        case list():
            return {int(one) for one in value}
        case str():
            return {int(one) for one in re.findall(r"w(\d+);", value)}
    return {int(value)} if isinstance(value, int) and not isinstance(value, bool) else set()


def newest(value: Any, key: str) -> int:
    """Return the write that a value is from: each adds a number above all that it had read."""
    return max(members(value, key), default=0)
