"""Public doors: an argument of a wrong type is told as one, with what was expected.

Nothing is checked before a call, which costs nothing therefore. Where a call fails as code does
that was given something else than it says (`TypeError`, `AttributeError`, ...), its arguments are
held against what they are declared as; if one does not fit, the error says which, and the raw one
is its cause. An error of another origin stays what it is.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args, get_type_hints

import pydantic

from agentkit.errors import SetupError

T = TypeVar("T", bound=type)

SHOWN = 100
"""Characters of an argument that an error shows."""

RAW = (TypeError, AttributeError, ValueError, KeyError, IndexError, OverflowError)
"""What code raises that was given something else than it is declared to take."""


def doors(cls: T) -> T:
    """Make a class tell of arguments of a wrong type, of its constructor and its public methods.

    Those that it inherits are their own class's.
    """
    for name, one in list(vars(cls).items()):
        public = name == "__init__" or not name.startswith("_")
        if public and inspect.isfunction(one) and not inspect.isasyncgenfunction(one):
            setattr(cls, name, door(one))
    return cls


def door(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function tell of arguments of a wrong type; it is called as before."""
    if inspect.iscoroutinefunction(call):

        @functools.wraps(call)
        async def awaited(*args: Any, **given: Any) -> Any:
            try:
                return await call(*args, **given)
            except RAW as error:
                tell(call, args, given, error)
                raise

        return awaited

    @functools.wraps(call)
    def called(*args: Any, **given: Any) -> Any:
        try:
            return call(*args, **given)
        except RAW as error:
            tell(call, args, given, error)
            raise

    return called


def tell(
    call: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any], error: Exception
) -> None:
    """Raise what is wrong with the arguments of a call that failed; nothing if they all fit.

    Raises:
        SetupError: one of them is not what it is declared as.
    """
    try:
        bound = inspect.signature(call).bind(*args, **given)
    except TypeError:
        return  # An argument too many or too few, as Python says itself.
    for argument, value, hint, said in declared(call, bound):
        if not fits(value, hint):
            door = "" if call.__name__ == "__init__" else f".{call.__name__}"
            what = f"{type(args[0]).__name__}{door} was given {argument}={value!r:.{SHOWN}}."
            raise SetupError(what, expected=said) from error


def declared(
    call: Callable[..., Any], bound: inspect.BoundArguments
) -> Iterator[tuple[str, Any, Any, str]]:
    """Each argument that was given: its name, its value, its type, and that as it is written."""
    for argument, value in list(bound.arguments.items())[1:]:
        parameter = bound.signature.parameters[argument]
        written = parameter.annotation
        try:
            hint = eval(written, call.__globals__) if isinstance(written, str) else written
        except NameError:
            continue  # What is imported for type checkers alone.
        if parameter.kind is parameter.VAR_KEYWORD:
            fields = get_type_hints(get_args(hint)[0]) if get_args(hint) else {}
            for field, one in value.items():
                if field in fields:
                    yield field, one, fields[field], str(fields[field]).replace("typing.", "")
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            yield argument, value, hint, str(written)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type; true where that cannot be told."""
    try:
        config = pydantic.ConfigDict(arbitrary_types_allowed=True, strict=True)
        pydantic.TypeAdapter(hint, config=config).validate_python(value)
    except pydantic.ValidationError:
        return False
    except Exception:
        return True  # No schema can be made of it, such as of a protocol.
    return True
