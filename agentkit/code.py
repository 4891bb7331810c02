"""What a function does, as a mark: another one once it, or what it calls, was edited.

Seen are the function's code, its defaults, what it closes over, and the functions, classes,
objects and constants of a user's own modules that it names, however deep; of an actor, what it
is made of. Not seen are state, that is what tools and actors write to, and objects of libraries.
"""

from __future__ import annotations

import enum
import functools
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import repeat
from re import Pattern
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GenericAlias,
    MethodType,
    ModuleType,
    UnionType,
)
from typing import Any, NamedTuple

from agentkit.constants import LARGEST, PLAIN, code_digest, plain
from agentkit.messages import digest
from agentkit.traces import LIBRARIES, OURS
from agentkit.unchanged import Snapshot, alike
from agentkit.written import MAKERS, does, inner, nested, written

HOLDERS = ("builtins", "functools", "pydantic", "types", "typing")
"""Whose objects may hold functions of a user's own, and can be looked into without harm."""

HELD = ("fget", "fset", "fdel", "__func__", "__wrapped__", "wrapped", "func", "__args__")
"""Where they hold them: properties, caches, validators, types of types."""

WHOLE = {"__dict__", "asdict", "astuple", "attrgetter", "getattr", "model_dump", "vars"}
"""Names by which code reads any attribute."""

FIXED = (BuiltinFunctionType, GenericAlias, UnionType, classmethod, property, staticmethod)
"""Those of them that never change."""

MOST, LONGEST = 2_000, 40_000
"""Values, and bytes of code, that are looked at, the nearest first: a library that counts as a
user's own code has more, and would hold up all runs for many seconds."""

CALLED = ("check", "perform")
"""Methods by which a tool of any kind is called."""

MISSING = object()
"""Stands where nothing was found."""


def mark_of(called: Any, beside: Iterable[Any] = ()) -> str:
    """The mark of something that is called; "" where it has no Python code of a user's own.

    Args:
        called: a function, a tool, an object with __call__.
        beside: others that work with it: what they write to is state for it, too.
    """
    return work_out(called, tuple(beside)).text


class CodeMark:
    """The mark of something that is called, worked out anew once it may be another one."""

    def __init__(self) -> None:
        """Make one, kept beside what is called: it goes when that goes."""
        self._last: Worked | None = None

    def __reduce__(self) -> tuple[type[CodeMark], tuple[()]]:
        """Made anew in a copy, and in another process."""
        return CodeMark, ()

    def of(self, called: Any, beside: Iterable[Any] = ()) -> str:
        """The same as mark_of; called with one `called` only.

        Cost: microseconds where nothing changed, up to some 50 ms where something did.
        """
        besides = tuple(beside)
        last = self._last
        if last is None or not last.holds(besides):
            self._last = last = work_out(called, besides)
        return last.text


class Works:
    """The base of what works in runs, tools and actors. A class, as that is told fastest."""

    @functools.cached_property
    def mark(self) -> CodeMark:
        """Of its code, kept from run to run."""
        return CodeMark()

    def _made_of(self) -> tuple[Any, ...]:
        """What the mark of whoever uses it is about."""
        return ()


class Worked(NamedTuple):
    """A mark, with what it was worked out from."""

    text: str
    beside: tuple[Any, ...]
    spaces: list[dict[str, Any]]
    works: list[Any]
    """Tools and actors in these spaces."""
    seen: Snapshot

    def holds(self, beside: tuple[Any, ...]) -> bool:
        """Whether it would be the same now."""
        if not (alike(self.beside, beside) and alike(self.works, works_in(self.spaces))):
            return False
        return self.seen.same()


def work_out(called: Any, beside: tuple[Any, ...]) -> Worked:
    """The mark of something that is called, and what it depends on."""
    seen = Snapshot(opaque)
    found, others = CodeBehind(seen), CodeBehind(seen)
    found.search(called)
    if not found.functions:
        return Worked("", beside, [], [], seen)
    by_id = {id(one.__globals__): one.__globals__ for one in found.functions}
    # Tools and actors work in runs. What any other code writes is an edit.
    spaces = list(by_id.values())
    works = works_in(spaces)
    others.search(*beside, *works)
    state = written([one.__code__ for one in (*found.functions, *others.functions)])
    text = digest(*sorted(text for way, text in found.parts if state.isdisjoint(way)))
    return Worked(text, beside, spaces, works, seen)


def works_in(spaces: Iterable[dict[str, Any]]) -> list[Any]:
    """The tools and actors in some namespaces."""
    found = list[Any]()
    for space in spaces:
        values = list(space.values())
        # Few classes have thousands of values, so they are asked rather than the values.
        if kinds := {kind for kind in set(map(type, values)) if issubclass(kind, Works)}:
            found += [one for one in values if type(one) in kinds]
    return found


Way = tuple[str, ...]


class CodeBehind:
    """What lies behind something that is called."""

    def __init__(self, seen: Snapshot) -> None:
        self.seen = seen
        self.functions: list[FunctionType] = []
        self.parts: list[tuple[Way, str]] = []
        """Texts that are the same in every process, each with the names that lead to it: where
        one of them is written to, it is state."""
        self._named = set[str]()
        """Names that some function reads; of objects and classes only these count."""
        self._unnamed: dict[str, list[tuple[str, Any, Way]]] = {}
        self._todo = deque[tuple[str, Any, Way]]()
        self._met: dict[int, Any] = {}
        self._length = 0

    def search(self, *values: Any) -> None:
        """Take some values, and what lies behind them, into account."""
        self._todo += [("", value, ()) for value in values]
        while self._todo and len(self._met) < MOST and self._length < LONGEST:
            self._look(*self._todo.popleft())

    def _look(self, name: str, value: Any, way: Way) -> None:
        way = (*way, name.rpartition(".")[2]) if name else way
        if (text := plain(value)) is not None:
            self.parts.append((way, f"{name}={text}"))
            self.seen.take_constant(value)
        elif id(value) not in self._met:
            self._met[id(value)] = value
            inside = () if isinstance(value, FunctionType | type) else way
            self._todo += [(part, one, inside) for part, one in self._behind(value, inside)]

    def _behind(self, value: Any, way: Way) -> Iterable[tuple[str, Any]]:
        match value:
            case ModuleType():
                return ()
            case FunctionType():
                if not own(value.__code__):
                    self.seen.take(code_of, value)
                    return ()
                self.seen.take(outside, value)
                return self._function(value)
            case MethodType():
                return ("", value.__func__), ("", value.__self__)
            case functools.partial():
                self.seen.take(preset, value)
                return ("", value.func), ("", value.args), *sorted(value.keywords.items())
            case list() | tuple() | set() | frozenset() | dict() if len(value) > LARGEST:
                self.seen.take(size, value)
                return ()
            case list() | tuple():
                self.seen.take_table(value)
                return [("", one) for one in value]
            case set() | frozenset():
                self.seen.take_table(value)
                return [("", one) for one in sorted(value, key=label)]
            case dict():
                self.seen.take_table(value)
                return [("", one) for pair in value.items() for one in pair]
            case type():
                return self._class(value, MAKERS)
        return self._object(value, way)

    def _function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        self.functions.append(function)
        self._length += sum(len(one.co_code) for one in nested(function.__code__))
        self.parts.append(((), code_digest(function.__code__)))
        for name in reads(function.__code__) - self._named:
            self._named.add(name)
            every = list(self._unnamed) if name in WHOLE else [name]
            for one in every:
                self._todo += self._unnamed.pop(one, ())
        yield "", function.__defaults__ or ()
        yield from sorted((function.__kwdefaults__ or {}).items())
        yield from around(function).items()

    def _class(self, kind: type, makers: Iterable[str] = ()) -> list[tuple[str, Any]]:
        """What a class always does; what it does when a function names it is kept for then."""
        found = list[tuple[str, Any]]()
        if own_class(kind):
            self.seen.take(ancestry, kind)
        tool = own_class(kind) and all(callable(getattr(kind, name, None)) for name in CALLED)
        for one in kind.__mro__ if own_class(kind) else ():
            for name, value in sorted(vars(one).items()) if own_class(one) else ():
                if tool and name in CALLED:
                    found.append(("", value))
                elif not name.startswith("__"):
                    self._offer(name, value, ())
                elif isinstance(value, FunctionType) and (name in makers or name not in MAKERS):
                    # Those that a dataclass is given are about all its fields.
                    found += [("", value)] * (value.__code__.co_filename != "<string>")
        return found

    def _object(self, value: Any, way: Way) -> list[tuple[str, Any]]:
        """What an object is made of; of a library's only the functions that it holds."""
        kind = type(value)
        if isinstance(value, Works):
            self.seen.take_made(made_of, value)
            return [*(("", part) for part in value._made_of()), *self._class(kind)]
        frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
        if own_class(kind) or (frozen and kind.__module__.startswith("agentkit.")):
            self.seen.take(body, value)
            for name, one in sorted(attributes(value).items()):
                self._offer(name, one, way, known=frozen)
            return self._class(kind)
        if kind.__module__.partition(".")[0] not in HOLDERS:
            return []
        if kind not in FIXED and kind.__module__ != "typing":
            self.seen.take(holdings, value)
        return [("", getattr(value, name)) for name in HELD if hasattr(value, name)]

    def _offer(self, name: str, value: Any, way: Way, *, known: bool = False) -> None:
        """Look at it once a function reads that name."""
        if known or name in self._named or not WHOLE.isdisjoint(self._named):
            self._todo.append((name, value, way))
        else:
            self._unnamed.setdefault(name, []).append((name, value, way))


LOOKED_INTO = (
    *PLAIN, Fraction, ModuleType, FunctionType, MethodType, functools.partial, list, tuple, set,
    frozenset, dict, type, enum.Enum, Pattern,
)  # fmt: skip


def opaque(kind: type) -> bool:
    """Whether its objects are a library's: nothing is behind them, whichever they are."""
    if issubclass(kind, LOOKED_INTO) or issubclass(kind, Works) or own_class(kind):
        return False
    return kind.__module__.partition(".")[0] not in ("agentkit", *HOLDERS)


def label(value: Any) -> tuple[str, str]:
    """What a set is sorted by, the same in every process as far as can be told."""
    name = getattr(value, "__qualname__", None)
    return type(value).__qualname__, name if isinstance(name, str) else plain(value) or ""


def outside(function: FunctionType) -> Sequence[Any]:
    """What a function is made of, and what stands where it looks names up."""
    code = function.__code__
    looked_up = looks_up(code)
    found = list(map(function.__globals__.get, looked_up, repeat(MISSING)))
    for one in found[:]:
        if isinstance(one, ModuleType):
            found += map(vars(one).get, looked_up, repeat(MISSING))
    found += code, function.__defaults__
    if given := function.__kwdefaults__:
        found += *given, *given.values()
    if cells := function.__closure__:
        found += map(closed_over, cells)
    return found


def code_of(function: FunctionType) -> Sequence[Any]:
    """The code of a function, whatever that is about."""
    return (function.__code__,)


def closed_over(cell: Any) -> Any:
    """What stands in a cell."""
    try:
        return cell.cell_contents
    except ValueError:  # It is not bound yet.
        return MISSING


def preset(call: functools.partial[Any]) -> Sequence[Any]:
    """What a partial call is made of."""
    return call.func, call.args, *call.keywords, *call.keywords.values()


def size(table: Any) -> Sequence[Any]:
    """Whether a table is too large to be looked into."""
    return (len(table) > LARGEST,)


def ancestry(kind: type) -> Sequence[Any]:
    """What stands in a class, and in its bases of a user's own."""
    spaces = [vars(one) for one in kind.__mro__ if own_class(one)]
    return [kind.__mro__, *(part for space in spaces for part in (*space, *space.values()))]


def made_of(work: Works) -> Sequence[Any]:
    """What a tool or an actor is made of."""
    return type(work), *work._made_of()


def body(value: Any) -> Sequence[Any]:
    """What an object holds itself."""
    held = attributes(value)
    return type(value), *held, *held.values()


def holdings(value: Any) -> Sequence[Any]:
    """The functions that an object of a library's holds."""
    return [getattr(value, name, MISSING) for name in HELD]


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
    found, looked_up = dict[str, Any](), looks_up(function.__code__)
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


@functools.lru_cache(4096)
def reads(code: CodeType) -> frozenset[str]:
    """The names of what code, and the code within it, reads."""
    loads = frozenset[str]().union(*(does(one).reads for one in nested(code)))
    return loads & names(code)


@functools.lru_cache(4096)
def looks_up(code: CodeType) -> tuple[str, ...]:
    """The names that code and the code within it look up, in a fixed order."""
    return tuple(sorted(names(code)))


def names(code: CodeType) -> set[str]:
    """The names that code and the code within it look up."""
    return set(code.co_names).union(*(names(one) for one in inner(code)))
