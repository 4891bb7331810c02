"""Memories at size: what 33,000 items at once, a filter, a forgetting and long histories cost."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.fresh import Figures

DIMS = 384
SEARCHES = 15
TEXT = "{} is a text of the port, with as many words about it as a sentence has"


def items(kind: str, count: str) -> Figures:
    """So many items in one write, then searches of them; the store's own write beside it."""
    return asyncio.run(stored(kind, int(count)))


async def stored(kind: str, count: int) -> Figures:
    import numpy as np

    from agentkit import run
    from memory import Embedded, Item, VectorMemory

    rng = np.random.default_rng(7)

    class Given:
        """Vectors drawn at random, because embedding is not what is measured."""

        name, dims, max_chars = "given", DIMS, 1000

        async def embed(self, texts: Sequence[str]) -> Embedded:
            return Embedded(rng.standard_normal((len(texts), DIMS), np.float32))

    folder = Path(os.environ["AGENTKIT_LOG"]).parent
    notes = VectorMemory("notes", store=kind, embedder=Given(), path=folder)
    bare = VectorMemory("bare", store=kind, embedder=Given(), path=folder)
    texts = [TEXT.format(n) for n in range(count)]
    about = [{"n": n, "tenth": n % 10} for n in range(count)]
    made = (await notes.embedder.embed(texts)).vectors
    own = [Item(id=f"i{n}", text=texts[n], metadata=dict(about[n])) for n in range(count)]
    found: Figures = {}
    # What opens a store for the first time is not what is measured.
    await bare.store.put([Item(id="first", text="x")], made[:1])
    found["put_ms"] = await spent(lambda: bare.store.put(own, made))
    async with run():
        found["remember_ms"] = await spent(lambda: notes.remember(texts, metadata=about))
        vector = made[0]
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "near_ms": lambda: notes.store.near(vector, 4),
            "recall_ms": lambda: notes.recall("x"),
            "tenth_ms": lambda: notes.recall("x", where={"tenth": 3}),
            "hundredth_ms": lambda: notes.recall("x", where={"n": {"$lt": count // 100}}),
        }
        for one in ways.values():
            await one()  # a first filter looks at all metadata
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(SEARCHES):
            for name, way in ways.items():
                taken[name].append(await spent(way))
        found |= {name: median(some) for name, some in taken.items()}
        after = []
        for one in own[:SEARCHES]:
            await notes.forget(where={"n": one.metadata["n"]})
            after.append(await spent(lambda: notes.recall("x")))
        found["after_ms"] = median(after)
    await notes.close()
    await bare.close()
    return found


async def spent(work: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds that something takes."""
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1e3


def stream(count: str) -> Figures:
    """A memory stream of so many records: an observation, a recall, and its map."""
    return asyncio.run(streamed(int(count)))


async def streamed(count: int) -> Figures:
    from agentkit import run
    from memory import MemoryMap, StreamMemory, fill_map
    from memory.stream.records import Record

    folder = Path(os.environ["AGENTKIT_LOG"]).parent
    days = StreamMemory(
        "days", importance=3, store="numpy", embedder="hashed", path=folder, reflect=False
    )
    records = [
        Record(id=f"r{n}", text=TEXT.format(n), created=n / 3600, accessed=n / 3600, importance=3)
        for n in range(count)
    ]
    made = await days.embedder.embed([one.text for one in records])
    await days.store.put([one.item() for one in records], made.vectors)
    found: Figures = {}
    async with run():
        await days.recall("x")
        found["observe_ms"] = await spent(lambda: days.observe(TEXT.format("new")))
        found["recall_ms"] = await spent(lambda: days.recall("a text of the port"))
    view = MemoryMap("days", "numpy", None)
    found["map_ms"] = await spent(lambda: fill_map(view, store=days.store, embedder=None))
    await days.close()
    return found


def state(count: str, keys: str) -> Figures:
    """A State of so many events over so many keys: bytes beside its content, and opening it."""
    from agentkit.logs.sqlite import SqliteLog
    from memory import State
    from memory.journal import JOURNALS

    path, many = Path(os.environ["AGENTKIT_LOG"]), int(count)

    def folded(kept: dict[str, str], event: Any) -> dict[str, str]:
        kept.update(event)
        return kept

    async def fill(log: SqliteLog) -> tuple[int, list[int]]:
        journal, content, sizes = State("port", {}, folded, log=log).journal, 0, [0]
        for n in range(many):
            event = {f"key{n % int(keys)}": TEXT.format(n)}
            content += len(json.dumps(event))
            await journal.append("", lambda _state, event=event: ("recorded", event))
            if (n + 1) % (many // 5) == 0:
                log.commit()
                sizes.append(size(path))
        return content, sizes

    log = SqliteLog(path)
    content, sizes = asyncio.run(fill(log))
    log.close()
    JOURNALS.clear()
    gc.collect()
    begun, spent_s = time.perf_counter(), time.process_time()
    log = SqliteLog(path)
    held = len(State("port", {}, folded, log=log).value)
    opened, cpu = (time.perf_counter() - begun) * 1e3, (time.process_time() - spent_s) * 1e3
    log.close()
    if held != min(many, int(keys)):
        raise ValueError(f"{held} keys")
    fifths = [after - before for before, after in zip(sizes, sizes[1:], strict=False)]
    return {
        "share": size(path) / content,
        "open_ms": opened,
        "open_cpu_ms": cpu,
        "first": fifths[0] / (many // 5),
        "last": fifths[-1] / (many // 5),
    }


def board(count: str, consistency: str) -> Figures:
    """A board of so many keys, each written once: bytes beside its content, and opening it."""
    from agentkit.logs.sqlite import SqliteLog
    from memory import Board
    from memory.board.writing import NOTHING_READ, Draft, decision
    from memory.journal import JOURNALS

    path, many = Path(os.environ["AGENTKIT_LOG"]), int(count)

    def opened(log: SqliteLog) -> Board:
        return Board("port", consistency, log=log)  # type: ignore[arg-type]

    async def fill(log: SqliteLog) -> int:
        made, content = opened(log), 0
        for n in range(many):
            draft = Draft("main", f"key{n}", TEXT.format(n), "you", (), NOTHING_READ)
            content += len(json.dumps({draft.key: draft.value}))
            await made.journal.append("", decision(made, draft))
        return content

    log = SqliteLog(path)
    content = asyncio.run(fill(log))
    log.close()
    JOURNALS.clear()
    gc.collect()
    begun = time.perf_counter(), time.process_time()
    log = SqliteLog(path)
    held = len(opened(log).keys())
    taken = (time.perf_counter() - begun[0]) * 1e3, (time.process_time() - begun[1]) * 1e3
    log.close()
    if held != many:
        raise ValueError(f"{held} keys")
    return {"share": size(path) / content, "open_ms": taken[0], "open_cpu_ms": taken[1]}


def letters(count: str) -> Figures:
    """So many letters in a queue of a broker: bytes beside their content, and the first take."""
    from memory.fabrics.broker import start_broker

    folder = Path(os.environ["AGENTKIT_LOG"]).parent / "broker"
    content = sum(len(json.dumps(TEXT.format(n))) for n in range(int(count)))
    with start_broker(folder) as broker:
        asyncio.run(sent(broker.url, int(count)))
        stored = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
        broker.kill()
        begun = time.perf_counter()
        broker.start()
        started = time.perf_counter()
        asyncio.run(first_taken(broker.url))
        ended = time.perf_counter()
    return {
        "share": stored / content,
        "start_ms": (started - begun) * 1e3,
        "open_ms": (ended - started) * 1e3,
    }


async def sent(url: str, count: int) -> None:
    from memory.fabrics import fabric
    from memory.fabrics.letters import Letter

    async with fabric(url, namespace="sizes") as f:
        queue = f.queue("jobs")
        for begun in range(0, count, 500):
            some = range(begun, min(begun + 500, count))
            each = [Letter(id=str(n), body=TEXT.format(n)) for n in some]
            await asyncio.gather(*(f.post.send(queue.channel, one) for one in each))


async def first_taken(url: str) -> None:
    from memory.fabrics import fabric

    async with fabric(url, namespace="sizes") as f:
        queue = f.queue("jobs")
        got = await f.post.receive(queue.channel, queue.group, 30)
        if got is None:
            raise ValueError("no letter")


def size(path: Path) -> int:
    """Bytes of a database, without the pages that are free."""
    with sqlite3.connect(path) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        (free,) = db.execute("PRAGMA freelist_count").fetchone()
        (page,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    return int((pages - free) * page)
