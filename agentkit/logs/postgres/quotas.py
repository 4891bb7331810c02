"""Budgets and rates for all who work at a log, in its database.

A budget is given out in parts, each in one statement. What was given out counts as spent until it
is given back, so no sum of parts ever passes the budget, whoever dies or freezes with a part;
nothing is given back by a clock. Parts become smaller as less is left (guided self-scheduling;
source: Polychronopoulos and Kuck 1987), and are bounded, so that whoever dies takes little along.

A rate is given out as times at which one call each may be made (the virtual scheduling form of the
generic cell rate algorithm; source: ITU-T I.371). A time that nobody used is gone.
"""

from __future__ import annotations

from typing import Any

from agentkit.logs.postgres.appending import NOW
from agentkit.logs.postgres.session import DatabaseSession
from agentkit.offers import Books, Chunk, Stamps

THERE_S = 6.0
"""Whoever holds a part of a budget and says nothing for so long is not waited for."""

SMALLEST = 1 / 50
"""The largest part of a budget that is given at once, unless a few calls need more."""

CALLS = 8
"""How many calls such a few are."""

AHEAD_S = 1.0
"""How far ahead times are given out."""

DRAW = f"""
WITH t AS (SELECT coalesce(%(now)s::float8, {NOW}) AS now), others AS (
    SELECT count(*) AS n, coalesce(sum(greatest(granted - spent, 0)), 0) AS held
    FROM purses, t WHERE share = %(share)s AND holder <> %(holder)s AND seen > t.now - {THERE_S}
), pot AS (
    SELECT b.usd - b.granted AS left_over, b.usd FROM budgets b WHERE share = %(share)s FOR UPDATE
), part AS (
    SELECT CASE WHEN left_over < %(need)s OR left_over <= 0 THEN 0 ELSE least(left_over,
        greatest(%(need)s, least(left_over / (2 * (n + 1)),
            greatest(usd * {SMALLEST}, {CALLS} * %(need)s)))) END AS usd
    FROM pot, others
), given AS (
    UPDATE budgets SET granted = granted + part.usd FROM part WHERE share = %(share)s
), held AS (
    INSERT INTO purses SELECT %(share)s, %(holder)s, part.usd, %(spent)s, t.now FROM part, t
    ON CONFLICT (share, holder) DO UPDATE SET granted = purses.granted + excluded.granted,
        spent = excluded.spent, seen = excluded.seen
)
SELECT part.usd, others.held FROM part, others
"""

TOLD = f"""
WITH mine AS (
    UPDATE purses SET granted = granted - %(back)s, spent = %(spent)s,
        seen = coalesce(%(now)s::float8, {NOW})
    WHERE share = %(share)s AND holder = %(holder)s RETURNING 1
)
UPDATE budgets SET granted = granted - %(back)s FROM mine
WHERE share = %(share)s AND %(back)s > 0
"""

BOOKS = f"""
SELECT b.share, b.usd, b.granted, coalesce(sum(p.spent), 0), coalesce(sum(
    greatest(p.granted - p.spent, 0)) FILTER (WHERE p.seen > t.now - {THERE_S}), 0)
FROM budgets b LEFT JOIN purses p USING (share),
    (SELECT coalesce(%s::float8, {NOW}) AS now) t
GROUP BY b.share, b.usd, b.granted ORDER BY b.share
"""

ALLOW = """
INSERT INTO budgets (share, usd) VALUES (%s, %s)
ON CONFLICT (share) DO UPDATE SET usd = excluded.usd
"""

REOPEN = """
UPDATE work SET state = 'open', attempts = 0, after = 0
WHERE share = %s AND state = 'dead' AND reason LIKE 'BudgetSpent%%'
"""

STAMPS = f"""
WITH t AS (SELECT coalesce(%(now)s::float8, {NOW}) AS now), given AS (
    INSERT INTO rates AS r SELECT %(name)s, %(per_s)s, t.now + %(span)s FROM t
    ON CONFLICT (name) DO UPDATE SET per_s = excluded.per_s,
        next = greatest(r.next, (SELECT now FROM t)) + %(span)s
    WHERE r.next <= (SELECT now FROM t) + {AHEAD_S}
    RETURNING next - %(span)s AS start
)
SELECT t.now, given.start, (SELECT next FROM rates WHERE name = %(name)s)
FROM t LEFT JOIN given ON true
"""


class PostgresQuotas:
    """See agentkit.offers.Quotas."""

    def __init__(self, session: DatabaseSession, now: float | None) -> None:
        self.session, self.now = session, now

    def allow(self, share: str, usd: float) -> int:
        with self.session.mapped():
            self.session.execute("SELECT 1")  # makes the connection anew where it broke
            connection = self.session.connection
            with connection.transaction():
                connection.execute(ALLOW, (share, usd))
                # A worker of a version that knows no budgets would not keep to this one.
                connection.execute("UPDATE agentkit SET needs = 3 WHERE version = 3")
                return connection.execute(REOPEN, (share,)).rowcount

    def books(self) -> list[Books]:
        names = ("share", "usd", "granted", "spent", "idle")
        with self.session.mapped():
            self.session.execute("SELECT 1")
            rows = self.session.connection.execute(BOOKS, (self.now,)).fetchall()
        return [Books(**dict(zip(names, row, strict=True))) for row in rows]

    def draw(self, share: str, holder: str, need: float, spent: float) -> Chunk:
        found = self._one(DRAW, share=share, holder=holder, need=need, spent=spent)
        return Chunk(*found) if found else Chunk(0.0, 0.0)

    def told(self, share: str, holder: str, spent: float, back: float = 0.0) -> None:
        self._one(TOLD, share=share, holder=holder, spent=spent, back=back)

    def stamps(self, name: str, per_s: float, burst_s: float, want: int) -> Stamps:
        count = max(1, min(want, int(per_s * AHEAD_S)))
        found = self._one(STAMPS, name=name, per_s=per_s, span=count / per_s)
        now, start, after = found or (0.0, None, 0.0)
        if start is None:
            return Stamps(now, after - AHEAD_S, 0)
        return Stamps(now, start, count)

    def _one(self, query: str, **values: Any) -> Any:
        with self.session.mapped():
            self.session.execute("SELECT 1")
            cursor = self.session.connection.execute(query, {"now": self.now, **values})
            return cursor.fetchone() if cursor.description else None
