"""One vector of one text, however long."""

from __future__ import annotations

import dataclasses

from memory.embed import Embedded, Embedder
from memory.split import split
from memory.stores.vectors import checked


async def whole(embedder: Embedder, text: str) -> Embedded:
    """The vector of a text; of one longer than the embedder takes, the mean of its pieces'.

    What is stored is cut instead and found by its pieces; a question has only one vector.

    Raises:
        BadVector: the embedder returned something else.
    """
    import numpy as np

    pieces = [text] if len(text) <= embedder.max_chars else split(text, embedder.max_chars, 0)
    made = await embedder.embed(pieces)
    rows = checked(made.vectors, len(pieces), embedder.dims, embedder.name)
    if len(pieces) == 1:
        return made if rows is made.vectors else dataclasses.replace(made, vectors=rows)
    mean = rows.mean(axis=0, keepdims=True)
    length = float(np.linalg.norm(mean))
    return dataclasses.replace(made, vectors=mean / np.float32(length) if length else mean)
