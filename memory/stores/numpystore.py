"""Items and vectors in one SQLite file, searched by numpy: exact, and good for some 100,000.

Several processes may share the file: SQLite orders the writes, and a search sees those of
others, because `PRAGMA data_version` tells when another connection wrote.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.errors import StoreCorrupt, StoreError, StoreFull, StoreTaken
from agentkit.messages import canonical
from agentkit.threads import in_thread
from memory.stores import Item, Near, Where
from memory.stores.entry import admitted
from memory.stores.filters import matches, normal
from memory.stores.rows import Rows
from memory.stores.vectors import checked, other_embedder

if TYPE_CHECKING:
    import numpy as np

SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, embedder TEXT NOT NULL,
    dims INTEGER);
CREATE TABLE IF NOT EXISTS items (n INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL,
    text TEXT NOT NULL, metadata TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (collection, id));
"""

BUSY_S = 10.0
"""How long another process's write is waited for."""


class NumpyStore:
    """One collection of a file; see the module."""

    def __init__(self, collection: str, embedder: str, path: Path | str = ":memory:") -> None:
        """Open a collection, or make it.

        Raises:
            OtherEmbedder: it was made with another embedder.
            StoreCorrupt, StoreTaken, StoreFull: the file cannot be used.
        """
        self.collection, self.embedder, self.path = collection, embedder, str(path)
        self.kind = "numpy"
        self._rows: Rows | None = None
        self._version = -1
        # One connection, so one transaction at a time, whichever thread it is in.
        self._mutex = threading.Lock()
        with self._mapped():
            if self.path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_S
            )
            self._closing = weakref.finalize(self, self._db.close)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.executescript(SCHEMA)
                self._db.execute(
                    "INSERT OR IGNORE INTO collections VALUES (?,?,NULL)", (collection, embedder)
                )
                made = self._db.execute(
                    "SELECT embedder, dims FROM collections WHERE name=?", (collection,)
                ).fetchone()
            except BaseException:
                self._closing()
                raise
        if made[0] != embedder:
            self._closing()
            raise other_embedder(collection, made[0], embedder)
        self.dims: int | None = made[1]

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        if items:
            admitted(items, self.collection)
            rows = checked(vectors, len(items), self.dims, self.collection)
            await self._run(lambda: self._put(items, rows))

    def _put(self, items: Sequence[Item], rows: np.ndarray) -> None:
        with self._transaction():
            # Another process may have put the first vectors since this one looked.
            self._db.execute(
                "UPDATE collections SET dims=? WHERE name=? AND dims IS NULL",
                (rows.shape[1], self.collection),
            )
            (dims,) = self._db.execute(
                "SELECT dims FROM collections WHERE name=?", (self.collection,)
            ).fetchone()
            checked(rows, len(items), dims, self.collection)
            self._db.executemany(
                "INSERT INTO items VALUES (NULL,?,?,?,?,?) ON CONFLICT (collection, id) DO UPDATE"
                " SET text=excluded.text, metadata=excluded.metadata, vector=excluded.vector",
                [
                    (self.collection, one.id, one.text, canonical(one.metadata), row.tobytes())
                    for one, row in zip(items, rows, strict=True)
                ],
            )
        self.dims = dims
        if self._rows is not None:
            self._rows.put(items, rows)

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        fitting, wanted = normal(where), None if ids is None else set(ids)

        def get() -> list[Item]:
            return [
                one
                for one in self._all().items
                if (wanted is None or one.id in wanted) and matches(fitting, one.metadata)
            ]

        return list(await self._run(get))

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        import numpy as np

        wanted = checked(np.asarray(vector).reshape(1, -1), 1, self.dims, self.collection)[0]
        fitting = normal(where)
        if k < 1 or not wanted.any():
            return []
        return list(await self._run(lambda: self._all().near(wanted, k, fitting)))

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        def vectors() -> np.ndarray:
            rows = self._all()
            missing = [id for id in ids if id not in rows.place]
            if missing:
                raise StoreError(f"{self.collection} has no item {missing[0]!r}.")
            found: np.ndarray = rows.matrix[[rows.place[id] for id in ids]]
            return found

        found: np.ndarray = await self._run(vectors)
        return found

    async def drop(self, ids: Sequence[str]) -> int:
        return int(await self._run(lambda: self._drop(ids)))

    def _drop(self, ids: Sequence[str]) -> int:
        with self._transaction():
            dropped = sum(
                self._db.execute(
                    "DELETE FROM items WHERE collection=? AND id=?", (self.collection, id)
                ).rowcount
                for id in ids
            )
        if dropped:
            self._rows = None
        return dropped

    async def count(self) -> int:
        counting = "SELECT COUNT(*) FROM items WHERE collection=?"
        return int(
            await self._run(lambda: self._db.execute(counting, (self.collection,)).fetchone()[0])
        )

    async def close(self) -> None:
        with self._mutex:
            self._closing()

    def _all(self) -> Rows:
        """Every item and its vector, read again when somebody else wrote."""
        import numpy as np

        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if self._rows is None or version != self._version:
            found = self._db.execute(
                "SELECT id, text, metadata, vector FROM items WHERE collection=? ORDER BY n",
                (self.collection,),
            ).fetchall()
            try:
                items = [Item(id=i, text=t, metadata=json.loads(m)) for i, t, m, _ in found]
                vectors = [np.frombuffer(v, dtype=np.float32) for *_, v in found]
                matrix = np.stack(vectors) if vectors else np.zeros((0, self.dims or 1), np.float32)
            except ValueError as error:
                raise StoreCorrupt(f"{self.path} is damaged: {error}.") from error
            self._rows, self._version = Rows(items, matrix), version
            self.dims = matrix.shape[1] if vectors else self.dims
        return self._rows

    async def _run(self, work: Callable[[], Any]) -> Any:
        def mapped() -> Any:
            with self._mutex, self._mapped():
                return work()

        # What is in memory is fast, and needs no thread.
        return mapped() if self.path == ":memory:" else await in_thread(mapped)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise mapped_error(error, self.path) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.path) from error
            raise StoreError(f"{self.path} cannot be used: {error}.") from error


def mapped_error(error: sqlite3.Error, path: str) -> StoreError:
    """Our error for SQLite's, by its result code (sqlite.org/rescode.html)."""
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreTaken(
            f"{path} is written by another process for more than {BUSY_S:g} s.",
            todo="find who holds it, then try again; nothing was stored",
        )
    # A write that failed, or no room for the shared memory of the write-ahead log.
    no_room = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
    if code == sqlite3.SQLITE_FULL or extended in no_room:
        return full(path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{path} is no store of memories, or damaged: {error}.",
            todo="name another file, or bring back a copy",
        )
    return StoreError(f"{path} failed: {error}.")


def full(path: str) -> StoreFull:
    """The error for a disk without room."""
    return StoreFull(
        f"The disk is full: {path} cannot grow.",
        todo="free some space and try again; what was stored before is safe",
    )
