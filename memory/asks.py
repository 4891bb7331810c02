"""What a memory holds for each ask, as long as the ask goes on."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

from agentkit.scope import current_scope, in_run

T = TypeVar("T")


class PerAsk(Generic[T]):
    """One value for each activation of an actor, found by whoever runs in it."""

    def __init__(self) -> None:
        self._held: dict[int, T] = {}

    def get(self) -> T | None:
        """Return the value of this ask; None outside of any, or before it is set."""
        return self._held.get(id(current_scope())) if in_run() else None

    def set(self, value: T) -> T:
        """Hold a value until the ask is gone, and return it."""
        scope = current_scope()
        self._held[id(scope)] = value
        weakref.finalize(scope, self._held.pop, id(scope), None)
        return value

    def drop(self) -> None:
        """Hold nothing for this ask any more."""
        self._held.pop(id(current_scope()), None)
