"""Embedders: text to vectors of unit length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agentkit.events import Usage

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Embedded:
    """Vectors, and what they cost."""

    vectors: np.ndarray
    """float32, (texts, dims), each row of length 1; a text without content is all zeros."""
    usage: Usage | None = None
    """None when nobody was called."""
    cost_usd: float | None = None


class Embedder(Protocol):
    """Turns texts into vectors; texts near in meaning get vectors near by cosine."""

    name: str
    """Names the function, parameters included: equal names, equal vectors. Stored with each
    collection."""
    dims: int | None
    """Length of the vectors; None until the first text was embedded by an endpoint."""
    max_chars: int
    """Longer texts must be split before."""

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of the texts, in their order."""
        ...
