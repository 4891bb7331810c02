"""Who becomes the writer of a run: decided in one statement, by the server's clock."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import psycopg

from agentkit.lease import LEASE_S, Lease, owner_gone, owner_name, taken
from agentkit.logs import chain
from agentkit.logs.postgres.appending import NOW


@functools.cache
def machine() -> str:
    """Names this machine, and the space in which its process ids count; "" where nobody knows.

    Containers may share a host name, and then a process id says nothing.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


MACHINE = machine()

LINE = f"""
SELECT owner, epoch, what, machine, lease > t.now AND lease <= t.now + %s
FROM runs, (SELECT coalesce(%s::float8, {NOW}) AS now) t WHERE id = %s
"""

CLAIM = f"""
UPDATE runs SET owner = %s, epoch = epoch + 1, lease = coalesce(%s::float8, {NOW}) + %s,
    seal = %s, machine = %s
WHERE id = %s AND epoch = %s AND owner = %s
"""


def claim(
    connection: psycopg.Connection[Any], run: str, now: float | None, seconds: float = LEASE_S
) -> Lease | None:
    """Become the writer of a run; None where there is none of that id.

    Raises:
        RunTaken: its writer is alive.
    """
    while True:
        row = connection.execute(LINE, (2 * LEASE_S, now, run)).fetchone()
        if row is None:
            return None
        holder, epoch, what, where, held = row
        if held and not (where and where == MACHINE and owner_gone(holder)):
            raise taken(run, holder)
        owner = owner_name()
        seal = chain.seal(run, owner, epoch + 1)
        values = (owner, now, seconds, seal, MACHINE, run, epoch, holder)
        # No row: somebody else claimed it since it was looked at. Then it is looked at again.
        if connection.execute(CLAIM, values).rowcount:
            lease = Lease(run, owner, epoch + 1, seconds=seconds)
            lease.what = "stream" if what == "stream" else "run"
            return lease


def watermark(session: Any) -> int:
    """The number of the newest event; none that is being written has a smaller one.

    Args:
        session: in a transaction. Its lock waits for those who are writing, for moments.
    """
    try:
        with session.connection.transaction():
            session.execute("LOCK TABLE events IN SHARE MODE")
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        # Who may only read cannot keep others from writing, and a standby is not written.
        (last,) = session.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
        return int(last)
    (sequence,) = session.execute("SELECT pg_get_serial_sequence('events', 'rowid')").fetchone()
    row = session.execute(f"SELECT last_value, is_called FROM {sequence}").fetchone()
    return int(row[0]) if row[1] else 0
