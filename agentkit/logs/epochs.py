"""What an erasure leaves behind for those who write on: messages that are to be recorded again."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.logs.rows import Statements, native

EPOCH = b"epoch"
"""The row of `erased` that changes with each erasure, so that other processes notice it.

`upto` is the last run that had begun by then: one that began later may say the same again.
"""


def epoch(db: Statements) -> bytes:
    """What names the last erasure in a file; b"" where there was none."""
    there = (
        not native(db) or db.execute("SELECT 1 FROM sqlite_master WHERE name='erased'").fetchone()
    )
    row = there and db.execute("SELECT seal FROM erased WHERE id=?", (EPOCH,)).fetchone()
    return bytes(row[0]) if row else b""


def say_again(
    db: Statements, run: int, messages: Sequence[tuple[bytes, bytes | None, str]]
) -> None:
    """Record whole what was erased, and is said again in a run that began after the erasure."""
    for id, _, body in messages:
        gone = "SELECT 1 FROM erased WHERE id=? AND upto<?"
        if db.execute(gone, (id, run)).fetchone():
            db.execute("UPDATE messages SET body=? WHERE id=?", (body, id))
            db.execute("DELETE FROM erased WHERE id=?", (id,))
