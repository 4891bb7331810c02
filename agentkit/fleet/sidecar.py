"""The supervisor of a fleet on this machine: starts worker processes, and starts anew what dies.

It is a process of its own, so that the kernel may go away. It decides nothing about runs: these are
the log's. Where it is killed itself, its workers go on; the next one replaces them, one by one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.fleet.engines import Engine, EngineLost, Processes, Started
from agentkit.fleet.place import FleetFiles, Process, SupervisorState
from agentkit.fleet.scaling import Demand

LOOK_S = 0.2
"""How often it is looked what has died, and what is wanted."""

FIRST_S, LONGEST_S = 0.5, 30.0
"""The pause before a worker is started anew: twice as long each time that it lived shortly."""

STEADY_S = 60.0
"""A worker that lived so long had no trouble in starting."""

WRONG = 2
"""What a worker ends with that cannot work: no such actor, no such log. Others could not either."""

STOP_S = 10.0
"""How long after its drain a worker may take to end."""


@dataclass
class WorkerSlot:
    """A place for a worker."""

    process: Started | None = None
    since: float = 0.0
    restarts: int = 0
    pause_s: float = FIRST_S
    not_before: float = 0.0


class Sidecar:
    """See the module."""

    def __init__(
        self,
        targets: Sequence[str],
        log_url: str,
        *,
        workers: int,
        engine: Callable[[], Engine] | None = None,
        demand: Demand | None = None,
        most: int = 0,
        drain_s: float = 30.0,
        under: Path | None = None,
        ray: str = "",
    ) -> None:
        """Make one.

        Args:
            targets: FILE.py:NAME or MODULE:NAME of the actors.
            log_url: of the log, without secrets; the workers have it from their environment.
            workers: how many there shall be, at least.
            engine: makes what starts them, in `serve`; processes of this machine without.
            demand: says how many more there shall be; already started.
            most: how many that may be.
            drain_s: how long their runs may go on once they are told to stop.
            under: the folder in which it is written down.
            ray: the address of the Ray that places them, if one does.
        """
        self.targets, self.log_url, self.ray = tuple(targets), log_url, ray
        self.workers, self.drain_s, self.demand = workers, drain_s, demand
        self.engine: Engine = Processes(targets)
        self.most, self._made = most, engine
        self.place = FleetFiles(log_url, under)
        self.since, self.slots, self.leaving = time.time(), list[WorkerSlot](), list[WorkerSlot]()
        self.stopping = False
        self._told: SupervisorState | None = None

    def serve(self) -> int:
        """Work until a signal comes; the status that the process ends with.

        Raises:
            SetupError: another supervisor has this log's fleet in this folder.
        """
        held = self.place.taken()
        if held is None:
            raise SetupError(
                f"A fleet of {self.log_url} runs here already.",
                todo="use it: Fleet.up joins it, `agentkit fleet scale N`; or end it:"
                " `agentkit fleet down`",
            )
        if self._made is not None:
            self.engine = self._made()  # it may take signals for itself
        for name in ("SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), self._stop)
        self.place.wanted.unlink(missing_ok=True)
        status, lost = 0, False
        try:
            self._replace()
            while not self.stopping and status == 0:
                if self.place.lost(held):
                    print(f"agentkit: {self._lost()}", file=sys.stderr, flush=True)
                    status = 1
                    break
                status = self.round() or 0
                time.sleep(LOOK_S)
            return status
        except EngineLost as error:
            print(f"agentkit: {error}", file=sys.stderr, flush=True)
            lost = True
            return 1
        finally:
            if not lost:
                self._end()
            self.engine.close()
            self.place.state.unlink(missing_ok=True)
            held.close()

    def _lost(self) -> str:
        """Say that the place is gone: what was there, or a new one, says nothing of this fleet."""
        return (
            f"The folder {self.place.lock.parent} was deleted or replaced, so nobody finds this"
            f" fleet of {self.log_url} any more. Its workers end now; their runs stay in the log."
        )

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _replace(self) -> None:
        """Tell the workers that a killed supervisor has left behind to end when their runs have."""
        for one in self.engine.left(self.place.read()):
            one.terminate()
            self.leaving.append(WorkerSlot(one))

    def round(self) -> int | None:
        """Start what is missing, and let go what is too many; a status where nobody can work."""
        self.engine.look()
        wanted = self.place.how_many(self.workers)
        if self.demand is not None:
            wanted = max(wanted, self.demand.wanted)
        self.slots += [WorkerSlot() for _ in range(wanted - len(self.slots))]
        for slot in self.slots[wanted:]:
            if slot.process is not None:
                slot.process.terminate()
                self.leaving.append(slot)
        del self.slots[wanted:]
        self.leaving = [one for one in self.leaving if one.process and one.process.poll() is None]
        for slot in self.slots:
            status = slot.process.poll() if slot.process is not None else None
            if status == WRONG:
                return WRONG
            if slot.process is None or status is not None:
                self._start(slot)
        self._tell(wanted)
        return None

    def _start(self, slot: WorkerSlot) -> None:
        """Start a worker in a slot, if it is time."""
        now = time.monotonic()
        if slot.process is not None:
            lived = now - slot.since
            slot.pause_s = FIRST_S if lived > STEADY_S else min(2 * slot.pause_s, LONGEST_S)
            slot.restarts += 1
            slot.process, slot.not_before = None, now + slot.pause_s / 2
        if now < slot.not_before:
            return
        slot.process, slot.since = self.engine.start(), now

    def _tell(self, wanted: int) -> None:
        """Write down what there is, where it has changed."""
        now, at = time.monotonic(), time.time()
        processes = tuple(
            Process(
                pid=one.process.pid,
                since=at - now + one.since,
                restarts=one.restarts + getattr(one.process, "restarts", 0),
                name=getattr(one.process, "name", ""),
            )
            for one in self.slots
            if one.process is not None
        )
        state = SupervisorState(
            pid=os.getpid(),
            log=self.log_url,
            targets=self.targets,
            wanted=wanted,
            since=self.since,
            workers=processes,
            ray=self.ray,
            most=self.most,
        )
        old = self._told
        if old is None or old.wanted != wanted or keys(old) != keys(state):
            self.place.write(state)
            self._told = state

    def _end(self) -> None:
        """End all workers: their runs end, or are given back."""
        processes = [one.process for one in (*self.slots, *self.leaving) if one.process]
        for one in processes:
            if one.poll() is None:
                one.terminate()
        until = time.monotonic() + self.drain_s + STOP_S
        for one in processes:
            try:
                one.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def keys(state: SupervisorState) -> list[tuple[int, str, int]]:
    """What tells the workers of a state from those of another."""
    return [(one.pid, one.name, one.restarts) for one in state.workers]
