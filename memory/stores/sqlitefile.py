"""One SQLite file as our stores use it: off the loop, one transaction at a time, typed errors."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from agentkit.errors import StoreError
from agentkit.logs import files
from agentkit.threads import in_thread
from memory.errors import StoreCorrupt, StoreFull, StoreGone, StoreTaken
from memory.stores.finishing import finished

BUSY_S = 10.0
"""How long to wait for another process's write, in seconds."""

T = TypeVar("T")


class SqliteFile:
    """A file that several objects and processes may share; SQLite orders their writes."""

    def __init__(self, path: Path | str, schema: str) -> None:
        """Open the file, or make it; ":memory:" keeps nothing.

        Raises:
            StoreCorrupt, StoreTaken, StoreFull, StoreError: the file cannot be used.
            SetupError: a link stands in its place.
        """
        self.path = str(path)
        # One connection, so one transaction at a time, whichever thread it is in.
        self._mutex = threading.Lock()
        with self.mapped():
            if self.path != ":memory:":
                files.refuse_links(Path(path).absolute())
                with contextlib.suppress(FileExistsError):
                    files.make_private(Path(path))
            self.db = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_S
            )
            self._closing = weakref.finalize(self, self.db.close)
            try:
                self.db.execute("PRAGMA journal_mode=WAL")
                self.db.executescript(schema)
            except BaseException:
                self._closing()
                raise
            self._identity = self._found()

    def _found(self) -> tuple[int, int] | None:
        """Tell the file at the path from others; None of one in memory."""
        return None if self.path == ":memory:" else files.identity(self.path, follow=False)

    def check(self) -> None:
        """See to it that what is written will be found, and what is read is what is there.

        Raises:
            StoreGone: the file was deleted or replaced.
        """
        if self._found() != self._identity:
            what = "replaced" if Path(self.path).exists() else "deleted or moved away"
            raise StoreGone(
                f"{self.path} was {what} since it was opened.",
                expected="the file as it was; nothing more is written into the old one",
                todo="bring it back, or open the memory again",
            )

    async def run(self, work: Callable[[], T], *, writes: bool = False) -> T:
        """Do work in a thread, one at a time in this process; a write is waited for to its end."""

        def mapped() -> T:
            with self._mutex, self.mapped():
                self.check()
                return work()

        # What is in memory is fast, and needs no thread.
        if self.path == ":memory:":
            return mapped()
        made = in_thread(mapped)
        result: T = await (finished(made) if writes else made)
        return result

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def sweep(self) -> tuple[str, ...]:
        """Write the file anew, so that nothing deleted is left in it; tell what is left elsewhere.

        Cost: that of the whole file.
        """
        if self.path == ":memory:":
            return ()
        self.db.execute("VACUUM")
        (busy, *_) = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return (f"{self.path}-wal, which another process is reading",) if busy else ()

    @contextlib.contextmanager
    def mapped(self) -> Iterator[None]:
        """Raise errors of SQLite and of the disk as errors of ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise mapped_error(error, self.path) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.path) from error
            raise StoreError(f"{self.path} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._closing()


def mapped_error(error: sqlite3.Error, path: str) -> StoreError:
    """Make our error for SQLite's, by its result code (sqlite.org/rescode.html)."""
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
    """Make the error for a disk without room."""
    return StoreFull(
        f"The disk is full: {path} cannot grow.",
        todo="free some space and try again; what was stored before is safe",
    )
