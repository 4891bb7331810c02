"""Processes of a trial: each has its own view of one log, its own board, and can die."""

from __future__ import annotations

import asyncio
from typing import Any

from agentkit.log import Batch
from agentkit.logs.memory import MemoryLog
from consistency.plan import Plan
from consistency.virtual import VirtualLoop
from memory import Board, State
from memory.journal import JOURNALS


class Shared(MemoryLog):
    """One process's view of a log that several share; what it has not committed dies with it."""

    def __init__(self, loop: VirtualLoop, first: Shared | None) -> None:
        super().__init__(clock=loop.wall)
        self.dead = False
        if first is not None:
            self._runs, self._order, self._blobs = first._runs, first._order, first._blobs

    async def write(self, batch: Batch) -> Batch:
        return [] if self.dead else await super().write(batch)


def added(events: list[Any], event: Any) -> list[Any]:
    """Fold the State of a trial: the list of all that was recorded."""
    return [*events, event]


class Process:
    """A process: its log, and the board or the state in it."""

    def __init__(self, plan: Plan, number: int, loop: VirtualLoop, first: Shared | None) -> None:
        self.plan, self.number, self.loop = plan, number, loop
        self.log = Shared(loop, first)
        self.state: State | None = None
        self.board: Board | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.begin()

    def begin(self) -> None:
        """Open the board or the state, as a program does when it starts."""
        if self.plan.consistency == "state":
            self.state = State("tally", [], added, log=self.log)
            return
        board = Board(
            "port",
            self.plan.consistency,  # type: ignore[arg-type]
            replicas=self.plan.replicas,
            seed=self.plan.seed,
            log=self.log,
        )
        # A delivery that dies with its process is taken up by another one.
        board.network.resend_s = 0.05
        self.board = board

    def crash(self) -> None:
        """Die and start again: no task goes on, and nothing that was not stored is there."""
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()
        before, old = self.log, self.board
        if old is not None:
            old.delivery.stop()
        before.dead = True
        for place in [place for place, one in JOURNALS.items() if one.log is before]:
            del JOURNALS[place]
        self.log = Shared(self.loop, before)
        self.begin()
        if old is not None and self.board is not None:
            self.board.network = old.network

    def close(self) -> None:
        """Let go of everything that the module keeps of it."""
        if self.board is not None:
            self.board.delivery.stop()
        for place in [place for place, one in JOURNALS.items() if one.log is self.log]:
            del JOURNALS[place]
