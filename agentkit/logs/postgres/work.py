"""The queue of a log in Postgres: `for update skip locked`, so that no worker waits for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import psycopg

from agentkit.lease import LEASE_S, Lease, owner_gone, owner_name
from agentkit.logs import chain
from agentkit.logs.postgres.appending import NOW, RunBatch, columns
from agentkit.logs.postgres.claiming import MACHINE
from agentkit.logs.postgres.quotas import PostgresQuotas
from agentkit.logs.postgres.session import DatabaseSession
from agentkit.offers import (
    CLOCK,
    SILENT_S,
    STOPPED,
    Claimed,
    Counts,
    Held,
    Present,
    State,
    StuckRun,
    stop_reason,
)

OFFER = """
INSERT INTO work (run, id, actor, share, priority, turn)
SELECT r.n, r.id, r.actor, o.share, o.priority, o.turn
FROM unnest(%s::text[], %s::text[], %s::int[], %s::float8[]) AS o(id, share, priority, turn)
JOIN runs r ON r.id = o.id ON CONFLICT DO NOTHING
"""

SHARES = "SELECT share, turn FROM shares WHERE share = ANY(%s)"
TAKE_TURNS = """
INSERT INTO shares SELECT * FROM unnest(%s::text[], %s::float8[])
ON CONFLICT (share) DO UPDATE SET turn = greatest(shares.turn, excluded.turn)
"""

HELD = "r.lease > t.now AND r.lease <= t.now + 20"
"""See agentkit.lease.holds."""

PICK = f"""
WITH t AS MATERIALIZED (SELECT coalesce(%s::float8, {NOW}) AS now)
SELECT w.run, w.id, w.actor, w.attempts, w.turn, coalesce(w.reason, ''), r.epoch, r.owner, w.share,
    EXISTS (SELECT 1 FROM budgets b WHERE b.share = w.share)
FROM work w JOIN runs r ON r.n = w.run
WHERE w.actor = %s AND w.state = 'open'
    AND (w.after <= (SELECT now FROM t) OR w.after > (SELECT now FROM t) + 20)
    AND (w.after <= (SELECT now FROM t) OR r.lease > 0)
    AND NOT (r.lease > (SELECT now FROM t) AND r.lease <= (SELECT now FROM t) + 20)
ORDER BY w.priority DESC, w.turn, w.run LIMIT %s FOR UPDATE OF w SKIP LOCKED
"""
"""Runs under way come first in this order, as they were claimed first: those of a first lease are
passed over without a look at their lines (`after`, set by TAKE), or a claim would take the longer
the more there are. One that is set too far ahead was so by a clock that was off; of a run that
waits after a failed attempt, which nobody has, it holds."""

TAKE = f"""
WITH c AS (
    SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::bytea[])
    AS c(n, epoch, was, owner, seal)
), taken AS (
    UPDATE runs r SET owner = c.owner, epoch = c.epoch + 1, seal = c.seal, machine = %s,
        lease = coalesce(%s::float8, {NOW}) + %s
    FROM c WHERE r.n = c.n AND r.epoch = c.epoch AND r.owner = c.was
    RETURNING r.n, r.lease
), counted AS (
    UPDATE work SET attempts = attempts + 1, after = taken.lease FROM taken WHERE work.run = taken.n
)
SELECT n FROM taken
"""

GIVE_BACK = f"""
WITH mine AS (
    UPDATE runs SET lease = 0 WHERE id = %s AND owner = %s AND epoch = %s RETURNING n
)
UPDATE work SET state = %s, reason = nullif(%s, ''), attempts = attempts - %s,
    after = coalesce(%s::float8, {NOW}) + %s
FROM mine WHERE work.run = mine.n
"""

STATE = (
    f"CASE WHEN w.state = 'dead' AND starts_with(w.reason, '{STOPPED}')"
    f" THEN '{STOPPED}' ELSE w.state END"
)

COUNTS = f"""
SELECT count(*) FILTER (WHERE w.state = 'open' AND NOT ({HELD})),
    count(*) FILTER (WHERE w.state = 'open' AND {HELD}),
    count(*) FILTER (WHERE w.state = 'open' AND r.lease > 0 AND NOT ({HELD})),
    count(*) FILTER (WHERE w.state = 'waiting'), count(*) FILTER (WHERE {STATE} = 'dead'),
    count(*) FILTER (WHERE {STATE} = '{STOPPED}'),
    coalesce(max(t.now - r.started) FILTER (WHERE w.state = 'open' AND NOT ({HELD})), 0)
FROM work w JOIN runs r ON r.n = w.run, (SELECT coalesce(%s::float8, {NOW}) AS now) t
"""

WORKERS = f"""
SELECT regexp_replace(r.owner, ':[^:]*$', ''), count(*)
FROM work w JOIN runs r ON r.n = w.run, (SELECT coalesce(%s::float8, {NOW}) AS now) t
WHERE w.state = 'open' AND {HELD} GROUP BY 1 ORDER BY 1
"""


HOLDERS = f"""
SELECT w.id, r.owner, w.attempts, r.lease - t.now
FROM work w JOIN runs r ON r.n = w.run, (SELECT coalesce(%s::float8, {NOW}) AS now) t
WHERE w.state = 'open' AND r.lease > 0 ORDER BY w.run
"""

PRESENT = f"""
INSERT INTO workers
SELECT w.name, w.machine, w.since, coalesce(%s::float8, {NOW}), w.slots, w.running, w.actors
FROM (VALUES (%s::text, %s::text, %s::float8, %s::int, %s::int, %s::text[]))
    AS w(name, machine, since, slots, running, actors)
ON CONFLICT (name) DO UPDATE SET seen = excluded.seen, slots = excluded.slots,
    running = excluded.running, actors = excluded.actors
"""

FORGET = f"DELETE FROM workers WHERE seen < coalesce(%s::float8, {NOW}) - %s"

FREE = """
WITH gone AS (DELETE FROM workers WHERE name = ANY(%s)), freed AS (
    UPDATE runs SET lease = 0 FROM work w
    WHERE runs.n = w.run AND w.state = 'open' AND runs.lease > 0 AND runs.machine = %s
        AND regexp_replace(runs.owner, ':[^:]*$', '') = ANY(%s)
    RETURNING runs.n
)
UPDATE work SET after = 0 FROM freed WHERE work.run = freed.n
"""
"""What processes of this machine held that have ended: nobody need wait for their leases."""


OUTCOMES = f"""
SELECT r.id, CASE WHEN r.status = 'ok' THEN 'ok' ELSE {STATE} END
FROM runs r LEFT JOIN work w ON w.run = r.n
WHERE r.id = ANY(%s) AND (r.status = 'ok' OR w.state <> 'open')
"""

STOP = "SELECT w.run, r.epoch FROM work w JOIN runs r ON r.n = w.run WHERE w.id = %s"
STOP += " AND w.state <> 'dead' AND r.status <> 'ok' FOR UPDATE"
FENCE = "UPDATE runs SET owner = %s, epoch = epoch + 1, seal = %s, lease = 0 WHERE n = %s"
BURY = "UPDATE work SET state = 'dead', reason = %s WHERE run = %s"


def offer(connection: psycopg.Connection[Any], parts: Sequence[RunBatch]) -> None:
    """Offer the runs that begin for others, each in the turn of its share.

    Args:
        connection: in the transaction in which they begin, which is one at a time.
        parts: that begin runs.
    """
    offered = [(part.lease.run, part.lease.offer) for part in parts]
    rows = [(run, one) for run, one in offered if one is not None]
    if not rows:
        return
    names = sorted({one.share for _, one in rows})
    known = dict(connection.execute(SHARES, ([*names, CLOCK],)).fetchall())
    now = known.pop(CLOCK, 0.0)
    values = []
    for run, one in rows:
        # Start-time fair queueing (Goyal et al. 1996): a share goes on from its last turn, or
        # from now where it had nothing to do.
        turn = known[one.share] = max(known.get(one.share, 0.0), now) + 1.0
        values.append((run, one.share, one.priority, turn))
    connection.execute(OFFER, columns(values))
    connection.execute(TAKE_TURNS, columns([(name, known[name]) for name in names]))


class PostgresWork:
    """See agentkit.offers.Work."""

    def __init__(self, session: DatabaseSession, now: float | None) -> None:
        self.session, self.now = session, now

    @property
    def quotas(self) -> PostgresQuotas:
        return PostgresQuotas(self.session, self.now)

    def claim(
        self, actors: Sequence[str], limit: int, *, seconds: float = LEASE_S
    ) -> list[Claimed]:
        found: list[Claimed] = []
        with self.session.mapped():
            for actor in actors:
                if len(found) < limit:
                    found += self._claim(actor, limit - len(found), seconds)
        return found

    def _claim(self, actor: str, limit: int, seconds: float) -> list[Claimed]:
        self.session.execute("SELECT 1")  # makes the connection anew where it broke
        connection = self.session.connection
        with connection.transaction():
            rows = connection.execute(PICK, (self.now, actor, limit)).fetchall()
            if not rows:
                return []
            leases = {
                n: Lease(id, owner_name(), epoch + 1, seconds=seconds)
                for n, id, _, _, _, _, epoch, *_ in rows
            }
            given = [
                (row[0], row[6], row[7], leases[row[0]].owner)
                + (chain.seal(row[1], leases[row[0]].owner, row[6] + 1),)
                for row in rows
            ]
            taken = connection.execute(TAKE, (*columns(given), MACHINE, self.now, seconds))
            mine = {n for (n,) in taken}
            turn = max(row[4] for row in rows)
            connection.execute(TAKE_TURNS, ([CLOCK], [turn]))
        return [
            Claimed(leases[n], attempts + 1, actor, reason, share, limited)
            for n, _, actor, attempts, _, reason, _, _, share, limited in rows
            if n in mine
        ]

    def give_back(
        self,
        lease: Lease,
        *,
        state: Literal["open", "dead", "waiting"] = "open",
        wait_s: float = 0.0,
        counts: bool = True,
        reason: str = "",
    ) -> bool:
        reason = reason.replace("\0", "")[:2000]
        values = (lease.run, lease.owner, lease.epoch, state, reason, int(not counts))
        with self.session.mapped():
            self.session.execute("SELECT 1")
            done = self.session.connection.execute(GIVE_BACK, (*values, self.now, wait_s))
        return bool(done.rowcount)

    def state(self, run: str) -> tuple[State, str] | None:
        query = (
            f"SELECT {STATE}, coalesce(w.reason, '') FROM work w JOIN runs r ON r.n=w.run"
            " WHERE w.id=? AND r.status <> 'ok'"
        )
        with self.session.mapped():
            found = self.session.execute(query, (run,)).fetchone()
        return found and (found[0], found[1])

    def counts(self) -> Counts:
        names = ("open", "running", "expired", "waiting", "dead", "stopped", "oldest_s")
        with self.session.mapped():
            self.session.execute("SELECT 1")
            connection = self.session.connection
            row = connection.execute(COUNTS, (self.now,)).fetchone() or ()
            workers = dict(connection.execute(WORKERS, (self.now,)).fetchall())
            done, cost = connection.execute(
                "SELECT count(*) FILTER (WHERE status = 'ok'), coalesce(sum(cost_usd), 0)"
                " FROM runs WHERE what = 'run'"
            ).fetchone() or (0, 0.0)
        return Counts(
            **dict(zip(names, row, strict=True)), done=done, cost_usd=cost, workers=workers
        )

    def present(self, worker: Present, *, gone: bool = False) -> None:
        shown = (worker.since, worker.slots, worker.running, list(worker.actors))
        with self.session.mapped():
            self.session.execute("SELECT 1")
            connection = self.session.connection
            if gone:
                connection.execute("DELETE FROM workers WHERE name = %s", (worker.name,))
                return
            connection.execute(PRESENT, (self.now, worker.name, MACHINE, *shown))
            connection.execute(FORGET, (self.now, SILENT_S))
            here = connection.execute("SELECT name FROM workers WHERE machine = %s", (MACHINE,))
            ended = [name for (name,) in here if MACHINE and owner_gone(name)]
            if ended:
                whose = [name.rpartition(":")[0] for name in ended]
                connection.execute(FREE, (ended, MACHINE, whose))

    def look(self) -> None:
        """Look at nothing: whoever brings a copy back drops the tables first."""

    def workers(self) -> list[Present]:
        query = "SELECT name, since, slots, running, actors FROM workers ORDER BY name"
        names = ("name", "since", "slots", "running", "actors")
        with self.session.mapped():
            # Who only reads may see a log that an older version has made.
            there = self.session.execute("SELECT to_regclass('workers')").fetchone() != (None,)
            rows = self.session.execute(query).fetchall() if there else []
        return [Present(**dict(zip(names, row, strict=True))) for row in rows]

    def stuck(self) -> list[StuckRun]:
        query = (
            f"SELECT w.id, w.actor, {STATE}, w.attempts, coalesce(w.reason, '') FROM work w"
            " WHERE w.state <> 'open' ORDER BY w.run"
        )
        names = ("id", "actor", "state", "attempts", "reason")
        with self.session.mapped():
            rows = self.session.execute(query).fetchall()
        return [StuckRun(**dict(zip(names, row, strict=True))) for row in rows]

    def held(self) -> list[Held]:
        with self.session.mapped():
            self.session.execute("SELECT 1")
            rows = self.session.connection.execute(HOLDERS, (self.now,)).fetchall()
        names = ("run", "owner", "attempt", "left_s")
        return [Held(**dict(zip(names, row, strict=True))) for row in rows]

    def outcomes(self, runs: Sequence[str]) -> dict[str, State | Literal["ok"]]:
        with self.session.mapped():
            self.session.execute("SELECT 1")
            return dict(self.session.connection.execute(OUTCOMES, (list(runs),)).fetchall())

    def stop(self, run: str, reason: str) -> bool:
        with self.session.mapped():
            self.session.execute("SELECT 1")
            connection = self.session.connection
            with connection.transaction():
                row = connection.execute(STOP, (run,)).fetchone()
                if row is None:
                    return False
                (n, epoch), owner = row, owner_name()
                seal = chain.seal(run, owner, epoch + 1)
                connection.execute(FENCE, (owner, seal, n))
                connection.execute(BURY, (stop_reason(reason), n))
        return True

    def retry(self, run: str) -> bool:
        query = "UPDATE work SET state='open', attempts=0, after=0 WHERE id=? AND state <> 'open'"
        with self.session.mapped():
            return bool(self.session.execute(query, (run,)).rowcount)
