"""Rows of runs and messages, as a commit puts them into a log's file.

Bytes are bound as a bytearray, and nothing as an empty text that SQLite makes NULL: for every bytes
and every None sqlite3 first asks the value, and then the protocol, how it wants to be adapted, and
each in vain. That was a hundredth of a turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable, Sequence

from agentkit.lease import LEASE_S, Lease, holds, owner_gone, owner_name, taken
from agentkit.logs import chain
from agentkit.logs.rows import there
from agentkit.messages import Thread, stored_message
from agentkit.runinfo import Tally

MessageRow = tuple[bytes, bytes | None, str]
"""Its id, that of the message before it, and its text."""
EventRow = tuple[int, float, str, str]
"""Its number, when it was, its scope and its body."""

SUMS = (
    "events=events+?, calls=calls+?, tokens_in=tokens_in+?, tokens_out=tokens_out+?,"
    " cost_usd=cost_usd+?, unpriced=unpriced+?, lease=?, head=? WHERE id=? AND owner=? AND epoch=?"
)
BEGIN = (
    "INSERT OR IGNORE INTO runs VALUES"
    " (NULL,?,?,NULLIF(?,''),?,?,NULLIF(?,''),NULLIF(?,''),?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
EVENT = "INSERT INTO events VALUES (?,?,?,?,?,NULLIF(?,''))"
MESSAGE = "INSERT OR IGNORE INTO messages VALUES (?,NULLIF(?,''),?)"
LINK = "UPDATE chain SET runs=runs+1, link=? WHERE link=?"

ADD, CHANGE = f"UPDATE runs SET {SUMS}", f"UPDATE runs SET status=?, ended=NULLIF(?,''), {SUMS}"
"""Add events to a run; and the same where it ends, or goes on."""


def head_of(db: sqlite3.Connection, run: str, *, new: bool) -> bytes:
    """The head of a run before what is written now; b"" of one that is not there."""
    if new:
        return chain.origin(run)
    row = db.execute("SELECT head FROM runs WHERE id=?", (run,)).fetchone()
    return row[0] if row else b""


def begin(
    db: sqlite3.Connection, lease: Lease, tally: Tally, head: bytes, last: bytes, now: float
) -> tuple[int | None, bytes]:
    """Enter a run that begins: its number, None when there is one of that id; and the last link.

    Args:
        db: in a transaction.
        lease: of its writer.
        tally: of its first events.
        head: of the run after them.
        last: link of the last run, as far as this process knows.
        now: the time.
    """
    start, end = tally.started, tally.ended
    assert start is not None
    holds_s = lease.after(end.status if end else None)
    until = now + holds_s if holds_s else 0.0
    link = chain.link(last, lease.run)
    bound, seal = bytearray(link), chain.seal(lease.run, lease.owner, lease.epoch)
    written = db.execute(
        BEGIN,
        (lease.run, start.name, start.actor or "", end.status if end else "open", start.at)
        + (end.at if end else "", start.origin.run if start.origin else "", tally.events)
        + (tally.calls, tally.tokens_in, tally.tokens_out, tally.cost_usd, tally.unpriced)
        + (lease.owner, lease.epoch, until, bound, bytearray(head), bytearray(seal), start.what),
    )
    if not written.rowcount:
        return None, last
    if not db.execute(LINK, (bound, bytearray(last))).rowcount:
        # Another process has begun a run since this one last did.
        (before,) = there(db.execute("SELECT link FROM chain").fetchone(), "The chain's row")
        link = chain.link(before, lease.run)
        db.execute("UPDATE runs SET link=? WHERE n=?", (link, written.lastrowid))
        db.execute(LINK, (link, before))
    return written.lastrowid, link


def renew(db: sqlite3.Connection, lease: Lease, tally: Tally, head: bytes, now: float) -> bool:
    """Add to a run, or only renew its lease; False when another writer holds it."""
    end = tally.ended
    holds_s = lease.after(end.status if end else None)
    until = now + holds_s if holds_s else 0.0
    tokens = (tally.tokens_in, tally.tokens_out)
    sums = (tally.events, tally.calls, *tokens, tally.cost_usd, tally.unpriced)
    holder = (bytearray(head), lease.run, lease.owner, lease.epoch)
    if end:
        written = db.execute(CHANGE, (end.status, end.at, *sums, until, *holder))
    elif tally.started:
        written = db.execute(CHANGE, ("open", "", *sums, until, *holder))
    else:
        written = db.execute(ADD, (*sums, until, *holder))
    return bool(written.rowcount)


def store_messages(db: sqlite3.Connection, rows: Iterable[MessageRow]) -> None:
    """Put rows of messages into the file, but those that are there."""
    bound = [(bytearray(id), bytearray(parent or b"") or "", text) for id, parent, text in rows]
    db.executemany(MESSAGE, bound)


def store_events(db: sqlite3.Connection, run: int, rows: Sequence[EventRow], head: bytes) -> None:
    """Put the events of one commit of a run into the file; the last one is marked by its head."""
    *before, last = rows
    values: list[tuple[object, ...]] = [(run, *row, "") for row in before]
    db.executemany(EVENT, [*values, (run, *last, bytearray(head))])


def new(nodes: Thread, known: Container[bytes], entered: dict[bytes, None]) -> list[MessageRow]:
    """Rows of those messages that may be new: what comes before one that is known is known too.

    Args:
        nodes: of an event.
        known: ids of messages that are in the file.
        entered: those of this commit, to which they are added.
    """
    rows, at = [], None
    for one in reversed(nodes):
        id = bytes.fromhex(one.id)
        if one.id == at or id in known or id in entered:
            at = one.parent
            continue
        parent = bytes.fromhex(one.parent) if one.parent else None
        rows.append((id, parent, stored_message(one.message)))
        entered[id] = None
    return rows[::-1]


def claim(db: sqlite3.Connection, run: str, now: float) -> Lease | None:
    """Become the writer of a run; None where there is none of that id.

    Raises:
        RunTaken: its writer is alive.
    """
    row = db.execute("SELECT owner, epoch, lease, what FROM runs WHERE id=?", (run,)).fetchone()
    if row is None:
        return None
    holder, epoch, until, what = row
    if holds(until, now) and not owner_gone(holder):
        raise taken(run, holder)
    owner = owner_name()
    db.execute(
        "UPDATE runs SET owner=?, epoch=?, lease=?, seal=? WHERE id=?",
        (owner, epoch + 1, now + LEASE_S, chain.seal(run, owner, epoch + 1), run),
    )
    return Lease(run, owner, epoch + 1, what="stream" if what == "stream" else "run")
