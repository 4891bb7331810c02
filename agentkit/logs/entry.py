"""A run, or a stream, as a storage has it in memory: its events, its writer, and its line in lists.

A storage of one's own may keep these, and write down only what makes them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agentkit.events import Event, RunEnded, RunStarted, current
from agentkit.lease import LEASE_S, Lease, holds, owner_gone, owner_name, taken
from agentkit.runinfo import RunInfo, Tally


@dataclass
class Entry:
    """See the module. The rules of leases are here: see `take` and `claim`."""

    run: str
    owner: str
    epoch: int = 1
    until: float = 0.0
    """When the lease of its writer ends."""
    events: list[Event] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    started: RunStarted | None = None
    """Its first beginning."""
    status: str = "open"
    ended: float | None = None

    def take(self, lease: Lease, events: Sequence[Event], now: float) -> bool:
        """Add events, if the lease is that of its writer; mark the lease as lost otherwise.

        Without events it renews the lease.
        """
        if (self.owner, self.epoch) != (lease.owner, lease.epoch):
            new = lease.epoch == 1 and isinstance(next(iter(events), None), RunStarted)
            lease.lost = taken(self.run, self.owner, new=new)
            return False
        self.until = now + lease.seconds if lease.seconds else 0.0
        for event in events:
            self.add(event)
        return True

    def add(self, event: Event) -> None:
        """Add an event, whoever wrote it."""
        self.events.append(event)
        self.tally.add(event)
        if isinstance(event, RunStarted):
            self.started = self.started or current(event)
            self.status, self.ended = "open", None
        elif isinstance(event, RunEnded):
            self.status, self.ended, self.until = event.status, event.at, 0.0

    def claim(self, now: float) -> Lease:
        """Become its writer.

        Raises:
            RunTaken: its writer is alive.
        """
        if holds(self.until, now) and not owner_gone(self.owner):
            raise taken(self.run, self.owner)
        self.owner, self.epoch, self.until = owner_name(), self.epoch + 1, now + LEASE_S
        what = self.started.what if self.started else "run"
        return Lease(self.run, self.owner, self.epoch, what=what)

    def info(self, started: RunStarted) -> RunInfo:
        """Its line, given its first event."""
        return RunInfo(
            id=self.run,
            name=started.name,
            actor=started.actor,
            status=self.status,
            started=started.at,
            ended=self.ended,
            events=self.tally.events,
            calls=self.tally.calls,
            tokens_in=self.tally.tokens_in,
            tokens_out=self.tally.tokens_out,
            cost_usd=None if self.tally.unpriced else self.tally.cost_usd,
            origin=started.origin.run if started.origin else None,
            owner=self.owner,
            place=started.notebook,
            what=started.what,
        )


def listed(entries: Iterable[Entry], *, streams: bool) -> list[RunInfo]:
    """The lines of runs, or of streams instead, the newest first.

    Args:
        entries: in the order that they began.
        streams: whether streams are listed.
    """
    infos = [one.info(one.started) for one in entries if one.started is not None]
    wanted = [info for info in infos if info.what == ("stream" if streams else "run")]
    return sorted(reversed(wanted), key=lambda info: info.started, reverse=True)
