"""Trials in real processes: they share the file of one log, and some are killed with SIGKILL.

What a client asks and is told it writes into a file of its own, with the time of the machine's
clock; the histories of all are joined by these times and judged by the same checks as the
simulated ones. An operation that was under way when its process died is one that nobody knows of.

    python -m consistency.real --histories 100 --from 0 cas-primary state
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import itertools
import json
import logging
import math
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from agentkit import run
from agentkit.errors import LogLocked
from agentkit.logs.sqlite import SqliteLog
from consistency.history import History, Op
from consistency.levels import LEVELS
from consistency.plan import Client, Plan
from consistency.processes import Process
from consistency.world import Worker, World
from consistency.writing import members
from memory.board.versions import Version

APART = 10_000
"""Operations of one life of a process at most: their numbers begin at a multiple of it."""

LIMIT_S = 60.0

CUT = "Nothing is missing where a process that opened or closed it was killed in that moment."
"""What `verify` says of a log without a write-ahead log: histories show here what is missing."""

FASTER = 20
"""How much faster than planned everything happens: these clocks are real."""


class Written(History):
    """A history that stands in a file line by line, so that it outlives its process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def begin(self, op: Op) -> Op:
        """Write down an invocation, before it is one."""
        self._write(op)
        return super().begin(op)

    def finish(self, op: Op, type: str, told: str = "") -> None:
        """Write down a completion, after it is one."""
        super().finish(op, type, told)
        self._write(op)

    def _write(self, op: Op) -> None:
        line = json.dumps({**asdict(op), "end": 0, "time": time.monotonic_ns()}) + "\n"
        file = os.open(self.path, os.O_APPEND | os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


class Real(Process):
    """This process: its own connection to the file, and its own board or state."""

    def __init__(self, plan: Plan, number: int, path: Path) -> None:
        self.plan, self.number = plan, number
        self.log: Any = SqliteLog(path)
        self.state = self.board = None
        self.tasks = set()
        self.begin()

    def close(self) -> None:
        """Let go of the file, and of the right to write."""
        super().close()
        self.log.close()


class Here(World):
    """What a client needs of a world, in this process alone: others have networks of their own."""

    def __init__(self, plan: Plan, history: History, life: int) -> None:
        self.plan, self.history = plan, history
        self.ids, self.sessions = itertools.count(life * APART), itertools.count(life * APART)
        self.numbers = {}

    async def faults(self, process: Process) -> None:
        """Let go wrong between the replicas of a process what the plan says, as long as it lives.

        What crashes are processes themselves, and clients are: see `played`.
        """
        self.processes = [process]
        begun = time.monotonic()
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, fault.at_s / FASTER - (time.monotonic() - begun)))
            if fault.kind not in ("crash", "kill"):
                late = abs(fault.other) / FASTER
                self._fault(replace(fault, other=late if fault.other > 0 else -late))


def attributed(history: History, versions: Iterable[Version]) -> dict[int, int]:
    """The operation of each write, by its number on the board.

    Of one that was cut off only its value tells: the first that shows it is its own.
    """
    found = {op.versions[0]: op.id for op in history.ops if op.ok and op.writes and op.versions}
    cut = {op.id for op in history.ops if op.type == "info" and op.writes}
    for one in sorted(versions, key=lambda one: one.n):
        if one.n not in found and (mine := cut & members(one.value, one.key)):
            found[one.n] = mine.pop()
            cut.discard(found[one.n])
    return found


@dataclass(frozen=True)
class Trial:
    """One trial: its plan, whose clients are processes here, and its folder."""

    plan: Plan
    folder: Path

    def client(self, number: int, life: int, done: int) -> None:
        """Do what a client has to do from some act on, in an opening of the log for each few."""
        client, rng = self.plan.clients[number], random.Random(f"{self.plan.seed}:{life}")
        # What a client has done is known by its operations, and to move is none.
        acts = [one for one in client.acts if one.f != "move"][done:]
        moves = [one for one in client.acts if one.f == "move"]
        here = Here(self.plan, Written(self.folder / f"{life}.jsonl"), life)
        while acts:
            some, acts = acts[: (n := rng.randint(1, 3))], acts[n:]
            process = Real(self.plan, number, self.folder / "log.db")
            if moves and rng.random() < 0.5:
                some = [*some[:1], rng.choice(moves), *some[1:]]
            try:
                worker = Worker(here, number, client, process)
                asyncio.run(self.some(worker, some, here.faults(process)))
            finally:
                process.close()
        if here.history.wrong:
            (self.folder / f"{life}.wrong").write_text("\n".join(here.history.wrong))

    async def some(
        self, worker: Worker, acts: Iterable[Any], faults: Coroutine[Any, Any, None]
    ) -> None:
        """Some acts of a client, and what goes wrong meanwhile."""
        wrong = asyncio.create_task(faults)
        # Where the file was locked for long, nobody knows yet whether the last one is stored.
        try:
            with contextlib.suppress(LogLocked):
                async with run("client", log=worker.process.log):
                    for act in acts:
                        await asyncio.sleep(act.pause_s / FASTER)
                        await worker.do(act)
        finally:
            wrong.cancel()
            await asyncio.wait([wrong])

    def end(self) -> None:
        """Read everything once all is over, and write down what the board says of its writes."""
        history = Written(self.folder / "end.jsonl")
        here = Here(self.plan, history, APART)
        process = Real(self.plan, len(self.plan.clients), self.folder / "log.db")
        history.ops = joined(self.folder).ops
        values: dict[int, Any] = {}

        async def looked() -> None:
            async with run("final", log=process.log):
                if process.board is not None:
                    await process.board.reconcile()
                    versions = process.board.history()
                    here.numbers = attributed(history, versions)
                    here._facts(process.board)
                    values.update(
                        (here.numbers[one.n], one.value)
                        for one in versions
                        if one.n in here.numbers
                    )
                client = Client(process.number, self.plan.replicas[0], ())
                await Worker(here, -1, client, process).look_everywhere()

        asyncio.run(looked())
        told = {
            "facts": [asdict(one) for one in history.facts.values()],
            "lost": sorted(history.lost),
            "values": list(values.items()),
            "final": [[*place, value] for place, value in history.final.items()],
            "wrong": [*history.wrong, *(one for one in process.log.verify() if CUT not in one)],
        }
        (self.folder / "end.json").write_text(json.dumps(told))
        process.close()


def joined(folder: Path) -> History:
    """The histories of all processes as one, in the order of the machine's clock."""
    rows = [
        json.loads(line)
        for path in folder.glob("*.jsonl")
        for line in path.read_text().splitlines()
        if line.endswith("}")
    ]
    history, ops = History(), dict[int, Op]()
    for place, row in enumerate(sorted(rows, key=lambda one: one.pop("time"))):
        id = row["id"]
        start = ops[id].start if id in ops else place
        end = place if id in ops else math.inf
        given = {"guarantees": tuple(row["guarantees"]), "versions": tuple(row["versions"])}
        ops[id] = Op(**{**row, **given, "start": start, "end": end})
    history.ops, history.clock = sorted(ops.values(), key=lambda op: op.start), len(rows)
    history.wrong = [
        line for path in folder.glob("*.wrong") for line in path.read_text().split("\n")
    ]
    return history


def played(plan: Plan, folder: Path) -> History:
    """Carry out a plan in processes, of which some are killed and begin anew."""
    trial, rng = Trial(plan, folder), random.Random(plan.seed)
    lives, running = itertools.count(1), dict[int, tuple[BaseProcess, int]]()
    done = dict.fromkeys(range(len(plan.clients)), 0)
    kills = rng.randint(0, 3)

    def start(number: int) -> None:
        life = next(lives)
        running[number] = begun(folder, trial.client, number, life, done[number]), life

    for number in done:
        start(number)
    limit = time.monotonic() + LIMIT_S
    while running and time.monotonic() < limit:
        time.sleep(rng.choice((0.0, 0.002, 0.01, 0.05)))
        number = rng.choice(list(running))
        process, life = running[number]
        if kills and rng.random() < 0.2 and process.pid is not None:
            process.kill()  # SIGKILL, or nothing where it ended meanwhile
            process.join()
            kills -= 1
            path = folder / f"{life}.jsonl"
            # What was under way when it died is not done again: nobody knows whether it happened.
            lines = path.read_text().splitlines() if path.exists() else []
            done[number] += len({json.loads(line)["id"] for line in lines if line.endswith("}")})
            start(number)
        elif not process.is_alive():
            process.join()
            del running[number]
            if process.exitcode:
                (folder / f"{life}.wrong").write_text(ended(folder, f"client {number}", process))
    for process, _ in running.values():
        process.kill()
        process.join()
    last = begun(folder, trial.end)
    last.join()
    history = joined(folder)
    if running:
        history.wrong.append(f"clients {sorted(running)} were not over in {LIMIT_S:g} s")
    if last.exitcode:
        history.wrong.append(ended(folder, "the last reader", last))
    if (path := folder / "end.json").exists():
        from consistency.history import Fact

        told = json.loads(path.read_text())
        facts = [Fact(**{**one, "based_on": tuple(one["based_on"])}) for one in told["facts"]]
        history.facts = {one.n: one for one in facts}
        history.lost = set(told["lost"])
        complete(history, dict(told["values"]))
        history.final = {(process, replica, key): v for process, replica, key, v in told["final"]}
        history.wrong += told["wrong"]
    return history


def complete(history: History, values: dict[int, Any]) -> None:
    """Say what those writes wrote that were cut off, as the board has it: their end is missing."""
    for op in history.ops:
        if op.type == "info" and op.f == "record":
            op.expect = op.id
        elif op.type == "info" and op.id in values:
            op.value = values[op.id]
            # A register is a list, to which a writer adds its own. Of a CRDT nobody asks.
            op.expect = op.value[:-1] or None if isinstance(op.value, list) else None


def begun(folder: Path, target: Callable[..., None], *args: Any) -> BaseProcess:
    """A process at work, forked: importing everything takes longer than a trial."""
    forked = multiprocessing.get_context("fork")
    process = forked.Process(target=heard, args=(folder, target, *args), daemon=True)
    process.start()
    return process


def heard(folder: Path, target: Callable[..., None], *args: Any) -> None:
    """Do what a process has to do; what it says of its end goes to a file, see `ended`."""
    said = os.open(folder / f"{os.getpid()}.said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(said, 2)
    faulthandler.enable(2)
    target(*args)


def ended(folder: Path, who: str, process: BaseProcess) -> str:
    """Say of a process that failed how, with what it said itself."""
    path = folder / f"{process.pid}.said"
    said = path.read_text(errors="replace").rstrip() if path.exists() else ""
    return f"{who} ended {process.exitcode}: {said or 'it said nothing'}"


def main() -> int:
    """Play the levels that are asked for; 0 only if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m consistency.real", description=__doc__)
    parser.add_argument("levels", nargs="*", help=f"of {', '.join(LEVELS)}")
    parser.add_argument("--histories", type=int, default=100, help="of each level")
    parser.add_argument("--from", type=int, default=0, dest="start", help="the first seed")
    asked = parser.parse_args()
    if unknown := [name for name in asked.levels if name not in LEVELS]:
        print(f"no level {', '.join(unknown)}; there are: {', '.join(LEVELS)}", file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)
    failed = 0
    for name in asked.levels or LEVELS:
        level, operations, refused, unknown_ends, wrong = LEVELS[name], 0, 0, 0, 0
        for seed in range(asked.start, asked.start + asked.histories):
            with tempfile.TemporaryDirectory(prefix="consistency-") as folder:
                history = played(level.plan(seed), Path(folder))
            operations += len(history.ops)
            refused += sum(op.type == "fail" for op in history.ops)
            unknown_ends += sum(op.type == "info" for op in history.ops)
            if found := level.judge(history):
                wrong += 1
                print(f"{name}, seed {seed}\n{history}\n" + "\n".join(f"  {one}" for one in found))
        failed += wrong
        print(
            f"{name:<16} {asked.histories:>5,} histories {operations:>7,} operations"
            f" {refused:>6,} refused {unknown_ends:>4,} cut off {wrong:>3} wrong",
            flush=True,
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
