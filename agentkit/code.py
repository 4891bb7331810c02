"""What a function does, as a mark: another one once it, or what it calls, was edited.

Seen are the function's code, its defaults, what it closes over, and the functions, classes and
constants of a user's own modules that it names, however deep. Not seen is what changes while it
works: objects, and lists, dicts and variables that the code itself writes.
"""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from agentkit.messages import digest
from agentkit.traces import INSIDE, LIBRARIES

WRITES = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "reverse", "setdefault", "sort", "update",
}  # fmt: skip
"""Methods that change what they are called on."""

LARGEST = 10_000
"""Items of a table up to which its values are a part of the mark."""


def mark_of(called: Any) -> str:
    """The mark of something that is called; "" where it has no Python code of a user's own."""
    functions = list(reached(called, {}))
    if not functions:
        return ""
    written = {(id(one.__globals__), name) for one in functions for name in writes(one.__code__)}
    return digest(*(part for one in functions for part in parts(one, written)))


def reached(value: Any, seen: dict[int, Any]) -> Iterator[FunctionType]:
    """The functions of a user's own that lie behind a value, in the order of their names."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    match value:
        case functools.partial():
            behind = [value.func]
        case MethodType():
            behind = [value.__func__]
        case FunctionType() if own(value.__code__):
            yield value
            behind = [*around(value).values()]
        case type() if value.__module__ != "builtins":
            behind = [one for one in vars(value).values() if isinstance(one, FunctionType)]
        case _:
            # As a class has it: a __call__ of the instance is not what a call calls.
            made_of = (getattr(value, "fn", None), inspect.getattr_static(value, "__call__", None))
            behind = [one for one in made_of if isinstance(one, FunctionType | MethodType)]
    for one in behind:
        if callable(one):
            yield from reached(one, seen)


def own(code: CodeType) -> bool:
    """Whether code is a user's, and not a library's or ours."""
    return not code.co_filename.startswith((INSIDE, *LIBRARIES, "<frozen"))


def around(function: FunctionType) -> dict[str, Any]:
    """What a function names outside of itself: globals, parts of modules, what it closes over."""
    found, looked_up = dict[str, Any](), sorted(names(function.__code__))
    for name in looked_up:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            held = {part: vars(value)[part] for part in looked_up if part in vars(value)}
            found |= {f"{name}.{part}": one for part, one in held.items()}
        elif name in function.__globals__:
            found[name] = value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # It is not bound yet.
            continue
    return found


def names(code: CodeType) -> set[str]:
    """The names that code and the code within it look up."""
    return set(code.co_names).union(*(names(one) for one in inner(code)))


def inner(code: CodeType) -> list[CodeType]:
    """The code of functions, classes and comprehensions within."""
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def writes(code: CodeType) -> set[str]:
    """The outer names that code writes, or whose value it changes."""
    found, last, loaded, stored = set[str](), "", set[str](), False
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"):
            found.add(step.argval)
        elif step.opname in ("LOAD_METHOD", "LOAD_ATTR") and step.argval in WRITES and last:
            found.add(last)
        stored = stored or step.opname in ("STORE_SUBSCR", "DELETE_SUBSCR")
        last = step.argval if step.opname in ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME") else ""
        loaded |= {last} if last else set()
    # Which of them an item is put into is not followed.
    found |= loaded if stored else set()
    return found.union(*(writes(one) for one in inner(code)))


def parts(function: FunctionType, written: set[tuple[int, str]]) -> list[str]:
    """What a function is made of, as texts that are the same in every process."""
    outer = [
        f"{name}={text}"
        for name, value in around(function).items()
        if (id(function.__globals__), name) not in written and (text := plain(value)) is not None
    ]
    defaults = [*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())]
    return [code_digest(function.__code__), str([plain(one) for one in defaults]), *outer]


def plain(value: Any) -> str | None:
    """A constant, or a table of them, as text; None for what is neither, or too large."""
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return repr(value)
        case tuple() | list() if len(value) <= LARGEST:
            items = [plain(one) for one in value]
            return None if None in items else f"[{', '.join(map(str, items))}]"
        case set() | frozenset() if len(value) <= LARGEST:
            items = [plain(one) for one in value]
            return None if None in items else f"{{{', '.join(sorted(map(str, items)))}}}"
        case dict() if len(value) <= LARGEST:
            pairs = [(plain(one), plain(value[one])) for one in value]
            wrong = any(None in pair for pair in pairs)
            return None if wrong else str(sorted(map(str, pairs)))
    return None


def code_digest(code: CodeType) -> str:
    """A digest of what code does, whatever its file and lines."""
    return digest(code.co_code.hex(), *code.co_names, *map(constant, code.co_consts))


def constant(value: Any) -> str:
    """A constant of code as text that is the same in every process."""
    match value:
        case CodeType():
            return code_digest(value)
        case frozenset():
            return f"{{{', '.join(sorted(map(constant, value)))}}}"
        case tuple():
            return f"({', '.join(map(constant, value))})"
    return repr(value)
