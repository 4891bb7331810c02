"""Which names functions write to: what stands there is state, and no part of what they do."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import NamedTuple

CHANGES = {
    "add", "append", "appendleft", "clear", "difference_update", "discard", "extend",
    "extendleft", "insert", "intersection_update", "pop", "popitem", "popleft", "remove",
    "reverse", "rotate", "setdefault", "sort", "subtract", "update", "__iadd__", "__setitem__",
}  # fmt: skip
"""Methods that change what they are called on."""

CHANGERS = {
    "delattr", "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort",
    "insort_left", "insort_right", "setattr", "shuffle", "__dict__",
}  # fmt: skip
"""Functions of the standard library that change what they are given."""

MAKERS = {"__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__"}
"""Methods that give a new object its values; these are no state yet."""

LOADS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME", "LOAD_ATTR")
ITEMS = ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE")
NEW = ("BUILD_", "CALL", "LIST_", "SET_", "DICT_", "END_FOR", "SWAP")
"""Instructions that leave something new, a call taken for one."""
CLOSED = ("STORE_DEREF", "DELETE_DEREF")
SETS = ("STORE_GLOBAL", "DELETE_GLOBAL")
ATTRIBUTES = ("STORE_ATTR", "DELETE_ATTR")


def written(codes: Sequence[CodeType]) -> set[str]:
    """The outer names and attributes that functions write, or whose value they change."""
    every = [(one, does(one)) for code in codes for one in nested(code)]
    changers = CHANGERS | {code.co_name for code, done in every if done.changes_given}
    found = set[str]().union(*(done.writes for _, done in every))
    for code, done in every:
        if changers.intersection(code.co_names):
            # What it is called with is not followed: it may be any of what is named there.
            found |= done.loads | {one for one in code.co_consts if isinstance(one, str)}
    return found


class Does(NamedTuple):
    """What code itself does with names, without the code within it."""

    reads: frozenset[str]
    """All that it loads, constants and locals too."""
    loads: frozenset[str]
    """The outer names and attributes that it reads."""
    writes: frozenset[str]
    """Those that it writes, or whose value it changes."""
    changes_given: bool
    """Whether it changes one of its own parameters."""


@functools.lru_cache(4096)
def does(code: CodeType) -> Does:
    """What code itself does with names; taken apart once, as that is slow."""
    steps = list(dis.get_instructions(code))
    return Does(
        frozenset(str(one.argval) for one in steps if one.opname.startswith("LOAD_")),
        frozenset(one.argval for one in steps if one.opname in LOADS),
        writes(code, steps),
        changes_given(code, steps),
    )


def nested(code: CodeType) -> list[CodeType]:
    """Code, and that of the functions, classes and comprehensions within."""
    return [code, *(below for one in inner(code) for below in nested(one))]


def inner(code: CodeType) -> list[CodeType]:
    """The code of what is defined directly within."""
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def writes(code: CodeType, steps: Sequence[dis.Instruction]) -> frozenset[str]:
    """The outer names and attributes that code itself writes, or whose value it changes."""
    found = {one.argval for one in steps if one.opname in SETS}
    found |= {one.argval for one in steps if one.opname in CLOSED} & set(code.co_freevars)
    if code.co_name not in MAKERS:
        found |= {one.argval for one in steps if one.opname in ATTRIBUTES}
    return frozenset(found.union(*(holders(steps, place) for place in changed_at(steps))))


def changed_at(steps: Sequence[dis.Instruction]) -> Iterator[int]:
    """Where the instructions end that load what is changed then; 0 where it cannot be told."""
    for place, one in enumerate(steps):
        if one.opname in ("LOAD_METHOD", "LOAD_ATTR") and one.argval in CHANGES:
            yield place
        elif one.opname in ITEMS:
            yield loads_end(steps, place, 2 if "SLICE" in one.opname else 1)


def changes_given(code: CodeType, steps: Sequence[dis.Instruction]) -> bool:
    """Whether code changes one of its own parameters."""
    given = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) - {"self", "cls"}
    changed = {local(steps, place) for place in changed_at(steps)}
    return not given.isdisjoint(changed)


def loads_end(steps: Sequence[dis.Instruction], place: int, keys: int) -> int:
    """Where the instructions end that load what an item is put into; 0 if they cannot be told."""
    height = 0
    while height < keys and place > 0 and steps[place - 1].opname not in ("SWAP", "COPY"):
        place -= 1
        height += dis.stack_effect(steps[place].opcode, steps[place].arg, jump=False)
    return place if height == keys else 0


def holders(steps: Sequence[dis.Instruction], place: int) -> set[str]:
    """The outer name loaded last before a place; all that are loaded, where it is none."""
    one = steps[place - 1] if place else None
    if one is not None and one.opname in LOADS:
        return {one.argval}
    name = local(steps, place)
    if name in ("self", "cls") or (name and made_here(steps, name)):
        return set()
    return {one.argval for one in steps if one.opname in LOADS}


def local(steps: Sequence[dis.Instruction], place: int) -> str:
    """The local name that is loaded last before a place; "" where it is none."""
    one = steps[place - 1] if place else None
    return str(one.argval) if one is not None and one.opname == "LOAD_FAST" else ""


def made_here(steps: Sequence[dis.Instruction], name: str) -> bool:
    """Whether a local name only ever holds what was newly made."""
    stored = [
        steps[place - 1].opname
        for place, one in enumerate(steps)
        if one.opname == "STORE_FAST" and one.argval == name
    ]
    return bool(stored) and all(one.startswith(NEW) for one in stored)
