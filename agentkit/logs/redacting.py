"""Redacts whole runs: what was said in them goes, what happened stays.

Of each event its kind, time, scope and names (actors, tools, models) stay, with tokens, costs and
the digests that it had: ids of messages, keys of steps. Messages go that no other run holds, and
bytes of images and files that nothing is left to name. What the runs wrote into streams of shared
state is erased there, snapshots included.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentkit.events import ANSWER
from agentkit.lease import holds, owner_gone, owner_name, taken
from agentkit.log import Erased
from agentkit.logs import blobs, erasing
from agentkit.logs.bodies import unpacked
from agentkit.logs.erasing import BLANK, WAIT_S, Texts, written
from agentkit.logs.rows import Statements
from agentkit.logs.typed import GIVEN, PATCH, WRITTEN
from agentkit.messages import JSON, digest

KEPT = {
    "run.started": "actor origin how sample seed budget_usd budget_tokens budget_calls deadline_s"
    " concurrency place root cell cause what model",
    "run.ended": "status",
    "scope.opened": "actor what path parent model deadline_s concurrency budget_usd budget_tokens"
    " budget_calls again",
    "scope.closed": "status opaque stop",
    "message.sent": "sender to message purpose",
    "step.started": "key step name effect attempt",
    "step.ended": "key step name status doubt usage cost_usd estimated made reused",
    "state.changed": "name",
    "noted": "topic",
}
"""By kind of event the fields that are no words of anybody's."""

BLANKED = {"step.started": "request", "state.changed": "value"}
"""Of what an event cannot be without, the field that is left empty."""

OF_RESULT = ("reply", "stop", "model", "stream", "seq")
"""Of a step's result what says where it is, or how it ended."""

SHARED = 3
"""Runs that are named among those which hold something too."""


@dataclass
class RedactionPlan:
    """What a redaction is about; see `plan`."""

    ids: dict[int, str]
    """The runs, by number."""
    events: int = 0
    files: int = 0
    """Images and files that nothing names any more, once it is done."""
    messages: set[bytes] = field(default_factory=set)
    """Those that no other run holds."""
    answers: list[int] = field(default_factory=list)
    """The numbers of the answers to questions of the runs."""
    streams: dict[int, list[str]] = field(default_factory=dict)
    """What the runs wrote into each stream."""
    writes: dict[int, set[int]] = field(default_factory=dict)
    """The seqs of these events."""
    said: list[str] = field(default_factory=list)
    """The same, and what the steps that wrote it have of it."""
    left: list[str] = field(default_factory=list)

    def told(self, left: Iterable[str] = ()) -> Erased:
        """Say what is, or would be, redacted."""
        return Erased(
            runs=len(self.ids),
            events=self.events,
            messages=len(self.messages),
            files=self.files,
            left=(*self.left, *left),
        )


def redact(path: Path, runs: Sequence[str], now: float) -> Erased:
    """Redact runs in the file of a log; see Log.redact.

    Cost: reads the whole log, and writes it anew. Nobody can write it meanwhile.

    Raises:
        RunTaken: one of them is being written.
        sqlite3.Error: the file cannot be written; then nothing was redacted.
    """
    db = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
    try:
        erasing.begin(db)
        found = redacted_in(db, runs, now)
        db.execute("COMMIT")
        return found.told(erasing.swept(db, path))
    finally:
        db.close()


def redacted_in(db: Statements, runs: Sequence[str], now: float) -> RedactionPlan:
    """Redact runs in the rows, in a transaction that is to be committed; see `redact`."""
    found = plan(db, runs, now)
    for n in (*found.ids, *found.answers):
        redact_run(db, n)
    for id in found.messages:
        db.execute("DELETE FROM messages WHERE id=?", (id,))
    # Events and messages first: bytes go when nothing names them any more.
    found.files = blobs.sweep(db)
    for stream, texts in found.streams.items():
        erasing.erase_events(db, Texts(texts), stream, found.writes[stream])
    return found


def plan(db: Statements, runs: Sequence[str], now: float) -> RedactionPlan:
    """Find what a redaction removes, and what it has to leave.

    Raises:
        RunTaken: see `redact`.
    """
    known = {
        id: (n, origin, owner, until)
        for n, id, origin, owner, until in db.execute(
            "SELECT n, id, origin, owner, lease FROM runs"
        )
    }
    found = RedactionPlan({known[run][0]: run for run in runs})
    for run in runs:
        _, _, owner, until = known[run]
        if holds(until, now) and not owner_gone(owner):
            raise taken(run, owner)
    found.answers = [
        n for id, (n, origin, *_) in known.items() if id.startswith(ANSWER) and origin in runs
    ]
    find_messages(db, known, found)
    origins = {known[run][1] for run in runs}
    related = [
        id
        for id, (n, origin, *_) in known.items()
        if not id.startswith(ANSWER) and n not in found.ids and (origin in runs or id in origins)
    ]
    if related:
        found.left.append(f"what runs of the same origin recorded themselves: {few(related)}")
    find_writes(db, known, found, now)
    return found


Known = dict[str, tuple[int, str, str, float]]
"""Number, origin, owner and lease of each run of a log."""


def find_messages(db: Statements, known: Known, found: RedactionPlan) -> None:
    """Find the events of the runs, and the messages that no other run holds."""
    names = {n: id for id, (n, *_) in known.items()}
    mine, others = dict[bytes, int](), dict[bytes, int]()
    for n, body in db.execute("SELECT run, body FROM events"):
        if n in found.ids:
            found.events += 1
            take_written(db, known, found.ids[n], body, found)
        found.events += n in found.answers
        for id in last_ids_named_in(body):
            (mine if n in found.ids else others).setdefault(id, n)
    # Who holds a message holds all before it: a fork keeps the beginning of its conversation.
    ours, holders = above(db, mine), above(db, others)
    found.messages = ours.keys() - holders.keys()
    if shared := ours.keys() & holders.keys():
        who = sorted({names[holders[id]] for id in shared})
        found.left.append(f"{len(shared)} messages that other runs have too: {few(who)}")


def find_writes(db: Statements, known: Known, found: RedactionPlan, now: float) -> None:
    """Find what the runs wrote into streams, and who has read it."""
    names = {n: id for id, (n, *_) in known.items()}
    for n, texts in found.streams.items():
        found.events += len(erasing.altered_events(db, Texts(texts), n, found.writes[n]))
        _, _, owner, until = known[names[n]]
        if holds(until, now) and not owner_gone(owner) and owner != owner_name():
            found.left.append(f"{names[n]} in the memory of {owner}, which has it open")
    read = Texts(found.said)
    runs_too = {n for n, *_ in erasing.altered_events(db, read)} - {*found.ids, *found.streams}
    if runs_too:
        some = few(sorted(names[n] for n in runs_too))
        found.left.append(f"what other runs recorded of that shared state: {some}")


def few(ids: Sequence[str]) -> str:
    """The first of some runs, and how many more there are."""
    more = f" and {len(ids) - SHARED} more" if len(ids) > SHARED else ""
    return ", ".join(ids[:SHARED]) + more


def last_ids_named_in(body: str) -> Iterator[bytes]:
    """The ids of the conversations that an event names, of each the last one."""
    for id, _ in unpacked(body)[0]:
        yield bytes.fromhex(id)


def above(db: Statements, ids: dict[bytes, int]) -> dict[bytes, int]:
    """Messages and all that come before them, with what stood for the ones given."""
    found, todo = dict(ids), list(ids)
    while todo:
        id = todo.pop()
        row = db.execute("SELECT parent FROM messages WHERE id=?", (id,)).fetchone()
        if row is not None and row[0] is not None and row[0] not in found:
            found[row[0]] = found[id]
            todo.append(row[0])
    return found


def take_written(db: Statements, known: Known, run: str, body: str, found: RedactionPlan) -> None:
    """Take down what a step of a run wrote into a stream."""
    event = json.loads(body)
    result = event.get("result")
    if event.get("step") != "memory" or event.get("reused") or not isinstance(result, dict):
        return
    stream, seq = result.get("stream"), result.get("seq")
    if stream not in known or not isinstance(seq, int):
        return
    n = known[stream][0]
    row = db.execute("SELECT body FROM events WHERE run=? AND seq=?", (n, seq)).fetchone()
    if row is None:
        return
    value = json.loads(row[0]).get("value")
    # A step that reads has the place of what it read: that is somebody else's to redact.
    if not isinstance(value, dict) or value.get("key") != digest(run, event["key"]):
        return
    said = value.get("value")
    # A write on a board names its key, its writer and its replica beside what was written.
    if isinstance(said, dict) and row[0].startswith(WRITTEN):
        # Of a CRDT's text its own signs go, and not what others wrote beside them.
        found.said.extend(leaves([said.get(GIVEN), said.get(PATCH), result.get("value")]))
        said = said.get("value")
    found.streams.setdefault(n, []).extend(leaves(said))
    found.said.extend(leaves(said))
    found.writes.setdefault(n, set()).add(seq)


def leaves(value: JSON) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)


def redact_run(db: Statements, n: int) -> None:
    """Redact the events of a run, and its name."""
    rows = db.execute("SELECT seq, body FROM events WHERE run=?", (n,)).fetchall()
    erasing.rewrite(db, n, [(written(redacted(json.loads(body))), seq) for seq, body in rows])
    db.execute("UPDATE runs SET name=? WHERE n=?", (BLANK, n))


def redacted(event: dict[str, JSON]) -> dict[str, JSON]:
    """What stays of an event."""
    kind = event["kind"]
    made = {"kind": kind}
    made |= {name: one for name, one in event.items() if name in KEPT[kind].split()}
    if isinstance(cause := made.get("cause"), dict):
        made["cause"] = {name: one for name, one in cause.items() if name != "state"}
    if kind in BLANKED:
        made[BLANKED[kind]] = None
    if kind == "run.started":
        made |= {"name": BLANK, "redacted": True}
    if isinstance(result := event.get("result"), dict) and event["step"] in ("model", "memory"):
        made["result"] = {name: one for name, one in result.items() if name in OF_RESULT}
    if error := event.get("error"):
        made["error"] = {name: error[name] for name in ("type", "kind", "bases") if name in error}
        made["error"]["text"] = BLANK
    return made
