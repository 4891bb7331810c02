"""Reads events and the list of runs from a log's database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentkit.events import Event
from agentkit.log import Log, unknown
from agentkit.logs.reading import LAST, RowReader

BIGGEST = 2**31 - 1
"""Behind every seq: the largest of the column."""


ASKING = """
SELECT id FROM runs WHERE status <> 'ok' AND what = 'run'
    AND n IN (SELECT run FROM events WHERE body LIKE '%"step":"person"%')
"""
"""Word for word the condition of the index `events_asking`, so that nothing else is looked at."""


class PostgresReading(RowReader):
    """Reads the rows of one schema."""

    place = "place"

    def __init__(self, url: str, blob: Callable[[str], bytes]) -> None:
        super().__init__(Path(url), blob)
        self.name = url

    def found(self, session: Any, log: Log, run: str, after: int, upto: int | None) -> list[Event]:
        """The events of a run, in one round trip where there are any.

        Raises:
            UnknownRun: no such run. LogCorrupt: an event cannot be read.
        """
        last = min(LAST if upto is None else upto, BIGGEST)
        rows = session.execute(
            "SELECT seq, at, scope, body FROM events WHERE run=(SELECT n FROM runs WHERE id=?)"
            " AND seq>? AND seq<=? ORDER BY seq",
            (run, min(after, BIGGEST), last),
        ).fetchall()
        if not rows and session.execute("SELECT 1 FROM runs WHERE id=?", (run,)).fetchone() is None:
            raise unknown(run, log)
        return self.made(session, run, rows)

    def asking(self, db: Any) -> list[str]:
        db.execute("SELECT 1")  # makes the connection anew where it broke
        return [id for (id,) in db.connection.execute(ASKING)]

    def _size(self) -> int:
        return 2**40
