"""What a search costs above Chroma's own query of the same collection, in the same process."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.fresh import Figures

DIMS = 384
"""Of the vectors, as MiniLM's are."""

QUERIES = 400
K = 4


def query(count: str, queries: str = str(QUERIES)) -> Figures:
    """One search among so many items: Chroma's own, our store's, and two that are recorded.

    The first recall returns once its record is durable; an agent's own leaves that to the step
    that comes next, which waits for both.
    """
    return asyncio.run(searches(int(count), int(queries)))


async def searches(count: int, queries: int) -> Figures:
    import chromadb
    import numpy as np
    from chromadb.config import Settings

    from agentkit import run
    from memory import Embedded, Item, VectorMemory
    from memory.steps import own_reads

    class Given:
        """Vectors made beforehand, because embedding is not what is measured."""

        name, dims, max_chars = "given", DIMS, 1000

        async def embed(self, texts: Sequence[str]) -> Embedded:
            return Embedded(np.stack([vectors[int(text.split()[0])] for text in texts]))

        def __repr__(self) -> str:
            return "given vectors"

    rng = np.random.default_rng(7)
    # Texts are about something, so their vectors lie in clusters.
    centres = rng.standard_normal((200, DIMS), np.float32)
    vectors = centres[rng.integers(200, size=count)]
    vectors = vectors + 0.7 * rng.standard_normal((count, DIMS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    folder = Path(os.environ["AGENTKIT_LOG"]).parent
    notes = VectorMemory("bench", store="chroma", embedder=Given(), path=folder, k=K)
    for n in range(0, count, 5000):
        rows = vectors[n : n + 5000]
        items = [
            Item(id=f"i{m}", text=f"{m} is a text of the port") for m in range(n, n + len(rows))
        ]
        await notes.store.put(items, rows)
    places = [int(place) for place in rng.integers(count, size=queries)]
    client = chromadb.PersistentClient(str(folder / "chroma"), Settings(anonymized_telemetry=False))
    theirs = client.get_collection("bench", embedding_function=None)

    async def chroma(place: int) -> Any:
        return theirs.query(query_embeddings=vectors[place : place + 1], n_results=K)

    async def store(place: int) -> Any:
        return await notes.store.near(vectors[place], K)

    async def recall(place: int) -> Any:
        return await notes.recall(f"{place} again")

    async def own(place: int) -> Any:
        with own_reads():
            return await notes.recall(f"{place} of its own")

    async with run():
        taken = await in_turn([chroma, store, recall, own], places)
    await notes.close()
    return dict(zip(("chroma_ms", "store_ms", "recall_ms", "own_ms"), taken, strict=True))


async def in_turn(
    ways: Sequence[Callable[[int], Awaitable[Any]]], places: Sequence[int]
) -> list[float]:
    """The median milliseconds of each way; they take turns at every query."""
    spent: list[list[float]] = [[] for _ in ways]
    for turn, place in enumerate(places):
        for nth in range(len(ways)):
            # Whoever comes first warms the caches for the others.
            way = (turn + nth) % len(ways)
            begun = time.perf_counter()
            await ways[way](place)
            spent[way].append((time.perf_counter() - begun) * 1e3)
    return [median(one[len(one) // 10 :]) for one in spent]
