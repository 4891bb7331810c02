"""Items and vectors in one SQLite file, searched by numpy: exact, and good for some 100,000.

Several processes may share the file: SQLite orders the writes, and a search sees those of
others, because `PRAGMA data_version` tells when another connection wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentkit.errors import StoreError
from agentkit.messages import canonical
from memory.errors import StoreCorrupt
from memory.stores import Item, Near, Where
from memory.stores.entry import admitted
from memory.stores.filters import fits, normal
from memory.stores.recent import Recent, WrittenSince, mark_given
from memory.stores.rows import Rows
from memory.stores.sqlitefile import SqliteFile
from memory.stores.vectors import checked, other_embedder

if TYPE_CHECKING:
    import numpy as np

SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, embedder TEXT NOT NULL,
    dims INTEGER);
CREATE TABLE IF NOT EXISTS items (n INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL,
    text TEXT NOT NULL, metadata TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (collection, id));
"""


class NumpyStore:
    """One collection of a file; see the module."""

    sees_others = True
    """Whether a write can be refused once others have written: see `unless_written_since`."""

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
        self._recent = Recent()
        self._file = SqliteFile(path, SCHEMA)
        self.place = "" if str(path) == ":memory:" else f"{Path(path).resolve()}#{collection}"
        self._db = self._file.db
        try:
            made = self._make()
        except BaseException:
            self._file.close()
            raise
        self.dims: int | None = made[1]

    def _make(self) -> tuple[str, int | None]:
        """Make the collection if it is new; return its embedder and the length of its vectors."""
        with self._file.mapped():
            self._db.execute(
                "INSERT OR IGNORE INTO collections VALUES (?,?,NULL)",
                (self.collection, self.embedder),
            )
            made: tuple[str, int | None] = self._db.execute(
                "SELECT embedder, dims FROM collections WHERE name=?", (self.collection,)
            ).fetchone()
        if made[0] != self.embedder:
            raise other_embedder(self.collection, made[0], self.embedder)
        return made

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        if items:
            admitted(items, self.collection)
            rows = checked(vectors, len(items), self.dims, self.collection)
            mark = mark_given()
            await self._file.run(lambda: self._put(items, rows, mark), writes=True)

    def _put(self, items: Sequence[Item], rows: np.ndarray, mark: object) -> None:
        with self._file.transaction():
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
            if isinstance(mark, tuple) and mark[0] != version:
                raise WrittenSince
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
        self._recent.add([one.id for one in items])
        if self._rows is not None:
            self._rows.put(items, rows)

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        fitting = normal(where)

        def get() -> list[Item]:
            rows = self._all()
            if ids is None and fitting is not None:
                return rows.at(rows.fitting(fitting))
            given = rows if ids is None else rows.named(ids)
            fit = fits(fitting)
            return [one for one in given if fit(one.metadata)]

        return list(await self._file.run(get))

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        import numpy as np

        wanted = checked(np.asarray(vector).reshape(1, -1), 1, self.dims, self.collection)[0]
        fitting = normal(where)
        if k < 1 or not wanted.any():
            return []
        return list(await self._file.run(lambda: self._all().near(wanted, k, fitting)))

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        def vectors() -> np.ndarray:
            rows = self._all()
            missing = [id for id in ids if id not in rows.place]
            if missing:
                raise StoreError(f"{self.collection} has no item {missing[0]!r}.")
            found: np.ndarray = rows.matrix[[rows.place[id] for id in ids]]
            return found

        found: np.ndarray = await self._file.run(vectors)
        return found

    async def drop(self, ids: Sequence[str]) -> int:
        return int(await self._file.run(lambda: self._drop(ids), writes=True))

    def _drop(self, ids: Sequence[str]) -> int:
        with self._file.transaction():
            dropped = sum(
                self._db.execute(
                    "DELETE FROM items WHERE collection=? AND id=?", (self.collection, id)
                ).rowcount
                for id in ids
            )
        self._recent.add(list(ids))
        if self._rows is not None:
            self._rows.drop(ids)
        return dropped

    async def erase(self, ids: Sequence[str]) -> tuple[int, tuple[str, ...]]:
        return await self._file.run(lambda: (self._drop(ids), self._file.sweep()), writes=True)

    async def changes(self, since: object = None) -> tuple[object, Sequence[str] | None]:
        def changes() -> tuple[object, Sequence[str] | None]:
            # It tells of what other connections wrote, and not what.
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
            now = (version, self._recent.count)
            same = isinstance(since, tuple) and since[0] == version
            return now, self._recent.since(since[1]) if same else None  # type: ignore[index]

        found: tuple[object, Sequence[str] | None] = await self._file.run(changes)
        return found

    async def count(self) -> int:
        def count() -> int:
            if self._rows is not None:
                return len(self._all().place)
            counting = "SELECT COUNT(*) FROM items WHERE collection=?"
            return int(self._db.execute(counting, (self.collection,)).fetchone()[0])

        return int(await self._file.run(count))

    async def close(self) -> None:
        self._file.close()

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
