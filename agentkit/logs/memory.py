"""A log in memory."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import BlobMissing
from agentkit.events import Event, RunEnded, RunStarted, current
from agentkit.lease import LEASE_S, Lease, holds, owner_gone, owner_name, taken
from agentkit.log import Batch, Log, RunInfo, Tally, unknown
from agentkit.logs import blobs, chain


@dataclass
class _Kept:
    """A run in memory."""

    events: list[Any] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    started: RunStarted | None = None
    status: str = "open"
    ended: float | None = None
    owner: str = ""
    epoch: int = 0
    lease: float = 0.0


class MemoryLog(Log):
    """A log that lives as long as its process."""

    url = "memory:"
    quick_s = math.inf

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock=clock)
        self._runs: dict[str, _Kept] = {}
        self._order: list[Any] = []
        """All events of all runs, in the order they were stored."""
        self._blobs: dict[str, bytes] = {}
        """The bytes of images and files, each once."""

    async def write(self, batch: Batch) -> Batch:
        stored: Batch = []
        for lease, events in batch:
            if lease.epoch == 1:
                self._runs.setdefault(lease.run, _Kept(owner=lease.owner, epoch=1))
            kept = self._runs[lease.run]
            if (kept.owner, kept.epoch) != (lease.owner, lease.epoch):
                lease.lost = taken(lease.run, kept.owner)
                continue
            kept.lease = self.clock() + LEASE_S
            kept.events.extend(events)
            self._order.extend(events)
            self._keep(events)
            for event in events:
                kept.tally.add(event)
                if isinstance(event, RunStarted):
                    kept.started = kept.started or current(event)
                    kept.status, kept.ended = "open", None
                elif isinstance(event, RunEnded):
                    kept.status, kept.ended, kept.lease = event.status, event.at, 0.0
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
        infos = [
            RunInfo(
                id=run,
                name=kept.started.name,
                actor=kept.started.actor,
                status=kept.status,
                started=kept.started.at,
                ended=kept.ended,
                events=kept.tally.events,
                calls=kept.tally.calls,
                tokens_in=kept.tally.tokens_in,
                tokens_out=kept.tally.tokens_out,
                cost_usd=None if kept.tally.unpriced else kept.tally.cost_usd,
                origin=kept.started.origin.run if kept.started.origin else None,
                owner=kept.owner,
                place=kept.started.place,
                what=kept.started.what,
            )
            for run, kept in self._runs.items()
            if kept.started and (kept.started.what == "stream") is streams
        ]
        return sorted(reversed(infos), key=lambda info: info.started, reverse=True)

    def claim(self, run: str) -> Lease:
        self.catch_up()
        if run not in self._runs:
            raise unknown(run, self)
        kept = self._runs[run]
        if holds(kept.lease, self.clock()) and not owner_gone(kept.owner):
            raise taken(run, kept.owner)
        kept.owner, kept.epoch = owner_name(), kept.epoch + 1
        kept.lease = self.clock() + LEASE_S
        what = kept.started.what if kept.started else "run"
        return Lease(run, kept.owner, kept.epoch, what=what)

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
        count = None if head is None else chain.counted(head)
        self.catch_up()
        wrong = []
        by_run: dict[str, list[Any]] = {run: [] for run in self._runs}
        for event in self._order:
            by_run.setdefault(event.run, []).append(event)
        for run, stored in by_run.items():
            kept = self._runs.get(run, _Kept())
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
