"""Items and vectors in Chroma: embedded in this process, or on a server that many share.

Chroma's own embedding function, which downloads a model, is never used: vectors come from
our embedders. An embedded store belongs to one process at a time, because each keeps its
index in memory and would not see the other's writes; whoever shares runs a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.errors import AgentkitError, SetupError, StoreError
from agentkit.messages import built
from agentkit.threads import in_thread
from memory.errors import StoreUnreachable
from memory.stores import Item, Near, Where, chromalarge
from memory.stores.chromachanges import DROPS, SKEW_S, SLACK_S, ChangeMark
from memory.stores.chromaclients import FOLDERS, disconnect, remote
from memory.stores.chromaerasing import TURNS, existing, mend, renewed, sweep
from memory.stores.chromaerrors import collection_gone, mapped_error, no_collection
from memory.stores.chromalarge import exact, too_large
from memory.stores.chromaquery import queried
from memory.stores.chromaturn import NAME, ServerTurn
from memory.stores.entry import admitted
from memory.stores.exact import exactly, restored
from memory.stores.fact import NOTHING
from memory.stores.filters import normal
from memory.stores.finishing import finished
from memory.stores.vectors import checked, other_embedder

if TYPE_CHECKING:
    import numpy as np

EMBEDDER, ORDER, WRITTEN = "agentkit_embedder", "agentkit_n", "agentkit_w"
"""Our metadata: of the collection its embedder, of an item when it was first and last put."""

PAUSES_S = (0.2, 0.5, 1.0)
"""Before a call to a server that does not answer is repeated, in seconds; every call may be
repeated, because writes go by id."""


MOST = 2**31 - 1
"""Items that Chroma can be asked for."""

QUICK_S = 0.004
"""A search that took no longer than this last time is made where it is asked for: to hand it to a
thread and back, and a commit meanwhile, costs as much as it does itself."""


class ChromaStore:
    """One collection of a Chroma database; see the module."""

    kind = "chroma"

    def __init__(self, collection: str, embedder: str, path: Path | str) -> None:
        """Name a collection; it is opened, or made, by its first use.

        Args:
            collection: its name.
            embedder: the name of the embedder, kept with the collection.
            path: a folder, or the URL of a server such as "http://127.0.0.1:8000".

        Raises:
            SetupError: chromadb is not installed.
        """
        if not find_spec("chromadb"):
            raise SetupError(
                "The package chromadb is not installed.",
                todo="pip install 'jupyter-agentkit[memory]', or use store='numpy'",
            )
        self.collection, self.embedder, self.path = collection, embedder, str(path)
        self.dims: int | None = None
        self.shared = self.path.startswith(("http://", "https://"))
        self._client: Any = None
        self._opened: Any = None
        self._batch = 0
        self._took_s = QUICK_S
        """How long the last search took."""
        self._begun = False
        """Whether the collection was there once: from then on its absence is a loss."""
        self._opening = threading.Lock()
        folder = self.path if self.shared else str(Path(self.path).resolve())
        self.place = f"{folder}#{collection}"
        self._turn = TURNS[folder, collection]
        self._drops = DROPS[folder, collection]
        self._turns: tuple[Any, Any] | None = None
        """The collection of turns, and the client that it was opened by."""
        self.turn = ServerTurn(collection, self._on_turns) if self.shared else None
        """Whose turn it is to write, among all processes, where several may."""

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        if not items:
            return
        admitted(items, self.collection)
        rows = checked(vectors, len(items), self.dims, self.collection)

        def put(found: Any) -> None:
            # A replaced item keeps its place in the order of entry, as in SQLite.
            order = dict(self._each(found, [one.id for one in items], "metadatas"))
            now = time.time_ns() // 1000
            metadatas = [
                {
                    # Chroma keeps a field that is not given; None takes it away.
                    **dict.fromkeys(order.get(one.id) or {}),
                    **one.metadata,
                    **exactly(one.metadata),
                    ORDER: (order.get(one.id) or {}).get(ORDER, now + n),
                    WRITTEN: now,
                }
                for n, one in enumerate(items)
            ]
            for n in range(0, len(items), self._batch):
                # Chroma refuses more at once; a step that dies in between writes all again.
                part = slice(n, n + self._batch)
                found.upsert(
                    ids=[one.id for one in items[part]],
                    documents=[one.text for one in items[part]],
                    metadatas=metadatas[part],
                    embeddings=rows[part],
                )

        await self._run(put, writes=True)
        self.dims = rows.shape[1]

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        wanted = None if ids is None else list(dict.fromkeys(ids))
        if wanted == []:
            return []
        fitting = exact(normal(where))

        def get(found: Any) -> list[tuple[str, str | None, dict[str, Any] | None]]:
            if fitting and too_large(fitting):
                return [*chromalarge.rows(self._pages(found, wanted, None), fitting)]
            rows: list[Any] = []
            for page in self._pages(found, wanted, fitting):
                rows += zip(page["ids"], page["documents"], page["metadatas"], strict=True)
            return rows

        rows = await self._run(get)
        return [item for _, item in sorted((read(*row) for row in rows), key=lambda two: two[0])]

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        import numpy as np

        row = checked(np.asarray(vector).reshape(1, -1), 1, self.dims, self.collection)
        fitting = exact(normal(where))
        if k < 1 or not row.any():
            return []

        def query(found: Any) -> Any:
            if fitting and too_large(fitting):
                fit = chromalarge.rows(self._pages(found, None, None), fitting)
                return chromalarge.nearest(
                    fit, lambda ids: self._each(found, ids, "embeddings"), row, k
                )
            if k <= self._batch:
                return queried(found, row, k, fitting)
            asked = {"query_embeddings": row, "n_results": min(k, MOST), "where": fitting}
            near = found.query(**asked, include=["distances"])
            return chromalarge.completed(near, self._pages(found, near["ids"][0], None))

        found = await self._run(query, search=not (fitting and too_large(fitting)))
        rows = zip(
            found["ids"][0], found["documents"][0], found["metadatas"][0], found["distances"][0],
            strict=True,
        )  # fmt: skip
        # Chroma's cosine distance is 1 - cosine.
        return [
            built(Near, {"item": read(*row)[1], "similarity": 1.0 - float(d)}) for *row, d in rows
        ]

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        import numpy as np

        if not ids:
            return np.zeros((0, self.dims or 1), np.float32)
        wanted = list(dict.fromkeys(ids))
        rows = dict(await self._run(lambda found: self._each(found, wanted, "embeddings")))
        missing = [id for id in ids if id not in rows]
        if missing:
            raise StoreError(f"{self.collection} has no item {missing[0]!r}.")
        return np.stack([np.asarray(rows[id], np.float32) for id in ids])

    async def drop(self, ids: Sequence[str]) -> int:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return 0

        return int(await self._run(lambda found: self._drop(found, wanted), writes=True))

    def _drop(self, found: Any, wanted: list[str]) -> int:
        dropped = 0
        self._drops.add(wanted)
        for ids in self._parts(wanted):
            there = found.get(ids=ids, include=[])["ids"]
            if there:
                found.delete(ids=there)
            dropped += len(there)
        return dropped

    async def erase(self, ids: Sequence[str]) -> tuple[int, tuple[str, ...]]:
        wanted = list(dict.fromkeys(ids))

        def erase(found: Any) -> tuple[int, tuple[str, ...]]:
            dropped = self._drop(found, wanted)
            if self.shared:
                return dropped, (
                    f"index, queue and free pages of the Chroma server {self.path}, until its files"
                    " are made anew there",
                )
            self._opened = renewed(self._client, found, self._batch)
            return dropped, tuple(sweep(self.path, str(found.id)))

        made: tuple[int, tuple[str, ...]] = await self._run(erase, writes=True)
        return made

    async def changes(self, since: object = None) -> tuple[object, Sequence[str] | None]:
        now = ChangeMark(time.time_ns() // 1000, self._drops.count)
        dropped = self._drops.since(since.drops) if isinstance(since, ChangeMark) else None
        if dropped is None or not isinstance(since, ChangeMark):
            return now, None
        # What others write is stamped by their clocks.
        start = since.at - (SKEW_S if self.shared else SLACK_S) * 1_000_000
        where: Where = {WRITTEN: {"$gt": start}}

        def put(found: Any) -> list[str]:
            return [id for page in self._pages(found, None, where, []) for id in page["ids"]]

        return now, [*dropped, *await self._run(put)]

    async def count(self) -> int:
        return int(await self._run(lambda found: found.count()))

    async def close(self) -> None:
        await in_thread(self._close)

    def _close(self) -> None:
        with self._opening:
            client, self._client, self._opened = self._client, None, None
            if client is not None and self.shared:
                disconnect(client)
        if not self.shared:
            FOLDERS.release(self.path, self)

    def _open(self) -> Any:
        """The collection itself; made when it is new."""
        with self._turn, self._opening:
            if self._opened is None:
                try:
                    self._opened = self._collection()
                except BaseException:
                    if not self.shared:
                        FOLDERS.release(self.path, self)
                    raise
            return self._opened

    def _collection(self) -> Any:
        if self.shared:
            if self._client is not None:
                disconnect(self._client)
            self._client = remote(self.path)
        else:
            self._client = FOLDERS.take(self.path, self)
        self._batch = self._client.get_max_batch_size()
        if not self.shared:
            mend(self._client, self.collection)
        if self._begun:
            found = existing(self._client, self.collection)
            if found is None:
                raise collection_gone(self.collection, self.path)
        else:
            found = self._client.get_or_create_collection(
                self.collection,
                embedding_function=None,
                metadata={"hnsw:space": "cosine", EMBEDDER: self.embedder},
            )
        made = (found.metadata or {}).get(EMBEDDER)
        if made != self.embedder:
            raise other_embedder(self.collection, str(made), self.embedder)
        # Of one that was made anew nothing is known, not even the size of its vectors.
        self._begun, self.dims = True, None
        return found

    async def _on_turns(self, work: Callable[[Any], Any]) -> Any:
        """Do something with the collection of turns, which is made when it is not there."""

        def do(_found: Any) -> Any:
            if self._turns is None or self._turns[0] is not self._client:
                name = self.collection + NAME
                made = self._client.get_or_create_collection(name, embedding_function=None)
                self._turns = self._client, made
            return work(self._turns[1])

        return await self._run(do)

    def _parts(self, ids: list[str]) -> list[list[str]]:
        """Cut ids into as many as Chroma takes at once: each is a variable of a statement."""
        return [ids[n : n + self._batch] for n in range(0, len(ids), self._batch)]

    def _each(self, found: Any, ids: list[str], what: str) -> list[tuple[str, Any]]:
        """Read one thing of each item that is there, by its id."""
        rows: list[tuple[str, Any]] = []
        for part in self._parts(ids):
            got = found.get(ids=part, include=[what])
            rows += zip(got["ids"], got[what], strict=True)
        return rows

    def _pages(
        self,
        found: Any,
        ids: list[str] | None,
        where: Where | None,
        what: Sequence[str] = ("metadatas", "documents"),
    ) -> Iterator[Any]:
        """Read items page by page: by id, or all that a filter fits."""
        if ids is not None:
            yield from (found.get(ids=part, where=where) for part in self._parts(ids))
            return
        page, read, include = None, 0, list(what)
        while page is None or len(page["ids"]) == self._batch:
            page = found.get(where=where, limit=self._batch, offset=read, include=include)
            read += len(page["ids"])
            yield page

    async def _run(
        self, work: Callable[[Any], Any], *, writes: bool = False, search: bool = False
    ) -> Any:
        """Do work in a thread, or a quick search at once; again where a server does not answer."""

        def once() -> Any:
            # Without the lock where it is open: Chroma itself may be called by several threads.
            with self._turn if writes else contextlib.nullcontext():
                if writes and self.turn is not None:
                    self.turn.check()
                found = self._opened or self._open()
                if not self.shared:
                    FOLDERS.check(self.path, self)
                return work(found)

        def opened() -> Any:
            try:
                return once()
            except Exception as error:
                if not no_collection(error):
                    raise
                # Somebody made it anew, as another object does to erase something, or deleted it.
                self._opened = None
                return once()

        def timed() -> Any:
            begun = time.perf_counter()
            try:
                return opened()
            finally:
                self._took_s = time.perf_counter() - begun

        for pause in (*PAUSES_S, None):
            try:
                if search and self._took_s < QUICK_S and not self.shared and self._opened:
                    return timed()
                made = in_thread(timed if search else opened)
                return await (finished(made) if writes else made)
            except AgentkitError:
                raise
            except Exception as error:
                mapped = mapped_error(error, self.path)
                if pause is None or not isinstance(mapped, StoreUnreachable):
                    raise mapped from error
                # A server that was started again may know the collection by another id.
                self._opened = None
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")


def read(id: str, text: str | None, metadata: dict[str, Any] | None) -> tuple[int, Item]:
    """An item as Chroma returns it, and its place in the order of entry."""
    own = restored(metadata or {})
    own.pop(WRITTEN, None)
    place = int(own.pop(ORDER, 0))
    return place, built(Item, {"id": id, "text": text or "", "metadata": own, "fact": NOTHING})
