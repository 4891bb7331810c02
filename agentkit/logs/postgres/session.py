"""A connection to a log's database that comes back, and takes the SQL that a file takes."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from agentkit.errors import SetupError
from agentkit.logs.postgres import schema
from agentkit.logs.postgres.address import DatabaseAddress
from agentkit.logs.postgres.arrays import known_to
from agentkit.logs.postgres.faults import mapped

LIMITS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "agentkit",
}
"""After how long a server counts as gone, in seconds and the last in milliseconds; a URL may say
otherwise."""

INITIALS = (
    "SELECT set_config('search_path', %s, false),"
    " set_config('client_min_messages', 'warning', false)"
)


def settings(address: DatabaseAddress) -> dict[str, Any]:
    """What to connect with."""
    try:
        given = conninfo_to_dict(address.conninfo)
    except psycopg.ProgrammingError:  # its text may show the password
        raise SetupError(
            f"The log {address.url} cannot be opened: its URL has an option that libpq does not"
            " know, or is none.",
            expected="postgresql://user@host:port/database, and options of libpq",
            todo="see postgresql.org/docs, 34.1.2; ?schema=... is the one option of agentkit; in a"
            " password % is written %25, a blank %20",
        ) from None
    return {**LIMITS, **{name: value for name, value in given.items() if value is not None}}


class DatabaseSession:
    """One connection, made when it is first used and again when it broke; for any thread.

    Its statements have `?` for values, and a row is a tuple: so what looks into a log's file looks
    into a database, too.
    """

    native = False
    """Whether it is SQLite's own."""
    schema_version = schema.SQLITE

    def __init__(self, address: DatabaseAddress, *, read_only: bool = False) -> None:
        self.address, self.read_only = address, read_only
        self.lock = threading.RLock()
        self.made = 0
        """How many connections it has had; what is known of the database is worth one of them."""
        self._connection: psycopg.Connection[Any] | None = None
        self._process = 0

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection, in the schema.

        Raises:
            psycopg.Error: there is none to be had.
        """
        found = self._connection
        if found is None or found.closed or found.broken or self._process != os.getpid():
            self.close()
            found = self._connection = psycopg.connect(**settings(self.address), autocommit=True)
            known_to(found)
            self._process = os.getpid()
            self.made += 1
            # What stands in `public` must not take the place of a table or function of ours.
            found.execute(INITIALS, (f'"{self.address.schema}"',))
            if self.read_only:
                found.read_only = True
        return found

    def execute(self, query: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        """The cursor of a statement; see the class. One that the server shut is made anew."""
        before, query = self._connection, translated(query)
        connection = self.connection
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        try:
            return connection.execute(query, values or None)
        except psycopg.OperationalError:
            # In a transaction what was done before is lost with the connection: no half of it anew.
            if not (idle and connection is before and connection.closed):
                raise
        return self.connection.execute(query, values or None)

    def executemany(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        """Perform a statement for each tuple of values."""
        with self.connection.cursor() as cursor:
            cursor.executemany(translated(query), values)

    @contextlib.contextmanager
    def mapped(self) -> Iterator[None]:
        """For one thread at a time, with our errors."""
        with self.lock, mapped(self.address.url):
            yield

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, and all read at one moment."""
        with self.mapped():
            self.execute("SELECT 1")
            with self._begun():
                yield

    @contextlib.contextmanager
    def _begun(self) -> Iterator[None]:
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def close(self) -> None:
        """Give the connection back."""
        found, self._connection = self._connection, None
        if found is not None and self._process == os.getpid():
            found.close()  # a forked child's belongs to the parent


@functools.lru_cache(256)
def translated(query: str) -> str:
    """A statement of SQLite's as psycopg wants it."""
    return query.replace("%", "%%").replace("?", "%s")
