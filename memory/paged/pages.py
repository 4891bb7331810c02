"""What is outside the window, in SQLite: every message ever, and the context between asks.

Each write goes by the key of its step and is kept with its result: performed twice, it is
done once and returns the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from agentkit import Message
from agentkit.logs.erasing import Texts
from agentkit.messages import JSON, Frozen, canonical, digest
from memory.errors import StoreCorrupt
from memory.paged.forgetting import forget
from memory.stores.sqlitefile import SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS contexts (memory TEXT PRIMARY KEY, blocks TEXT NOT NULL,
    summary TEXT NOT NULL, queue TEXT NOT NULL, version INTEGER NOT NULL, extra INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS messages (n INTEGER PRIMARY KEY, memory TEXT NOT NULL,
    id TEXT NOT NULL, at REAL NOT NULL, message TEXT NOT NULL, UNIQUE (memory, id));
CREATE INDEX IF NOT EXISTS messages_at ON messages (memory, at);
CREATE TABLE IF NOT EXISTS writes (memory TEXT NOT NULL, key TEXT NOT NULL,
    result TEXT NOT NULL, PRIMARY KEY (memory, key));
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (memory UNINDEXED, text);
"""

START: tuple[dict[str, str], str, list[str], int, int] = ({}, "", [], 0, 0)
"""Of the context of a memory that nobody has used yet."""

T = TypeVar("T")


class Page(Frozen):
    """One message of recall storage."""

    id: str
    at: float
    """Unix seconds at which it was written."""
    message: Message


class PagedContext(Frozen):
    """What an ask begins with."""

    blocks: dict[str, str]
    """The working context, by name."""
    summary: str
    queue: tuple[Page, ...]
    version: int
    extra: int = 0
    """Tokens that the last ask's requests had on top of the conversation."""


class Pages:
    """The pages of one memory; several memories and processes may share the file."""

    def __init__(self, memory: str, path: Path | str) -> None:
        """Open the file, or make it; ":memory:" keeps nothing.

        Raises:
            StoreCorrupt, StoreTaken, StoreFull, StoreError: the file cannot be used.
        """
        self.memory = memory
        self._file = SqliteFile(path, SCHEMA)
        self._db = self._file.db

    async def open(self, blocks: dict[str, str]) -> PagedContext:
        """Read the context as the last ask left it; before the first one, with these blocks."""
        return await self._file.run(lambda: self._open(blocks))

    def _open(self, blocks: dict[str, str]) -> PagedContext:
        kept, summary, queue, version, extra = self._context()
        pages = {page.id: page for page in self._pages("id IN (SELECT value FROM json_each(?))",
                                                       canonical(queue))}  # fmt: skip
        return PagedContext(
            blocks={**blocks, **kept},
            summary=summary,
            queue=tuple(pages[id] for id in queue if id in pages),
            version=version,
            extra=extra,
        )

    def _context(self) -> tuple[dict[str, str], str, list[str], int, int]:
        row = self._db.execute(
            "SELECT blocks, summary, queue, version, extra FROM contexts WHERE memory=?",
            (self.memory,),
        ).fetchone()
        return (json.loads(row[0]), row[1], json.loads(row[2]), *row[3:]) if row else START

    def _put_context(
        self, blocks: dict[str, str], summary: str, queue: Sequence[str], version: int, extra: int
    ) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO contexts VALUES (?,?,?,?,?,?)",
            (self.memory, canonical(blocks), summary, canonical(list(queue)), version, extra),
        )

    async def write(
        self, key: str, at: float, messages: Sequence[Message], words: Sequence[str]
    ) -> list[str]:
        """Append messages and return their ids.

        Args:
            key: of the step.
            at: Unix seconds.
            messages: oldest first.
            words: of each, what a search finds it by.
        """

        def work() -> list[str]:
            ids = [digest(key, str(n))[:12] for n in range(len(messages))]
            for id, message, text in zip(ids, messages, words, strict=True):
                kept = message.model_dump_json(exclude_defaults=True)
                row = self._db.execute(
                    "INSERT INTO messages VALUES (NULL,?,?,?,?)", (self.memory, id, at, kept)
                ).lastrowid
                self._db.execute(
                    "INSERT INTO words (rowid, memory, text) VALUES (?,?,?)",
                    (row, self.memory, text),
                )
            return ids

        return await self._once(key, work)

    async def edit(
        self, key: str, blocks: dict[str, str], change: Callable[[dict[str, str]], dict[str, str]]
    ) -> dict[str, str]:
        """Change the working context and return it; what `change` raises leaves it as it was."""

        def work() -> dict[str, str]:
            kept, summary, queue, version, extra = self._context()
            changed = change({**blocks, **kept})
            self._put_context(changed, summary, queue, version, extra)
            return changed

        return await self._once(key, work)

    async def keep(
        self,
        key: str,
        based_on: int,
        summary: str,
        queue: Sequence[str],
        added: Sequence[str],
        extra: int = 0,
    ) -> bool:
        """Keep the queue and the summary for the next ask.

        Returns:
            Whether it followed the context it was based on. If another ask was kept in
            between, its queue and summary stay, and the messages added here follow them.
        """

        def work() -> bool:
            blocks, old, ids, version, _ = self._context()
            # Two asks at once: the first one kept wins, and nothing that the second added is lost.
            follows = version == based_on
            if follows:
                self._put_context(blocks, summary, queue, version + 1, extra)
            else:
                self._put_context(blocks, old, [*ids, *added], version + 1, extra)
            return follows

        return await self._once(key, work)

    async def search(self, query: str, k: int, after: int = 0) -> list[Page]:
        """Find messages with words of the query, best first (BM25), then by age.

        `after` skips the first ones.

        Without a hit by words, those that contain the query as it stands.
        """
        quoted = " OR ".join('"' + word.replace('"', '""') + '"' for word in query.split())

        def work() -> list[Page]:
            found = self._db.execute(
                "SELECT m.id, m.at, m.message FROM words w JOIN messages m ON m.n = w.rowid"
                " WHERE words MATCH ? AND m.memory=? ORDER BY bm25(words), m.n LIMIT ? OFFSET ?",
                (f"text: ({quoted})", self.memory, k, after),
            ).fetchall()
            if found or after:
                return [page(*row) for row in found]
            like = "%" + query.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
            return [
                page(*row)
                for row in self._db.execute(
                    "SELECT m.id, m.at, m.message FROM words w JOIN messages m ON m.n = w.rowid"
                    " WHERE w.text LIKE ? ESCAPE '!' AND m.memory=? ORDER BY m.n LIMIT ?",
                    (like, self.memory, k),
                )
            ]

        return await self._file.run(work)

    async def between(self, start: float, end: float, k: int, after: int = 0) -> list[Page]:
        """List messages written from start to before end, in Unix seconds, oldest first."""
        return await self._file.run(
            lambda: self._pages("at >= ? AND at < ?", start, end, limit=k, offset=after)
        )

    async def read(self, id: str) -> Page | None:
        """Read a message by its id; None if there is none."""
        found = await self._file.run(lambda: self._pages("id = ?", id))
        return found[0] if found else None

    async def all(self) -> list[Page]:
        """List every message ever, oldest first."""
        return await self._file.run(lambda: self._pages("1"))

    async def forget(self, ids: Sequence[str], texts: Texts | None = None) -> int:
        """Leave nothing of messages but their places; return how many there were.

        Args:
            ids: of messages.
            texts: to blank in all else that is kept too: contexts, other messages.
        """

        def work() -> int:
            with self._file.transaction():
                return forget(self._db, self.memory, frozenset(ids), texts)

        return await self._file.run(work)

    async def sweep(self) -> tuple[str, ...]:
        """Write the file anew, so that nothing that was replaced is left in it."""
        return await self._file.run(self._file.sweep)

    async def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _pages(self, where: str, *values: Any, limit: int = -1, offset: int = 0) -> list[Page]:
        rows = self._db.execute(
            f"SELECT id, at, message FROM messages WHERE memory=? AND {where}"
            " ORDER BY n LIMIT ? OFFSET ?",
            (self.memory, *values, limit, offset),
        )
        return [page(*row) for row in rows]

    async def _once(self, key: str, work: Callable[[], T]) -> T:
        """Do work in a transaction, or return what it gave under this key."""

        def once() -> JSON:
            with self._file.transaction():
                done = self._db.execute(
                    "SELECT result FROM writes WHERE memory=? AND key=?", (self.memory, key)
                ).fetchone()
                if done:
                    return json.loads(done[0])
                result = work()
                row = (self.memory, key, canonical(result))
                self._db.execute("INSERT INTO writes VALUES (?,?,?)", row)
                return result

        result: T = await self._file.run(once)
        return result


def page(id: str, at: float, message: str) -> Page:
    """Make a page of a row.

    Raises:
        StoreCorrupt: it is no message.
    """
    try:
        return Page(id=id, at=at, message=Message.model_validate_json(message))
    except ValueError as error:
        raise StoreCorrupt(f"The message {id} in recall storage is damaged.") from error
