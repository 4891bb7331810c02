"""A database as what looks into a log sees it: SQLite's connection, or one that speaks like it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard

from agentkit.errors import LogCorrupt


class Statements(Protocol):
    """Statements with `?` for values; a row is a tuple. See SQLite's connection."""

    def execute(self, query: str, values: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, query: str, values: Sequence[Sequence[Any]], /) -> Any: ...


def native(db: Statements) -> TypeGuard[sqlite3.Connection]:
    """Whether it is a file of SQLite's."""
    return isinstance(db, sqlite3.Connection)


def there(row: Any, what: str) -> Any:
    """A row that another one leads to.

    Args:
        row: what was found; None where nothing was.
        what: it is, in words.

    Raises:
        LogCorrupt: nothing was found: one of the two was altered.
    """
    if row is None:
        raise LogCorrupt(
            f"{what} is missing, though what belongs to it is there.",
            expected="a log as it was written",
            todo="`agentkit log verify` says what else is wrong; restore a copy",
        )
    return row


def storable(*texts: str) -> bool:
    """Whether texts can be values as they are: a database takes no half characters and no NUL."""
    return all("\0" not in one and one.encode(errors="ignore").decode() == one for one in texts)
