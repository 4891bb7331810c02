"""A pattern's parameter as an option of %%team: what its type lets it be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from agentkit.actor import Actor
from nbext.options import Option

SIMPLE = (bool, int, float, str, NoneType)


@dataclass(frozen=True, eq=False)
class Slot:
    """A parameter of a pattern."""

    name: str
    hint: Any
    help: str
    default: Any
    """inspect.Parameter.empty where one has to be given."""
    placed: bool
    """Whether it may be given by its place, so that names in the body fill it."""
    helpers: Mapping[str, Callable[..., Any]]
    """Functions next to the patterns that make such a value: turns(6) makes a Stop."""

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types it may have."""
        union = get_origin(self.hint) in (Union, UnionType)
        return get_args(self.hint) if union else (self.hint,)

    @property
    def needed(self) -> bool:
        """Whether the pattern cannot be made without it."""
        return self.default is inspect.Parameter.empty

    @property
    def one(self) -> bool:
        """Whether it may be an actor."""
        return any(is_actor(kind) for kind in self.kinds)

    @property
    def many(self) -> bool:
        """Whether it is a list of actors."""
        return any(is_actor(listed(kind)) for kind in self.kinds)

    @property
    def groups(self) -> bool:
        """Whether it is a list of actors, each with a list of those below it."""
        pairs = [get_args(listed(k)) for k in self.kinds if get_origin(listed(k)) is tuple]
        return any(
            len(pair) == 2 and is_actor(pair[0]) and is_actor(listed(pair[1])) for pair in pairs
        )

    @property
    def switch(self) -> bool:
        """Whether it is on or off."""
        return self.kinds == (bool,)

    @property
    def texts(self) -> bool:
        """Whether it may be a list of texts."""
        return any(listed(kind) is str for kind in self.kinds)

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are listed in its type."""
        return tuple(
            str(value)
            for kind in self.kinds
            if get_origin(kind) is Literal
            for value in get_args(kind)
        )

    @property
    def python(self) -> bool:
        """Whether its value may be an expression, because no plain text means one of its types."""
        return any(
            not is_actor(kind)
            and get_origin(kind) is not Literal
            and kind not in SIMPLE
            and listed(kind) is not str
            and not is_actor(listed(kind))
            for kind in self.kinds
        )

    @property
    def flag(self) -> str:
        """The option that gives it, such as --max-turns; what is on by default is put off."""
        off = "no-" if self.switch and self.default is True else ""
        return f"--{off}{self.name.replace('_', '-')}"

    @property
    def value(self) -> str:
        """What its value is called in help; empty for a switch."""
        if self.switch:
            return ""
        if self.one or self.many:
            return "ACTOR" if self.one else "ACTORS"
        if self.choices:
            return "|".join(self.choices)
        numbers = {int: "N", float: "X"}
        named = next((numbers[kind] for kind in self.kinds if kind in numbers), "")
        return named or ("A,B" if self.texts else "TEXT" if str in self.kinds else "PYTHON")

    @property
    def option(self) -> Option:
        """It as an option of %%team."""
        offered = (*self.choices, *(f"{name}(" for name in self.helpers))
        needed = (
            " (needed)" if self.needed and not (self.placed and (self.one or self.many)) else ""
        )
        return Option(
            name=self.flag,
            value=self.value,
            help=f"{self.help}{needed}",
            python=self.python,
            choices=offered,
        )


def is_actor(kind: Any) -> bool:
    """Whether a type is an actor."""
    return isinstance(kind, type) and issubclass(kind, Actor)


def listed(kind: Any) -> Any:
    """What a type is a list of; None for other types."""
    given = get_args(kind)
    return given[0] if given and get_origin(kind) in (Sequence, list, tuple) else None
