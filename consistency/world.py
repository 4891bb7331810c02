"""A trial: a plan is carried out, and what came of it is a history."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from agentkit import run
from agentkit.errors import AgentkitError, LogLocked
from agentkit.messages import JSON
from consistency.history import Fact, History, Op
from consistency.plan import Act, Client, Fault, Plan
from consistency.processes import Process
from consistency.virtual import VirtualLoop, play
from consistency.writing import added, newest, seen_value
from memory import Board, Conflict, Replica, Stale, StoreTaken, StoreUnreachable
from memory.board.versions import ReadVersions

REFUSALS = (Conflict, Stale, StoreTaken, StoreUnreachable)
"""What a client may be told; whatever else is raised is wrong."""


class World:
    """One trial; see the module."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan, self.loop = plan, loop
        self.history = History()
        first = Process(plan, 0, loop, None)
        others = [Process(plan, n, loop, first.log) for n in range(1, plan.processes)]
        self.processes = [first, *others]
        self.ids, self.sessions = itertools.count(1), itertools.count(1)
        self.numbers: dict[int, int] = {}
        """The operation of each write, by its number on the board."""
        self.running: dict[int, asyncio.Task[None]] = {}
        self.places: dict[int, int] = {}
        """How far each client is in its acts."""

    async def trial(self) -> History:
        """Carry out the plan, heal everything, and read what there is in the end."""
        # What fails in the background fails for nobody else to see.
        self.loop.set_exception_handler(
            lambda _, told: self.history.wrong.append(f"{told['message']}: {told.get('exception')}")
        )
        for n in range(len(self.plan.clients)):
            self._start(n)
        faults = asyncio.ensure_future(self._faults())
        while self.running or not faults.done():
            await asyncio.wait([*self.running.values(), *([] if faults.done() else [faults])],
                               return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
            for n, task in list(self.running.items()):
                if task.done():
                    self._ended(n, task)
        await faults
        await self._settle()
        for process in self.processes:
            process.close()
        return self.history

    def _start(self, n: int) -> None:
        client = self.plan.clients[n]
        process = self.processes[client.process]
        task = asyncio.ensure_future(self._client(n, client, process))
        self.running[n] = task
        process.tasks.add(task)

    def _ended(self, n: int, task: asyncio.Task[None]) -> None:
        del self.running[n]
        if task.cancelled():
            # A client that died begins anew, with what it has not done yet.
            self._start(n)
        elif error := task.exception():
            self.history.wrong.append(f"client {n} ended with {type(error).__name__}: {error}")

    async def _client(self, n: int, client: Client, process: Process) -> None:
        """Do what the client has to do, in one session."""
        worker = Worker(self, n, client, process)
        async with run("client", log=process.log):
            while self.places.get(n, 0) < len(client.acts):
                act = client.acts[self.places.get(n, 0)]
                self.places[n] = self.places.get(n, 0) + 1
                await asyncio.sleep(act.pause_s)
                await worker.do(act)

    async def _faults(self) -> None:
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, fault.at_s - self.loop.time()))
            self._fault(fault)

    def _fault(self, fault: Fault) -> None:
        boards = [process.board for process in self.processes if process.board is not None]
        match fault.kind:
            case "crash":
                self.processes[int(fault.number)].crash()
            case "kill":
                if task := self.running.get(int(fault.number)):
                    task.cancel()
            case "cut":
                for board in boards:
                    board.network.partition(fault.where)
            case "heal":
                for board in boards:
                    board.network.heal()
            case "skew":
                for board in boards:
                    board.network.set(*fault.where, skew_s=fault.number)
            case "link":
                late = {"delay_s": abs(fault.other), "reorder": fault.other < 0}
                for board in boards:
                    board.network.set(*fault.where, drop=fault.number, **late)  # type: ignore[arg-type]

    async def _settle(self) -> None:
        """Heal everything, deliver everything, and read everything everywhere."""
        # The lease of a process that died or is idle is over after a while.
        await asyncio.sleep(30.0)
        for process in self.processes:
            if process.board is not None:
                process.board.network.heal()
                process.board.network.set(drop=0.0, delay_s=0.0, reorder=False)
        if (first := self.processes[0].board) is not None:
            async with run("reconcile", log=self.processes[0].log):
                await first.reconcile()
            self._facts(first)
        for process in self.processes:
            client = Client(process.number, self.plan.replicas[0], ())
            async with run("final", log=process.log):
                await Worker(self, -1, client, process).look_everywhere()

    def _facts(self, board: Board) -> None:
        board.journal.look()
        for one in board.history():
            # Who was told nothing of its write is known by what it wrote.
            op = self.numbers.get(one.n) or newest(one.value, one.key)
            self.history.facts[one.n] = Fact(one.n, op, one.key, one.replica, one.at, one.based_on)
        self.history.lost = set(board.state.lost)


class Worker:
    """A client at work: its session, and what it believes to be on the board."""

    def __init__(self, world: World, client: int, plan: Client, process: Process) -> None:
        self.world, self.client, self.plan, self.process = world, client, plan, process
        self.session_number = next(world.sessions)
        self.believes: dict[str, JSON] = {}
        self.session: Replica | None = None
        if process.board is not None:
            self.session = process.board.at(
                plan.replica, guarantees=plan.guarantees, wait_s=plan.wait_s,
                otherwise=plan.otherwise,
            )  # fmt: skip

    async def do(self, act: Act) -> None:
        """Do one thing, and record what was asked and told."""
        if act.f == "move":
            assert self.session is not None
            self.session = self.session.moved(act.key)
            return
        op = self._asked(act, self.session.replica if self.session else "")
        history = self.world.history
        history.begin(op)
        try:
            await (self._state(op) if self.session is None else self._board(op, self.session))
        except REFUSALS as error:
            history.finish(op, "fail", f"{type(error).__name__}: {error.what}")
        except LogLocked:
            # Nobody knows: it may be stored yet, or not at all.
            history.finish(op, "info")
            raise
        except AgentkitError as error:
            history.finish(op, "fail", type(error).__name__)
            history.wrong.append(f"operation {op.id} raised {type(error).__name__}: {error}")
        else:
            history.finish(op, "ok")

    def _asked(self, act: Act, replica: str) -> Op:
        return Op(
            id=next(self.world.ids), client=self.client, session=self.session_number,
            process=self.process.number, replica=replica, f=act.f, key=act.key,
            guarantees=self.plan.guarantees,
        )  # fmt: skip

    def _seen(self, op: Op, seen: ReadVersions) -> None:
        op.value = seen_value(seen, self.world.plan.consistency == "crdt")
        op.at, op.behind, op.versions = seen.replica, seen.behind, seen.versions

    async def _board(self, op: Op, session: Replica) -> None:
        crdt = self.world.plan.consistency == "crdt"
        if op.f == "read":
            seen = await session.read(op.key)
            self.believes[op.key] = seen.value
            self._seen(op, seen)
            return
        op.expect = self.believes.get(op.key)
        if op.f == "update":

            def change(value: JSON) -> JSON:
                # What an update has read counts as read, even if its write is refused.
                self.believes[op.key] = op.expect = value
                op.value = added(value, op.key, op.id, crdt)
                return op.value

            version = await session.update(op.key, change)
        else:
            base: Any = () if op.f == "blind" else None
            op.expect = None if op.f == "blind" else op.expect
            op.value = added(op.expect, op.key, op.id, crdt)
            version = await session.write(op.key, op.value, based_on=base)
        self.believes[op.key] = version.value
        op.versions = (version.n,)
        op.at = version.replica
        self.world.numbers[version.n] = op.id

    async def _state(self, op: Op) -> None:
        assert self.process.state is not None
        if op.f == "record":
            op.expect = op.id
            op.value = await self.process.state.record(op.id)
        else:
            op.value = self.process.state.value

    async def look_everywhere(self) -> None:
        """Read every key at every replica, when all is quiet."""
        history = self.world.history
        if self.session is None:
            await self.do(Act(0.0, "value", "tally"))
            history.ops[-1].final = True
            history.final[self.process.number, "", "tally"] = history.ops[-1].value
            return
        self.session.board.journal.look()
        for replica in self.world.plan.replicas:
            for key in history.keys:
                op = self._asked(Act(0.0, "read", key), replica)
                self._seen(history.begin(op), self.session.look(replica, key))
                history.finish(op, "ok")
                op.final = True
                history.final[self.process.number, replica, key] = op.value


def carried_out(plan: Plan) -> History:
    """Carry out a plan."""
    loop = VirtualLoop()
    return play(World(plan, loop).trial(), loop)
