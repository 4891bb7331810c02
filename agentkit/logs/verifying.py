"""Checks all of a log's file: SQLite's own, each message, each event, each run, and the chain.

Everything is looked at once, so that the time is that of the file's size, whatever it claims.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from agentkit.errors import LogError
from agentkit.events import RunStarted
from agentkit.lease import LEASE_S, holds
from agentkit.log import Tally
from agentkit.logs import blobs, chain, schema
from agentkit.logs.bodies import event_from, names_messages, unpacked
from agentkit.logs.reading import Kept, one_message
from agentkit.messages import Message, digest, node

SHOWN = 200
"""Problems told of one kind; the rest is counted."""

FOREIGN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)

Row = tuple[Any, ...]


@dataclass
class Problems:
    """What is wrong, in sentences."""

    found: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, text: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.found.append(text)
        elif self.count == SHOWN + 1:
            self.found.append(f"and more; the first {SHOWN} are told")


@dataclass
class Checked:
    """A run as its events tell it."""

    count: int = 0
    tally: Tally = field(default_factory=Tally)
    started: Any = None
    status: str = "open"
    ended: float | None = None
    head: bytes = b""
    then: bytes | None = None
    """Its head when the log had as many events as a head that is compared."""

    def commit(self, events: list[Any]) -> None:
        """Take the events of one commit into account, as the writer did."""
        batch = Tally()
        for event in events:
            batch.add(event)
        if self.started is None:
            # The first: what an older version wrote is one commit here, with all its attempts.
            self.started = next((e for e in events if isinstance(e, RunStarted)), None)
        if batch.ended:
            self.status, self.ended = batch.ended.status, batch.ended.at
        elif batch.started:
            self.status, self.ended = "open", None
        for name in ("events", "calls", "tokens_in", "tokens_out", "cost_usd", "unpriced"):
            setattr(self.tally, name, getattr(self.tally, name) + getattr(batch, name))


def problems(
    db: sqlite3.Connection, path: Path, head: str | None, count: int | None, now: float
) -> list[str]:
    """Everything wrong with the file, as sentences; empty when it is sound.

    Args:
        db: in a transaction, so that all is seen at one moment.
        path: of the file.
        head: one that was kept elsewhere: what it covers must still be there.
        count: how many events that one covers.
        now: the time, which no lease is far ahead of.
    """
    wrong = Problems()
    for (text,) in db.execute("PRAGMA integrity_check(20)"):
        if text != "ok":
            wrong.add(f"SQLite: {text}")
    depths = messages(db, wrong)
    if schema.version_of(db) >= blobs.FIRST:
        blobs.problems(db, wrong.add, seals_of(db))
    chained = schema.version_of(db) >= schema.CHAINED
    runs = {row[0]: row for row in db.execute("SELECT n, id FROM runs")}
    seals = seals_of(db)
    told = {
        n: events_of(
            rows, str(runs[n][1]) if n in runs else "", depths, seals, count or 0, chained, wrong
        )
        for n, rows in groupby(events(db, chained), key=lambda row: row[0])
    }
    for n in told.keys() - runs.keys():
        wrong.add(f"a run is missing: {told[n].count} events belong to none")
    leases(db, now, wrong)
    link = chain.START
    columns = f"{COLUMNS}, {schema.what(db)}{CHAIN if chained else ''}"
    for row in db.execute(f"SELECT {columns} FROM runs ORDER BY n"):
        run = told.get(row[0], Checked(head=chain.origin(str(row[1]))))
        for text in run_of(row, run, exact=chained and row[0] > before(db)):
            wrong.add(f"run {row[1]} {text}")
        if chained:
            link = linked(row, run, link, wrong)
    if not chained:
        if head is not None:
            raise not_chained(path)
        return wrong.found
    gaps(db, link, len(runs), wrong)
    if head is not None and head != chain.log_head(count or 0, heads_then(runs, told)):
        wrong.add(
            f"the log is not, and does not go on from, the one whose head is {head}:"
            f" what that covers ({count} events) was altered, or is missing"
        )
    return wrong.found


COLUMNS = (
    "n, id, name, actor, status, started, ended, origin, events, calls, tokens_in, tokens_out,"
    " cost_usd, unpriced"
)
CHAIN = ", owner, epoch, link, head, seal"


def messages(db: sqlite3.Connection, wrong: Problems) -> dict[str, int]:
    """Check each message; how many come before and with it, by id."""
    parents: dict[str, str | None] = {}
    seals = seals_of(db)
    for id, parent, body in db.execute("SELECT id, parent, body FROM messages"):
        try:
            above = parent.hex() if parent else None
            made = node(Message.model_validate_json(body), above)
            parents[id.hex()] = above
        except FOREIGN as error:
            wrong.add(f"message {named(id)} cannot be read: {error}")
            continue
        here = (id, parent, body)
        if made.id != id.hex() and not sealed(seals, id, chain.message_seal, *here):
            wrong.add(f"message {named(id)} was altered: its content is {made.id}")
    return depths_of(parents, wrong)


def seals_of(db: sqlite3.Connection) -> dict[bytes, bytes]:
    """The seals of what something was erased from, by a message's id or a commit's mark."""
    if not schema.columns_in(db, "erased"):
        return {}
    return dict(db.execute("SELECT id, seal FROM erased"))


def named(id: object) -> str:
    """A message's id as it is shown, whatever stands in its column."""
    return id.hex() if isinstance(id, bytes) else repr(id)


def depths_of(parents: dict[str, str | None], wrong: Problems) -> dict[str, int]:
    """How long the conversation up to each message is; those in a circle are left out."""
    depths: dict[str, int] = {}
    for id in parents:
        way: dict[str, None] = {}
        at: str | None = id
        while at in parents and at not in depths and at not in way:
            way[at] = None
            at = parents[at]
        if at in way:
            wrong.add(f"message {at} is its own ancestor")
            depths.update(dict.fromkeys(way, 0))
            continue
        # A conversation whose beginning is missing is as long as what is there.
        depth = depths.get(at or "", 0)
        for one in reversed(way):
            depths[one] = depth = depth + 1
    return depths


def events(db: sqlite3.Connection, chained: bool) -> Iterator[Row]:
    """All events by run and seq: run, rowid, seq, at, scope, body, and the mark."""
    mark = "mark" if chained else "NULL"
    return db.execute(
        f"SELECT run, rowid, seq, at, scope, body, {mark} FROM events ORDER BY run, seq"
    )


def events_of(
    rows: Iterator[Row],
    run: str,
    depths: dict[str, int],
    seals: dict[bytes, bytes],
    count: int,
    chained: bool,
    wrong: Problems,
) -> Checked:
    """Check the events of a run, commit by commit."""
    made, kept, batch = Checked(head=chain.origin(run)), [], []
    for _, rowid, seq, at, scope, body, mark in rows:
        made.count += 1
        if seq != made.count:
            wrong.add(f"run {run} has gaps: event {made.count} is numbered {seq}")
            made.count = seq if isinstance(seq, int) else made.count
        try:
            batch.append(event_of(run, seq, at, scope, body, depths))
        except FOREIGN as error:
            wrong.add(f"event {seq} of run {run} cannot be read: {error}")
        kept.append((seq, at, scope, body))
        if mark is None:
            continue
        if not fits(made.head, kept, mark, seals):
            wrong.add(f"run {run} was altered, or has gaps, at event {kept[0][0]} to {seq}")
        made.head = mark
        made.commit(batch)
        kept, batch = [], []
        if rowid <= count:
            made.then = mark
    if kept and chained:
        wrong.add(f"run {run} has gaps, or was altered, from event {kept[0][0]} on")
    made.commit(batch)
    return made


def fits(
    head: Any, kept: list[tuple[int, float, str, str]], mark: Any, seals: dict[bytes, bytes]
) -> bool:
    """Whether a commit is as it was written, or as an erasure left it."""
    made = extended(head, kept)
    return made == mark or sealed(seals, mark, chain.commit_seal, head, mark, kept)


def sealed(seals: dict[bytes, bytes], key: Any, seal: Callable[..., bytes], *parts: Any) -> bool:
    """Whether what is there is what an erasure left; False for what nobody can have written."""
    try:
        return key in seals and seals[key] == seal(*parts)
    except (*FOREIGN, struct.error):
        return False


def extended(head: Any, kept: list[tuple[int, float, str, str]]) -> bytes:
    """The head after a commit as it stands in the file; b"" for what nobody can have written."""
    try:
        return chain.extended(head, kept)
    except (*FOREIGN, struct.error):
        return b""


def event_of(run: str, seq: int, at: float, scope: str, body: str, depths: dict[str, int]) -> Any:
    """The event without its messages, once it is known that they are there.

    Raises:
        FOREIGN: it cannot be read.
    """
    parts, rest = unpacked(body)
    for id, count in parts:
        if depths.get(id, 0) < count:
            raise KeyError(f"message {id}, or one before it, is missing")
    columns = f'"run":{quoted(run)},"seq":{seq},"at":{at!r},"scope":{quoted(scope)}'
    return event_from(f"{{{columns},{rest}")


def altered(db: sqlite3.Connection, n: int, run: str, met: dict[str, Kept]) -> str:
    """What is wrong with the events of one run and their messages, in words; "" if nothing.

    The messages that it came by are in `met` then, by id, so that who reads the run next need
    not look each up again.
    """
    if schema.version_of(db) < schema.CHAINED:
        return ""
    (head,) = db.execute("SELECT head FROM runs WHERE n=?", (n,)).fetchone()
    made, kept, sound, seals = chain.origin(run), [], set[str](), seals_of(db)
    for seq, at, scope, body, mark in db.execute(
        "SELECT seq, at, scope, body, mark FROM events WHERE run=? ORDER BY seq", (n,)
    ):
        kept.append((seq, at, scope, body))
        try:
            for id, _ in unpacked(body)[0] if names_messages(body) else ():
                if not rooted(db, id, sound, seals, met):
                    return f"message {id} of event {seq}, or one before it, was altered"
        except (*FOREIGN, struct.error):
            return f"event {seq} was altered"
        if mark is not None:
            if not fits(made, kept, mark, seals):
                return f"event {kept[0][0]} to {seq} were altered, or some are missing"
            made, kept = mark, []
    return "" if not kept and made == head else "its last events are missing, or others"


def rooted(
    db: sqlite3.Connection,
    id: str | None,
    sound: set[str],
    seals: dict[bytes, bytes],
    met: dict[str, Kept] | None = None,
) -> bool:
    """Whether a message and all before it are what their ids say; remembers those that are."""
    way = set[str]()
    while id is not None and id not in sound:
        row = one_message(db, id)
        if row is None or id in way:
            return False
        if met is not None:
            met[id] = row
        parent = row[0].hex() if row[0] else None
        if not is_as_named(bytes.fromhex(id), row[0], row[1], seals):
            return False
        way.add(id)
        id = parent
    sound |= way
    return True


def is_as_named(id: bytes, parent: bytes | None, body: str, seals: dict[bytes, bytes]) -> bool:
    """Whether a message is what its id says, or what an erasure left of it.

    Raises:
        FOREIGN: it is none.
    """
    above = parent.hex() if parent else None
    # An id is made of the very text that is stored; older versions may have written another.
    if digest(above or "", body) == id.hex():
        return True
    named = node(Message.model_validate_json(body), above).id == id.hex()
    return named or sealed(seals, id, chain.message_seal, id, parent, body)


def run_of(row: Row, run: Checked, exact: bool) -> Iterator[str]:
    """What the line about a run says otherwise than its events."""
    start, tally = run.started, run.tally
    expected = {
        "name": start and start.name,
        "actor": start and start.actor,
        "status": run.status,
        "start": start and start.at,
        "end": run.ended,
        "origin": start and start.origin and start.origin.run,
        "number of events": tally.events,
        "number of calls": tally.calls,
        "tokens in": tally.tokens_in,
        "tokens out": tally.tokens_out,
        "cost": tally.cost_usd,
        "unpriced calls": tally.unpriced,
        "kind": start and start.what,
    }
    if not run.tally.events:
        yield f"has gaps: 0 of {row[8]} events"
        return
    for (what, wanted), says in zip(expected.items(), row[2:15], strict=True):
        same = says == wanted
        if what == "cost" and not exact:  # summed up in another order
            same = isinstance(says, float) and abs(says - tally.cost_usd) <= 1e-9 * (1 + abs(says))
        if what == "number of events" and not same:
            yield f"has gaps: {wanted} of {says} events"
        elif not same:
            yield f"was altered: its {what} is {says!r}, by its events {wanted!r}"


def leases(db: sqlite3.Connection, now: float, wrong: Problems) -> None:
    """Check until when each run is said to be written; what no writer says holds nobody up."""
    for id, until in db.execute("SELECT id, lease FROM runs ORDER BY n"):
        number = isinstance(until, int | float)
        if not number or (until > now and not holds(until, now)):
            wrong.add(
                f"run {id} was altered: its writer is said to hold it until {until!r}, and none"
                f" holds one for more than {LEASE_S:g} s; that counts as run out"
            )


def linked(row: Row, run: Checked, link: bytes, wrong: Problems) -> bytes:
    """Check a run's place in the chain of runs; the link that the next one goes on from."""
    id, (owner, epoch, mine, head, sealed) = str(row[1]), row[15:]
    if chain.link(link, id) != mine:
        wrong.add(f"a run is missing, or was altered, before run {id}")
    if run.head != head:
        wrong.add(
            f"run {id} does not end as it was written: its last events are missing, or others"
        )
    try:
        same = chain.seal(id, owner, epoch) == sealed
    except FOREIGN:
        same = False
    if not same:
        wrong.add(f"run {id} was altered: its writer is not the one that claimed it")
    return mine if isinstance(mine, bytes) else b""


def gaps(db: sqlite3.Connection, link: bytes, runs: int, wrong: Problems) -> None:
    """What is missing of the log as a whole."""
    rows = db.execute("SELECT runs, link, missing FROM chain").fetchmany(2)
    if len(rows) != 1:
        wrong.add(f"the chain of runs has {len(rows)} ends")
        return
    known, last, missing = rows[0]
    if (runs, link) != (known, last):
        wrong.add(f"runs are missing, or others: {runs} of {known}, or the last is another one")
    count, highest = db.execute("SELECT count(*), coalesce(max(rowid), 0) FROM events").fetchone()
    if highest - count != missing:
        wrong.add(f"events are missing: {count} of {highest}")


def before(db: sqlite3.Connection) -> int:
    """The last run that an older agentkit began."""
    row = db.execute(
        "SELECT coalesce(max(run), 0) FROM events WHERE rowid <= (SELECT max(since) FROM chain)"
    ).fetchone()
    return int(row[0])


def heads_then(runs: dict[int, Row], told: dict[int, Checked]) -> Iterator[tuple[str, bytes]]:
    """Id and head of each run when the log had as many events as a head that is compared."""
    for n in sorted(runs):
        then = told[n].then if n in told else None
        if then is not None:
            yield str(runs[n][1]), then


def head(db: sqlite3.Connection, path: Path) -> str:
    """The head of the log; see chain.

    Raises:
        LogError: an older agentkit wrote it, without a chain.
    """
    if schema.version_of(db) < schema.CHAINED:
        raise not_chained(path)
    (count,) = db.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
    return chain.log_head(count, db.execute("SELECT id, head FROM runs ORDER BY n"))


def not_chained(path: Path) -> LogError:
    """The error for asking an old file for its head."""
    return LogError(
        f"{path} has no hash chain: an older agentkit wrote it.",
        todo="record a run in it, or open it with open_log(): what it holds is chained then",
    )


def unchained(db: sqlite3.Connection) -> str:
    """From where on the log is chained, if not from its first event: a sentence, or ""."""
    if schema.version_of(db) < schema.CHAINED:
        return "An older agentkit wrote this file, without a hash chain: edits may go unseen."
    since, at = db.execute("SELECT since, at FROM chain").fetchone()
    if not since:
        return ""
    when = f" on {datetime.fromtimestamp(at):%Y-%m-%d}" if at else ""
    return f"The first {since} events are chained as they stood when the file was updated{when}."
