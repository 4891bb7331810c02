"""An embedding model behind an endpoint: a billable network call like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agentkit.endpoints.embedding import connect_embedder
from agentkit.errors import BadReply
from agentkit.events import Usage
from agentkit.messages import Message, digest, thread_of
from agentkit.model import Request
from memory.embed import Embedded

if TYPE_CHECKING:
    import numpy as np

BATCH = 128
"""Texts per call; servers take between 100 and 2,048."""


class EndpointEmbedder:
    """Vectors of an endpoint's embedding model, paid per token."""

    max_chars = 8000

    def __init__(self, name: str, *, dims: int | None = None, **options: Any) -> None:
        """Name a model; see `agentkit.endpoints.embedding.connect_embedder`."""
        self.model = connect_embedder(name, dims=dims, **options)
        self.name, self.dims = (f"{name}@{dims}" if dims else name), dims

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of the texts; servers refuse empty ones, so these are not sent.

        Raises:
            EndpointError: the endpoint failed for good, or sent too few vectors.
        """
        import numpy as np

        sent = [n for n, text in enumerate(texts) if text.strip()]
        rows: dict[int, list[float]] = {}
        usage, cost = Usage(), 0.0
        known = True
        for start in range(0, len(sent), BATCH):
            part = sent[start : start + BATCH]
            thread = thread_of([Message(role="user", content=texts[n]) for n in part])
            reply = await self.model(Request(thread=thread, key=digest(self.name, thread[-1].id)))
            vectors = reply.message.native
            if len(vectors) != len(part):
                raise BadReply(f"{self.name} sent {len(vectors)} vectors for {len(part)} texts.")
            rows.update(zip(part, vectors, strict=True))
            usage, known = usage + reply.usage, known and reply.cost_usd is not None
            cost += reply.cost_usd or 0.0
        self.dims = len(next(iter(rows.values()))) if rows else self.dims
        matrix = np.zeros((len(texts), self.dims or 1), np.float32)
        for n, row in rows.items():
            matrix[n] = row
        return Embedded(unit(matrix), usage if sent else None, cost if known else None)

    def __repr__(self) -> str:
        return f"{self.name}: an endpoint's embeddings, paid per token"


def unit(rows: np.ndarray) -> np.ndarray:
    """Each row at length 1; zeros stay zeros."""
    import numpy as np

    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    out: np.ndarray = rows / np.where(lengths == 0, np.float32(1), lengths)
    return out
