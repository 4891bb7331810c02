"""What wrappers of one endpoint share, whoever connected to it: one account has one limit.

An endpoint is the same where its name, its address and its key are. What is set again for it holds
from then on, for all: a cell that is run with another limit changes the limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from agentkit.model import Model
from agentkit.reliability.wrapper import endpoint_of

T = TypeVar("T")

NAMED: dict[tuple[str, str], Any] = {}
"""By kind and endpoint."""
UNNAMED: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
"""Of models that are no endpoints, as a test's: each is one of its own."""
LOCK = threading.Lock()


def shared(kind: str, model: Model, make: Callable[[], T]) -> T:
    """What all wrappers of a kind around one endpoint have in common; made for the first."""
    endpoint = endpoint_of(model)
    key = getattr(endpoint, "account", None)
    with LOCK:
        kept: dict[Any, Any] = NAMED if key else UNNAMED.setdefault(endpoint, {})
        place = (kind, key) if key else kind
        if place not in kept:
            kept[place] = make()
        found: T = kept[place]
        return found


def forget() -> None:
    """Start anew, as after a restart; for tests and lessons."""
    with LOCK:
        NAMED.clear()
        UNNAMED.clear()
