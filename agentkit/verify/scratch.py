"""The log of a run that is looked at and thrown away: what is appended stands in it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

from agentkit.events import Event
from agentkit.lease import Lease
from agentkit.log import Batch, unknown
from agentkit.logs.memory import MemoryLog
from agentkit.storing import driven


class ScratchLog(MemoryLog):
    """A log in memory that puts nothing off: nobody else writes it, and nothing is grouped.

    Its events can be read at once. What lists and leases need of them is worked out when somebody
    asks for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._events: dict[str, list[Event]] = defaultdict(list)
        self._late: Batch = []

    def append(self, lease: Lease, *events: Any) -> None:
        self._events[lease.run] += events
        self._late.append((lease, [*events]))
        if self._subscribers:
            self._tell([(lease, [*events])])

    def flush(self, lease: Lease) -> Coroutine[Any, Any, None]:
        return stored(lease)

    def catch_up(self) -> None:
        late, self._late = self._late, []
        if late:
            driven(self.write(late), self.url)

    commit = catch_up

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        if run not in self._events:
            raise unknown(run, self)
        return self._events[run][after:upto]

    def has(self, run: str) -> bool:
        return run in self._events

    def blob(self, digest: str) -> bytes:
        self.catch_up()
        return super().blob(digest)


async def stored(lease: Lease) -> None:
    """Wait for nothing: all that was appended is stored.

    Raises:
        RunTaken: somebody else writes the run.
    """
    if lease.lost:
        raise lease.lost
