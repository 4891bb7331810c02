"""The evaluation kit's own cost and error rates: `python -m benchmarks.evaluation [TRIALS]`.

Overhead is processor time of `evaluate` over that of asking the same agent as often, each ask a run
in a log; both wait 50 ms for a reply, which costs no processor. Coverage and false alarms are
counted over simulated evaluations, and do not depend on the machine.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from agentkit import Agent, Log, Message, Reply, Request, Usage, open_log
from agentkit.evaluate import Evaluation, Scored, Suite, evaluate, sequence_interval
from agentkit.evaluate.statistics import accuracy, sign_flip

REPEATS = 2_000


class Waits:
    """A model that answers after 50 ms."""

    name = "waits"

    async def __call__(self, request: Request, on_text: object = None) -> Reply:
        await asyncio.sleep(0.05)
        said = Message(role="assistant", content="1")
        usage = Usage(calls=1, tokens_in=10, tokens_out=1)
        return Reply(message=said, usage=usage, cost_usd=1e-6, model="waits")


async def bare(agent: Agent, trials: int, log: Log) -> None:
    """Ask so often, 64 at a time, each ask a run."""
    gate = asyncio.Semaphore(64)

    async def one(n: int) -> None:
        async with gate:
            await agent(f"q{n}", log=log)

    await asyncio.gather(*(one(n) for n in range(trials)))


def overhead(trials: int) -> None:
    agent = Agent("a", model=Waits())
    suite = Suite([{"id": f"q{n}", "input": f"q{n}", "target": "1"} for n in range(trials)])
    with tempfile.TemporaryDirectory() as folder:
        began, wall = time.process_time(), time.perf_counter()
        asyncio.run(bare(agent, trials, open_log(f"sqlite:///{Path(folder, 'a.db')}")))
        plain, plain_s = time.process_time() - began, time.perf_counter() - wall
        log = open_log(f"sqlite:///{Path(folder, 'b.db')}")
        began, wall = time.process_time(), time.perf_counter()
        asyncio.run(evaluate(agent, suite, concurrency=64, log=log))
        whole, whole_s = time.process_time() - began, time.perf_counter() - wall
        began = time.process_time()
        again = asyncio.run(evaluate(agent, suite, concurrency=64, log=log))
        resumed = time.process_time() - began
    assert again.accuracy == 1.0 and all(one.reused for one in again.trials)
    print(f"{trials} trials: bare {plain:.2f} s, evaluate {whole:.2f} s, {whole / plain:.2f} x;"
          f" wall {plain_s:.1f} and {whole_s:.1f} s; again {resumed:.2f} s of CPU")  # fmt: skip


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
    for questions, trials, share in ((40, 1, 0.7), (40, 3, 0.7), (100, 5, 0.9)):
        held = 0
        for _ in range(REPEATS):
            skill = [min(1.0, max(0.0, dice.gauss(share, 0.2))) for _ in range(questions)]
            clusters = [[dice.random() < p for _ in range(trials)] for p in skill]
            _, low, high = accuracy(clusters)
            true = mean_of_skill(share)
            held += low <= true <= high
        print(f"{questions} questions x {trials}: the interval holds {held / REPEATS:.1%}")


def mean_of_skill(share: float, _known: dict[float, float] = {}) -> float:  # noqa: B006
    """The mean of the skills that are drawn, which are cut at 0 and 1."""
    if share not in _known:
        dice = random.Random(3)
        drawn = [min(1.0, max(0.0, dice.gauss(share, 0.2))) for _ in range(400_000)]
        _known[share] = sum(drawn) / len(drawn)
    return _known[share]


def alarms() -> None:
    dice = random.Random(4)
    false = sum(
        sign_flip([dice.choice((-1, 0, 0, 1)) for _ in range(60)]) < 0.05 for _ in range(REPEATS)
    )
    print(f"the paired test gives a false alarm in {false / REPEATS:.1%}")
    missed = 0
    for _ in range(300):
        right = 0
        for n in range(1, 301):
            right += dice.random() < 0.7
            low, high = sequence_interval(right, n)
            if not low <= 0.7 <= high:
                missed += 1
                break
    print(f"looked at after each of 300 trials, the sequence misses in {missed / 300:.1%}")


if __name__ == "__main__":
    overhead(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    views()
    coverage()
    alarms()
