"""What a search costs above Chroma's own query of the same collection, in the same process.

The items are remembered, with what is known of them, as those of a memory are.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
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

    The first recall returns once its record is durable, and beside it stands Chroma's query with
    what it found committed to SQLite by hand; an agent's own leaves that to the step that comes
    next, which waits for both. The last one is made outside of a run, and is one by itself.
    """
    return asyncio.run(searches(int(count), int(queries)))


async def searches(count: int, queries: int) -> Figures:
    import chromadb
    import numpy as np
    from chromadb.config import Settings

    from agentkit import run
    from memory import Embedded, VectorMemory
    from memory.steps import own_reads

    class Given:
        """Vectors made beforehand, because embedding is not what is measured."""

        name, dims, max_chars = "given", DIMS, 1000

        async def embed(self, texts: Sequence[str]) -> Embedded:
            first = int(texts[0].split()[0])
            return Embedded(vectors[first : first + len(texts)])

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
        some = range(n, min(n + 5000, count))
        await notes.remember([f"{m} is a text of the port" for m in some])
    places = [int(place) for place in rng.integers(count, size=queries)]
    client = chromadb.PersistentClient(str(folder / "chroma"), Settings(anonymized_telemetry=False))
    theirs = client.get_collection("bench", embedding_function=None)

    async def chroma(place: int) -> Any:
        return theirs.query(query_embeddings=vectors[place : place + 1], n_results=K)

    db = by_hand(folder / "by-hand.db")

    async def kept(place: int) -> Any:
        found = await chroma(place)
        with db:
            db.execute("INSERT INTO found VALUES (?)", (json.dumps(found),))

    async def store(place: int) -> Any:
        return await notes.store.near(vectors[place], K)

    async def recall(place: int) -> Any:
        return await notes.recall(f"{place} again")

    async def own(place: int) -> Any:
        with own_reads():
            return await notes.recall(f"{place} of its own")

    async with run():
        taken = await in_turn([chroma, kept, store, recall, own], places)
    outside = await in_turn([chroma, recall], places)
    await notes.close()
    db.close()
    names = ("chroma_ms", "kept_ms", "store_ms", "recall_ms", "own_ms")
    apart = {"outside_chroma_ms": outside[0], "outside_ms": outside[1]}
    return dict(zip(names, taken, strict=True)) | apart


def by_hand(path: Path) -> sqlite3.Connection:
    """A file of SQLite as the log is one: no slower, and no safer."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE found (row TEXT)")
    return db


async def in_turn(
    ways: Sequence[Callable[[int], Awaitable[Any]]], places: Sequence[int]
) -> list[float]:
    """The median milliseconds of each way; they take turns at every query, in any order."""
    spent: list[list[float]] = [[] for _ in ways]
    chance = random.Random(7)
    for place in places:
        # Whoever comes first warms the caches for the others.
        for way in chance.sample(range(len(ways)), len(ways)):
            # What the one before left to be committed is not this one's.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            begun = time.perf_counter()
            await ways[way](place)
            spent[way].append((time.perf_counter() - begun) * 1e3)
    return [median(one[len(one) // 10 :]) for one in spent]
