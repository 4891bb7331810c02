"""A log in memory."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

from agentkit.errors import BlobMissing
from agentkit.events import Event
from agentkit.lease import Lease
from agentkit.log import Batch, Log, RunInfo, unknown
from agentkit.logs import blobs, chain
from agentkit.logs.entry import Entry, listed


class MemoryLog(Log):
    """A log that lives as long as its process."""

    url = "memory:"
    quick_s = math.inf

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock=clock)
        self._runs: dict[str, Entry] = {}
        self._order: list[Any] = []
        """All events of all runs, in the order they were stored."""
        self._blobs: dict[str, bytes] = {}
        """The bytes of images and files, each once."""

    async def write(self, batch: Batch) -> Batch:
        stored: Batch = []
        for lease, events in batch:
            if lease.epoch == 1:
                self._runs.setdefault(lease.run, Entry(lease.run, lease.owner))
            if not self._runs[lease.run].take(lease, events, self.clock()):
                continue
            self._order.extend(events)
            self._keep(events)
            stored.append((lease, events))
        return stored

    def _keep(self, events: list[Any]) -> None:
        """Keep the bytes of images and files; messages with the same ones share them."""
        for part in (part for event in events for part in blobs.parts_of(event)):
            if part.digest not in self._blobs:
                try:
                    self._blobs[part.digest] = part.data
                except BlobMissing:
                    continue
            part.kept_in(self._blobs[part.digest])

    def blob(self, digest: str) -> bytes:
        if digest not in self._blobs:
            raise blobs.missing(digest, self.url, "are not in it")
        return blobs.proved(digest, self._blobs[digest], self.url)

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]:
        self.catch_up()
        if run not in self._runs:
            raise unknown(run, self)
        return self._runs[run].events[after:upto]

    def has(self, run: str) -> bool:
        self.catch_up()
        return run in self._runs

    def runs(self, *, streams: bool = False) -> list[RunInfo]:
        self.catch_up()
        return listed(self._runs.values(), streams=streams)

    def length(self, stream: str) -> int:
        self.catch_up()
        entry = self._runs.get(stream)
        return next((one.events for one in listed([entry] if entry else [], streams=True)), 0)

    def claim(self, run: str) -> Lease:
        self.catch_up()
        if run not in self._runs:
            raise unknown(run, self)
        return self._runs[run].claim(self.clock())

    def head(self) -> str:
        self.catch_up()
        return self._head(len(self._order))

    def _head(self, count: int) -> str:
        heads = {run: chain.origin(run) for run in self._runs}
        begun = {}
        for event in self._order[:count]:
            text = event.model_dump_json().encode()
            begun[event.run] = heads[event.run] = chain.hashed(heads[event.run], text)
        return chain.log_head(count, begun.items())

    def verify(self, head: str | None = None) -> list[str]:
        count = None if head is None else chain.events_at_head(head)
        self.catch_up()
        wrong = []
        by_run: dict[str, list[Any]] = {run: [] for run in self._runs}
        for event in self._order:
            by_run.setdefault(event.run, []).append(event)
        for run, stored in by_run.items():
            kept = self._runs.get(run, Entry(run, ""))
            if [id(e) for e in kept.events] != [id(e) for e in stored]:
                wrong.append(f"run {run} was altered: its events are not those that were stored")
            if [e.seq for e in kept.events] != list(range(1, len(stored) + 1)):
                wrong.append(f"run {run} has gaps: {len(kept.events)} of {len(stored)} events")
        wanted = {part.digest for event in self._order for part in blobs.parts_of(event)}
        wrong += [f"the bytes {one} are missing" for one in sorted(wanted - self._blobs.keys())]
        for one, data in self._blobs.items():
            if hashlib.sha256(data).hexdigest() != one:
                wrong.append(f"the bytes {one} were altered")
        if head is not None and (count or 0) > len(self._order):
            wrong.append(f"events are missing: {len(self._order)} of {count}")
        elif head is not None and self._head(count or 0) != head:
            wrong.append(f"what the head {head} covers was altered, or is missing")
        return wrong
