"""Reads events and the list of runs from a log's file, whatever stands in it.

What reading costs is held against the size of the file: one that was made to mislead may claim more
than it holds, and ends in an error instead of a full memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agentkit.errors import LogCorrupt
from agentkit.events import Event
from agentkit.garbage import uncollected
from agentkit.logs import blobs, schema
from agentkit.logs.bodies import (
    CHANGED,
    NODES,
    changes_from,
    event_from,
    events_from,
    names_messages,
    unpacked,
)
from agentkit.logs.rows import Statements, storable
from agentkit.runinfo import RunInfo

LAST = 2**63 - 1
"""Behind every seq: SQLite's largest integer."""

PLACE = (
    "SELECT CASE WHEN typeof(body)='text' THEN CASE json_valid(body) WHEN 1"
    " THEN CASE json_type(body, '$.place') WHEN 'text' THEN"
    " coalesce(json_extract(body, '$.root') || '/', '') || json_extract(body, '$.place')"
    " END END END FROM events WHERE events.run=runs.n AND seq=1"
)
"""The notebook that a run was started from, as its first event tells."""

OPS, ROOM = 100_000, 16_000_000
"""What reading may cost before it is held against the size of the file: instructions, bytes."""

PARSED = 100
"""Events that are parsed together."""

PIECE = 1 << 20
"""Characters of them, about, beyond which another call is made."""

AT_ONCE = 500
"""Messages that are looked up by one query."""

FOREIGN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
"""What reading words that we did not write may raise; a ValidationError is a ValueError."""


Row = tuple[int, float, str, str]
"""Of an event its seq, time, scope and body."""

Kept = tuple[bytes | None, str]
"""Of a stored message the id of its parent, and its body."""


class RowReader:
    """Reads the rows of one file."""

    place = f"({PLACE})"
    """SQL for the notebook that a run was started from."""

    def __init__(self, path: Path, blob: Callable[[str], bytes]) -> None:
        """Make one.

        Args:
            path: of the file.
            blob: the bytes of images and files, by digest.
        """
        self.path, self.blob, self.name = path, blob, str(path)
        self.met: dict[str, Kept] = {}
        """Messages that were just proven, by id, so that the next read need not look them up."""
        self._worked = self._taken = 0.0
        self._room = float(ROOM)
        self._searched: dict[str, tuple[int, bool]] = {}
        """Of runs that are not over: how many events were searched, and whether they ask."""

    def begin(self) -> None:
        """Count from here on what it costs."""
        self._worked = self._taken = 0.0
        self._room = float(ROOM)

    def events(
        self, db: Statements, number: int, run: str, after: int, upto: int | None
    ) -> list[Event]:
        """The events of a run with after < seq <= upto.

        Raises:
            LogCorrupt: one cannot be read.
        """
        rows = db.execute(
            "SELECT seq, at, scope, body FROM events WHERE run=? AND seq>? AND seq<=? ORDER BY seq",
            (number, after, LAST if upto is None else upto),
        )
        return self.made(db, run, rows)

    @uncollected()
    def made(self, db: Statements, run: str, rows: Iterable[Row]) -> list[Event]:
        """Events from their rows.

        Raises:
            LogCorrupt: one cannot be read.
        """
        found, left = list[Event](), iter(rows)
        try:
            while part := list(islice(left, PARSED)):
                found += self._together(db, run, part) or [
                    self._event(db, run, *row) for row in part
                ]
        finally:
            self.met = {}
        return found

    def _together(self, db: Statements, run: str, rows: Sequence[Row]) -> list[Event]:
        """Events that are parsed by few calls, in half of the time.

        None where one cannot be read, which is told of by reading each.
        """
        try:
            bodies = "".join([body for *_, body in rows])
            if bodies.startswith(CHANGED) and NODES not in bodies and blobs.MARK not in bodies:
                self._take(len(bodies))
                if (changes := changes_from(run, rows)) is not None:
                    return changes
            found, texts, size = list[Event](), list[str](), 0
            for row in rows:
                texts.append(self._text(db, run, *row))
                size += len(texts[-1])
                if size > PIECE or row is rows[-1]:
                    found += self._parsed(texts)
                    texts, size = [], 0
            return found
        except FOREIGN:
            return []

    def _parsed(self, texts: list[str]) -> list[Event]:
        found = events_from(texts)
        if blobs.MARK not in "".join(texts):
            return found
        pairs = zip(found, texts, strict=True)
        return [blobs.attached(e, self.blob) if blobs.MARK in text else e for e, text in pairs]

    def _event(self, db: Statements, run: str, seq: int, at: float, scope: str, body: str) -> Any:
        try:
            text = self._text(db, run, seq, at, scope, body)
            event = event_from(text)
            return blobs.attached(event, self.blob) if blobs.MARK in text else event
        except FOREIGN as error:
            raise LogCorrupt(
                f"Event {seq} of run {run} in {self.name} cannot be read: {error}.",
                todo="check the file with `agentkit log verify`; other runs may be intact",
                run_id=run,
                seq=seq,
            ) from error

    def _text(self, db: Statements, run: str, seq: int, at: float, scope: str, body: str) -> str:
        """An event whole, as JSON, with the messages that it names."""
        self._take(len(body))
        columns = f'"run":{quoted(run)},"seq":{seq},"at":{at!r},"scope":{quoted(scope)}'
        if not names_messages(body):
            return f'{{{columns},"nodes":[],{body[1:]}'
        parts, rest = unpacked(body)
        nodes = ",".join([node for part in parts for node in self._conversation(db, *part)])
        return f'{{{columns},"nodes":[{nodes}],{rest}'

    def _conversation(self, db: Statements, id: str, count: int) -> list[str]:
        """The last `count` messages of a conversation, as JSON, oldest first."""
        nodes: dict[str, str] = {}
        while len(nodes) < count:
            row = self.met.get(id) or one_message(db, id)
            if row is None:
                raise KeyError(f"message {id} is missing")
            if id in nodes:
                raise ValueError(f"message {id} is its own ancestor")
            parent = row[0].hex() if row[0] else None
            above = f'"{parent}"' if parent else "null"
            nodes[id] = f'{{"id":"{id}","parent":{above},"message":{row[1]}}}'
            self._take(len(nodes[id]))
            id = parent or ""
        return list(nodes.values())[::-1]

    def runs(self, db: Statements, *, streams: bool) -> list[RunInfo]:
        """The lines of runs, or of streams, the newest first.

        Raises:
            LogCorrupt: one cannot be read.
        """
        what = schema.what(db)
        rows = db.execute(
            "SELECT id, name, actor, status, started, ended, events, calls, tokens_in,"
            " tokens_out, CASE unpriced WHEN 0 THEN cost_usd END, origin, owner,"
            f" {self.place}, {what}"
            f" FROM runs WHERE {what}=? ORDER BY started DESC, n DESC",
            ("stream" if streams else "run",),
        )
        names = list(RunInfo.model_fields)
        try:
            return [RunInfo(**dict(zip(names, row, strict=True))) for row in rows]
        except ValidationError as error:
            raise LogCorrupt(
                f"The list of runs in {self.name} cannot be read: {error}.",
                todo="check the file with `agentkit log verify`",
            ) from error

    def has(self, db: Statements, run: str) -> bool:
        """Whether there is a run, or a stream, of that id."""
        return db.execute("SELECT 1 FROM runs WHERE id=?", (run,)).fetchone() is not None

    def length(self, db: Statements, stream: str) -> int:
        """How many events a stream has; 0 where there is none.

        Raises:
            LogCorrupt: that cannot be read.
        """
        query = f"SELECT events FROM runs WHERE id=? AND {schema.what(db)}='stream'"
        row = db.execute(query, (stream,)).fetchone() if storable(stream) else None
        if row is not None and not isinstance(row[0], int):
            raise LogCorrupt(
                f"The stream {stream} in {self.name} is said to have {row[0]!r} events.",
                todo="check the file with `agentkit log verify`",
            )
        return row[0] if row else 0

    def ids(self, db: Statements, name: str | None, begin: str) -> list[str]:
        """The ids of runs, the newest first; see `Log.ids`. Nothing else of them is read."""
        if not storable(name or "", begin):
            return []
        what = schema.what(db)
        where, values = [f"{what}='run'"], list[str | int]()
        if name is not None:
            where.append("name=?")
            values.append(name)
        if begin:
            # By the index of ids from there on, which begin with their time; the rest is looked at.
            where += ["id>=?", "substr(id, 1, ?)=?"]
            values += [begin, len(begin), begin]
        rows = db.execute(
            f"SELECT id FROM runs WHERE {' AND '.join(where)} ORDER BY started DESC, n DESC",
            tuple(values),
        )
        return [id for (id,) in rows]

    def asking(self, db: Statements) -> list[str]:
        """The runs that are not over, or did not end well, and asked a person something.

        Only what was added since the last time is searched: a panel asks again and again.
        """
        rows = db.execute(
            f"SELECT n, id, events FROM runs WHERE status<>'ok' AND {schema.what(db)}='run'"
        ).fetchall()
        before, self._searched = self._searched, {}
        for number, id, events in rows:
            upto, asked = before.get(id, (0, False))
            if not asked and upto != events:
                asked = self._asks(db, number, upto if upto < events else 0)
            self._searched[id] = (events, asked)
        return [id for _, id, _ in rows if self._searched[id][1]]

    def _asks(self, db: Statements, number: int, after: int) -> bool:
        """Whether a run asked a person something after an event."""
        query = "SELECT EXISTS (SELECT 1 FROM events WHERE run=? AND seq>? AND body LIKE ?)"
        return bool(db.execute(query, (number, after, '%"step":"person"%')).fetchone()[0])

    def _take(self, size: int) -> None:
        """Count what is read: no event that we wrote needs more than its file holds."""
        self._taken += size
        if self._taken > self._room:
            self._room = ROOM + 8.0 * self._size()
            if self._taken > self._room:
                raise ValueError("it claims more messages than the file has room for")

    def working(self) -> bool:
        """SQLite asks this every OPS steps; True breaks a query that no log of ours needs."""
        self._worked += OPS
        return self._worked > 100 * OPS and self._worked > 100 * OPS + 20 * self._size()

    def _size(self) -> int:
        """Bytes on disk."""
        names = (self.path, f"{self.path}-wal")
        return sum(os.path.getsize(name) for name in names if os.path.exists(name))


def several(db: Statements, ids: Iterable[str]) -> dict[str, Kept]:
    """Messages as they are stored, by id; those that are there.

    Raises:
        ValueError: one is no id.
    """
    found, wanted = dict[str, Kept](), [bytes.fromhex(id) for id in ids]
    for n in range(0, len(wanted), AT_ONCE):
        part = wanted[n : n + AT_ONCE]
        marks = ",".join("?" * len(part))
        for id, *row in db.execute(
            f"SELECT id, parent, body FROM messages WHERE id IN ({marks})", part
        ):
            found[id.hex()] = (row[0], row[1])
    return found


def one_message(db: Statements, id: str) -> Kept | None:
    """A message as it is stored.

    Raises:
        ValueError: that is no id.
    """
    found: Kept | None = db.execute(
        "SELECT parent, body FROM messages WHERE id=?", (bytes.fromhex(id),)
    ).fetchone()
    return found
