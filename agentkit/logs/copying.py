"""Copies a log whole, row by row and hash by hash, from a file to a database or back.

What is copied is what stands there: ids, links, heads, seals and what an erasure left, so that
`verify` judges the copy as it judges the log, and a head that was kept of the one fits the other.
Runs that wait for a worker wait in the copy, too. Only leases stay behind: whoever writes the log
now does not write the copy.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.logs import work
from agentkit.logs.files import whole_file
from agentkit.logs.sqlite import SqliteLog
from agentkit.logs.verifying import storable
from agentkit.place import whole_path

if TYPE_CHECKING:
    from agentkit.logs.postgres.storage import PostgresLog

TABLES = {
    "runs": "n, id, name, actor, status, started, ended, origin, events, calls, tokens_in,"
    " tokens_out, cost_usd, unpriced, owner, epoch, lease, link, head, seal, what",
    "events": "rowid, run, seq, at, scope, body, mark",
    "messages": "id, parent, body",
    "blobs": "digest, data",
    "erased": "id, seal, upto",
    "chain": "runs, link, since, missing, at",
    "work": "run, id, actor, share, priority, turn, attempts, after, reason, state",
    "shares": "share, turn",
}
"""What is copied of each table, in this order."""

ORDER = {"runs": " ORDER BY n", "events": " ORDER BY rowid"}

LEASE = TABLES["runs"].split(", ").index("lease")

AT_ONCE = 2_000
"""Rows that are in memory at a time."""

Row = Sequence[Any]


def copy(source: Log, target: Log) -> None:
    """Copy all that is committed in a log into another, which is empty.

    Args:
        source: a file or a database; it may be in use.
        target: the other kind, or another database.

    Raises:
        SetupError: the target is not empty, or a log that is neither. LogError: one cannot be
            read or written; then nothing is in the target.
    """
    refuse_full(target)
    with opened(source) as (tables, first), entering(target) as enter:
        refuse_full(target)
        for table, columns in TABLES.items():
            rows = first(f"SELECT {columns} FROM {table}{ORDER.get(table, '')}", table in tables)
            enter(table, columns, freed(rows) if table == "runs" else rows)


def refuse_full(target: Log) -> None:
    """Refuse a target with something in it.

    Raises:
        SetupError: it is not empty.
    """
    if target.runs() or target.runs(streams=True):
        raise SetupError(
            f"The log {target.url} is not empty.",
            expected="a new file or schema",
            todo="name another one; ?schema=... in the URL of a database",
        )


def copy_to_file(source: Log, path: Path) -> None:
    """Copy all that is committed in a log into a new file, which is there once it is whole.

    Raises:
        SetupError: there is something already. LogError: one cannot be read or written.
    """
    if isinstance(source, SqliteLog):
        source.copy(path)
        return
    with whole_file(path) as part:
        made = SqliteLog(part)
        try:
            copy(source, made)
        finally:
            made.close()


def freed(rows: Iterable[Row]) -> Iterator[Row]:
    """Lines about runs, without the lease of their writers."""
    for row in rows:
        yield (*row[:LEASE], 0.0, *row[LEASE + 1 :])


@contextlib.contextmanager
def opened(source: Log) -> Iterator[tuple[set[str], Any]]:
    """The tables of a log, and what reads them all as of one moment."""
    source.catch_up()
    if isinstance(source, SqliteLog):
        with newest(source) as log, log._transaction("BEGIN"):
            names = "SELECT name FROM sqlite_master WHERE type='table'"
            tables = {name for (name,) in log._db.execute(names)}
            yield tables, lambda query, there: log._db.execute(query) if there else ()
        return
    session = server(source)._session
    with session.transaction():

        def rows(query: str, there: bool) -> Iterator[Row]:
            with session.connection.cursor("copied") as cursor:
                cursor.itersize = AT_ONCE
                yield from cursor.execute(query)

        yield set(TABLES), rows


@contextlib.contextmanager
def newest(log: SqliteLog) -> Iterator[SqliteLog]:
    """The log, or a copy in the newest schema of a file that an older agentkit wrote."""
    from agentkit.logs.schema import MIGRATIONS

    if log.version == len(MIGRATIONS):
        yield log
        return
    with tempfile.TemporaryDirectory(prefix="agentkit-log-") as folder:
        path = Path(folder) / "log.db"
        log.copy(path)
        made = SqliteLog(path)
        try:
            yield made
        finally:
            made.close()


@contextlib.contextmanager
def entering(target: Log) -> Iterator[Any]:
    """What enters rows into a table, in one transaction."""
    if isinstance(target, SqliteLog):
        with target._transaction("BEGIN IMMEDIATE"):
            db = target._db
            db.execute("CREATE TABLE IF NOT EXISTS erased (id BLOB PRIMARY KEY,"
                       " seal BLOB NOT NULL, upto INTEGER NOT NULL DEFAULT 0)")  # fmt: skip
            for statement in work.TABLES:
                db.execute(statement)
            db.execute("DELETE FROM chain")

            def enter(table: str, columns: str, rows: Iterable[Row]) -> None:
                marks = ",".join("?" * len(columns.split(", ")))
                db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

            yield enter
            if db.execute("SELECT 1 FROM erased").fetchone() is None:
                db.execute("DROP TABLE erased")
            # A server leaves out numbers, and a file says how many it is without.
            db.execute(
                "UPDATE chain SET missing=(SELECT coalesce(max(rowid),0)-count(*) FROM events)"
            )
        return
    session = server(target)._session
    with session.transaction():
        session.execute("DELETE FROM chain")
        places: dict[int, str] = {}

        def into(table: str, columns: str, rows: Iterable[Row]) -> None:
            with session.connection.cursor() as cursor:
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as stream:
                    for row in rows:
                        if table == "events" and row[2] == 1:
                            note_place(places, row[1], row[5])
                        stream.write_row(
                            [storable(one) if isinstance(one, str) else one for one in row]
                        )

        yield into
        session.executemany(
            "UPDATE runs SET place=? WHERE n=?", [(p, n) for n, p in places.items()]
        )
        for table, column in (("runs", "n"), ("events", "rowid")):
            session.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
                f" (SELECT max({column}) FROM {table}))"
            )


def note_place(places: dict[int, str], run: int, body: str) -> None:
    """Keep the notebook that a run was started from, as its first event tells."""
    with contextlib.suppress(ValueError, AttributeError):
        first = json.loads(body)
        if isinstance(place := first.get("place"), str):
            root = first.get("root")
            places[run] = storable(whole_path(place, root if isinstance(root, str) else None) or "")


def server(log: Log) -> PostgresLog:
    """The log, if it is one in a database.

    Raises:
        SetupError: it is in memory, or of a kind of the user's own.
    """
    if not hasattr(log, "_session"):
        raise SetupError(
            f"The log {log.url} cannot be copied.", expected="a file, or a database's URL"
        )
    found: PostgresLog = log  # type: ignore[assignment]
    return found
