"""Connections to a log's file: to write it, or to read one that is not to be changed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from agentkit.errors import LogCorrupt, LogError, SetupError
from agentkit.logs import schema
from agentkit.logs.files import (
    Identity,
    WatchedFiles,
    bytes_of,
    identity,
    keep_private,
    make_private,
    refuse_links,
    whole_file,
    writable,
)
from agentkit.logs.header import check_header, pages_ahead
from agentkit.machine import in_page

OPENING_S = 5.0
"""How long others that open or close the same file are waited for."""

MIDST_S = 0.5
"""How long a file may look as if it were incomplete, because another process opens or closes it."""

LOOKS, AGAIN_S = 3, 0.005
"""How often, and how long after each other, it is looked whether a smaller file is whole."""

in_use: Counter[Identity] = Counter()
"""The files that this process has open, and how often.

No other code of ours may open and close one of them: POSIX drops the process's locks on it then
(sqlite.org/howtocorrupt.html, 2.2).
"""

opening = threading.RLock()
"""Held while a file is looked at and opened, or closed: see `in_use`."""

headers: dict[Identity, tuple[str, bool]] = {}
"""What the header of a file in use says: what may be missing, and whether it is in WAL mode."""


@dataclass
class Connected:
    """A connection, and what it may do."""

    db: sqlite3.Connection
    path: Path
    read_only: bool = False
    note: str = ""
    """What may be missing in the file; a sentence, or ""."""
    watched: WatchedFiles | None = None
    file: Identity = None
    copy: str | None = None
    """The folder of a private copy that is read instead."""
    process: int = 0

    def shut(self) -> None:
        """Close it; the last one to write leaves everything in the one file."""
        if self.process != os.getpid():
            return  # a forked child's: it belongs to the parent
        with opening:
            self._shut()
        if self.copy is not None:
            shutil.rmtree(self.copy, ignore_errors=True)

    def _shut(self) -> None:
        kept = self.watched is not None and not self.watched.gone
        if kept:
            with contextlib.suppress(sqlite3.Error):
                self.db.execute("PRAGMA journal_mode=DELETE")
        self.db.close()
        if self.copy is None:
            in_use[self.file] -= 1
        if kept and not in_use[self.file]:
            finish(self.path)


def after_fork() -> None:
    """In a forked process: the lock may be held by a thread that is not there."""
    global opening
    opening = threading.RLock()
    in_use.clear()  # locks on files are not inherited


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)


def connected(path: Path, *, full: bool = False, write: bool = True) -> Connected:
    """Open the file to write it, made if there is none; to read it where it cannot be written.

    Args:
        path: of the file, absolute.
        full: flush the disk at every commit.
        write: False leaves the file, and all next to it, as they are.

    Raises:
        SetupError, LogError: it cannot be used.
        sqlite3.Error: the same, for the caller to map.
    """
    refuse_links(path)
    new = write and not path.exists()
    if new:
        try:
            with contextlib.suppress(FileExistsError):
                make_private(path)
        except OSError as error:
            raise SetupError(f"No file or folder for the log {path}: {error}.") from error
    with opening:
        return at_once(path, full, write, new)


def at_once(path: Path, full: bool, write: bool, new: bool) -> Connected:
    """Look at the file and open it, while no other thread does."""
    file = identity(str(path))
    if not in_use[file]:
        headers[file] = settled_header(path), in_wal_mode(path)
    note, ahead = headers[file]
    made = writing(path, full, new) if write and writable(path) else reading(path, ahead)
    made.note, made.process = note, os.getpid()
    if made.copy is None:
        made.file = file
        in_use[file] += 1
    return made


def settled_header(path: Path) -> str:
    """What check_header says once nobody is in the midst of opening or closing the file.

    Raises:
        LogCorrupt, LogNewer: what the file is instead.
    """
    end = time.monotonic() + MIDST_S
    while True:
        try:
            note = check_header(path)
        except LogCorrupt as error:
            # Between its looks a process may have put in order what stood next to the file.
            if "cut" not in error.context or time.monotonic() >= end:
                raise
        else:
            if not note or time.monotonic() >= end:
                return note
        time.sleep(0.02)


def writing(path: Path, full: bool, new: bool) -> Connected:
    """A connection that writes."""
    db = plain(str(path))
    try:
        schema.check_schema(db, path)
        if schema.version_of(db) < len(schema.MIGRATIONS):
            if not new:
                # So that the file itself is migrated, and not what stands next to it.
                with contextlib.suppress(sqlite3.OperationalError):
                    db.execute("PRAGMA journal_mode=DELETE")
            schema.migrate(db, path)
            keep_private(path)
        db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
        if in_page():
            # One file at every moment, which is what the page keeps; nothing here outlives it.
            db.execute("PRAGMA journal_mode=MEMORY")
        else:
            write_ahead(db)
        # Makes the write-ahead log: a file in this mode without one was copied, or moved.
        db.execute("SELECT 1 FROM runs LIMIT 1").fetchone()
        db.execute("PRAGMA busy_timeout=20")
    except BaseException:
        db.close()
        raise
    return Connected(db, path, watched=WatchedFiles(path, written_anew))


def written_anew(path: Path) -> bool:
    """Tell whether a file has fewer bytes than it had because something was erased from it.

    One that was cut off lacks pages which no write-ahead log has either.
    """
    for _ in range(LOOKS):
        try:
            # Another connection: ours may be in the midst of a commit, with more pages.
            with contextlib.closing(plain(f"{path.as_uri()}?mode=ro")) as other:
                (pages,), (page,) = (
                    other.execute(f"PRAGMA page_{one}").fetchone() for one in ("count", "size")
                )
            # In this order: what leaves the write-ahead log meanwhile is in the file.
            found = pages_ahead(path.with_name(f"{path.name}-wal"), page)
            size = bytes_of(path)
        except (sqlite3.Error, OSError):
            return False
        if size and found.issuperset(range(size // page + 1, pages + 1)):
            return True
        time.sleep(AGAIN_S)  # Something else may have been erased between the looks.
    return False


def write_ahead(db: sqlite3.Connection) -> None:
    """Go over to a write-ahead log; SQLite itself does not wait for others who do the same."""
    end = time.monotonic() + OPENING_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.005)


def reading(path: Path, ahead: bool) -> Connected:
    """A connection that reads, whatever may be written there; nothing is left behind.

    Args:
        path: of the file.
        ahead: whether the file says that a write-ahead log belongs to it.

    Raises:
        LogError: not even that.
    """
    wal = path.with_name(f"{path.name}-wal")
    # Without a write-ahead log nobody writes: what the mode of the file promises is not there.
    alone = ahead and not wal.exists()
    try:
        return checked(plain(f"{path.as_uri()}?{'immutable=1' if alone else 'mode=ro'}"), path)
    except sqlite3.OperationalError:
        if in_use[identity(str(path))]:
            raise
    folder = tempfile.mkdtemp(prefix="agentkit-log-")
    try:
        for side in ("", "-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{side}", f"{folder}/log.db{side}")
        made = checked(plain(f"{folder}/log.db"), path)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise LogError(f"The log {path} cannot be read: {error}.") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    made.copy = folder
    return made


def checked(db: sqlite3.Connection, path: Path) -> Connected:
    """A connection to read, once it is known to hold a log."""
    try:
        db.execute("PRAGMA query_only=ON")
        end = time.monotonic() + MIDST_S
        # Another process may have made the file, and be in the midst of making its tables.
        while not (made := schema.version_of(db)) and time.monotonic() < end:
            time.sleep(0.02)
        schema.check_schema(db, path)
        if not made:
            raise LogError(
                f"There is no log in {path}: the file is empty.",
                expected="a file that a run or a memory was recorded in",
            )
    except BaseException:
        db.close()
        raise
    return Connected(db, path, read_only=True)


def plain(name: str) -> sqlite3.Connection:
    """A connection that does not believe what a foreign schema says of itself."""
    db = sqlite3.connect(
        name,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
        timeout=OPENING_S,
        uri=name.startswith("file:"),
    )
    db.execute("PRAGMA trusted_schema=OFF")
    db.execute("PRAGMA cell_size_check=ON")
    return db


def in_wal_mode(path: Path) -> bool:
    """Whether the file says that a write-ahead log belongs to it."""
    with path.open("rb") as file:
        return file.read(19)[18:] == b"\2"


def finish(path: Path) -> None:
    """Where two closed at once, SQLite took the write-ahead log in but kept the mode: say so."""
    with contextlib.suppress(sqlite3.Error, OSError):
        if path.with_name(f"{path.name}-wal").exists() or not in_wal_mode(path):
            return
        db = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=0)
        try:
            db.execute("PRAGMA journal_mode=DELETE")
        finally:
            db.close()


def copied(db: sqlite3.Connection, path: Path) -> None:
    """Copy an open log into a new file of its owner's.

    Raises:
        SetupError: there is something already, or it cannot be made.
        sqlite3.Error: the log cannot be read, or the disk is full; there is no file then.
    """
    with (
        whole_file(path) as part,
        contextlib.closing(sqlite3.connect(part, isolation_level=None)) as new,
    ):
        db.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
