"""A database as what looks into a log sees it: SQLite's connection, or one that speaks like it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard


class Statements(Protocol):
    """Statements with `?` for values; a row is a tuple. See SQLite's connection."""

    def execute(self, query: str, values: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, query: str, values: Sequence[Sequence[Any]], /) -> Any: ...


def native(db: Statements) -> TypeGuard[sqlite3.Connection]:
    """Whether it is a file of SQLite's."""
    return isinstance(db, sqlite3.Connection)


def storable(*texts: str) -> bool:
    """Whether texts can be values as they are: a database takes no half characters and no NUL."""
    return all("\0" not in one and one.encode(errors="ignore").decode() == one for one in texts)
