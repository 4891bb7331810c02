"""A thousand writers of one key with compare-and-swap, on the board and in SQLite by hand."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time

from benchmarks.fresh import Figures


def floor(count: str) -> Figures:
    """The same reads and writes in SQLite by hand, one after another: nobody is in the way.

    Each update is a transaction of its own that keeps the history too, as the board does.
    """
    db = sqlite3.connect(os.environ["AGENTKIT_LOG"], isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE board (key TEXT PRIMARY KEY, value INTEGER, version INTEGER)")
    db.execute("CREATE TABLE history (n INTEGER PRIMARY KEY, at REAL, key TEXT, value INTEGER)")
    db.execute("INSERT INTO board VALUES ('count', 0, 0)")
    begun = time.perf_counter()
    for _ in range(int(count)):
        db.execute("BEGIN IMMEDIATE")
        value, version = db.execute("SELECT value, version FROM board WHERE key='count'").fetchone()
        changed = (value + 1, version + 1, version)
        db.execute("UPDATE board SET value=?, version=? WHERE key='count' AND version=?", changed)
        db.execute("INSERT INTO history VALUES (NULL,?,'count',?)", (time.time(), value + 1))
        db.execute("COMMIT")
    taken = time.perf_counter() - begun
    (value,) = db.execute("SELECT value FROM board").fetchone()
    db.close()
    return {"ms": taken / int(count) * 1e3, "lost": int(count) - value}


def shared(count: str) -> Figures:
    """So many writers at once, all by the board's own session, which lets them take turns."""
    return asyncio.run(updated(int(count), apart=False))


def apart(count: str) -> Figures:
    """So many writers at once, each by a session of its own: all but the first meet a conflict."""
    return asyncio.run(updated(int(count), apart=True))


async def updated(count: int, *, apart: bool) -> Figures:
    from agentkit import open_log, run
    from memory import Board

    board = Board("bench", "cas")
    writers = [board.at("main") if apart else board for _ in range(count)]
    async with run() as opened:
        begun = time.perf_counter()
        await asyncio.gather(*(one.update("count", more) for one in writers))
        taken = time.perf_counter() - begun
        value = int((await board.read("count")).value)
    noted = [e.topic for e in opened.log.read(opened.id) if e.kind == "noted"]
    written = len(board.history("count"))
    open_log().close()
    return {
        "ms": taken / count * 1e3,
        "lost": count - min(value, written),
        "conflicts": noted.count("conflict"),
    }


def more(value: int | None) -> int:
    return (value or 0) + 1
