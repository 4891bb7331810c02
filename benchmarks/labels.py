"""What a policy adds to a turn and to a tool run: labels followed, and each effect decided on.

Alone: `python -m benchmarks.labels`. The same agent is asked with a policy and without, turn about
in one process, so that what else the machine does meets both; a ratio is the median of those of
neighbours. Function calls are counted besides, which nothing else on the machine can move. In
"reads" the tool's words come from outside, and all that follows has their label. "Long" is a
process that has read two thousand pages from outside, each of which a task may hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median

from benchmarks.fresh import Figures
from benchmarks.fresh import call as of
from benchmarks.mock import serving
from benchmarks.worker import checked

PAGES = 2000


async def counted(act: Callable[[], Awaitable[str]], n: int) -> float:
    """Function calls of one."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(n):
        await act()
    profile.disable()
    profile.create_stats()
    return float(sum(entry[1] for entry in profile.stats.values())) / n


async def compared(base: str, scenario: str, n: int, rounds: int) -> Figures:
    """CPU microseconds and calls without a policy and with one, and their ratios."""
    from agentkit.trust import CLEAN, PRIVATE, Policy, enforced, mark
    from benchmarks.subjects.ours import opened

    subject = await opened(base, "")
    policy = Policy(sources={"tool:add": CLEAN, "tool:mail": PRIVATE}, on_influence="ask")
    if scenario == "reads":
        policy = Policy(lifts=())
    act = subject.tool if scenario in ("tool", "reads") else subject.turn
    if scenario == "long":
        rng = random.Random(7)
        for number in range(PAGES):
            lines = [" ".join(f"{rng.random():.6f}" for _ in range(6)) for _ in range(20)]
            mark(f"page {number}\n" + "\n".join(lines))
    found: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(rounds + 1):
        for governed in (False, True):
            around = enforced(policy) if governed else contextlib.nullcontext()
            with around:
                before = time.process_time()
                for _ in range(n):
                    checked(await act())
                took = time.process_time() - before
            if turn:  # The first one warms up.
                found[governed].append(took / n * 1e6)
    calls = await counted(act, n)
    with enforced(policy):
        more = await counted(act, n)
    await subject.close()
    ratio = median(b / a for a, b in zip(found[False], found[True], strict=True))
    return {
        "cpu_us": min(found[False]), "governed_us": min(found[True]), "ratio": ratio,
        "calls": calls, "governed_calls": more, "calls_ratio": more / calls,
    }  # fmt: skip


def measured(scenario: str, n: str, rounds: str) -> Figures:
    """Of one scenario, in this process."""
    with serving() as base:
        return asyncio.run(compared(base + "/v1", scenario, int(n), int(rounds)))


def main(n: int = 100, rounds: int = 25) -> None:
    for scenario in ("turn", "tool", "reads", "long"):
        found = of("benchmarks.labels", "measured", scenario, str(n), str(rounds))
        print(
            f"{scenario}: {found['cpu_us']:,.0f} µs, {found['calls']:,.0f} calls; with a policy"
            f" {found['governed_us']:,.0f} µs, {found['governed_calls']:,.0f} calls:"
            f" {found['ratio']:.3f} of CPU, {found['calls_ratio']:.3f} of calls"
        )


if __name__ == "__main__":
    main()
