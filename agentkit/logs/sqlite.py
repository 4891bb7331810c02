"""The log in one SQLite file: WAL mode, many readers, one writer at a time.

Written with synchronous=NORMAL: kill -9 loses nothing that was committed; a power
cut may lose the last commits (open with ?synchronous=full where that matters).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import weakref
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agentkit.events import Event
from agentkit.lease import Lease, taken
from agentkit.log import LOGGER, Batch, Erased, Log, RunInfo, Tally, unknown
from agentkit.logs import blobs, chain, epochs, inserting, schema, work
from agentkit.logs.bodies import stored_body
from agentkit.logs.connecting import connected, copied
from agentkit.logs.elsewhere import Elsewhere
from agentkit.logs.reading import OPS, RowReader
from agentkit.logs.refusals import refuse_altered, refuse_redacted
from agentkit.offers import Work

Found = TypeVar("Found")

LOOK_S = 0.02
"""How often it is looked whether the file is still there, while commits follow each other."""
AT_ONCE_S, ALWAYS = 0.002, -1.0
"""The same when a run begins, and when it ends."""

KEPT = 20_000
"""Messages that are known to be stored; beyond, all are forgotten."""


@dataclass
class Entered:
    """What a batch puts into the file, to be known once it is committed."""

    numbers: dict[str, int] = field(default_factory=dict)
    heads: dict[str, tuple[Lease, bytes]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    messages: dict[bytes, None] = field(default_factory=dict)
    look_s: float = LOOK_S
    """How long ago the file may have been looked for."""


class SqliteLog(Log):
    """See the module."""

    quick_s = 0.02

    def __init__(
        self,
        path: Path,
        *,
        full: bool = False,
        write: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file; it is only read where it cannot be written, or is not to be.

        Raises:
            SetupError, LogError: it cannot be used; it is left untouched.
        """
        super().__init__(clock=clock)
        self.path = path
        self.url = f"sqlite:///{path}"
        self.on_close: Callable[[], object] = lambda: None
        self._numbers: dict[str, int] = {}
        self._heads: dict[str, tuple[Lease, bytes]] = {}
        """The head of each run that this process writes, for the lease that it writes it by."""
        self._messages: dict[bytes, None] = {}
        """Ids of messages that this process put into the file, or found there."""
        self._looked, self._link = 0.0, chain.START
        """The link of the last run, as far as this process knows."""
        self._version, self._epoch = -1, b""
        """What the file was when it was last looked for erasures, and the last one."""
        self._reading = RowReader(path, self.blob)
        with self._mapped():
            self._file = connected(path, full=full, write=write)
        self._db = self._file.db
        self._db.set_progress_handler(self._reading.working, OPS)
        self._shut = weakref.finalize(self, self._file.shut)
        self.note = self._file.note
        if self.note and write:
            LOGGER.warning("%s", self.note)

    @property
    def version(self) -> int:
        return schema.version_of(self._db)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be recorded in it."""
        return self._file.read_only

    @property
    def gone(self) -> bool:
        """Whether the file was deleted or replaced since it was opened."""
        if self._file.watched is not None and self._file.watched.gone:
            return True
        self._looked = time.monotonic()
        return False

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._shut()
            self.on_close()

    def begin(self, run: str) -> Lease:
        self._may_write()
        return super().begin(run)

    def _may_write(self) -> None:
        if self._file.read_only:
            raise schema.only_read(self.path)

    async def write(self, batch: Batch) -> Batch:
        entered = Entered()
        try:
            self._may_write()
            # One that begins by reading could not become a writer once somebody else has written:
            # SQLite refuses that at once, and waits for nobody.
            self._db.execute("BEGIN IMMEDIATE")
            self._notice()
            stored = [part for part in batch if self._write_part(*part, entered)]
            if time.monotonic() - self._looked > entered.look_s:
                self._look()
            self._db.execute("COMMIT")
            self._know(entered)
        except BaseException:
            with self._mapped():  # also makes what was raised ours
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                # An interrupt may have come between the commit and what is known by it.
                self._forget()
                raise
        return stored

    def _forget(self) -> None:
        """Know nothing any more of what is in the file; it is looked up again."""
        for known in (self._numbers, self._heads, self._messages):
            known.clear()

    def _notice(self) -> None:
        """Know no message any more where one may have been erased since the last commit."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            epoch = epochs.epoch(self._db)
            if epoch != self._epoch:
                self._messages.clear()
            self._version, self._epoch = version, epoch

    @property
    def erasure(self) -> bytes:
        with self._mapped():
            self._notice()
        return self._epoch

    def _know(self, entered: Entered) -> None:
        """Remember what is in the file now, so that it need not be looked up."""
        self._numbers.update(entered.numbers)
        self._heads.update(entered.heads)
        for run in entered.ended:
            self._heads.pop(run, None)
        if len(self._messages) > KEPT:
            self._messages.clear()
        self._messages.update(entered.messages)

    def _look(self) -> None:
        """See to it that what is written will be found.

        Raises:
            LogGone: the file was deleted or replaced.
        """
        if self._file.watched is not None:
            self._file.watched.check()
        self._looked = time.monotonic()  # a look that found nothing lets none be spared

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """All of it or nothing; with a plain BEGIN, all read at one moment."""
        with self._mapped():
            self._db.execute(begin)
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _write_part(self, lease: Lease, events: list[Any], entered: Entered) -> bool:
        tally = Tally.of(events)
        if tally.started or tally.ended:
            # A run is not said to be recorded without a look. Who asks an agent has the log
            # opened, which looks, and begins at once.
            entered.look_s = min(entered.look_s, ALWAYS if tally.ended else AT_ONCE_S)
        rows = [(e.seq, e.at, e.scope, stored_body(e)) for e in events]
        number, head = self._line(lease, tally, rows)
        if number is None:
            owner = self._db.execute("SELECT owner FROM runs WHERE id=?", (lease.run,)).fetchone()
            new = tally.started is not None and lease.epoch == 1
            lease.lost = taken(lease.run, owner[0] if owner else "nobody", new=new)
            return False
        if lease.offer is not None and tally.started is not None:
            work.offer(self._db, number, lease, tally.started.actor)
        if not rows:
            return True
        entered.numbers[lease.run] = number
        if tally.ended:
            entered.ended.append(lease.run)
        else:
            entered.heads[lease.run] = (lease, head)
        messages = [
            row
            for event in events
            if event.nodes
            for row in inserting.new(event.nodes, self._messages, entered.messages)
        ]
        if messages:
            inserting.store_messages(self._db, messages)
            if self._epoch:
                epochs.say_again(self._db, number, messages)
        if blobs.MARK in "".join([*[row[2] for row in messages], *[row[3] for row in rows]]):
            bearing = [part for event in events for part in blobs.parts_of(event)]
            blobs.write(self._db, number, bearing, again=bool(self._epoch))
        inserting.store_events(self._db, number, rows, head)
        return True

    def _line(
        self, lease: Lease, tally: Tally, rows: list[tuple[int, float, str, str]]
    ) -> tuple[int | None, bytes]:
        """Enter or change the line about a run: its number, None if another holds it; its head."""
        # A run that goes on says that it starts, too, in a later epoch.
        new, known = tally.started is not None and lease.epoch == 1, self._heads.get(lease.run)
        if known is not None and known[0] is lease:
            head = known[1]
        else:
            head = inserting.head_of(self._db, lease.run, new=new)
        head, number = chain.extended(head, rows) if rows else head, None
        if new:
            number, self._link = inserting.begin(
                self._db, lease, tally, head, self._link, self.clock()
            )
        elif inserting.renew(self._db, lease, tally, head, self.clock()):
            number = self._number(lease.run)
        return number, head

    def _number(self, run: str) -> int:
        if run not in self._numbers:
            row = self._db.execute("SELECT n FROM runs WHERE id=?", (run,)).fetchone()
            if row is None:
                raise unknown(run, self)
            self._numbers[run] = row[0]
        return self._numbers[run]

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        return self._found(lambda db: self._reading.events(db, self._number(run), run, after, upto))

    def blob(self, digest: str) -> bytes:
        with self._mapped():
            return blobs.read(self._db, digest, str(self.path))

    def has(self, run: str) -> bool:
        return self._found(lambda db: self._reading.has(db, run))

    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        return self._found(lambda db: self._reading.runs(db, streams=streams))

    def length(self, stream: str) -> int:
        return self._found(lambda db: self._reading.length(db, stream))

    def ids(self, *, name: str | None = None, begin: str = "") -> list[str]:
        return self._found(lambda db: self._reading.ids(db, name, begin))

    def asking(self) -> list[str]:
        return self._found(self._reading.asking)

    def _found(self, look: Callable[[sqlite3.Connection], Found]) -> Found:
        self.catch_up()
        with self._mapped():
            return look(self._db)

    def news(self) -> AsyncIterator[Collection[str] | None]:
        return Elsewhere(self._db, self._mapped).watched(self.lock)

    def claim(self, run: str) -> Lease:
        self._may_write()
        self.catch_up()
        with self._transaction("BEGIN IMMEDIATE"):
            self._look()
            lease = inserting.claim(self._db, run, self.clock())
        if lease is None:
            raise unknown(run, self)
        return lease

    @property
    def work(self) -> Work:
        return work.SqliteWork(self, self.clock)

    @property
    def unchained(self) -> str:
        from agentkit.logs import verifying

        with self._mapped():
            return verifying.unchained(self._db)

    def head(self) -> str:
        from agentkit.logs import verifying

        self.catch_up()
        with self._transaction("BEGIN"):
            return verifying.head(self._db, self.path)

    def verify(self, head: str | None = None) -> list[str]:
        from agentkit.logs import verifying

        count = None if head is None else chain.events_at_head(head)
        self.catch_up()
        wrong = [self.note] if self.note else []
        with self._transaction("BEGIN"):
            return wrong + verifying.problems(self._db, self.path, head, count, self.clock())

    def erase(self, texts: Sequence[str], *, dry: bool = False) -> Erased:
        from agentkit.logs import erasing

        self.catch_up()
        if dry:
            with self._transaction("BEGIN"):
                return erasing.would_erase(self._db, texts)
        self._may_write()
        with self._mapped():
            return erasing.erase(self.path, texts)

    def redact(self, runs: Sequence[str], *, dry: bool = False) -> Erased:
        from agentkit.logs import redacting

        ids = list(dict.fromkeys(runs))
        for one in ids:
            self._sound(one)
        if dry:
            with self._transaction("BEGIN"):
                return redacting.plan(self._db, ids, self.clock()).told()
        self._may_write()
        with self._mapped():
            return redacting.redact(self.path, ids, self.clock())

    def prune(self, before: float, *, answers: bool = False, dry: bool = False) -> Erased:
        from agentkit.logs import pruning

        self.catch_up()
        if dry:
            with self._transaction("BEGIN"):
                return pruning.prunable(self._db, before, self.clock(), answers)
        self._may_write()
        with self._mapped():
            return pruning.prune_file(self.path, before, self.clock(), answers)

    def trust(self, run: str) -> None:
        self._sound(run)
        first = "SELECT body FROM events WHERE run=? AND seq=1"
        row = self._found(lambda db: db.execute(first, (self._number(run),)).fetchone())
        refuse_redacted(run, row[0] if row else "")

    def _sound(self, run: str) -> None:
        """See to it that a run is as it was written, or as an erasure left it.

        Raises:
            LogCorrupt: it is not.
        """
        from agentkit.logs import verifying

        self.catch_up()
        with self._transaction("BEGIN"):
            self._reading.met = {}
            wrong = verifying.altered(self._db, self._number(run), run, self._reading.met)
        refuse_altered(run, str(self.path), wrong)

    def copy(self, path: Path) -> None:
        """Copy the log into a new file, all that is committed, also while others write it.

        Raises:
            SetupError: there is something already. LogError: it cannot be read or written.
        """
        self.catch_up()
        with self._mapped():
            copied(self._db, path)

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        """The one place where SQLite's errors become ours."""
        with self.lock:
            self._reading.begin()
            try:
                yield
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise schema.mapped(error, self.path) from error
