"""Mechanisms around an endpoint: python -m benchmarks.reliability [--quick] [--write] [PART ...].

Parts: overhead, limiter, breaker, storm, hostile. The first is CPU time of this process, the next
three play in simulated time, and the last asks a real simulated endpoint over HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from agentkit import Agent, Message, Model, Reply, Request, Usage
from agentkit.endpoints.connect import connect
from agentkit.errors import EndpointError, LimitReached, Overloaded
from agentkit.evaluate.chaos import LADDER, chaos
from agentkit.evaluate.chaosreport import Chaos
from agentkit.messages import thread_of
from agentkit.model import OnText
from agentkit.reliability import shared
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.limit import Limit, limit
from agentkit.reliability.retry import retry
from agentkit.reliability.stack import WrapperOptions, stacked
from agentkit.reliability.timeouts import Timeouts
from agentkit.sim.world import world
from benchmarks import table
from benchmarks.table import number
from consistency.virtual import VirtualLoop, play

FAULTS = "429=10% 500=5% stall=5% cut=3% seed=4"
REPLY = Reply(
    message=Message(role="assistant", content="hi"),
    usage=Usage(tokens_in=3, tokens_out=2, calls=1),
    cost_usd=0.001,
)


class Instant:
    """A model that answers at once."""

    name = "instant"

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        return REPLY


class Timed(Instant):
    """A model that takes a time and notes when it was asked; down until `up_s`."""

    name = "timed"

    def __init__(self, takes_s: float = 0.0, up_s: float = 0.0) -> None:
        self.takes_s, self.up_s = takes_s, up_s
        self.at: list[tuple[float, str]] = []

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        now = asyncio.get_running_loop().time()
        self.at.append((now, request.actor))
        await asyncio.sleep(self.takes_s)
        if now < self.up_s:
            raise Overloaded("down")
        return REPLY


def request(n: int, actor: str = "") -> Request:
    """A request unlike the others."""
    thread = thread_of([Message(role="user", content=f"question {n}")])
    return Request(thread=thread, key=f"key {n}", actor=actor)


def overhead(quick: bool) -> list[list[str]]:
    """CPU per call of all wrappers together, and of each, when nothing fails."""
    calls, repeats = (200, 2) if quick else (3000, 7)
    asked = [request(n) for n in range(calls)]

    def cpu_us(model: Model) -> float:
        async def all_calls() -> float:
            began = time.process_time()
            for one in asked:
                await model(one)
            return (time.process_time() - began) / calls * 1e6

        return min(asyncio.run(all_calls()) for _ in range(repeats))

    with tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[], Model]] = {
            "no wrapper": Instant,
            "retry alone": lambda: retry(Instant()),
            "all but the cache": lambda: everything({}),
            "all, the cache asked and not used": lambda: everything({"cache": f"{folder}/c.db"}),
        }
        found = {name: cpu_us(make()) for name, make in parts.items()}
    floor = found.pop("no wrapper")
    return [[f"CPU per call, {name}", number(value - floor, "µs")] for name, value in found.items()]


def everything(more: dict[str, Any]) -> Model:
    """All wrappers around a model that answers at once."""
    shared.forget()
    asked = WrapperOptions(
        retries=3,
        retry_budget=True,
        timeouts=Timeouts(turn_s=60),
        fallback=[connect("sim:careful")],
        hedge=True,
        limit=Limit(requests_per_minute=1e9, tokens_per_minute=1e12),
        concurrency=8,
        breaker=True,
        **more,
    )
    return stacked(Instant(), asked)


def limiter(quick: bool) -> list[list[str]]:
    """How near a rate is kept by many queued calls, and whether actors are served in turn."""
    calls, rate = (500 if quick else 10_000), 6000.0

    async def trial() -> Timed:
        model = Timed(0.05)
        paced = limit(model, Limit(requests_per_minute=rate))
        await asyncio.gather(*[paced(request(n, f"agent {n % 100}")) for n in range(calls)])
        return model

    began = time.process_time()
    model = play(trial(), VirtualLoop())
    cpu_s = time.process_time() - began
    took_s = model.at[-1][0] - model.at[0][0]
    off = (calls - 1) / took_s / (rate / 60) - 1
    served = [actor for _, actor in model.at]
    most = max(served[: calls // 2].count(f"agent {n}") for n in range(100))
    least = min(served[: calls // 2].count(f"agent {n}") for n in range(100))
    return [
        [f"{calls:,} queued calls at {rate:g} a minute, off the rate by", f"{off:+.2%}"],
        ["half-way, calls of the actor served most and least", f"{most} and {least}"],
        ["CPU per queued call", number(cpu_s / calls * 1e6, "µs")],
    ]


def breaking(quick: bool) -> list[list[str]]:
    """After how many failures the breaker opens, and how soon it closes after recovery."""

    async def trial() -> tuple[int, float]:
        model = Timed(0.0, up_s=5.0)
        guarded = breaker(model, Breaker(failures=5, open_s=1.0, patience_s=60))
        while (loop := asyncio.get_running_loop()).time() < 0.5:
            try:
                await asyncio.wait_for(guarded(request(0)), 0.01)
            except (EndpointError, LimitReached, TimeoutError):
                await asyncio.sleep(0.01)
        before = len(model.at)
        while True:
            try:
                await guarded(request(0))
                return before, loop.time()
            except (EndpointError, LimitReached):
                continue

    before, closed_s = play(trial(), VirtualLoop())
    return [
        ["failures until the breaker opens (stated: 5)", str(before)],
        ["endpoint down for 5 s: closed again after", number(closed_s, "s")],
    ]


def storm(quick: bool) -> list[list[str]]:
    """Requests that a recovering endpoint gets from many agents, with and without bounds."""
    agents = 100 if quick else 1000

    async def trial(bounded: bool) -> tuple[int, int]:
        model = Timed(0.1, up_s=5.0)
        inner: Model = model
        if bounded:
            inner = concurrency(breaker(inner, Breaker(open_s=0.5)), 50)
        asked = retry(inner, 10, base_s=0.1, cap_s=2.0, budget=bounded)

        async def one(n: int) -> bool:
            try:
                await asked(request(n, f"agent {n}"))
                return True
            except (EndpointError, LimitReached):
                return False

        done = await asyncio.gather(*[one(n) for n in range(agents)])
        return len(model.at), sum(done)

    rows = []
    for bounded in (False, True):
        requests, useful = play(trial(bounded), VirtualLoop())
        how = "retry budget, breaker, 50 at once" if bounded else "retries alone"
        ratio = f"{requests / useful:.2f} × the {useful:,} useful" if useful else "none useful"
        rows.append([f"{agents:,} agents, down for 5 s, {how}: requests", f"{requests:,}: {ratio}"])
    return rows


def hostile(quick: bool) -> list[list[str]]:
    """Questions at an endpoint that refuses, breaks, stalls and cuts: what comes, and how late."""
    found = asyncio.run(attacked(20 if quick else 200))
    calm, bare, full = found.rows[0], found.rows[1], found.rows[-1]
    print(found)
    assert calm.p99_s and full.p99_s
    return [
        [f"{FAULTS}: answered of {full.asked}, no mechanism", str(bare.answered)],
        ["the same, all mechanisms; the others named as missing",
         f"{full.answered}; {len(full.missing)}"],
        ["p99 without faults", number(calm.p99_s, "s")],
        ["p99 with faults and all mechanisms",
         f"{number(full.p99_s, 's')}: {full.p99_s / calm.p99_s:.2f} ×"],
        ["wasted of what was charged", f"{full.wasted:.1%}"],
    ]  # fmt: skip


async def attacked(questions: int) -> Chaos:
    """The clerk with its tools under the faults, at the latency of a hosted model (× 10)."""
    port = world()
    clerk = Agent("clerk", "You answer questions about the port.", tools=port.tools())
    together: dict[str, Any] = {}
    for more in LADDER.values():
        together |= more
    return await chaos(
        clerk,
        port.questions[:questions],
        FAULTS,
        mechanisms={"all": together | {"timeouts": Timeouts(first_s=4.0, between_s=2.0)}},
        concurrency=16,
        speed=10.0,
    )


PARTS = {
    "overhead": overhead,
    "limiter": limiter,
    "breaker": breaking,
    "storm": storm,
    "hostile": hostile,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options.add_argument("--quick", action="store_true", help="small sizes")
    options.add_argument("--write", action="store_true", help="put the table into README.md")
    chosen = options.parse_args()
    rows = [row for name in chosen.parts or PARTS for row in PARTS[name](chosen.quick)]
    where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}."
    text = f"{where}\n\n{table.markdown(['figure', 'measured'], rows)}"
    print(text)
    if chosen.write:
        table.put(Path(__file__).with_name("README.md"), "reliability", text)


if __name__ == "__main__":
    main()
