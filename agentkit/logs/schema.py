"""The form of a log's file: its schema, what older ones become, and what is no log."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agentkit.errors import (
    LogCorrupt,
    LogError,
    LogFull,
    LogLocked,
    LogNewer,
    LogReadOnly,
    LogUnstorable,
)
from agentkit.events import STREAMS
from agentkit.logs import chain
from agentkit.logs.rows import Statements, native

APPLICATION_ID = 0x41674B74
"""Marks the file as an agentkit log ("AgKt", bytes 68 to 71 of the file)."""

CHAINED = 2
"""The first version that has a hash chain."""

TABLES = {"runs": 1, "events": 1, "messages": 1, "chain": 2, "blobs": 4}
"""Our tables, and the version that each came with."""

WHAT = f"CASE WHEN id LIKE '{STREAMS}%' THEN 'stream' ELSE 'run' END"
"""What a row of `runs` is in a file of an earlier version."""

Migration = Callable[[sqlite3.Connection], None]


def version_1(db: sqlite3.Connection) -> None:
    """Runs, their events, and the messages, each stored once."""
    db.execute(
        "CREATE TABLE runs (n INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT, actor TEXT,"
        " status TEXT NOT NULL, started REAL NOT NULL, ended REAL, origin TEXT,"
        " events INTEGER NOT NULL, calls INTEGER NOT NULL,"
        " tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,"
        " cost_usd REAL NOT NULL, unpriced INTEGER NOT NULL,"
        " owner TEXT NOT NULL, epoch INTEGER NOT NULL, lease REAL NOT NULL)"
    )
    db.execute(
        "CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,"
        " scope TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq))"
    )
    db.execute("CREATE TABLE messages (id BLOB UNIQUE NOT NULL, parent BLOB, body TEXT NOT NULL)")


def version_2(db: sqlite3.Connection) -> None:
    """The hash chain; what is in the file already is chained as it stands now.

    `mark`, at the last event of each commit, is the head of the run then. `since` and `missing`
    say which rowids were taken on trust.
    """
    db.execute("ALTER TABLE runs ADD COLUMN link BLOB")
    db.execute("ALTER TABLE runs ADD COLUMN head BLOB")
    db.execute("ALTER TABLE runs ADD COLUMN seal BLOB")
    db.execute("ALTER TABLE events ADD COLUMN mark BLOB")
    db.execute(
        "CREATE TABLE chain (runs INTEGER NOT NULL, link BLOB NOT NULL,"
        " since INTEGER NOT NULL, missing INTEGER NOT NULL, at REAL)"
    )
    runs = db.execute("SELECT n, id, owner, epoch FROM runs ORDER BY n").fetchall()
    link = chain.START
    for n, id, owner, epoch in runs:
        rows = db.execute(
            "SELECT seq, at, scope, body FROM events WHERE run=? ORDER BY seq", (n,)
        ).fetchall()
        head, link = chain.origin(id), chain.link(link, id)
        if rows:
            head = chained_as_it_stands(id, head, rows)
            db.execute("UPDATE events SET mark=? WHERE run=? AND seq=?", (head, n, rows[-1][0]))
        seal = chain.seal(id, owner, epoch)
        db.execute("UPDATE runs SET link=?, head=?, seal=? WHERE n=?", (link, head, seal, n))
    last, count = db.execute("SELECT coalesce(max(rowid), 0), count(*) FROM events").fetchone()
    at = time.time() if runs else None
    db.execute("INSERT INTO chain VALUES (?,?,?,?,?)", (len(runs), link, last, last - count, at))


def chained_as_it_stands(run: str, head: bytes, rows: Sequence[Any]) -> bytes:
    """The head of a run that has these events.

    Raises:
        LogCorrupt: they hold what no agentkit writes, so that there is no hash of them.
    """
    try:
        return chain.extended(head, rows)
    except (struct.error, TypeError, ValueError, AttributeError) as error:
        raise LogCorrupt(
            f"The events of run {run} hold values of other kinds than a log has: {error}.",
            expected="a log as it was written; the file was left as it is",
            todo="restore a copy; reading it goes on as far as it can",
            run_id=run,
        ) from error


def version_3(db: sqlite3.Connection) -> None:
    """Whether a row of `runs` is a run or a stream, which the beginning of its id told."""
    db.execute("ALTER TABLE runs ADD COLUMN what TEXT")
    db.execute(f"UPDATE runs SET what={WHAT}")


def version_4(db: sqlite3.Connection) -> None:
    """The bytes of images and files that messages have as parts, each once, by their SHA-256."""
    db.execute("CREATE TABLE IF NOT EXISTS blobs (digest BLOB UNIQUE NOT NULL, data BLOB NOT NULL)")


MIGRATIONS: list[Migration] = [version_1, version_2, version_3, version_4]
"""One per schema version; a file of version n gets those from n on, in one transaction."""


def version_of(db: Statements) -> int:
    """The schema version of an open file; of a database, that whose tables mean the same."""
    if not native(db):
        return len(MIGRATIONS)
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def has(db: Statements, table: str) -> bool:
    """Whether there is a table that not every log has; a database has them all."""
    return not native(db) or bool(columns_in(db, table))


def what(db: Statements) -> str:
    """SQL for what a row of `runs` is."""
    return "what" if version_of(db) >= 3 else WHAT


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest schema, all of it or nothing.

    Raises:
        LogNewer: it is newer. LogCorrupt: what is in it cannot be chained.
    """
    if version_of(db) == len(MIGRATIONS):
        return
    db.execute("BEGIN EXCLUSIVE")
    try:
        # The header may be older than what stands in the write-ahead log.
        if version_of(db) > len(MIGRATIONS):
            raise newer(path, version_of(db))
        for migration in MIGRATIONS[version_of(db) :]:
            migration(db)
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


@functools.cache
def columns(version: int) -> dict[str, list[tuple[str, int]]]:
    """The columns that our tables have in a version: their names, and that none is generated."""
    db = sqlite3.connect(":memory:")
    for migration in MIGRATIONS[:version]:
        migration(db)
    found = {name: columns_in(db, name) for name, since in TABLES.items() if since <= version}
    db.close()
    return found


def columns_in(db: Statements, table: str) -> list[tuple[str, int]]:
    """Names of a table's columns, each with 0 for one that is simply stored."""
    return [(row[1], row[6]) for row in db.execute(f"PRAGMA table_xinfo({table})")]


def check_schema(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file in which reading or writing our tables would do something else.

    Raises:
        LogCorrupt: it has views, triggers, tables of another form.
    """
    with at_one_moment(db):
        check_tables(db, path)


@contextlib.contextmanager
def at_one_moment(db: sqlite3.Connection) -> Iterator[None]:
    """See the file as it is at one moment: another process may be in the midst of making it."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def check_tables(db: sqlite3.Connection, path: Path) -> None:
    """The same, in a transaction."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 1000").fetchall()
    for type, name, table, sql in rows:
        virtual = str(sql).lstrip().upper().startswith("CREATE VIRTUAL")
        indexed = type == "index" and sql is not None and table in TABLES
        if type in ("view", "trigger") or virtual or indexed:
            raise strange(path, f"a {'virtual table' if virtual else type} ({name})")
    version = version_of(db)
    if not 1 <= version <= len(MIGRATIONS):
        return
    for table, expected in columns(version).items():
        if ("table", table) not in {(row[0], row[1]) for row in rows}:
            raise strange(path, f"no table {table}")
        if columns_in(db, table) != expected:
            raise strange(path, f"a table {table} of another form")


def strange(path: Path, what: str) -> LogCorrupt:
    """The error for a file that another program made, or changed."""
    return LogCorrupt(
        f"{path} has {what}: it is no agentkit log, or was changed by something else.",
        todo="do not trust it; bring back a copy, or use another file for new runs",
    )


def newer(path: Path, version: int) -> LogNewer:
    """The error for a file from the future."""
    return LogNewer(
        f"{path} was written by a newer agentkit: schema {version}.",
        expected=f"schema {len(MIGRATIONS)} or older",
        todo="update agentkit, or use another file",
    )


def only_read(path: Path) -> LogReadOnly:
    """The error for writing what can only be read."""
    return LogReadOnly(
        f"The log {path} can only be read: the file or its folder is write-protected.",
        todo="copy it to a folder of yours (`agentkit log copy TO --log FILE`) and go on there,"
        " or record new runs elsewhere: $AGENTKIT_LOG",
    )


def mapped(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> LogError:
    """Our error for SQLite's, by its result code (sqlite.org/rescode.html).

    A UnicodeDecodeError is what Python makes of a damaged name, or of SQLite's words about it.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LogLocked(
            f"The log {path} is locked by another process.",
            expected="a free moment to write",
            todo="find who holds it (a debugger, a backup, another kernel), then %resume",
        )
    if code == sqlite3.SQLITE_FULL:
        return LogFull(
            f"The disk is full: {path} cannot grow.",
            todo="free some space, then %resume; everything written before is safe",
        )
    if code == sqlite3.SQLITE_READONLY:
        return only_read(path)
    if isinstance(error, sqlite3.DataError | sqlite3.IntegrityError) or "binding" in str(error):
        return LogUnstorable(f"SQLite does not take it: {error}.")
    undecodable = isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error)
    damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_INTERRUPT)
    if undecodable or code in damaged:
        return LogCorrupt(
            f"The log {path} is damaged: {error}.",
            todo="see what is left with `agentkit log verify`; use another file for new runs",
        )
    return LogError(f"The log {path} failed: {error}.")
