"""Notices what other processes have appended to a log's file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractContextManager

EVERY_S = 0.02
"""How often it is looked, while somebody follows a run."""


class Elsewhere:
    """Says at each look which runs another connection has appended to since the last one.

    Cost: one pragma, some microseconds, while nobody has.
    """

    def __init__(
        self, db: sqlite3.Connection, mapped: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Make one; the first look only says from where on.

        Args:
            db: changes only what other connections see.
            mapped: makes SQLite's errors ours.
        """
        self.db, self.mapped = db, mapped
        self.version, self.last = -1, 0

    def __call__(self) -> list[str]:
        """Return the ids of those runs; of one's own too, where both have written.

        Raises:
            LogError: the file cannot be read any more.
        """
        with self.mapped():
            # It differs only after commits of others (sqlite.org/pragma.html#pragma_data_version).
            (now,) = self.db.execute("PRAGMA data_version").fetchone()
            if now == self.version:
                return []
            (last,) = self.db.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
            first = self.version == -1
            after, self.version, self.last = self.last, now, last
            if first or last == after:
                return []
            rows = self.db.execute(
                "SELECT id FROM runs WHERE n IN (SELECT run FROM events WHERE rowid>?)", (after,)
            )
            return [id for (id,) in rows]

    async def watched(self, lock: threading.RLock) -> AsyncIterator[Collection[str]]:
        """Look again and again; see Log.news.

        Args:
            lock: of the log. Its thread may be writing, which may take long: then it is not waited
                for, but looked at the next time.
        """
        yield self()
        while True:
            await asyncio.sleep(EVERY_S)
            if lock.acquire(blocking=False):
                try:
                    runs = self()
                finally:
                    lock.release()
                if runs:
                    yield runs
