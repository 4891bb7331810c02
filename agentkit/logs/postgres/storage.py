"""The log in a schema of a Postgres database: what SQLite's file is, for several machines.

Every commit is durable on the server before it counts (`synchronous_commit`, as the server has it).
Time for leases is the server's, so that a worker whose clock is off takes nothing from anybody.
Three connections at most: to write in the log's thread, to read, and to listen while somebody
follows a run.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from functools import cached_property

from agentkit.errors import LogLocked, SetupError
from agentkit.events import Event
from agentkit.lease import Lease, owner_name, taken
from agentkit.log import Batch, Erased, Log, RunInfo, Tally, unknown
from agentkit.logs import blobs, chain, epochs, inserting
from agentkit.logs.bodies import stored_body
from agentkit.logs.postgres import appending, claiming, faults, schema
from agentkit.logs.postgres.address import DatabaseAddress
from agentkit.logs.postgres.appending import RunBatch
from agentkit.logs.postgres.listening import heard, told
from agentkit.logs.postgres.reading import PostgresReading
from agentkit.logs.postgres.session import DatabaseSession
from agentkit.logs.postgres.work import PostgresWork, offer
from agentkit.logs.refusals import refuse_altered, refuse_redacted
from agentkit.offers import Work

TRIES = 3
"""How often a batch is looked up and written again where the database is not as it was known."""

KEPT = 20_000
"""Messages that are known to be stored; beyond, all are forgotten."""


class PostgresLog(Log):
    """See the module."""

    awaits = False

    def __init__(
        self,
        address: DatabaseAddress,
        *,
        write: bool = True,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Open the log; its tables are made if there are none.

        Args:
            address: where it is.
            write: False: read a log that is there, and change nothing.
            clock: the time; without one that of this machine for events, and that of the server
                for leases.

        Raises:
            SetupError, LogError: it cannot be used; it is left untouched.
        """
        super().__init__(clock=clock or time.time)
        self.address, self.url = address, address.url
        self.on_close: Callable[[], object] = lambda: None
        self.note = ""
        self._now = clock
        self._writing = DatabaseSession(address)
        self._session = DatabaseSession(address, read_only=not write)
        self._reading = PostgresReading(address.url, self.blob)
        self._numbers: dict[str, int] = {}
        self._heads: dict[str, tuple[Lease, bytes]] = {}
        self._messages: dict[bytes, None] = {}
        self._epoch = b""
        self.read_only = not write
        try:
            self._open(write)
        except BaseException:
            self._session.close()
            raise

    def _open(self, write: bool) -> None:
        with self._session.mapped():
            connection = self._session.connection
            standby = connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
            self.read_only = not write or standby
            name = self.address.schema
            if not self.read_only:
                schema.migrate(connection, name, self.url)
            elif not schema.check_version(schema.version_of(connection, name), self.url):
                raise SetupError(
                    f"There is no log at {self.url}.",
                    expected="the database and schema that runs were recorded in",
                    todo="name it by --log or $AGENTKIT_LOG; ?schema=... names the schema",
                )

    @cached_property
    def name(self) -> str:
        """Names this process among those who tell each other what they have appended."""
        return owner_name()

    def now(self) -> float | None:
        """The time for leases; None for the server's."""
        return self._now() if self._now else None

    async def release(self) -> None:
        self._writing.close()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._session.close()
            self._writing.close()
            self.on_close()

    def begin(self, run: str) -> Lease:
        self._may_write()
        return super().begin(run)

    def _may_write(self) -> None:
        if self.read_only:
            raise faults.only_read(self.url, "it was opened to read, or the server is a standby")

    async def write(self, batch: Batch) -> Batch:
        self._may_write()
        with self._writing.mapped():
            parts = [RunBatch(lease, events) for lease, events in batch]
            try:
                stored = self._stored(parts)
            except BaseException:
                # It may be in the database all the same; the next write looks.
                self._forget()
                raise
        held = {id(part) for part in stored}
        return [(one.lease, one.events) for one in parts if id(one) in held and one.events]

    def announce(self, stored: Batch) -> None:
        runs = list(dict.fromkeys(lease.run for lease, _ in stored))
        with self._writing.lock:
            told(self._writing, self.address.schema, self.name, runs)

    def _stored(self, parts: list[RunBatch]) -> list[RunBatch]:
        """Store what can be; those parts whose lease holds.

        Raises:
            LogLocked: the database changes faster than it can be looked up.
        """
        held: list[RunBatch] = []
        todo = parts
        for _ in range(TRIES):
            self._prepare(todo)
            todo = [part for part in todo if part.lease.lost is None]
            messages = dict[bytes, None]()
            numbers = self._written(todo, messages)
            for nth, part in enumerate(todo):
                if nth in numbers:
                    self._know(part, numbers[nth])
                    held.append(part)
            # The rest did not fit what this process knew: an earlier commit whose answer was lost
            # is there, or something was erased. So it forgets that, looks, and tries once more.
            todo = [part for nth, part in enumerate(todo) if nth not in numbers]
            if not todo:
                self._remember(messages)
                return held
            self._forget()
        raise LogLocked(f"The log {self.url} changes under this process's hands.", todo="try again")

    def _prepare(self, parts: list[RunBatch]) -> None:
        """Say of each part what it goes on from, and of whom the run is."""
        # What begins a run is looked up only when it could not be written just so.
        unsure = [p for p in parts if self._known(p.lease) is None and (p.head or not begins(p))]
        there = self._lines({part.lease.run for part in unsure}) if unsure else {}
        for part in parts:
            part.was, part.there = self._known(part.lease), 0
            line = there.get(part.lease.run)
            if part.was is None and line is None:
                if not begins(part):
                    raise unknown(part.lease.run, self)
                part.was = chain.origin(part.lease.run)
            elif part.was is None and line is not None:
                owner, epoch, part.there, part.was = line
                if (owner, epoch) != (part.lease.owner, part.lease.epoch):
                    part.lease.lost = taken(part.lease.run, owner, new=begins(part))
                    continue
            fill(part)

    def _known(self, lease: Lease) -> bytes | None:
        """The head of the run that a lease writes, as far as that is known."""
        known = self._heads.get(lease.run)
        return known[1] if known is not None and known[0] is lease else None

    def _lines(self, runs: Iterable[str]) -> dict[str, tuple[str, int, int, bytes]]:
        """Of runs that are there the owner, the epoch, how many events, and the head."""
        query = "SELECT id, owner, epoch, events, head FROM runs WHERE id = ANY(?)"
        return {id: row for id, *row in self._writing.execute(query, (list(runs),))}

    def _written(self, parts: list[RunBatch], entered: dict[bytes, None]) -> dict[int, int]:
        """Write parts; the number of the run of each that was, by its place."""
        if not parts:
            return {}
        said = [
            row
            for part in parts
            for event in part.events[part.there :]
            if event.nodes
            for row in inserting.new(event.nodes, self._messages, entered)
        ]
        new = [part for part in parts if part.new]
        bearing = [b for p in parts for e in p.events[p.there :] for b in blobs.parts_of(e)]
        connection = self._writing.connection
        # Most batches: one statement, which is a transaction by itself, and one way to the server.
        if not (new or bearing or self._epoch):
            return appending.append(connection, parts, said, self.now(), self._epoch)
        with connection.transaction():
            if new:
                appending.begin(connection, new, claiming.MACHINE)
                offer(connection, new)
            numbers = appending.append(connection, parts, said, self.now(), self._epoch)
            if not numbers:  # so that no run is there without its first event
                raise faults.Rollback
            for nth, n in numbers.items():
                mine = [b for e in parts[nth].events[parts[nth].there :] for b in blobs.parts_of(e)]
                if self._epoch:
                    epochs.say_again(self._writing, n, said)
                blobs.write(self._writing, n, mine, again=bool(self._epoch))
            return numbers
        return {}

    def _know(self, part: RunBatch, number: int) -> None:
        """Remember what is in the database now."""
        run = part.lease.run
        self._numbers[run] = number
        if part.tally.ended:
            self._heads.pop(run, None)
        elif part.rows:
            self._heads[run] = (part.lease, part.head or b"")

    def _remember(self, messages: dict[bytes, None]) -> None:
        if len(self._messages) > KEPT:
            self._messages.clear()
        self._messages.update(messages)

    def _forget(self) -> None:
        """Know nothing any more of what is in the database, but for the last erasure."""
        for known in (self._numbers, self._heads, self._messages):
            known.clear()
        with faults.quietly():
            self._epoch = epochs.epoch(self._writing)

    @property
    def erasure(self) -> bytes:
        with self._session.mapped():
            return epochs.epoch(self._session)

    def _number(self, run: str) -> int:
        row = self._session.execute("SELECT n FROM runs WHERE id=?", (run,)).fetchone()
        if row is None:
            raise unknown(run, self)
        return int(row[0])

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        self.catch_up()
        with self._session.mapped():
            self._reading.begin()
            return self._reading.found(self._session, self, run, after, upto)

    def blob(self, digest: str) -> bytes:
        with self._session.mapped():
            return blobs.read(self._session, digest, self.url)

    def has(self, run: str) -> bool:
        self.catch_up()
        with self._session.mapped():
            return self._reading.has(self._session, run)

    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        self.catch_up()
        with self._session.mapped():
            return self._reading.runs(self._session, streams=streams)

    def length(self, stream: str) -> int:
        self.catch_up()
        with self._session.mapped():
            return self._reading.length(self._session, stream)

    def ids(self, *, name: str | None = None, begin: str = "") -> list[str]:
        self.catch_up()
        with self._session.mapped():
            return self._reading.ids(self._session, name, begin)

    def asking(self) -> list[str]:
        self.catch_up()
        with self._session.mapped():
            return self._reading.asking(self._session)

    def news(self) -> AsyncIterator[Collection[str] | None]:
        return heard(self.address, self.name)

    def claim(self, run: str) -> Lease:
        self._may_write()
        self.catch_up()
        with self._session.mapped():
            lease = claiming.claim(self._session.connection, run, self.now())
        if lease is None:
            raise unknown(run, self)
        return lease

    @property
    def work(self) -> Work:
        return PostgresWork(self._session, self.now())

    def head(self) -> str:
        self.catch_up()
        with self._session.mapped(), self._session.connection.transaction():
            count = claiming.watermark(self._session)
            runs = self._session.execute("SELECT id, head FROM runs ORDER BY n")
            return chain.log_head(count, runs)

    def verify(self, head: str | None = None) -> list[str]:
        from agentkit.logs import verifying

        count = None if head is None else chain.events_at_head(head)
        self.catch_up()
        now = self.clock()
        with self._session.transaction():
            return verifying.problems(self._session, self.url, head, count, now)

    def erase(self, texts: Sequence[str], *, dry: bool = False) -> Erased:
        from agentkit.logs.postgres import forgetting

        self.catch_up()
        with self._session.mapped():
            if dry:
                return forgetting.would_erase(self._session, texts)
            self._may_write()
            return forgetting.erase(self._session, texts)

    def redact(self, runs: Sequence[str], *, dry: bool = False) -> Erased:
        from agentkit.logs.postgres import forgetting

        ids = list(dict.fromkeys(runs))
        for one in ids:
            self._sound(one)
        with self._session.mapped():
            if dry:
                return forgetting.planned(self._session, ids, self.clock())
            self._may_write()
            return forgetting.redact(self._session, ids, self.clock())

    def prune(self, before: float, *, answers: bool = False, dry: bool = False) -> Erased:
        from agentkit.logs.postgres import forgetting

        self.catch_up()
        with self._session.mapped():
            if dry:
                return forgetting.prunable(self._session, before, self.clock(), answers)
            self._may_write()
            return forgetting.prune(self._session, before, self.clock(), answers)

    def trust(self, run: str) -> None:
        self._sound(run)
        with self._session.mapped():
            row = self._session.execute(
                "SELECT body FROM events WHERE run=? AND seq=1", (self._number(run),)
            ).fetchone()
        refuse_redacted(run, row[0] if row else "")

    def _sound(self, run: str) -> None:
        """See to it that a run is as it was written, or as an erasure left it.

        Raises:
            LogCorrupt: it is not.
        """
        from agentkit.logs import verifying

        self.catch_up()
        with self._session.transaction():
            self._reading.met = {}
            wrong = verifying.altered(self._session, self._number(run), run, self._reading.met)
        refuse_altered(run, self.url, wrong)


def begins(part: RunBatch) -> bool:
    """Whether a part has the first event of its run."""
    return bool(part.events) and part.events[0].seq == 1 and part.lease.epoch == 1


def fill(part: RunBatch) -> None:
    """Work out what a part adds: rows, sums and the head after them."""
    events = part.events[:]
    if part.there and events:
        events = [event for event in events if event.seq > part.there]
    part.there = len(part.events) - len(events)
    part.tally = Tally.of(events)
    part.rows = [(e.seq, e.at, e.scope, stored_body(e)) for e in events]
    part.head = chain.extended(part.was or b"", part.rows) if part.rows else None
