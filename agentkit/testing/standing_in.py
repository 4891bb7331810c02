"""One model in the place of every agent's, whoever made the agents and wherever they are asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

from agentkit.model import Model
from agentkit.standing import StandIn

M = TypeVar("M", bound=Model)


@contextlib.contextmanager
def stand_in(model: M) -> Iterator[M]:
    """Let every agent of this process ask a model in place of its own, in a `with` block.

    Agents of a module under test are made when it is imported, each with its model; so a test
    need not make them anew. A model that an ask names is replaced, too.
    """
    before, StandIn.model = StandIn.model, model
    try:
        yield model
    finally:
        StandIn.model = before
