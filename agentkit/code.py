"""What a function does, as a mark: another one once it, or what it calls, was edited.

Seen are the function's code, its defaults, what it closes over, and the functions, classes,
objects and constants of a user's own modules that it names, however deep; of an actor, what it
is made of. Not seen are state, that is what tools and actors write to, and objects of libraries.
"""

from __future__ import annotations

import enum
import functools
import sys
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from re import Pattern
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

from agentkit.messages import digest
from agentkit.traces import INSIDE, LIBRARIES
from agentkit.written import inner, written

PLAIN = (
    type(None), bool, int, float, complex, str, bytes, range, slice, date, time, timedelta,
    tzinfo, Decimal, Fraction, UUID, PurePath, type(...),
)  # fmt: skip
"""Values that never change, and whose repr says all of them."""

HOLDERS = ("builtins", "functools", "pydantic", "types", "typing")
"""Whose objects may hold functions of a user's own, and can be looked into without harm."""

HELD = ("fget", "fset", "fdel", "__func__", "__wrapped__", "wrapped", "func", "__args__")
"""Where they hold them: properties, caches, validators, types of types."""

OURS = tuple(f"{Path(INSIDE).parent / name}/" for name in ("agentkit", "memory", "nbext"))

LARGEST = 10_000
"""Items of a table up to which its values are a part of the mark; and values in all."""


def mark_of(called: Any, beside: Iterable[Any] = ()) -> str:
    """The mark of something that is called; "" where it has no Python code of a user's own.

    Args:
        called: a function, a tool, an object with __call__.
        beside: others that work with it: what they write to is state for it, too.
    """
    found, others = Found(), Found()
    found.look("", called, ())
    if not found.functions:
        return ""
    for one in beside:
        others.look("", one, ())
    spaces = {id(one.__globals__): one.__globals__ for one in found.functions}
    for space in spaces.values():
        for one in list(space.values()):
            # Tools and actors: they work in runs. What any other code writes is an edit.
            if hasattr(type(one), "_made_of"):
                others.look("", one, ())
    state = written([one.__code__ for one in (*found.functions, *others.functions)])
    return digest(*(text for way, text in found.parts if state.isdisjoint(way)))


class Found:
    """What lies behind something that is called."""

    def __init__(self) -> None:
        self.functions: list[FunctionType] = []
        self.parts: list[tuple[tuple[str, ...], str]] = []
        """Texts that are the same in every process, each with the names that lead to it: where
        one of them is written to, it is state."""
        self._seen: dict[int, Any] = {}

    def look(self, name: str, value: Any, way: tuple[str, ...]) -> None:
        """Take a value, and what lies behind it, into account.

        Args:
            name: of the value, "" where it has none.
            value: anything.
            way: the names of what it was found in, since the last function.
        """
        way = (*way, name.rpartition(".")[2]) if name else way
        if (text := plain(value)) is not None:
            self.parts.append((way, f"{name}={text}"))
        elif id(value) not in self._seen and len(self._seen) < LARGEST:
            self._seen[id(value)] = value
            inside = () if isinstance(value, FunctionType | type) else way
            for part, one in self._behind(value):
                self.look(part, one, inside)

    def _behind(self, value: Any) -> Iterable[tuple[str, Any]]:
        match value:
            case ModuleType():
                return ()
            case FunctionType():
                return self._function(value) if own(value.__code__) else ()
            case MethodType():
                return ("", value.__func__), ("", value.__self__)
            case functools.partial():
                return ("", value.func), ("", value.args), *sorted(value.keywords.items())
            case list() | tuple() | set() | frozenset():
                return [("", one) for one in value] if len(value) <= LARGEST else ()
            case dict():
                pairs = value.items() if len(value) <= LARGEST else ()
                return [("", one) for pair in pairs for one in pair]
            case type():
                return members(value) if own_class(value) else ()
        return object_parts(value)

    def _function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        self.functions.append(function)
        self.parts.append(((), code_digest(function.__code__)))
        yield "", function.__defaults__ or ()
        yield from sorted((function.__kwdefaults__ or {}).items())
        yield from around(function).items()


def own(code: CodeType) -> bool:
    """Whether code is a user's, and not a library's or ours."""
    return own_file(code.co_filename)


def own_file(name: str) -> bool:
    """Whether a file is a user's."""
    return not name.startswith((*OURS, *LIBRARIES, "<frozen"))


def own_class(kind: type) -> bool:
    """Whether a class is a user's own."""
    if kind.__module__ == "builtins":
        return False
    if kind.__module__ == "__main__":
        return True
    module = sys.modules.get(kind.__module__)
    return own_file(getattr(module, "__file__", None) or "")


def members(kind: type) -> list[tuple[str, Any]]:
    """What a class, and those that it inherits from, was given; not what Python keeps of it."""
    found = [
        (name, one)
        for name, one in sorted(vars(kind).items())
        if isinstance(one, FunctionType) or not name.startswith(("__", "_abc_"))
    ]
    return [*found, *(("", base) for base in kind.__bases__)]


def object_parts(value: Any) -> list[tuple[str, Any]]:
    """What an object is made of; of a library's only the functions that it holds."""
    kind = type(value)
    if (made_of := getattr(kind, "_made_of", None)) is not None:
        return [("", part) for part in (*made_of(value), kind)]
    if own_class(kind):
        return [("", kind), *sorted(attributes(value).items())]
    if kind.__module__.partition(".")[0] not in HOLDERS:
        return []
    return [("", getattr(value, name)) for name in HELD if hasattr(value, name)]


def attributes(value: Any) -> dict[str, Any]:
    """The values that an object holds itself."""
    slots = [vars(kind).get("__slots__", ()) for kind in type(value).__mro__]
    names = [name for one in slots for name in ([one] if isinstance(one, str) else one)]
    held = {name: getattr(value, name) for name in names if hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    return {
        name: one
        for name, one in held.items()
        if not name.startswith("__")
        and not isinstance(getattr(type(value), name, None), functools.cached_property)
    }


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


def plain(value: Any) -> str | None:
    """A constant, or a table of them, as text; None for what is neither, or too large."""
    match value:
        case enum.Enum():
            return f"{type(value).__qualname__}.{value.name}={plain(value.value)}"
        case Pattern():
            return repr((value.pattern, value.flags))
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
    return repr(value) if isinstance(value, PLAIN) else None


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
