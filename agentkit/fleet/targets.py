"""What a worker is told to serve: actors of a module or a file, or packed ones."""

from __future__ import annotations

from typing import Any

from agentkit.actor import Actor
from agentkit.entrypoints import objects_meant
from agentkit.errors import SetupError
from agentkit.fleet import shipping


def loaded(target: str) -> list[Actor]:
    """The actors that a target names.

    Raises:
        SetupError: there are none by that name, or the code cannot be loaded.
    """
    if shipping.is_shipped(target):
        return shipping.unpacked(shipping.read(target))
    named = [one for thing in objects_meant(target) for one in several(thing)]
    if not named or not all(isinstance(one, Actor) for one in named):
        raise SetupError(
            f"{target} names something else than actors.",
            expected="an agent, pattern or graph, or a list of them",
        )
    return named


def several(thing: Any) -> list[Any]:
    """A list as it is, and anything else as a list of it."""
    return list(thing) if isinstance(thing, list | tuple) else [thing]
