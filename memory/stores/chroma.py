"""Items and vectors in Chroma: embedded in this process, or on a server that many share.

Chroma's own embedding function, which downloads a model, is never used: vectors come from
our embedders. An embedded store belongs to one process at a time, because each keeps its
index in memory and would not see the other's writes; whoever shares runs a server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agentkit.errors import (
    AgentkitError,
    SetupError,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreTaken,
    StoreUnreachable,
)
from agentkit.threads import in_thread
from memory.stores import Item, Near, Where
from memory.stores.numpystore import other_embedder
from memory.stores.vectors import checked

if TYPE_CHECKING:
    import numpy as np

EMBEDDER, ORDER = "agentkit_embedder", "agentkit_n"
"""Our metadata: of the collection its embedder, of an item when it was first put."""

PAUSES_S = (0.2, 0.5, 1.0)
"""Before a call to a server that went away is repeated; every call may be, as writes go by id."""


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
        try:
            import chromadb as chromadb
        except ImportError as error:
            raise SetupError(
                "The package chromadb is not installed.",
                todo="pip install agentkit[memory], or use store='numpy'",
            ) from error
        self.collection, self.embedder, self.path = collection, embedder, str(path)
        self.dims: int | None = None
        self.shared = self.path.startswith(("http://", "https://"))
        self._opened: Any = None
        self._opening = asyncio.Lock()

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        if not items:
            return
        rows = checked(vectors, len(items), self.dims, self.collection)

        def put(found: Any) -> None:
            before = found.get(ids=[one.id for one in items], include=["metadatas"])
            order = dict(zip(before["ids"], before["metadatas"], strict=True))
            now = time.time_ns() // 1000
            metadatas = [
                {**one.metadata, ORDER: (order.get(one.id) or {}).get(ORDER, now + n)}
                for n, one in enumerate(items)
            ]
            size = self._client().get_max_batch_size()
            for n in range(0, len(items), size):
                part = slice(n, n + size)
                found.upsert(
                    ids=[one.id for one in items[part]],
                    documents=[one.text for one in items[part]],
                    metadatas=metadatas[part],
                    embeddings=rows[part],
                )

        await self._run(put)
        self.dims = rows.shape[1]

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        wanted = None if ids is None else list(dict.fromkeys(ids))
        if wanted == []:
            return []
        found = await self._run(lambda one: one.get(ids=wanted, where=where or None))
        rows = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        return [item for _, item in sorted((read(*row) for row in rows), key=lambda two: two[0])]

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        import numpy as np

        row = checked(np.asarray(vector).reshape(1, -1), 1, self.dims, self.collection)
        if k < 1 or not row.any():
            return []
        found = await self._run(
            lambda one: one.query(query_embeddings=row, n_results=k, where=where or None)
        )
        rows = zip(
            found["ids"][0], found["documents"][0], found["metadatas"][0], found["distances"][0],
            strict=True,
        )  # fmt: skip
        # Chroma's cosine distance is 1 - cosine.
        return [Near(item=read(*row)[1], similarity=1.0 - float(d)) for *row, d in rows]

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        import numpy as np

        if not ids:
            return np.zeros((0, self.dims or 1), np.float32)
        wanted = list(dict.fromkeys(ids))
        found = await self._run(lambda one: one.get(ids=wanted, include=["embeddings"]))
        rows = dict(zip(found["ids"], found["embeddings"], strict=True))
        missing = [id for id in ids if id not in rows]
        if missing:
            raise StoreError(f"{self.collection} has no item {missing[0]!r}.")
        return np.stack([np.asarray(rows[id], np.float32) for id in ids])

    async def drop(self, ids: Sequence[str]) -> int:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return 0

        def drop(found: Any) -> int:
            there = found.get(ids=wanted, include=[])["ids"]
            if there:
                found.delete(ids=there)
            return len(there)

        return int(await self._run(drop))

    async def count(self) -> int:
        return int(await self._run(lambda found: found.count()))

    async def close(self) -> None:
        self._opened = None
        if not self.shared:
            CLIENTS.release(self.path)

    def _client(self) -> Any:
        return remote(self.path) if self.shared else CLIENTS.embedded(self.path)

    def _open(self) -> Any:
        """The collection itself; made when it is new."""
        found = self._client().get_or_create_collection(
            self.collection,
            embedding_function=None,
            metadata={"hnsw:space": "cosine", EMBEDDER: self.embedder},
        )
        made = (found.metadata or {}).get(EMBEDDER)
        if made != self.embedder:
            raise other_embedder(self.collection, str(made), self.embedder)
        return found

    async def _run(self, work: Callable[[Any], Any]) -> Any:
        """Do it in a thread; where a server went away, again after a pause."""

        def opened() -> Any:
            if self._opened is None:
                self._opened = self._open()
            return work(self._opened)

        for pause in (*PAUSES_S, None):
            try:
                async with self._opening if self._opened is None else NO_LOCK:
                    return await in_thread(opened)
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


class NoLock:
    """Holds up nobody."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


NO_LOCK = NoLock()


def read(id: str, text: str | None, metadata: dict[str, Any] | None) -> tuple[int, Item]:
    """An item as Chroma returns it, and its place in the order of entry."""
    own = dict(metadata or {})
    return int(own.pop(ORDER, 0)), Item(id=id, text=text or "", metadata=own)


class Clients:
    """The embedded databases of this process, each with the lock that keeps others out."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Any, Any]] = {}

    def embedded(self, path: str) -> Any:
        """The client of a folder.

        Raises:
            StoreTaken: another process has it.
        """
        import chromadb
        from chromadb.config import Settings
        from filelock import FileLock, Timeout

        path = str(Path(path).resolve())
        if path not in self._open:
            Path(path).mkdir(parents=True, exist_ok=True)
            lock = FileLock(Path(path, "agentkit.lock"), thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                raise StoreTaken(
                    f"Another process has the Chroma store {path} open.",
                    expected="one process per embedded store",
                    todo="close the other kernel, or share a server: chroma run --path"
                    f" {path}, then store='http://127.0.0.1:8000'",
                ) from error
            client = chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))
            self._open[path] = client, lock
        return self._open[path][0]

    def release(self, path: str) -> None:
        """Let other processes have a folder."""
        _, lock = self._open.pop(str(Path(path).resolve()), (None, None))
        if lock is not None:
            lock.release()


CLIENTS = Clients()


def remote(url: str) -> Any:
    """The client of a server."""
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (443 if secure else 8000),
        ssl=secure,
        settings=Settings(anonymized_telemetry=False),
    )


def mapped_error(error: Exception, path: str) -> StoreError:
    """Our error for one of Chroma, its HTTP client or the disk."""
    import httpx

    text = f"{type(error).__name__}: {error}"
    gone = isinstance(error, httpx.TransportError | ConnectionError)
    if gone or "Could not connect" in text:
        return StoreUnreachable(
            f"The Chroma server {path} does not answer: {text}.",
            todo="start it (chroma run --path FOLDER); what was stored is kept, and a write is"
            " repeated by its key",
        )
    if "No space left" in text or "disk is full" in text:
        return StoreFull(f"The disk is full: {path} cannot grow.", todo="free some space")
    if "malformed" in text or "not a database" in text:
        return StoreCorrupt(
            f"The Chroma store {path} is damaged: {text}.", todo="bring back a copy"
        )
    if "is locked" in text:
        return StoreTaken(f"The Chroma store {path} is locked by another process.")
    return StoreError(f"The Chroma store {path} failed: {text}.")
