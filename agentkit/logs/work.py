"""The queue of a log in a file: the same as in a database, for the workers of one machine."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from agentkit.errors import SetupError
from agentkit.lease import LEASE_S, Lease, holds, owner_gone, owner_name
from agentkit.logs import chain
from agentkit.offers import (
    CLOCK,
    SILENT_S,
    STOPPED,
    Claimed,
    Counts,
    Held,
    Present,
    Quotas,
    State,
    StuckRun,
    stop_reason,
)
from agentkit.runinfo import RunInfo

TABLES = (
    "CREATE TABLE IF NOT EXISTS work (run INTEGER PRIMARY KEY, id TEXT NOT NULL,"
    " actor TEXT NOT NULL, share TEXT NOT NULL, priority INTEGER NOT NULL, turn REAL NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, after REAL NOT NULL DEFAULT 0, reason TEXT,"
    " state TEXT NOT NULL DEFAULT 'open')",
    "CREATE TABLE IF NOT EXISTS shares (share TEXT PRIMARY KEY, turn REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS workers (name TEXT PRIMARY KEY, since REAL NOT NULL,"
    " seen REAL NOT NULL, slots INTEGER NOT NULL, running INTEGER NOT NULL, actors TEXT NOT NULL)",
)
"""Made when a run is first offered: a file that never had a worker does without."""

TAKE_TURN = (
    "INSERT INTO shares VALUES (?,?) ON CONFLICT (share)"
    " DO UPDATE SET turn=max(turn, excluded.turn)"
)

PICK = (
    "SELECT w.run, w.id, w.actor, w.attempts, w.turn, coalesce(w.reason, ''), r.epoch, r.owner,"
    " r.lease, w.share FROM work w JOIN runs r ON r.n=w.run WHERE w.state='open' AND w.after<=?"
    " AND w.actor IN ({}) AND r.status<>'ok' ORDER BY w.priority DESC, w.turn, w.run"
)


STATE = (
    f"CASE WHEN w.state='dead' AND substr(w.reason, 1, {len(STOPPED)})='{STOPPED}'"
    f" THEN '{STOPPED}' ELSE w.state END"
)

OUTCOMES = (
    f"SELECT r.id, CASE WHEN r.status='ok' THEN 'ok' ELSE {STATE} END"
    " FROM runs r LEFT JOIN work w ON w.run=r.n"
    " WHERE r.id IN ({}) AND (r.status='ok' OR w.state<>'open')"
)

AT_ONCE = 500
"""Runs that are asked about by one query."""


def offer(db: sqlite3.Connection, number: int, lease: Lease, actor: str | None) -> None:
    """Offer a run in the transaction in which it begins, in the turn of its share."""
    one = lease.offer
    if one is None:
        return
    for statement in TABLES:
        db.execute(statement)
    turns = dict(
        db.execute("SELECT share, turn FROM shares WHERE share IN (?,?)", (one.share, CLOCK))
    )
    # Start-time fair queueing (Goyal et al. 1996): a share that was idle goes on from the time of
    # the queue, so that it has saved up no turns, and neither waits for those that it had.
    turn = max(turns.get(one.share, 0.0), turns.get(CLOCK, 0.0)) + 1.0
    db.execute(
        "INSERT INTO work (run, id, actor, share, priority, turn) VALUES (?,?,?,?,?,?)",
        (number, lease.run, actor or "", one.share, one.priority, turn),
    )
    db.execute(TAKE_TURN, (one.share, turn))


class LogInFile(Protocol):
    """What a log in a file is to its queue."""

    _db: sqlite3.Connection

    def _look(self) -> None: ...

    def _mapped(self) -> AbstractContextManager[None]: ...

    def _transaction(self, begin: str) -> AbstractContextManager[None]: ...

    def runs(self) -> list[RunInfo]: ...


class SqliteWork:
    """See agentkit.offers.Work."""

    def __init__(self, log: LogInFile, clock: Callable[[], float]) -> None:
        self.log, self.clock = log, clock

    @property
    def quotas(self) -> Quotas:
        raise SetupError(
            "A log in a file keeps no budget and no rate for all workers together.",
            expected="a log in Postgres",
            todo="Fleet.up() without a log starts a server of one's own; or bound each run"
            " (`each_usd`) and each process (`connect(..., limit=...)`)",
        )

    @property
    def db(self) -> sqlite3.Connection:
        return self.log._db

    def _there(self, table: str = "work") -> bool:
        """Whether a run was ever offered, or a worker there."""
        query = "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?"
        return self.db.execute(query, (table,)).fetchone() is not None

    def claim(
        self, actors: Sequence[str], limit: int, *, seconds: float = LEASE_S
    ) -> list[Claimed]:
        with self.log._mapped():
            if not self._there():
                return []
        found: list[Claimed] = []
        with self.log._transaction("BEGIN IMMEDIATE"):
            now = self.clock()
            # Whoever ends a run looks at no queue, which most files do not have.
            self.db.execute("DELETE FROM work WHERE run IN (SELECT n FROM runs WHERE status='ok')")
            query = PICK.format(",".join("?" * len(actors)))
            for n, id, actor, attempts, turn, reason, epoch, owner, until, share in self.db.execute(
                query, (now, *actors)
            ):
                if holds(until, now) and not owner_gone(owner):
                    continue
                lease = Lease(id, owner_name(), epoch + 1, seconds=seconds)
                self._take(n, lease, now, turn)
                found.append(Claimed(lease, attempts + 1, actor, reason, share))
                if len(found) == limit:
                    break
        return found

    def _take(self, n: int, lease: Lease, now: float, turn: float) -> None:
        seal = chain.seal(lease.run, lease.owner, lease.epoch)
        values = (lease.owner, lease.epoch, now + lease.seconds, seal, n)
        self.db.execute("UPDATE runs SET owner=?, epoch=?, lease=?, seal=? WHERE n=?", values)
        self.db.execute("UPDATE work SET attempts=attempts+1 WHERE run=?", (n,))
        self.db.execute(TAKE_TURN, (CLOCK, turn))

    def give_back(
        self,
        lease: Lease,
        *,
        state: Literal["open", "dead", "waiting"] = "open",
        wait_s: float = 0.0,
        counts: bool = True,
        reason: str = "",
    ) -> bool:
        mine = "SELECT n FROM runs WHERE id=? AND owner=? AND epoch=?"
        with self.log._transaction("BEGIN IMMEDIATE"):
            row = self.db.execute(mine, (lease.run, lease.owner, lease.epoch)).fetchone()
            if row is None:
                return False
            self.db.execute("UPDATE runs SET lease=0 WHERE n=?", row)
            self.db.execute(
                "UPDATE work SET state=?, reason=?, attempts=attempts-?, after=? WHERE run=?",
                (state, reason[:2000] or None, int(not counts), self.clock() + wait_s, row[0]),
            )
        return True

    def state(self, run: str) -> tuple[State, str] | None:
        rows = self._rows("WHERE w.id=? AND r.status<>'ok'", run)
        return (rows[0][2], rows[0][4]) if rows else None

    def _rows(self, where: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.log._mapped():
            if not self._there():
                return []
            return self.db.execute(
                f"SELECT w.id, w.actor, {STATE}, w.attempts, coalesce(w.reason, ''), r.owner,"
                f" r.lease, r.started FROM work w JOIN runs r ON r.n=w.run {where} ORDER BY w.run",
                values,
            ).fetchall()

    def counts(self) -> Counts:
        self.look()
        now, states, workers = self.clock(), Counter[str](), Counter[str]()
        oldest = 0.0
        for _, _, state, _, _, owner, until, started in self._rows("WHERE r.status<>'ok'"):
            if state != "open":
                states[state] += 1
            elif holds(until, now) and not owner_gone(owner):
                states["running"] += 1
                workers[owner.rpartition(":")[0]] += 1
            else:
                states["open"] += 1
                states["expired"] += until > 0
                oldest = max(oldest, now - started)
        infos = self.log.runs()
        return Counts(
            **states,
            done=sum(info.status == "ok" for info in infos),
            cost_usd=sum(info.cost_usd or 0.0 for info in infos),
            oldest_s=oldest,
            workers=dict(sorted(workers.items())),
        )

    def present(self, worker: Present, *, gone: bool = False) -> None:
        now = self.clock()
        numbers = (worker.since, now, worker.slots, worker.running)
        with self.log._transaction("BEGIN IMMEDIATE"):
            for statement in TABLES:
                self.db.execute(statement)
            self.db.execute("DELETE FROM workers WHERE seen<?", (now - SILENT_S,))
            names = [name for (name,) in self.db.execute("SELECT name FROM workers")]
            ended = [name for name in names if owner_gone(name)]
            if gone:
                ended.append(worker.name)
            self.db.executemany("DELETE FROM workers WHERE name=?", [(name,) for name in ended])
            if not gone:
                values = (worker.name, *numbers, json.dumps(worker.actors))
                self.db.execute("INSERT OR REPLACE INTO workers VALUES (?,?,?,?,?,?)", values)

    def look(self) -> None:
        self.log._look()

    def workers(self) -> list[Present]:
        query = "SELECT name, since, slots, running, actors FROM workers ORDER BY name"
        names = ("name", "since", "slots", "running", "actors")
        with self.log._mapped():
            rows = self.db.execute(query).fetchall() if self._there("workers") else []
        return [Present(**dict(zip(names, (*r[:4], json.loads(r[4])), strict=True))) for r in rows]

    def stuck(self) -> list[StuckRun]:
        names = ("id", "actor", "state", "attempts", "reason")
        rows = self._rows("WHERE w.state<>'open' AND r.status<>'ok'")
        return [StuckRun(**dict(zip(names, row, strict=False))) for row in rows]

    def held(self) -> list[Held]:
        now = self.clock()
        return [
            Held(run=id, owner=owner, attempt=attempts, left_s=until - now)
            for id, _, _, attempts, _, owner, until, _ in self._rows(
                "WHERE w.state='open' AND r.status<>'ok' AND r.lease>0"
            )
        ]

    def outcomes(self, runs: Sequence[str]) -> dict[str, State | Literal["ok"]]:
        self.look()  # whoever waits would wait for ever
        found: dict[str, State | Literal["ok"]] = {}
        with self.log._mapped():
            if not self._there():
                return found
            for n in range(0, len(runs), AT_ONCE):
                some = runs[n : n + AT_ONCE]
                query = OUTCOMES.format(",".join("?" * len(some)))
                found.update(self.db.execute(query, tuple(some)).fetchall())
        return found

    def stop(self, run: str, reason: str) -> bool:
        query = (
            "SELECT w.run, r.epoch FROM work w JOIN runs r ON r.n=w.run"
            " WHERE w.id=? AND w.state<>'dead' AND r.status<>'ok'"
        )
        with self.log._transaction("BEGIN IMMEDIATE"):
            row = self.db.execute(query, (run,)).fetchone() if self._there() else None
            if row is None:
                return False
            # A new epoch with no writer: whoever performs it is fenced at its next write.
            (n, epoch), owner = row, owner_name()
            values = (owner, chain.seal(run, owner, epoch + 1), n)
            self.db.execute(
                "UPDATE runs SET owner=?, epoch=epoch+1, seal=?, lease=0 WHERE n=?", values
            )
            bury = "UPDATE work SET state='dead', reason=? WHERE run=?"
            self.db.execute(bury, (stop_reason(reason), n))
        return True

    def retry(self, run: str) -> bool:
        query = "UPDATE work SET state='open', attempts=0, after=0 WHERE id=? AND state<>'open'"
        with self.log._transaction("BEGIN IMMEDIATE"):
            return self._there() and bool(self.db.execute(query, (run,)).rowcount)
