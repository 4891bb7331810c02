"""How a batch gets into the tables: in one statement that is fenced by the epoch itself.

A run's line is changed only where owner and epoch are those of the lease, and only runs whose line
was changed get events. The end of a run, its status and its place among the open ones change with
the same statement: there is no moment between them, and no second `run.ended`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from agentkit.lease import Lease
from agentkit.logs import chain
from agentkit.logs.epochs import EPOCH
from agentkit.logs.postgres.arrays import Binaries, Floats, Integers, LongIntegers, TextColumn
from agentkit.logs.verifying import storable
from agentkit.runinfo import Tally

NOW = "extract(epoch from clock_timestamp())::float8"
"""The server's clock: one for all who write."""

APPEND = f"""
WITH given AS (
    SELECT * FROM unnest(
        %s::text[], %s::text[], %s::int[], %s::int[], %s::int[], %s::bigint[], %s::bigint[],
        %s::float8[], %s::int[], %s::text[], %s::float8[], %s::float8[], %s::bytea[], %s::bytea[]
    ) WITH ORDINALITY AS g(id, owner, epoch, events, calls, tokens_in, tokens_out, cost_usd,
        unpriced, status, ended, seconds, head, was, part)
), held AS (
    UPDATE runs r SET events = r.events + g.events, calls = r.calls + g.calls,
        tokens_in = r.tokens_in + g.tokens_in, tokens_out = r.tokens_out + g.tokens_out,
        cost_usd = r.cost_usd + g.cost_usd, unpriced = r.unpriced + g.unpriced,
        status = coalesce(g.status, r.status),
        ended = CASE WHEN g.status IS NULL THEN r.ended ELSE g.ended END,
        lease = CASE WHEN g.seconds = 0 THEN 0
            ELSE coalesce(%s::float8, {NOW}) + g.seconds END,
        head = coalesce(g.head, r.head)
    FROM given g
    WHERE r.id = g.id AND r.owner = g.owner AND r.epoch = g.epoch
        AND (g.was IS NULL OR r.head = g.was)
        AND (SELECT seal FROM erased WHERE id = %s) IS NOT DISTINCT FROM %s
    RETURNING g.part, r.n, r.status
), stored AS (
    INSERT INTO events (run, seq, at, scope, body, mark)
    SELECT held.n, e.seq, e.at, e.scope, e.body, e.mark FROM unnest(
        %s::int[], %s::int[], %s::float8[], %s::text[], %s::text[], %s::bytea[]
    ) WITH ORDINALITY AS e(part, seq, at, scope, body, mark, nth)
    JOIN held USING (part) ORDER BY e.nth
), said AS (
    INSERT INTO messages SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::text[])
    ON CONFLICT DO NOTHING
), finished AS (
    DELETE FROM work USING held WHERE work.run = held.n AND held.status = 'ok'
)
SELECT part, n FROM held
"""
"""`held` is the fence: all else joins it, so a run whose line did not change gets nothing. Its line
does not change where another claimed it (owner, epoch), where somebody wrote behind this process's
back (`was`), or where something was erased since this process last looked: then messages that it
takes for stored may be gone."""

BEGIN = """
INSERT INTO runs (id, name, actor, status, started, origin, events, calls, tokens_in, tokens_out,
    cost_usd, unpriced, owner, epoch, lease, link, head, seal, what, place, machine)
SELECT g.id, g.name, g.actor, 'open', g.started, g.origin, 0, 0, 0, 0, 0, 0, g.owner, 1, 0, g.link,
    g.head, g.seal, g.what, g.place, %s
FROM unnest(%s::text[], %s::text[], %s::text[], %s::float8[], %s::text[], %s::text[], %s::bytea[],
    %s::bytea[], %s::bytea[], %s::text[], %s::text[])
    WITH ORDINALITY AS g(id, name, actor, started, origin, owner, link, head, seal, what, place,
        nth)
ORDER BY g.nth
"""


@dataclass
class RunBatch:
    """What a batch adds to one run."""

    lease: Lease
    events: list[Any]
    rows: list[tuple[int, float, str, str]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    was: bytes | None = None
    """The head that it goes on from."""
    head: bytes | None = None
    there: int = 0
    """Events at its beginning that are in the database already: a commit whose answer was lost."""

    @property
    def new(self) -> bool:
        """Whether it begins a run."""
        return self.tally.started is not None and self.lease.epoch == 1 and self.rows[0][0] == 1


def text(value: str | None) -> str | None:
    """A text, if any, as a column holds it; bodies are JSON, and have no NUL."""
    return value and storable(value)


def begin(connection: psycopg.Connection[Any], parts: Sequence[RunBatch], machine: str) -> None:
    """Enter the runs that begin, linked in that order; those whose id is taken are left out.

    Args:
        connection: in a transaction; until that ends nobody else begins a run.
        parts: that begin runs.
        machine: names this one.
    """
    # Each run is linked to the one before, so runs begin one at a time: this row is their lock.
    (link,) = connection.execute("SELECT link FROM chain FOR UPDATE").fetchone() or (chain.START,)
    ids = [part.lease.run for part in parts]
    taken = {id for (id,) in connection.execute("SELECT id FROM runs WHERE id = ANY(%s)", (ids,))}
    rows = []
    for part in parts:
        run, start = part.lease.run, part.tally.started
        if run in taken or start is None:
            continue
        taken.add(run)
        link = chain.link(link, run)
        seal = chain.seal(run, part.lease.owner, 1)
        rows.append(
            (run, text(start.name), text(start.actor), start.at)
            + (start.origin and start.origin.run, part.lease.owner, link, chain.origin(run), seal)
            + (start.what, text(start.notebook))
        )
    if rows:
        connection.execute(BEGIN, (machine, *columns(rows)))
        connection.execute("UPDATE chain SET runs = runs + %s, link = %s", (len(rows), link))


def append(
    connection: psycopg.Connection[Any],
    parts: Sequence[RunBatch],
    messages: Sequence[tuple[bytes, bytes | None, str]],
    now: float | None,
    erasure: bytes,
) -> dict[int, int]:
    """Add to runs whose leases hold, and unless something was erased meanwhile.

    Args:
        connection: to the database.
        parts: of runs that are there.
        messages: that may be new.
        now: the time; the server's without one.
        erasure: the last one known.

    Returns:
        The number of the run, by the place of its part.
    """
    given = zip(LINE, columns([line_of(part) for part in parts], len(LINE)), strict=True)
    lines = [column(values) for column, values in given]
    part, seq, at, scope, body, mark = columns(
        [
            (nth, *row, part.head if row is part.rows[-1] else None)
            for nth, part in enumerate(parts, 1)
            for row in part.rows
        ],
        6,
    )
    # In one order for all: two who say the same do not wait for each other in a circle.
    said = columns(sorted(messages), 3)
    known = (EPOCH, erasure or None)
    numbers = (Integers(part), Integers(seq), Floats(at))
    events = (*numbers, TextColumn(scope), TextColumn(body), Binaries(mark))
    spoken = (Binaries(said[0]), Binaries(said[1]), TextColumn(said[2]))
    rows = connection.execute(APPEND, (*lines, now, *known, *events, *spoken), binary=True)
    return {part - 1: n for part, n in rows}


LINE = (TextColumn, TextColumn, Integers, Integers, Integers, LongIntegers, LongIntegers) + (
    Floats, Integers, TextColumn, Floats, Floats, Binaries, Binaries,
)  # fmt: skip
"""How the columns of a line travel."""


def line_of(part: RunBatch) -> tuple[Any, ...]:
    """What is added to the line about a run."""
    lease, tally, end = part.lease, part.tally, part.tally.ended
    status = end.status if end else "open" if tally.started else None
    return (
        (lease.run, lease.owner, lease.epoch, tally.events, tally.calls)
        + (tally.tokens_in, tally.tokens_out, tally.cost_usd, tally.unpriced)
        + (status, end and end.at, lease.after(end.status if end else None), part.head, part.was)
    )


def columns(rows: Sequence[tuple[Any, ...]], width: int = 0) -> list[list[Any]]:
    """Rows as columns, for `unnest`."""
    return [list(one) for one in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
