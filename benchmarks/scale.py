"""A fleet of up to 1,000 workers before one database, simulated with costs that were measured.

Each worker has 40 runs under way, of five turns each. A turn commits its start, waits for the
endpoint, and commits its end; a worker has one commit in flight, and what comes meanwhile goes with
the next (group commit). The database has so many processors, which serve statements as they come.
What a statement takes of one was measured as the time of its processor; the disk is not in it.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from statistics import quantiles

SLOTS, TURNS, ENDPOINT_S, LEASE_S = 40, 5, 2.0, 10.0
SECONDS = 20.0
"""Of simulated time that are looked at, after as many that are not."""


@dataclass(frozen=True)
class Costs:
    """Seconds of a processor of the database."""

    commit_s: float
    """A commit of one event."""
    event_s: float
    """Each further one in it."""
    claim_s: float
    """A claim of ten runs, where a million is open."""
    cores: int = 4


@dataclass
class Found:
    """What came of it."""

    turns: float
    """A second."""
    busy: float
    """Part of the database's processors."""
    late_s: float
    """95th percentile from an event to its commit."""


@dataclass
class Writer:
    """A worker's way to the log."""

    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    """Since when, and the turn of which run: even ones begin a turn."""
    flying: bool = False


class Fleet:
    """See the module: a simulation of discrete events."""

    def __init__(self, workers: int, costs: Costs, seed: int = 1) -> None:
        self.costs, self.rng = costs, random.Random(seed)
        self.queue: list[tuple[float, int, str, int, object]] = []
        self.writers = [Writer() for _ in range(workers)]
        self.free, self.line = costs.cores, deque[tuple[float, float, str, int, object]]()
        self.now, self.nth, self.busy_s, self.turns = 0.0, 0, 0.0, 0
        self.late: list[float] = []
        for worker in range(workers):
            for _ in range(SLOTS):
                self.at(self.rng.uniform(0, ENDPOINT_S), "event", worker, 2 * self.rng.randrange(5))
            self.at(self.rng.uniform(0, LEASE_S / 4), "beat", worker, None)

    def at(self, when: float, what: str, worker: int, more: object) -> None:
        self.nth += 1
        heapq.heappush(self.queue, (when, self.nth, what, worker, more))

    def ask(self, takes_s: float, then: str, worker: int, more: object) -> None:
        """A statement: at once where a processor is free, else in the line."""
        if self.free:
            self.free -= 1
            self.busy_s += takes_s
            self.at(self.now + takes_s, f"done {then}", worker, more)
        else:
            self.line.append((takes_s, self.now, then, worker, more))

    def commit(self, worker: int) -> None:
        """Send what waits, unless something is in flight."""
        one = self.writers[worker]
        if one.flying or not one.waiting:
            return
        one.flying, batch = True, list(one.waiting)
        one.waiting.clear()
        takes_s = self.costs.commit_s + self.costs.event_s * (len(batch) - 1)
        self.ask(takes_s, "commit", worker, batch)

    def committed(self, worker: int, batch: list[tuple[float, int]]) -> None:
        """What was stored may go on: to the endpoint, to the next turn, to the next run."""
        self.writers[worker].flying = False
        for since, turn in batch:
            self.late.append(self.now - since)
            if turn % 2 == 0:
                pause = self.rng.uniform(0.5, 1.5) * ENDPOINT_S
                self.at(self.now + pause, "event", worker, turn + 1)
                continue
            self.turns += 1
            if turn + 1 < 2 * TURNS:
                self.at(self.now, "event", worker, turn + 1)
            else:
                self.ask(self.costs.claim_s / 10, "claim", worker, None)
        self.commit(worker)

    def play(self, until: float) -> None:
        """Let time pass."""
        while self.queue and self.queue[0][0] < until:
            self.now, _, what, worker, more = heapq.heappop(self.queue)
            if what == "event" and isinstance(more, int):
                self.writers[worker].waiting.append((self.now, more))
                self.commit(worker)
            elif what == "beat":
                takes_s = self.costs.commit_s + self.costs.event_s * SLOTS
                self.ask(takes_s, "beat", worker, None)
                self.at(self.now + LEASE_S / 4, "beat", worker, None)
            else:
                self.free += 1
                if self.line:
                    takes_s, _, then, whose, rest = self.line.popleft()
                    self.ask(takes_s, then, whose, rest)
                if what == "done commit" and isinstance(more, list):
                    self.committed(worker, more)
                elif what == "done claim":
                    self.at(self.now, "event", worker, 0)


def simulated(workers: int, costs: Costs) -> Found:
    """What a fleet does once it is under way."""
    fleet = Fleet(workers, costs)
    fleet.play(SECONDS)
    fleet.busy_s, fleet.turns, fleet.late = 0.0, 0, []
    fleet.play(2 * SECONDS)
    late = quantiles(fleet.late, n=20)[-1] if len(fleet.late) > 1 else 0.0
    return Found(fleet.turns / SECONDS, fleet.busy_s / SECONDS / costs.cores, late)
