"""What worked when every tool was one class with flags, and works for one more version."""

from __future__ import annotations

import importlib
from typing import Any

from agentkit.deprecated import warn

KINDS = {
    "own_steps": ("agentkit.context:MemoryTool", "agentkit.context.memory_tool(...)"),
    "actor": ("agentkit.delegation:ActorTool", "the actor's as_tool()"),
}
"""What a flag made of a tool is a kind of its own now, and so it is made."""


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
