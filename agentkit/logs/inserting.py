"""Rows of runs and messages, as a commit puts them into a log's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Container

from agentkit.lease import LEASE_S, Lease, holds, owner_gone, owner_name, taken
from agentkit.logs import chain
from agentkit.messages import Thread, stored_message
from agentkit.runinfo import Tally

SUMS = (
    "events=events+?, calls=calls+?, tokens_in=tokens_in+?, tokens_out=tokens_out+?,"
    " cost_usd=cost_usd+?, unpriced=unpriced+?, lease=?, head=? WHERE id=? AND owner=? AND epoch=?"
)
LINK = "UPDATE chain SET runs=runs+1, link=? WHERE link=?"

ADD, CHANGE = f"UPDATE runs SET {SUMS}", f"UPDATE runs SET status=?, ended=?, {SUMS}"
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
    written = db.execute(
        "INSERT OR IGNORE INTO runs VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (lease.run, start.name, start.actor, end.status if end else "open", start.at)
        + (end.at if end else None, start.origin and start.origin.run, tally.events)
        + (tally.calls, tally.tokens_in, tally.tokens_out, tally.cost_usd, tally.unpriced)
        + (lease.owner, lease.epoch, until, link, head)
        + (chain.seal(lease.run, lease.owner, lease.epoch), start.what),
    )
    if not written.rowcount:
        return None, last
    if not db.execute(LINK, (link, last)).rowcount:
        # Another process has begun a run since this one last did.
        before = db.execute("SELECT link FROM chain").fetchone()[0]
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
    holder = (head, lease.run, lease.owner, lease.epoch)
    if end:
        written = db.execute(CHANGE, (end.status, end.at, *sums, until, *holder))
    elif tally.started:
        written = db.execute(CHANGE, ("open", None, *sums, until, *holder))
    else:
        written = db.execute(ADD, (*sums, until, *holder))
    return bool(written.rowcount)


def new(
    nodes: Thread, known: Container[bytes], entered: dict[bytes, None]
) -> list[tuple[bytes, bytes | None, str]]:
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
