"""Patterns as %%team sees them: what each takes, read from its signature and its docstring."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from agentkit.actor import Actor
from agentkit.errors import SetupError
from nbext.duties import readers
from nbext.options import meant
from nbext.slots import Slot, is_actor, listed

PLAIN = {"Actor", "None", "bool", "float", "int", "str"}
"""Parts of types that no function next to the patterns is needed for."""


@dataclass(frozen=True)
class Maker:
    """A pattern: a function that makes an actor out of actors."""

    name: str
    fn: Callable[..., Actor]
    slots: tuple[Slot, ...]

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        module = sys.modules.get(self.fn.__module__)
        lines = (inspect.getdoc(module) or inspect.getdoc(self.fn) or "").splitlines()
        first = " ".join(lines[: lines.index("")] if "" in lines else lines)
        own = module is not None and module.__name__.startswith("agentkit.patterns")
        told = first if own else (inspect.getdoc(self.fn) or "").split("\n\n")[0]
        text = re.sub(r"^[\w\s-]{2,40}: ", "", told).rstrip(".")
        return text[:1].upper() + text[1:]

    @property
    def takes(self) -> str:
        """Whom the body names: "planner, workers ..."."""
        named = [f"{slot.name} ..." if slot.many else slot.name for slot in self.placed]
        form = [f"lines {readers()[self.told][0]}"] if self.told else []
        return ", ".join([*named, *(["ACTOR: ACTORS ..."] if self.groups else []), *form])

    @property
    def needs(self) -> tuple[str, ...]:
        """The options without which it cannot be made."""
        cast = (*self.placed, self.groups, self.lines)
        asked = (slot for slot in self.slots if slot.needed and slot not in cast)
        return tuple(f"{slot.flag} {slot.value}" for slot in asked)

    @property
    def groups(self) -> Slot | None:
        """The parameter that lines `actor: those below it` fill."""
        return next((slot for slot in self.slots if slot.placed and slot.groups), None)

    @property
    def lines(self) -> Slot | None:
        """The parameter that lines such as `actor: task -> result` fill."""
        return next((slot for slot in self.slots if listed(slot.hint) in readers()), None)

    @property
    def told(self) -> Any:
        """What such a line is read as: a Job, a Duty, a Phase; None where there are none."""
        return listed(self.lines.hint) if self.lines else None

    @property
    def placed(self) -> tuple[Slot, ...]:
        """The actors that names in the body fill, in their order."""
        return tuple(slot for slot in self.slots if slot.placed and (slot.one or slot.many))


def makers(namespace: Mapping[str, Any]) -> dict[str, Maker]:
    """The patterns by name: agentkit's, and functions of the notebook that are made alike.

    A pattern is a function that returns an Actor and has a `name` after its other parameters.
    One of the notebook's takes the place of one of agentkit's.
    """
    import agentkit.patterns as package

    known = {name: getattr(package, name) for name in package.__all__}
    own = {name: value for name, value in list(namespace.items()) if name[:1] != "_"}
    found = {}
    for name, fn in [*known.items(), *own.items()]:
        if inspect.isfunction(fn) and (maker := read(name, fn)) is not None:
            found[name] = maker
    return dict(sorted(found.items()))


def maker_of(namespace: Mapping[str, Any], name: str) -> Maker:
    """The pattern of that name.

    Raises:
        SetupError: there is none.
    """
    known = makers(namespace)
    found = known.get(name.replace("-", "_"))
    if found is None:
        raise SetupError(
            f"There is no pattern {name!r}.",
            expected=", ".join(known),
            todo=meant(name, known) or "see what they do: %team",
        )
    return found


@functools.lru_cache(256)
def read(name: str, fn: Callable[..., Any]) -> Maker | None:
    """The function as a pattern; None when it is none."""
    parameters = inspect.signature(fn).parameters
    if "name" not in list(parameters)[1:]:
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
        return None
    try:
        hints = get_type_hints(fn)
    except (NameError, TypeError):
        return None
    if not is_actor(hints.get("return")):
        return None
    told = arguments(inspect.getdoc(fn) or "")
    slots = tuple(
        Slot(
            name=one.name,
            hint=hints.get(one.name, Any),
            help=told.get(one.name, ""),
            default=one.default,
            placed=one.kind is not one.KEYWORD_ONLY,
            helpers=helpers(str(one.annotation), hints.get(one.name)),
        )
        for one in parameters.values()
        if one.name != "name"
    )
    return Maker(name, fn, slots)


def arguments(doc: str) -> dict[str, str]:
    """The lines of a docstring's Args, by parameter."""
    block = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", doc, re.MULTILINE)
    parts = re.split(r"^    (\w[\w, ]*): ", block[1], flags=re.MULTILINE)[1:] if block else []
    return {
        name: " ".join(text.split()).rstrip(".")
        for names, text in zip(parts[::2], parts[1::2], strict=True)
        for name in names.split(", ")
    }


def helpers(annotation: str, hint: Any) -> dict[str, Callable[..., Any]]:
    """Find the public functions next to the patterns whose result has a type of that annotation.

    An annotation may be a name for several types, as Condition is for a Stop or a function; its
    `hint` tells them apart.
    """
    kinds = {one.__name__ for one in get_args(hint) or (hint,) if isinstance(one, type)}
    wanted = {part.strip() for part in annotation.split("|")} | kinds
    wanted -= PLAIN
    return {
        name: value
        for module, content in sorted(sys.modules.items())
        if module.startswith("agentkit.patterns.")
        for name, value in vars(content).items()
        if inspect.isfunction(value)
        and value.__module__ == module
        and value.__annotations__.get("return") in wanted
    }
