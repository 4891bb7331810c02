"""Erases and redacts in a log's database; what a server keeps elsewhere is told, not reached."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from agentkit.log import Erased
from agentkit.logs import erasing, pruning, redacting
from agentkit.logs.epochs import EPOCH
from agentkit.logs.postgres.faults import quietly, server_words
from agentkit.logs.postgres.session import DatabaseSession

SERVERS = "the server's write-ahead log, archives, standbys and backups"

ROWS = ("events", "messages", "blobs", "runs")


@contextmanager
def alone(session: DatabaseSession) -> Iterator[None]:
    """A transaction in which nobody else writes the log; the next erasure has begun in it."""
    with session.connection.transaction():
        # Who reads goes on; who writes waits, and finds by the new epoch that something went.
        session.execute(f"LOCK TABLE {', '.join(ROWS)} IN EXCLUSIVE MODE")
        session.execute(
            "INSERT INTO erased SELECT ?, ?, coalesce(max(n), 0) FROM runs"
            " ON CONFLICT (id) DO UPDATE SET seal=excluded.seal, upto=excluded.upto",
            (EPOCH, os.urandom(16)),
        )
        yield


def erase(session: DatabaseSession, texts: Sequence[str]) -> Erased:
    """Take texts out of the tables; see Log.erase."""
    with alone(session):
        done = erasing.erased(session, texts)
    return done.model_copy(update={"left": (*done.left, *swept(session))})


def redact(session: DatabaseSession, runs: Sequence[str], now: float) -> Erased:
    """Redact runs in the tables; see Log.redact."""
    with alone(session):
        found = redacting.redacted_in(session, runs, now)
    return found.told(swept(session))


def would_erase(session: DatabaseSession, texts: Sequence[str]) -> Erased:
    """Say what `erase` would change."""
    with session.transaction():
        return erasing.would_erase(session, texts)


def planned(session: DatabaseSession, runs: Sequence[str], now: float) -> Erased:
    """Say what `redact` would change."""
    with session.transaction():
        return redacting.plan(session, runs, now).told()


def prune(session: DatabaseSession, before: float, now: float, answers: bool) -> Erased:
    """Prune runs in the tables; see Log.prune."""
    with alone(session):
        found = pruning.prune(session, pruning.plan(session, before, now, answers), answers)
    for table in ROWS:
        # Others go on writing meanwhile: the room is there for later rows, and not given back.
        with quietly():
            session.execute(f"VACUUM {table}")
    return found.told([SERVERS] if found.runs else [])


def prunable(session: DatabaseSession, before: float, now: float, answers: bool) -> Erased:
    """Say what `prune` would take."""
    with session.transaction():
        return pruning.prunable(session, before, now, answers)


def swept(session: DatabaseSession) -> Iterator[str]:
    """Write the tables anew without what was replaced; tell what could not be swept."""
    for table in ROWS:
        try:
            # A plain one leaves the bytes of replaced rows in the file until it needs the room.
            session.execute(f"VACUUM (FULL) {table}")
        except psycopg.Error as error:
            yield f"replaced rows of {table}, which cannot be written anew: {server_words(error)}"
    yield SERVERS
