"""A log in a page: SQLite in the page's memory, and each commit in the browser's keeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentkit.kept import Keep, told
from agentkit.lease import Lease
from agentkit.log import LOGGER, Batch
from agentkit.logs.sqlite import SqliteLog


class KeptLog(SqliteLog):
    """A log whose barriers wait until the browser has what was committed.

    Where it cannot have it (no room, storage refused), that is said once, and runs go on.
    """

    def __init__(self, path: Path, keep: Keep, **options: Any) -> None:
        super().__init__(path, **options)
        self.keep = keep
        keep.touch()  # the file may just have been made, or brought to a newer schema

    async def write(self, batch: Batch) -> Batch:
        stored = await super().write(batch)
        self.keep.touch()
        return stored

    async def flush(self, lease: Lease) -> None:
        await super().flush(lease)
        before = self.keep.state
        await self.keep.settled()
        if self.keep.state == "full" != before:
            LOGGER.warning("%s", told(self.keep))
