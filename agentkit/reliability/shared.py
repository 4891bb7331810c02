"""What wrappers of one endpoint share, whoever connected to it: one account has one limit.

An endpoint is the same where its name, its address and its key are. What is set again for it holds
from then on, for all: a cell that is run with another limit changes the limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import finalize

from agentkit.model import Model
from agentkit.reliability.wrapper import endpoint_of

T = TypeVar("T")

NAMED: dict[tuple[str, str], Any] = {}
"""By kind and endpoint."""
UNNAMED: dict[int, dict[str, Any]] = {}
"""Of models that are no endpoints, as a test's, by their ids: each is one of its own, whatever it
is equal to."""
LOCK = threading.Lock()


def shared(kind: str, model: Model, make: Callable[[], T]) -> T:
    """What all wrappers of a kind around one endpoint have in common; made for the first."""
    endpoint = endpoint_of(model)
    key = getattr(endpoint, "account", None)
    with LOCK:
        kept: dict[Any, Any] = NAMED if key else own(endpoint)
        place = (kind, key) if key else kind
        if place not in kept:
            kept[place] = make()
        found: T = kept[place]
        return found


def own(endpoint: Any) -> dict[str, Any]:
    """What belongs to a model that is no endpoint, for as long as it lives."""
    found = UNNAMED.get(id(endpoint))
    if found is None:
        found = UNNAMED[id(endpoint)] = {}
        try:
            finalize(endpoint, UNNAMED.pop, id(endpoint), None).atexit = False
        except TypeError:
            # It lives on here, so that no other one gets its id.
            found["endpoint"] = endpoint
    return found


def forget(account: str | None = None) -> None:
    """Start anew, as after a restart, with one endpoint or with all; for tests and lessons.

    Args:
        account: of the endpoint.
    """
    with LOCK:
        if account is not None:
            for key in [one for one in NAMED if one[1] == account]:
                del NAMED[key]
            return
        NAMED.clear()
        UNNAMED.clear()
