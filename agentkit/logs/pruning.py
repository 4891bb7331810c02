"""Prunes old runs: what was said and done in them goes, a line about each stays.

Of a run stay its line (who, when, how it ended, what it cost), and its first and last event without
their words; or, if wanted, what was asked and answered, and what each model call cost. What is left
is sealed as one commit, and the sums of its line, so that `verify` finds the log sound and sees who
alters it further. A head that was kept of the log fits as before, unless a run was under way then.

A run is pruned only together with all of its origin (reruns, forks, answers to its questions): they
take over each other's steps.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentkit.lease import holds, owner_gone
from agentkit.log import Erased
from agentkit.logs import blobs, chain, erasing, schema, verifying
from agentkit.logs.bodies import names_messages, unpacked
from agentkit.logs.erasing import BLANK, written
from agentkit.logs.pruned import LINE, key, line_seal
from agentkit.logs.redacting import redacted
from agentkit.logs.refusals import refuse_altered
from agentkit.logs.rows import Statements, native, there
from agentkit.messages import JSON, Message, stored_message

LEAST = 2
"""Events that are left of a run in any case, the first and the last, where it had one attempt."""


@dataclass
class PruningPlan:
    """What a pruning takes away."""

    runs: list[int] = field(default_factory=list)
    """Their numbers."""
    answers: bool = False
    """Whether what was asked and answered stays."""
    events: int = 0
    messages: int = 0
    files: int = 0

    def told(self, left: Iterable[str] = ()) -> Erased:
        """Say what was, or would be, taken away."""
        return Erased(
            runs=len(self.runs),
            events=self.events,
            messages=self.messages,
            files=self.files,
            left=tuple(left),
        )


def plan(db: Statements, before: float, now: float, answers: bool) -> list[int]:
    """The runs that ended before a time, with all of their origin, and that nobody goes on with.

    Args:
        db: in a transaction.
        before: the time.
        now: the time now, for leases.
        answers: whether what was asked and answered stays; those of which only that is left are
            pruned further where it does not.
    """
    rows = db.execute(
        f"SELECT n, id, origin, ended, owner, lease, {schema.what(db)} FROM runs"
    ).fetchall()
    origins = {id: origin for _, id, origin, *_ in rows}
    families, kept = defaultdict[str, list[int]](list), set[str]()
    queued = in_queue(db)
    for n, id, _, ended, owner, until, what in rows:
        if what == "stream":
            continue
        root = root_of(origins, id)
        families[root].append(n)
        held = holds(until, now) and not owner_gone(owner)
        if ended is None or not ended < before or held or n in queued:
            kept.add(root)
    names = {n: id for n, id, *_ in rows}
    wanted = [n for root, some in families.items() if root not in kept for n in some]
    return sorted(n for n in wanted if not is_done(db, n, names[n], answers))


def is_done(db: Statements, n: int, run: str, answers: bool) -> bool:
    """Whether nothing is left to take of a run."""
    if not schema.has(db, "erased"):
        return False
    if not db.execute("SELECT 1 FROM erased WHERE id=?", (key(run),)).fetchone():
        return False
    (count,) = db.execute("SELECT count(*) FROM events WHERE run=?", (n,)).fetchone()
    return answers or count <= LEAST


def root_of(origins: Mapping[str, str | None], run: str) -> str:
    """The first of the runs that one goes back to; one that is gone counts."""
    way = {run}  # a log made to mislead may lead in a circle
    while (origin := origins.get(run)) is not None and origin not in way:
        way.add(run := origin)
    return run


def in_queue(db: Statements) -> set[int]:
    """Runs that wait for a worker or a person, or failed too often and may be offered anew."""
    if native(db) and not schema.columns_in(db, "work"):
        return set()
    rows = db.execute("SELECT w.run FROM work w JOIN runs r ON r.n=w.run WHERE r.status<>'ok'")
    return {n for (n,) in rows}


def prune(db: Statements, runs: Sequence[int], answers: bool) -> PruningPlan:
    """Prune runs, in a transaction that is to be committed, in which an erasure has begun.

    Args:
        db: what is written.
        runs: see `plan`.
        answers: whether what was asked and answered in them stays.

    Raises:
        LogCorrupt: one of them was altered.
    """
    found, wanted = PruningPlan(list(runs), answers), set[bytes]()
    for n in runs:
        of = f"SELECT id, {schema.what(db)} FROM runs WHERE n=?"
        id, what = there(db.execute(of, (n,)).fetchone(), "A run's line")
        # A seal on what somebody altered would hide that.
        refuse_altered(id, "this log", verifying.altered(db, n, id, {}))
        rows = db.execute(
            "SELECT seq, at, scope, body FROM events WHERE run=? ORDER BY seq", (n,)
        ).fetchall()
        left = list(left_of(rows, answers and what == "run"))
        found.events += len(rows) - len(left)
        wanted.update(id for _, _, _, body in left for id, _ in threads_named_in(body))
        store(db, n, id, left)
        if not answers:
            db.execute("UPDATE runs SET name=? WHERE n=?", (BLANK, n))
    if native(db):
        db.execute("UPDATE chain SET missing=missing+?", (found.events,))
    found.messages = sweep_messages(db, set(runs), wanted)
    found.files = blobs.sweep(db) if schema.has(db, "blobs") else 0
    return found


def left_of(
    rows: Sequence[tuple[int, float, str, str]], answers: bool
) -> Iterator[tuple[int, float, str, str]]:
    """What is left of the events of a run."""
    roots = set[str]()
    for nth, (seq, at, scope, body) in enumerate(rows):
        event = json.loads(body)
        kind = event["kind"]
        if answers and kind == "scope.opened":
            roots |= set() if event.get("parent") else {scope}
            whole = scope in roots
        else:
            whole = answers and scope in roots and kind in ("message.sent", "scope.closed")
            whole = whole and event.get("purpose", "task") in ("task", "answer")
        ends = nth in (0, len(rows) - 1) or kind == "run.ended"
        paid = answers and kind in ("scope.opened", "step.ended") and not whole
        if whole or ends or (paid and (kind != "step.ended" or event.get("usage"))):
            yield seq, at, scope, written(kept(event, whole or answers and ends))


def kept(event: dict[str, JSON], whole: bool) -> dict[str, JSON]:
    """An event as it stays; the first one of a run says that the run is not to be gone on from."""
    if not whole:
        made = redacted(event)
    elif event["kind"] == "message.sent":
        # What brought the message into the run may be an event that goes: this one names it now.
        rest = {name: one for name, one in event.items() if name not in ("kind", "nodes")}
        made = {"kind": event["kind"], "nodes": [event["message"]], **rest}
    else:
        made = dict(event)
    if event["kind"] == "run.started":
        made["redacted"] = True
    return made


def store(db: Statements, n: int, id: str, left: Sequence[tuple[int, float, str, str]]) -> None:
    """Put what is left of a run in place of what was there, sealed as one commit; and its line."""
    line = db.execute("SELECT head FROM runs WHERE n=?", (n,)).fetchone()
    (head,) = there(line, "A run's line")
    marks = ",".join("?" * len(left))
    seqs = [seq for seq, *_ in left]
    db.execute(f"DELETE FROM events WHERE run=? AND seq NOT IN ({marks})", (n, *seqs))
    db.executemany(
        "UPDATE events SET body=?, mark=NULL WHERE run=? AND seq=?",
        [(body, n, seq) for seq, _, _, body in left],
    )
    # The run's head stays, though what it was computed of is gone: a head of the log that somebody
    # keeps elsewhere was made with it. The seal says what is there now.
    db.execute("UPDATE events SET mark=? WHERE run=? AND seq=?", (head, n, left[-1][0]))
    erasing.sealed(db, head, chain.commit_seal(chain.origin(id), head, left))
    line = db.execute(f"SELECT {LINE} FROM runs WHERE n=?", (n,)).fetchone()
    erasing.sealed(db, key(id), line_seal(line))


def threads_named_in(body: str) -> list[tuple[bytes, int]]:
    """The conversations that a stored event names, by last id and length."""
    if not names_messages(body):
        return []
    return [(bytes.fromhex(id), count) for id, count in unpacked(body)[0]]


def sweep_messages(db: Statements, runs: set[int], wanted: set[bytes]) -> int:
    """Delete the messages that nothing names any more; how many were deleted or blanked.

    Args:
        db: what is written.
        runs: that were pruned.
        wanted: messages that stay because these were asked or answered so. What was said before
            them has its place, and no words.
    """
    parents = dict(db.execute("SELECT id, parent FROM messages"))
    mine, others = set[bytes](), set[bytes]()
    for n, body in db.execute("SELECT run, body FROM events"):
        (mine if n in runs else others).update(id for id, _ in threads_named_in(body))
    # Messages of other runs stay whole. Of the pruned ones those stay that lie before one which an
    # event still names, for its id was made with theirs; but without their words.
    used, places = above(parents, others), above(parents, mine)
    gone = [(id,) for id in parents if id not in used and id not in places]
    db.executemany("DELETE FROM messages WHERE id=?", gone)
    wordless = [id for id in places if id in parents and id not in used and id not in wanted]
    for id in wordless:
        blank(db, id)
    return len(gone) + len(wordless)


def above(parents: Mapping[bytes, bytes | None], ids: Iterable[bytes]) -> set[bytes]:
    """Messages, and all that come before them."""
    found = set[bytes]()
    for one in ids:
        at: bytes | None = one
        while at is not None and at not in found:
            found.add(at)
            at = parents.get(at)
    return found


def blank(db: Statements, id: bytes) -> None:
    """Leave of a message its place in the conversation, sealed."""
    stored = db.execute("SELECT parent, body FROM messages WHERE id=?", (id,)).fetchone()
    parent, body = there(stored, "A message")
    said = Message.model_validate_json(body)
    made = stored_message(Message(role=said.role, content=BLANK, call_id=said.call_id and BLANK))
    if made != body:
        db.execute("UPDATE messages SET body=? WHERE id=?", (made, id))
        erasing.sealed(db, id, chain.message_seal(id, parent, made))


def prunable(db: Statements, before: float, now: float, answers: bool) -> Erased:
    """Say what would be taken of the events; how many messages go is known when it is done."""
    found = PruningPlan(plan(db, before, now, answers), answers)
    for n in found.runs:
        rows = db.execute(
            "SELECT seq, at, scope, body FROM events WHERE run=? ORDER BY seq", (n,)
        ).fetchall()
        found.events += len(rows) - len(list(left_of(rows, answers)))
    return found.told()


def prune_file(path: Path, before: float, now: float, answers: bool) -> Erased:
    """Prune the file of a log; see Log.prune.

    Cost: reads the whole log. Nobody can write it meanwhile.

    Raises:
        sqlite3.Error: the file cannot be written; then nothing was pruned.
    """
    db = sqlite3.connect(path, isolation_level=None, timeout=erasing.WAIT_S)
    try:
        erasing.begin(db)
        found = prune(db, plan(db, before, now, answers), answers)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        free = f"{path} keeps its size, and later runs take the room"
        return found.told([free] if found.runs else ())
    finally:
        db.close()
