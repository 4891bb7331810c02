"""Checks all of a log's file: SQLite's own, each message, each event, each run, and the chain.

Everything is looked at once, so that the time is that of the file's size, whatever it claims.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

from agentkit.errors import LogError
from agentkit.garbage import uncollected
from agentkit.lease import LEASE_S, holds
from agentkit.logs import blobs, chain, schema
from agentkit.logs.bodies import NODES, unpacked
from agentkit.logs.checking import (
    FOREIGN,
    CheckedRun,
    Problems,
    Row,
    events,
    events_of,
    fits,
    messages,
    sealed,
    seals_of,
)
from agentkit.logs.pruned import pruned
from agentkit.logs.reading import Kept, one_message, several
from agentkit.logs.rows import Statements, native, there
from agentkit.messages import Message, digest, thread_message

COLUMNS = (
    "n, id, name, actor, status, started, ended, origin, events, calls, tokens_in, tokens_out,"
    " cost_usd, unpriced"
)
CHAIN = ", owner, epoch, link, head, seal"


def problems(
    db: Statements, path: Path | str, head: str | None, count: int | None, now: float
) -> list[str]:
    """Everything wrong with the file, as sentences; empty when it is sound.

    Args:
        db: in a transaction, so that all is seen at one moment.
        path: of the file.
        head: one that was kept elsewhere: what it covers must still be there.
        count: how many events that one covers.
        now: the time, which no lease is far ahead of.
    """
    wrong, chained = Problems(), schema.version_of(db) >= schema.CHAINED
    runs = {row[0]: row for row in db.execute("SELECT n, id FROM runs")}
    told = contents(db, runs, chained, count or 0, wrong)
    leases(db, now, wrong)
    link = lines(db, told, chained, wrong)
    if not chained:
        if head is not None:
            raise not_chained(path)
        return wrong.found
    gaps(db, link, len(runs), wrong)
    if head is not None and head != chain.log_head(count or 0, heads_then(runs, told)):
        if going := [str(runs[n][1]) for n, one in told.items() if straddles(one, count or 0)]:
            wrong.add(
                f"the head {head} was taken while runs were under way that have been pruned since,"
                f" so it cannot be compared: {', '.join(going[:3])}"
            )
            return wrong.found
        wrong.add(
            f"the log is not, and does not go on from, the one whose head is {head}:"
            f" what that covers ({count} events) was altered, or is missing"
        )
    return wrong.found


def contents(
    db: Statements, runs: dict[int, Row], chained: bool, count: int, wrong: Problems
) -> dict[int, CheckedRun]:
    """Check what SQLite itself checks, all messages, bytes and events: the runs as these tell."""
    if native(db):
        for (text,) in db.execute("PRAGMA integrity_check(20)"):
            if text != "ok":
                wrong.add(f"SQLite: {text}")
    depths, seals = messages(db, wrong), seals_of(db)
    if schema.version_of(db) >= blobs.FIRST:
        blobs.problems(db, wrong.add, seals)
    told = {}
    for n, rows in groupby(events(db, chained), key=lambda row: row[0]):
        id = str(runs[n][1]) if n in runs else ""
        few = pruned(db, seals, n, id)
        told[n] = events_of(rows, id, depths, seals, count, chained, wrong, few)
    for n in told.keys() - runs.keys():
        wrong.add(f"a run is missing: {told[n].count} events belong to none")
    return told


def lines(db: Statements, told: dict[int, CheckedRun], chained: bool, wrong: Problems) -> bytes:
    """Check the line about each run: the link of the last one."""
    link, old = chain.START, last_unchained(db) if chained else 0
    columns = f"{COLUMNS}, {schema.what(db)}{CHAIN if chained else ''}"
    for row in db.execute(f"SELECT {columns} FROM runs ORDER BY n"):
        run = told.get(row[0], CheckedRun(head=chain.origin(str(row[1]))))
        for text in run_of(row, run, exact=chained and row[0] > old):
            wrong.add(f"run {row[1]} {text}")
        if chained:
            link = linked(row, run, link, wrong)
    return link


@uncollected()
def altered(db: Statements, n: int, run: str, met: dict[str, Kept]) -> str:
    """What is wrong with the events of one run and their messages, in words; "" if nothing.

    The messages that it came by are in `met` then, by id, so that who reads the run next need
    not look each up again.
    """
    if schema.version_of(db) < schema.CHAINED:
        return ""
    line = db.execute("SELECT head FROM runs WHERE n=?", (n,)).fetchone()
    if line is None:
        return "its line is missing, or was altered"
    (head,) = line
    rows = db.execute(
        "SELECT seq, at, scope, body, mark FROM events WHERE run=? ORDER BY seq", (n,)
    ).fetchall()
    made, kept, seals = chain.origin(run), [], seals_of(db)
    said: dict[str, int] = {}
    for seq, at, scope, body, mark in rows:
        kept.append((seq, at, scope, body))
        try:
            if NODES in body:
                for id, _ in unpacked(body)[0]:
                    said[id] = seq
        except (*FOREIGN, struct.error):
            return f"event {seq} was altered"
        if mark is not None:
            if not fits(made, kept, mark, seals):
                return f"event {kept[0][0]} to {seq} were altered, or some are missing"
            made, kept = mark, []
    if kept or made != head:
        return "its last events are missing, or others"
    return altered_message(db, said, seals, met)


def altered_message(
    db: Statements, said: dict[str, int], seals: dict[bytes, bytes], met: dict[str, Kept]
) -> str:
    """Which message is not what its id says, or builds on one that is not; "" if none.

    Args:
        db: in a transaction.
        said: ids of messages, with the events that name them.
        seals: of what was erased.
        met: the messages that it came by are in it then.
    """
    sound = set[str]()
    met.update(several(db, said))
    for id, seq in said.items():
        try:
            whole = rooted(db, id, sound, seals, met)
        except (*FOREIGN, struct.error):
            whole = False
        if not whole:
            return f"message {id} of event {seq}, or one before it, was altered"
    return ""


def rooted(
    db: Statements,
    id: str | None,
    sound: set[str],
    seals: dict[bytes, bytes],
    met: dict[str, Kept] | None = None,
) -> bool:
    """Whether a message and all before it are what their ids say; remembers those that are."""
    way = set[str]()
    while id is not None and id not in sound:
        row = (met and met.get(id)) or one_message(db, id)
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
    named = thread_message(Message.model_validate_json(body), above).id == id.hex()
    return named or sealed(seals, id, chain.message_seal, id, parent, body)


def run_of(row: Row, run: CheckedRun, exact: bool) -> Iterator[str]:
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
    if run.pruned is None:
        yield "was altered: its line is not as it was sealed when the run was pruned"
    sums = range(6, 12) if run.pruned is not False else range(0)
    """Of the line of a pruned run, what its seal fixes, and no event tells."""
    for nth, ((what, wanted), says) in enumerate(zip(expected.items(), row[2:15], strict=True)):
        if nth in sums:
            continue
        same = says == wanted or (isinstance(wanted, str) and says == storable(wanted))
        if what == "cost" and not exact:  # summed up in another order
            same = isinstance(says, float) and abs(says - tally.cost_usd) <= 1e-9 * (1 + abs(says))
        if what == "number of events" and not same:
            yield f"has gaps: {wanted} of {says} events"
        elif not same:
            yield f"was altered: its {what} is {says!r}, by its events {wanted!r}"


def storable(text: str) -> str:
    """A text as a server's column holds it, which can hold no NUL."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


def leases(db: Statements, now: float, wrong: Problems) -> None:
    """Check until when each run is said to be written; what no writer says holds nobody up."""
    for id, until in db.execute("SELECT id, lease FROM runs ORDER BY n"):
        number = isinstance(until, int | float)
        if not number or (until > now and not holds(until, now)):
            wrong.add(
                f"run {id} was altered: its writer is said to hold it until {until!r}, and none"
                f" holds one for more than {LEASE_S:g} s; that counts as run out"
            )


def linked(row: Row, run: CheckedRun, link: bytes, wrong: Problems) -> bytes:
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


def gaps(db: Statements, link: bytes, runs: int, wrong: Problems) -> None:
    """What is missing of the log as a whole."""
    rows = db.execute("SELECT runs, link, missing FROM chain").fetchmany(2)
    if len(rows) != 1:
        wrong.add(f"the chain of runs has {len(rows)} ends")
        return
    known, last, missing = rows[0]
    if (runs, link) != (known, last):
        wrong.add(f"runs are missing, or others: {runs} of {known}, or the last is another one")
    if not native(db):
        return  # a server leaves out numbers, too, where a commit came to nothing
    count, highest = db.execute("SELECT count(*), coalesce(max(rowid), 0) FROM events").fetchone()
    if highest - count != missing:
        wrong.add(f"events are missing: {count} of {highest}")
    (since,) = there(db.execute("SELECT since FROM chain").fetchone(), "The chain's row")
    if type(since) is not int or since < 0 or (since > highest and not missing):
        wrong.add(f"where its chain begins was altered: after {since!r} of {highest} events")


def last_unchained(db: Statements) -> int:
    """The last run that an older agentkit began."""
    row = db.execute(
        "SELECT coalesce(max(run), 0) FROM events WHERE rowid <= (SELECT max(since) FROM chain)"
    ).fetchone()
    return int(row[0])


def heads_then(runs: dict[int, Row], told: dict[int, CheckedRun]) -> Iterator[tuple[str, bytes]]:
    """Id and head of each run when the log had as many events as a head that is compared."""
    for n in sorted(runs):
        then = told[n].then if n in told else None
        if then is not None:
            yield str(runs[n][1]), then


def straddles(run: CheckedRun, count: int) -> bool:
    """Whether a pruned run was under way when the log had so many events."""
    return bool(run.pruned) and run.then is None and 0 < run.first <= count


def head(db: Statements, path: Path) -> str:
    """The head of the log; see chain.

    Raises:
        LogError: an older agentkit wrote it, without a chain.
    """
    if schema.version_of(db) < schema.CHAINED:
        raise not_chained(path)
    (count,) = db.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
    return chain.log_head(count, db.execute("SELECT id, head FROM runs ORDER BY n"))


def not_chained(path: Path | str) -> LogError:
    """The error for asking an old file for its head."""
    return LogError(
        f"{path} has no hash chain: an older agentkit wrote it.",
        todo="record a run in it, or open it with open_log(): what it holds is chained then",
    )


def unchained(db: Statements) -> str:
    """From where on the log is chained, if not from its first event: a sentence, or ""."""
    if schema.version_of(db) < schema.CHAINED:
        return "An older agentkit wrote this file, without a hash chain: edits may go unseen."
    since, at = there(db.execute("SELECT since, at FROM chain").fetchone(), "The chain's row")
    if not since:
        return ""
    when = f" on {datetime.fromtimestamp(at):%Y-%m-%d}" if at else ""
    return f"The first {since} events are chained as they stood when the file was updated{when}."
