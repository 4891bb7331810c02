"""The log in one SQLite file: WAL mode, many readers, one writer at a time.

Written with synchronous=NORMAL: kill -9 loses nothing that was committed; a power
cut may lose the last commits (open with ?synchronous=full where that matters).
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agentkit.errors import LogCorrupt, LogError, LogFull, LogLocked, LogNewer, SetupError
from agentkit.events import EVENT
from agentkit.lease import LEASE_S, Lease, owner_gone, owner_name, taken
from agentkit.log import STREAM, Batch, Log, RunInfo, Tally, unknown
from agentkit.messages import JSON, Thread, canonical, mended

APPLICATION_ID = 0x41674B74
"""Marks the file as an agentkit log ("AgKt", bytes 68 to 71 of the file)."""

LAST = 2**63 - 1
"""Behind every seq: SQLite's largest integer."""

PLACE = (
    "SELECT CASE WHEN typeof(body)='text' THEN CASE json_valid(body) WHEN 1"
    " THEN CASE json_type(body, '$.place') WHEN 'text' THEN json_extract(body, '$.place')"
    " END END END FROM events WHERE events.run=runs.n AND seq=1"
)
"""The notebook that a run was started from, as its first event tells."""

DECODER = json.JSONDecoder()

Migration = Callable[[sqlite3.Connection], None]


def version_1(db: sqlite3.Connection) -> None:
    """Runs, their events, and the messages, each stored once."""
    db.execute(
        "CREATE TABLE runs (n INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT, actor TEXT,"
        " status TEXT NOT NULL, started REAL NOT NULL, ended REAL, origin TEXT,"
        " events INTEGER NOT NULL, calls INTEGER NOT NULL,"
        " tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,"
        " cost_usd REAL NOT NULL, unpriced INTEGER NOT NULL,"
        " owner TEXT NOT NULL, epoch INTEGER NOT NULL, lease REAL NOT NULL)"
    )
    db.execute(
        "CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,"
        " scope TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq))"
    )
    db.execute("CREATE TABLE messages (id BLOB UNIQUE NOT NULL, parent BLOB, body TEXT NOT NULL)")


MIGRATIONS: list[Migration] = [version_1]
"""One per schema version; a file of version n gets those from n on, in one transaction."""


class SqliteLog(Log):
    """See the module."""

    def __init__(
        self, path: Path, *, full: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(clock=clock)
        self.path = path
        self.url = f"sqlite:///{path}"
        self.on_close: Callable[[], object] = lambda: None
        self._numbers: dict[str, int] = {}
        check_header(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"No folder for the log {path}: {error}.") from error
        with self._mapped():
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, cached_statements=64, timeout=5
            )
            try:
                self._migrate()
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
                self._db.execute("PRAGMA busy_timeout=20")
            except BaseException:
                self._db.close()
                raise

    @property
    def version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        if self.version == len(MIGRATIONS):
            return
        self._db.execute("BEGIN EXCLUSIVE")
        try:
            # The header may be older than what stands in the write-ahead log.
            if self.version > len(MIGRATIONS):
                raise newer(self.path, self.version)
            for migration in MIGRATIONS[self.version :]:
                migration(self._db)
            self._db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        super().close()
        self._db.close()
        self.on_close()

    def write(self, batch: Batch) -> Batch:
        with self._mapped():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                stored = [part for part in batch if self._write_part(*part)]
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return stored

    def _write_part(self, lease: Lease, events: list[Any]) -> bool:
        tally = Tally()
        for event in events:
            tally.add(event)
        until = 0.0 if tally.ended else self.clock() + LEASE_S
        adds = (tally.events, tally.calls, tally.tokens_in, tally.tokens_out)
        money = (tally.cost_usd, tally.unpriced)
        status = tally.ended.status if tally.ended else "open" if tally.started else None
        ended = tally.ended.at if tally.ended else None
        start = tally.started
        if start is not None and lease.epoch == 1:
            written = self._db.execute(
                "INSERT OR IGNORE INTO runs VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (lease.run, start.name, start.actor, status, start.at, ended)
                + (start.origin and start.origin.run, *adds, *money)
                + (lease.owner, lease.epoch, until),
            )
        else:
            written = self._db.execute(
                "UPDATE runs SET status=coalesce(?,status), ended=?, events=events+?,"
                " calls=calls+?, tokens_in=tokens_in+?, tokens_out=tokens_out+?,"
                " cost_usd=cost_usd+?, unpriced=unpriced+?, lease=?"
                " WHERE id=? AND owner=? AND epoch=?",
                (status, ended, *adds, *money, until, lease.run, lease.owner, lease.epoch),
            )
        if not written.rowcount:
            owner = self._db.execute("SELECT owner FROM runs WHERE id=?", (lease.run,)).fetchone()
            lease.lost = taken(lease.run, owner[0] if owner else "nobody")
            return False
        number = self._number(lease.run)
        for event in events:
            if event.nodes:
                self._write_messages(event.nodes)
        self._db.executemany(
            "INSERT INTO events VALUES (?,?,?,?,?)",
            [(number, e.seq, e.at, e.scope, stored_body(e)) for e in events],
        )
        return True

    def _write_messages(self, nodes: Thread) -> None:
        """Store those that are new, last first: what comes before a stored one is stored too."""
        stored = None
        for one in reversed(nodes):
            if one.id != stored:
                parent = bytes.fromhex(one.parent) if one.parent else None
                body = one.message.model_dump_json(exclude_defaults=True)
                new = self._db.execute(
                    "INSERT OR IGNORE INTO messages VALUES (?,?,?)",
                    (bytes.fromhex(one.id), parent, body),
                )
                if new.rowcount:
                    continue
            stored = one.parent

    def _number(self, run: str) -> int:
        if run not in self._numbers:
            row = self._db.execute("SELECT n FROM runs WHERE id=?", (run,)).fetchone()
            if row is None:
                raise unknown(run, self)
            self._numbers[run] = row[0]
        return self._numbers[run]

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Any]:
        self.settle()
        with self._mapped():
            number = self._number(run)
            rows = self._db.execute(
                "SELECT seq, at, scope, body FROM events WHERE run=? AND seq>? AND seq<=?"
                " ORDER BY seq",
                (number, after, LAST if upto is None else upto),
            ).fetchall()
            return [self._event(run, *row) for row in rows]

    def _event(self, run: str, seq: int, at: float, scope: str, body: str) -> Any:
        try:
            parts, rest = unpacked(body)
            nodes = ",".join(node for part in parts for node in self._chain(part))
            columns = f'"run":{quoted(run)},"seq":{seq},"at":{at!r},"scope":{quoted(scope)}'
            return EVENT.validate_json(f'{{{columns},"nodes":[{nodes}],{rest}')
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise LogCorrupt(
                f"Event {seq} of run {run} in {self.path} cannot be read: {error}.",
                todo="check the file with `agentkit log verify`; other runs may be intact",
                run_id=run,
                seq=seq,
            ) from error

    def _chain(self, part: JSON) -> list[str]:
        """The nodes that `packed` wrote as one part, as JSON, oldest first."""
        id, count = (part, 1) if isinstance(part, str) else part
        nodes: list[str] = []
        while len(nodes) < count:
            row = self._db.execute(
                "SELECT parent, body FROM messages WHERE id=?", (bytes.fromhex(id),)
            ).fetchone()
            if row is None:
                raise KeyError(f"message {id} is missing")
            parent = row[0].hex() if row[0] else None
            above = f'"{parent}"' if parent else "null"
            nodes.append(f'{{"id":"{id}","parent":{above},"message":{row[1]}}}')
            id = parent
        return nodes[::-1]

    def has(self, run: str) -> bool:
        self.settle()
        with self._mapped():
            row = self._db.execute("SELECT 1 FROM runs WHERE id=?", (run,)).fetchone()
        return row is not None

    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        self.settle()
        which = "" if streams else "NOT "
        with self._mapped():
            rows = self._db.execute(
                "SELECT id, name, actor, status, started, ended, events, calls, tokens_in,"
                " tokens_out, CASE unpriced WHEN 0 THEN cost_usd END, origin, owner,"
                f" ({PLACE})"
                f" FROM runs WHERE id {which}LIKE ? ORDER BY started DESC, n DESC",
                (f"{STREAM}%",),
            ).fetchall()
        names = list(RunInfo.model_fields)
        return [RunInfo(**dict(zip(names, row, strict=True))) for row in rows]

    def claim(self, run: str) -> Lease:
        self.settle()
        with self._mapped():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                lease = self._claim(run)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return lease

    def _claim(self, run: str) -> Lease:
        owner, now = owner_name(), self.clock()
        row = self._db.execute("SELECT owner, epoch, lease FROM runs WHERE id=?", (run,)).fetchone()
        if row is None:
            raise unknown(run, self)
        holder, epoch, until = row
        if until > now and not owner_gone(holder):
            raise taken(run, holder)
        self._db.execute(
            "UPDATE runs SET owner=?, epoch=?, lease=? WHERE id=?",
            (owner, epoch + 1, now + LEASE_S, run),
        )
        return Lease(run, owner, epoch + 1)

    def verify(self) -> list[str]:
        """Everything wrong with the file, as sentences; empty when it is sound."""
        from agentkit.messages import Message, node

        self.settle()
        wrong: list[str] = []
        with self._mapped():
            for (text,) in self._db.execute("PRAGMA integrity_check(20)"):
                if text != "ok":
                    wrong.append(f"SQLite: {text}")
            for id, parent, body in self._db.execute("SELECT id, parent, body FROM messages"):
                try:
                    made = node(Message.model_validate_json(body), parent.hex() if parent else None)
                except ValidationError as error:
                    wrong.append(f"message {id.hex()} cannot be read: {error}")
                    continue
                if made.id != id.hex():
                    wrong.append(f"message {id.hex()} was altered: its content is {made.id}")
        for info in [*self.runs(), *self.runs(streams=True)]:
            try:
                seqs = [event.seq for event in self.read(info.id)]
            except LogError as error:
                wrong.append(error.what)
                continue
            if seqs != list(range(1, len(seqs) + 1)) or len(seqs) != info.events:
                wrong.append(f"run {info.id} has gaps: {len(seqs)} of {info.events} events")
        return wrong

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        """The one place where SQLite's errors become ours."""
        with self._mutex:
            try:
                yield
            except sqlite3.Error as error:
                raise mapped(error, self.path) from error


def stored_body(event: Any) -> str:
    """The event as JSON without its columns; nodes by id, their content is stored once."""
    columns = {"run", "seq", "at", "scope", "nodes"}
    try:
        body: str = event.model_dump_json(exclude=columns, exclude_defaults=True)
    except ValueError:
        # One event that cannot be written would hold up those of every run.
        fields = event.model_dump(exclude=columns, exclude_defaults=True)
        body = canonical(mended(fields))
    kind = f'"kind":"{event.kind}"'
    ids = f',"nodes":{json.dumps(packed(event.nodes))}' if event.nodes else ""
    rest = body[1:-1]
    return f"{{{kind}{ids}{',' if rest else ''}{rest}}}"


def unpacked(body: str) -> tuple[list[JSON], str]:
    """The packed nodes of a stored body, and the rest of it behind its opening brace."""
    end = body.index('"', len('{"kind":"')) + 1
    mark = ',"nodes":'
    if not body.startswith(mark, end):
        return [], body[1:]
    nodes, after = DECODER.raw_decode(body, end + len(mark))
    return nodes, body[1:end] + body[after:]


def packed(nodes: Thread) -> list[JSON]:
    """Nodes by id; a chain of several as its last id and its length, so that no history is long."""
    parts: list[tuple[str, int]] = []
    for one in nodes:
        if parts and parts[-1][0] == one.parent:
            parts[-1] = (one.id, parts[-1][1] + 1)
        else:
            parts.append((one.id, 1))
    return [id if count == 1 else [id, count] for id, count in parts]


def check_header(path: Path) -> None:
    """Refuse a file that is no log of ours, by its first 100 bytes, without opening it as one.

    Raises:
        LogCorrupt, LogNewer: what the file is instead.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LogError(f"The log {path} cannot be opened: {error}.") from error
    if not head:
        return
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise LogCorrupt(
            f"{path} is not an SQLite file.",
            expected="an agentkit log",
            todo="move it away, or name another file in open_log or $AGENTKIT_LOG",
        )
    version, application = int.from_bytes(head[60:64], "big"), int.from_bytes(head[68:72], "big")
    if application != APPLICATION_ID:
        raise LogCorrupt(
            f"{path} is an SQLite file, but not an agentkit log.",
            todo="name another file in open_log or $AGENTKIT_LOG",
        )
    if version > len(MIGRATIONS):
        raise newer(path, version)
    size, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    expected = pages * (65536 if size == 1 else size)
    if path.stat().st_size < expected and not has_content(path.with_name(f"{path.name}-wal")):
        raise LogCorrupt(
            f"{path} is cut off: {path.stat().st_size} bytes.",
            expected=f"{expected} bytes",
            todo="bring back a copy, or use another file for new runs",
        )


def has_content(path: Path) -> bool:
    """Whether a file is there and not empty."""
    return path.exists() and path.stat().st_size > 0


def newer(path: Path, version: int) -> LogNewer:
    """The error for a file from the future."""
    return LogNewer(
        f"{path} was written by a newer agentkit: schema {version}.",
        expected=f"schema {len(MIGRATIONS)} or older",
        todo="update agentkit, or use another file",
    )


def mapped(error: sqlite3.Error, path: Path) -> LogError:
    """Our error for SQLite's, by its result code (sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LogLocked(
            f"The log {path} is locked by another process.",
            expected="a free moment to write",
            todo="find who holds it (a debugger, a backup, another kernel), then %resume",
        )
    if code == sqlite3.SQLITE_FULL:
        return LogFull(
            f"The disk is full: {path} cannot grow.",
            todo="free some space, then %resume; everything written before is safe",
        )
    undecodable = "decode to UTF-8" in str(error)
    if undecodable or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LogCorrupt(
            f"The log {path} is damaged: {error}.",
            todo="see what is left with `agentkit log verify`; use another file for new runs",
        )
    return LogError(f"The log {path} failed: {error}.")
