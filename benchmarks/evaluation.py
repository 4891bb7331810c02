"""The evaluation kit's own cost and error rates: `python -m benchmarks.evaluation`.

    --overhead [TRIALS]   evaluating over asking     --kill [TRIALS]   killed, and gone on with
    --rates               coverage and false alarms
    --coverage [STUDIES]  coverage of all intervals with 3 to 300 questions, 1 to 10 trials
    --partial [STUDIES]   coverage where the budget ends, and costly trials are the wrong ones

Overhead is what `evaluate` takes over asking the same agent the same questions with the same
seeds, so many at a time, by `gather`, each in a run of its own in a log of the same kind, as a
trial is one. Both wait 50 ms for a reply, which costs no processor. "In one run" asks all of them
in a single run instead, which writes fewer events and cannot give each a seed. Coverage and false
alarms are counted over simulated evaluations, and do not depend on the machine.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from agentkit import Agent, Answer, Log, Message, Reply, Request, Usage, gather, open_log, run
from agentkit.evaluate import (
    Evaluation,
    Scored,
    Suite,
    evaluate,
    sequence_interval,
    sequential_test,
)
from agentkit.evaluate.statistics import accuracy, sign_flip
from agentkit.pattern import pattern
from benchmarks.coverage import table

REPEATS = 4_000


class Waits:
    """A model that answers after 50 ms; it may count its calls in a file, across processes."""

    name = "waits"

    def __init__(self, counted: str | None = None) -> None:
        self.file = None if counted is None else os.open(counted, os.O_WRONLY | os.O_APPEND)

    async def __call__(self, request: Request, on_text: object = None) -> Reply:
        if self.file is not None:
            os.write(self.file, b".")
        await asyncio.sleep(0.05)
        said = Message(role="assistant", content="1")
        usage = Usage(calls=1, tokens_in=10, tokens_out=1)
        return Reply(message=said, usage=usage, cost_usd=1e-6, model="waits")


class Costs(Waits):
    """A model that answers at once, for a tenth of a cent."""

    async def __call__(self, request: Request, on_text: object = None) -> Reply:
        await asyncio.sleep(0)
        said = Message(role="assistant", content="1")
        usage = Usage(calls=1, tokens_in=10, tokens_out=1)
        return Reply(message=said, usage=usage, cost_usd=1e-3, model="costs")


async def bare(agent: Agent, trials: int, log: Log, at_once: int) -> None:
    """Ask so often, so many at a time, each ask in a run of its own with a seed."""
    gate = asyncio.Semaphore(at_once)

    async def one(n: int) -> Answer:
        async with gate, run(log=log, seed=1):
            return await agent(f"q{n}")

    await gather(*(one(n) for n in range(trials)))


async def in_one_run(agent: Agent, trials: int, log: Log, at_once: int) -> None:
    """Ask so often, so many at a time, all in one run."""
    async with run(log=log, seed=1, concurrency=at_once):
        await gather(*(agent(f"q{n}") for n in range(trials)))


def suite_of(trials: int) -> Suite:
    return Suite([{"id": f"q{n}", "input": f"q{n}", "target": "1"} for n in range(trials)])


def timed(made: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[float, float]:
    """Processor time and time of a coroutine, in seconds."""
    began, wall = time.process_time(), time.perf_counter()
    asyncio.run(made())
    return time.process_time() - began, time.perf_counter() - wall


def overhead(trials: int, at_once: int, parts: int = 5) -> None:
    """Ask and evaluate by turns, a part of the trials each, so that all meet the same load."""
    agent, each = Agent("a", model=Waits()), max(1, trials // parts)
    ways = {"bare": bare, "in one run": in_one_run}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*ways, "evaluate")}
    with tempfile.TemporaryDirectory() as folder:
        logs = {name: open_log(f"sqlite:///{Path(folder, f'{name}.db')}") for name in found}
        for n in range(parts):
            for name, way in ways.items():
                found[name].append(timed(partial(way, agent, each, logs[name], at_once)))
            suite, log = suite_of(each), logs["evaluate"]
            suite.name = f"part {n}"
            made = partial(evaluate, agent, suite, concurrency=at_once, log=log)
            found["evaluate"].append(timed(made))
    for place, what in enumerate(("CPU", "time")):
        took = {name: [one[place] for one in made] for name, made in found.items()}
        sums = ", ".join(f"{name} {sum(one):.2f} s" for name, one in took.items())
        pairs = [b / a for a, b in zip(took["bare"], took["evaluate"], strict=True)]
        ratio = sum(took["evaluate"]) / sum(took["bare"])
        print(f"{trials} trials, {at_once} at a time, {what}: {sums}; evaluate over bare"
              f" {ratio:.3f}, median of {parts} pairs {statistics.median(pairs):.3f}")  # fmt: skip


def killed(trials: int) -> None:
    """Kill a process that evaluates when half is done, and go on in this one."""
    with tempfile.TemporaryDirectory() as folder:
        calls, url = Path(folder, "calls"), f"sqlite:///{Path(folder, 'a.db')}"
        calls.touch()
        order = [sys.executable, "-m", "benchmarks.evaluation", "--child"]
        child = subprocess.Popen([*order, str(trials), url, str(calls)])
        while calls.stat().st_size < trials // 2 and child.poll() is None:
            time.sleep(0.01)
        child.kill()
        child.wait()
        before = calls.stat().st_size
        began, wall, first = time.process_time(), time.perf_counter(), []
        log = open_log(url)
        result = asyncio.run(evaluate(
            Agent("a", model=Waits(str(calls))), suite_of(trials), concurrency=64, log=log,
            on_progress=lambda now: None if first or now.trial.reused
            else first.append(time.perf_counter() - wall),
        ))  # fmt: skip
        asked = calls.stat().st_size
        reused = sum(one.reused for one in result.trials)
        assert result.complete and result.accuracy == 1.0
        print(f"{trials} trials, killed after {before} calls: {reused} kept, {asked - before} calls"
              f" more, {asked - trials} of them paid twice (64 were under way);"
              f" the first new one done after {first[0]:.2f} s")  # fmt: skip
        wall, began = time.perf_counter(), time.process_time()
        again = asyncio.run(
            evaluate(Agent("a", model=Waits(str(calls))), suite_of(trials), concurrency=64, log=log)
        )
        took = time.process_time() - began
        assert all(one.reused for one in again.trials) and calls.stat().st_size == asked
        print(f"all {trials} again: {took:.2f} s of CPU, {time.perf_counter() - wall:.2f} s")


def child(trials: int, url: str, calls: str) -> None:
    agent = Agent("a", model=Waits(calls))
    asyncio.run(evaluate(agent, suite_of(trials), concurrency=64, log=open_log(url)))


def views(trials: int = 100_000) -> None:
    dice = random.Random(1)
    made = tuple(
        Scored(contender="a", question=f"q{n % 1000}", seed=n // 1000, status="answered",
               right=dice.random() < 0.7, text="x")
        for n in range(trials)
    )  # fmt: skip
    result = Evaluation(
        name="e", suite="s", version="v", contender="a", scorers=("exact",),
        questions={f"q{n}": "" for n in range(1000)}, planned=trials // 1000, trials=made,
    )  # fmt: skip
    began = time.process_time()
    size = len(result.to_html())
    print(f"view of {trials} trials: {time.process_time() - began:.2f} s CPU, {size / 1e6:.1f} MB")


def coverage() -> None:
    dice = random.Random(2)
    for questions, trials, alike in ((40, 1, 3), (40, 3, 3), (40, 8, 0.6), (100, 5, 3)):
        held = 0
        for _ in range(REPEATS):
            # Shares are few whole numbers, so at one truth coverage jumps: each study has its own.
            true = dice.uniform(0.5, 0.95)
            skill = [dice.betavariate(true * alike, (1 - true) * alike) for _ in range(questions)]
            clusters = [[dice.random() < p for _ in range(trials)] for p in skill]
            _, low, high = accuracy(clusters)
            held += low <= true <= high
        print(f"{questions} questions x {trials}: the interval holds {held / REPEATS:.1%}")


def alarms() -> None:
    dice = random.Random(4)
    for questions, seeds, differ in ((60, 1, 0.5), (200, 1, 0.2), (40, 3, 0.5), (60, 5, 0.3)):
        for name, conservative in (("mid-p", False), ("exact", True)):
            false = 0
            for _ in range(REPEATS):
                gaps = [
                    sum(dice.choice((-1, 1)) for _ in range(seeds) if dice.random() < differ)
                    for _ in range(questions)
                ]
                false += sign_flip(gaps, conservative=conservative) <= 0.05
            print(f"{questions} questions x {seeds}, {differ:.0%} differ: the paired test, {name},"
                  f" gives a false alarm in {false / REPEATS:.1%}")  # fmt: skip
    missed = alarmed = 0
    studies = 1000
    for _ in range(studies):
        right, off = 0, False
        signs = []
        for n in range(1, 301):
            right += dice.random() < 0.7
            low, high = sequence_interval(right, n)
            off = off or not low <= 0.7 <= high
            signs.append(dice.choice((-1, 0, 0, 1)))
        missed += off
        alarmed += sequential_test(signs) <= 0.05
    print(f"looked at after each of 300 trials, the sequence misses in {missed / studies:.1%} and"
          f" the sequential test gives a false alarm in {alarmed / studies:.1%}")  # fmt: skip


@pattern
async def dear(task: str) -> str:
    """Asks as often as the task says, and gives the answer that it names."""
    _, calls, said = task.split()
    for n in range(int(calls)):
        await DEAR(f"{task}, {n}")
    return said


DEAR = Agent("one", model=Costs())


async def cut_short(dice: random.Random, at_once: int, easy_first: bool) -> Evaluation:
    """A study of sixty questions with money for some fifteen; half of them are dear and wrong."""
    rows = []
    for n in range(60):
        costly = dice.random() < 0.5
        calls = dice.choice((4, 6, 10)) if costly else 1
        right = int(dice.random() < (0.1 if costly else 0.9))
        rows.append({"id": f"q{n}", "input": f"q{n} {calls} {right}", "target": "1"})
    if easy_first:
        rows.sort(key=lambda row: int(row["input"].split()[1]))
    return await evaluate(
        dear, Suite(rows), budget_usd=0.06, concurrency=at_once, log=open_log("memory:")
    )


def partial_results(studies: int) -> None:
    for at_once, easy_first in ((1, False), (8, False), (32, False), (8, True)):
        dice = random.Random(5)
        made = [asyncio.run(cut_short(dice, at_once, easy_first)) for _ in range(studies)]
        held = sum(one.interval[0] <= 0.5 <= one.interval[1] for one in made) / studies
        mean = statistics.fmean(one.accuracy for one in made)
        count = statistics.fmean(len(one.trials) for one in made)
        cut = statistics.fmean(len(one.unfinished) for one in made)
        width = statistics.fmean(one.interval[1] - one.interval[0] for one in made)
        order = "easy first" if easy_first else "mixed"
        print(f"{studies} budgets that end, {at_once} at a time, {order}: the interval holds"
              f" {held:.1%}, {width:.2f} wide; accuracy {mean:.3f} of 0.5; {count:.1f} trials made,"
              f" {cut:.2f} cut")  # fmt: skip


def main() -> None:
    match sys.argv[1:]:
        case ["--child", trials, url, calls]:
            child(int(trials), url, calls)
        case ["--kill", *trials]:
            killed(int(*trials) if trials else 10_000)
        case ["--rates"]:
            coverage()
            alarms()
        case ["--coverage", *studies]:
            table(int(*studies) if studies else 1000)
        case ["--partial", *studies]:
            partial_results(int(*studies) if studies else 200)
        case ["--overhead", *trials]:
            for at_once in (64, 8):
                overhead(int(*trials) if trials else 10_000, at_once)
        case []:
            overhead(10_000, 64)
            killed(10_000)
            views()
            coverage()
            alarms()
        case _:
            print(__doc__)


if __name__ == "__main__":
    main()
