"""Checks the messages and events in a log's file, commit by commit, against the hash chain."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from agentkit.events import RunStarted
from agentkit.logs import chain, schema
from agentkit.logs.bodies import event_from, unpacked
from agentkit.logs.rows import Statements
from agentkit.messages import Message, thread_message
from agentkit.runinfo import Tally

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
class CheckedRun:
    """A run as its events tell it."""

    count: int = 0
    tally: Tally = field(default_factory=Tally)
    started: Any = None
    status: str = "open"
    ended: float | None = None
    head: bytes = b""
    then: bytes | None = None
    """Its head when the log had as many events as a head that is compared."""
    first: int = 0
    """The number of its first event in the log."""
    pruned: bool | None = False
    """Whether most of its events were taken away; None where its line was altered since."""

    def commit(self, events: list[Any]) -> None:
        """Take the events of one commit into account, as the writer did."""
        batch = Tally.of(events)
        if self.started is None:
            # The first: what an older version wrote is one commit here, with all its attempts.
            self.started = next((e for e in events if isinstance(e, RunStarted)), None)
        if batch.ended:
            self.status, self.ended = batch.ended.status, batch.ended.at
        elif batch.started:
            self.status, self.ended = "open", None
        for name in ("events", "calls", "tokens_in", "tokens_out", "cost_usd", "unpriced"):
            setattr(self.tally, name, getattr(self.tally, name) + getattr(batch, name))


def messages(db: Statements, wrong: Problems) -> dict[str, int]:
    """Check each message; how many come before and with it, by id."""
    parents: dict[str, str | None] = {}
    seals = seals_of(db)
    for id, parent, body in db.execute("SELECT id, parent, body FROM messages"):
        try:
            above = parent.hex() if parent else None
            made = thread_message(Message.model_validate_json(body), above)
            parents[id.hex()] = above
        except FOREIGN as error:
            wrong.add(f"message {message_id_text(id)} cannot be read: {error}")
            continue
        here = (id, parent, body)
        if made.id != id.hex() and not sealed(seals, id, chain.message_seal, *here):
            wrong.add(f"message {message_id_text(id)} was altered: its content is {made.id}")
    return depths_of(parents, wrong)


def seals_of(db: Statements) -> dict[bytes, bytes]:
    """The seals of what something was erased from, by a message's id or a commit's mark."""
    if not schema.has(db, "erased"):
        return {}
    return dict(db.execute("SELECT id, seal FROM erased"))


def message_id_text(id: object) -> str:
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


def events(db: Statements, chained: bool) -> Iterator[Row]:
    """All events by run and seq: run, rowid, seq, at, scope, body, and the mark."""
    mark = "mark" if chained else "NULL"
    return db.execute(  # type: ignore[no-any-return]
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
    pruned: bool | None = False,
) -> CheckedRun:
    """Check the events of a run, commit by commit."""
    made, kept, batch = CheckedRun(head=chain.origin(run), pruned=pruned), [], []
    for _, rowid, seq, at, scope, body, mark in rows:
        made.count += 1
        made.first = made.first or rowid
        if pruned is not False:
            made.count = seq
        elif seq != made.count:
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
