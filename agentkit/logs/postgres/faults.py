"""Postgres's errors as ours, by their SQLSTATE (postgresql.org/docs, appendix A)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from agentkit.errors import (
    LogCorrupt,
    LogError,
    LogFull,
    LogGone,
    LogLocked,
    LogReadOnly,
    LogUnreachable,
    LogUnstorable,
    SetupError,
)

AGAIN = ("40001", "40P01", "55P03", "57014")
"""Another transaction was in the way; the same may succeed at once."""

FULL = ("53100", "53200")
TOO_LONG = "54000"
"""A limit of the server, as the length of a key in an index."""
READ_ONLY = ("25006", "42501")
GONE = ("42P01", "3F000", "42703")
SETUP = ("28000", "28P01", "3D000", "42704")
REFUSED = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects connection",
    "connection is bad: invalid",
    "definition of service",
    "service file",
)
TLS = (
    "root certificate",
    "certificate verify failed",
    "does not match host name",
    "does not support SSL",
    "no encryption",
)
"""What a server, or libpq, says before there is a SQLSTATE."""

DAMAGED = ("XX000", "XX001", "XX002", "22021", "23505", "23502")


Rollback = psycopg.Rollback
"""Raised in a transaction to undo it, and go on behind it."""


def quietly() -> suppress:
    """Where a server that is gone is noticed by what comes next."""
    return suppress(psycopg.Error)


@contextmanager
def mapped(url: str) -> Iterator[None]:
    """The one place where psycopg's errors become ours."""
    try:
        yield
    except psycopg.Error as error:
        raise ours(error, url) from error


def ours(error: psycopg.Error, url: str) -> LogError | SetupError:
    """Our error for one of psycopg's."""
    state, text = error.sqlstate or "", server_words(error)
    if state in AGAIN:
        return LogLocked(
            f"The log {url} is locked by another process: {text}.",
            expected="a free moment to write",
            todo="find who holds it (pg_stat_activity, pg_locks), then %resume",
        )
    if state in FULL:
        return LogFull(
            f"The server of the log {url} has no room left: {text}.",
            todo="free some space there, then %resume; everything written before is safe",
        )
    if state in READ_ONLY:
        return only_read(url, text)
    if state in GONE:
        return LogGone(
            f"The tables of the log {url} are not there any more, or others: {text}.",
            todo="bring back a copy (`agentkit log copy`), or use another schema for new runs",
        )
    if made := shut_out(state, text, url):
        return made
    if state in DAMAGED:
        return LogCorrupt(
            f"The log {url} holds what agentkit does not write, or is damaged: {text}.",
            todo="see what is left with `agentkit log verify`; use another schema for new runs",
        )
    if state == TOO_LONG or isinstance(error, psycopg.DataError):
        return LogUnstorable(f"Postgres does not take it: {text}.")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or state[:2] == "57":
        return unreachable(url, text)
    return LogError(f"The log {url} failed: {text}.")


def shut_out(state: str, text: str, url: str) -> SetupError | None:
    """The error where a server lets this user or host in never, however often it is asked."""
    # With a wrong password libpq goes on without TLS, and tells of both.
    if not state and REFUSED[0] not in text and any(words in text for words in TLS):
        return SetupError(
            f"The log {url} cannot be opened: {text}.",
            expected="a server whose certificate is for that host, and signed by a root that is"
            " known here",
            todo="check sslmode, sslrootcert (a file, or `system`) and the host's name in the URL,"
            " in PGSSLMODE and PGSSLROOTCERT, or in the service file",
        )
    if state in SETUP or (not state and any(words in text for words in REFUSED)):
        return SetupError(
            f"The log {url} cannot be opened: {text}.",
            todo="check user, password and database: in the URL, in PGUSER, PGPASSWORD and"
            " PGDATABASE, in ~/.pgpass, or in the service file",
        )
    return None


def unreachable(url: str, text: str) -> LogUnreachable:
    """The error for a server that does not answer."""
    return LogUnreachable(
        f"The server of the log {url} does not answer: {text}.",
        expected="a Postgres server that takes connections",
        todo="start it, or look at the network between; then %resume: everything that was"
        " committed is safe, and what is pending is kept in this process",
    )


def only_read(url: str, text: str) -> LogReadOnly:
    """The error for a database that this user cannot write, or nobody can."""
    return LogReadOnly(
        f"The log {url} can only be read: {text}.",
        expected="a server that is no standby, and a user who may write in that schema",
        todo="grant it, or record new runs elsewhere: $AGENTKIT_LOG",
    )


def server_words(error: psycopg.Error) -> str:
    """The server's own words in one line; they hold no password."""
    first = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(first.split()).rstrip(".")
