"""What worked when every tool was one class with flags, and works for one more version."""

from __future__ import annotations

import importlib
from typing import Any
from weakref import WeakKeyDictionary

from agentkit.deprecated import warn

KINDS = {
    "own_steps": ("agentkit.context:MemoryTool", "agentkit.context.memory_tool(...)"),
    "actor": ("agentkit.delegation:ActorTool", "the actor's as_tool()"),
}
"""What a flag made of a tool is a kind of its own now, and so it is made."""

INITS: list[Any] = [object.__init__]
"""What takes no arguments."""

MIXED = WeakKeyDictionary[type, type]()
"""Classes that were written before, with what they build upon."""


def new_of(cls: type, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """An object of a kind of tools, not yet initialised: see `__new__`.

    Before, `Tool` was what `FunctionTool` is. A class that names it as its base, and whose objects
    are made of a function and its signature, was written then: it gets what it builds upon.

    Raises:
        TypeError: it is given what it does not take.
    """
    if not named.keys() >= {"fn", "signed"}:
        if (given or named) and cls.__init__ in INITS:  # type: ignore[misc]
            raise TypeError(f"{cls.__name__}() takes no arguments")
        return object.__new__(cls)
    function_tool: type = importlib.import_module("agentkit.tools.function").FunctionTool
    if function_tool in cls.__mro__:
        return object.__new__(cls)
    if vars(cls).get("_is_protocol"):
        warn("agentkit.Tool(...)", "agentkit.tool(...)", level=4)
        return object.__new__(function_tool)
    warn(f"The base agentkit.Tool of {cls.__name__}", "agentkit.tools.FunctionTool", level=4)
    if cls not in MIXED:
        MIXED[cls] = type(cls.__name__, (cls, function_tool), {"__module__": cls.__module__})
    return object.__new__(MIXED[cls])


class Gone:
    """An attribute that all tools had: `.actor` was None where there was none."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, tool: Any, owner: type) -> Any:
        if tool is None:
            return self
        warn(f"{owner.__name__}.{self.name}", "isinstance(tool, agentkit.delegation.ActorTool)")
        return None


def taken_over(tool: Any, old: dict[str, Any]) -> None:
    """Make a tool what flags of before say of it, as by `dataclasses.replace(t, own_steps=True)`.

    Raises:
        TypeError: something that never was a flag.
    """
    if unknown := old.keys() - KINDS.keys():
        raise TypeError(f"A tool has no {', '.join(sorted(unknown))}.")
    for flag, value in old.items():
        if not value:
            continue
        place, new = KINDS[flag]
        home, _, name = place.partition(":")
        kind = getattr(importlib.import_module(home), name)
        if not isinstance(tool, kind):
            # Above stand __init__ and dataclasses.replace.
            warn(f"{flag}= of a tool", new, level=5)
            mine = type(tool)
            # A subclass of a user's own stays what it is.
            mixed = kind if mine in kind.__mro__ else type(mine.__name__, (mine, kind), {})
            object.__setattr__(tool, "__class__", mixed)
        vars(tool)[flag] = value
