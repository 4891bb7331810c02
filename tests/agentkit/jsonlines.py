"""A log as a newcomer writes one, in one file: a line of JSON for each batch of a run."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any

from agentkit import Log
from agentkit.errors import LogError
from agentkit.events import Event
from agentkit.lease import Lease
from agentkit.log import Batch, RunInfo, unknown
from agentkit.logs.bodies import event_from, text_of
from agentkit.logs.entry import Entry, listed


class JsonLines(Log):
    """Runs as lines of a file, which several processes may write."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(**options)
        self.path, self.url = path, f"jsonlines:{path}"
        self.entries: dict[str, Entry] = {}
        self.offset = 0
        path.touch()

    @contextlib.contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The file, which nobody else writes meanwhile, once all that is in it is known."""
        with self.lock, self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # its writer was killed in it; it is overwritten
                self.offset += len(line)
                self.learn(json.loads(line))
            file.seek(self.offset)
            yield file

    def learn(self, line: dict[str, Any]) -> None:
        """Take a line into account."""
        entry = self.entries.setdefault(line["run"], Entry(line["run"], line["owner"]))
        entry.owner, entry.epoch, entry.until = line["owner"], line["epoch"], line["until"]
        for event in line["events"]:
            entry.add(event_from(json.dumps(event)))

    def put(self, file: IO[bytes], entry: Entry, events: list[Event]) -> None:
        """Add a line."""
        told = ",".join(text_of(event) for event in events)
        line = {"run": entry.run, "owner": entry.owner, "epoch": entry.epoch, "until": entry.until}
        made = f'{json.dumps(line)[:-1]},"events":[{told}]}}\n'.encode()
        file.truncate()
        file.write(made)
        self.offset += len(made)

    async def write(self, batch: Batch) -> Batch:
        stored: Batch = []
        with self.opened() as file:
            for lease, events in batch:
                if lease.epoch == 1:
                    self.entries.setdefault(lease.run, Entry(lease.run, lease.owner))
                entry = self.entries[lease.run]
                if entry.take(lease, events, self.clock()):
                    self.put(file, entry, events)
                    stored.append((lease, events))
            file.flush()
            os.fsync(file.fileno())
        return stored

    def look(self) -> None:
        """Know what is in the file now, and what was appended here."""
        self.catch_up()
        with self.opened():
            pass

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        self.look()
        if run not in self.entries:
            raise unknown(run, self)
        return self.entries[run].events[after:upto]

    def has(self, run: str) -> bool:
        self.look()
        return run in self.entries

    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        self.look()
        return listed(self.entries.values(), streams=streams)

    def claim(self, run: str) -> Lease:
        self.catch_up()
        with self.opened() as file:
            if run in self.entries:
                lease = self.entries[run].claim(self.clock())
                self.put(file, self.entries[run], [])
                return lease
        raise unknown(run, self)

    def head(self) -> str:
        raise LogError(f"{self.url} has no head.")

    def verify(self, head: str | None = None) -> list[str]:
        self.look()
        return [
            f"run {entry.run} has gaps"
            for entry in self.entries.values()
            if [e.seq for e in entry.events] != list(range(1, len(entry.events) + 1))
        ]

    async def news(self) -> AsyncIterator[None]:  # type: ignore[override]
        size = -1
        while True:
            if (now := self.path.stat().st_size) != size:
                size = now
                yield None
            await asyncio.sleep(0.01)
