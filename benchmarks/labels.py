"""What a policy adds to a turn and to a tool run: labels followed, and each effect decided on.

Alone: `python -m benchmarks.labels`. The same agent is asked in two processes, in one with a policy
and in the other without. They take turns of fifty asks, and change who begins, so that what
else the machine does meets both; a ratio is that of the CPU time of two turns side by side, told
as the median of all with its quartiles, and that of all turns together, which has the rare
collections of garbage in it. Function calls are counted besides, which nothing else on
the machine can move. In "reads" the tool's words come from outside, and all that follows has their
label. "Long" is a process that has read two thousand pages from outside, each of which a task may
hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median, quantiles

from benchmarks.fresh import Failed, Figures
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


def around(scenario: str, governed: bool) -> contextlib.AbstractContextManager[object]:
    """What the asks of a scenario are made under."""
    from agentkit.trust import CLEAN, PRIVATE, Policy, enforced, mark

    if scenario == "long":
        rng = random.Random(7)
        for number in range(PAGES):
            lines = [" ".join(f"{rng.random():.6f}" for _ in range(6)) for _ in range(20)]
            mark(f"page {number}\n" + "\n".join(lines))
    policy = Policy(sources={"tool:add": CLEAN, "tool:mail": PRIVATE}, on_influence="ask")
    if scenario == "reads":
        policy = Policy(lifts=())
    return enforced(policy) if governed else contextlib.nullcontext()


async def turns(base: str, scenario: str, governed: bool) -> None:
    """Ask as often as each line of the input says, and print the CPU seconds, or the calls."""
    from benchmarks.subjects.ours import opened

    subject = await opened(base, "")
    act = subject.tool if scenario in ("tool", "reads") else subject.turn
    with around(scenario, governed):
        for line in sys.stdin:
            what, number = line.split()
            if what == "calls":
                print(await counted(act, int(number)), flush=True)
                continue
            before = time.process_time()
            for _ in range(int(number)):
                checked(await act())
            print(time.process_time() - before, flush=True)
    await subject.close()


@contextlib.contextmanager
def process(base: str, scenario: str, governed: bool) -> Iterator[Callable[[str], float]]:
    """A process that takes turns; the function tells it to, and gives what it printed."""
    with tempfile.TemporaryDirectory(prefix="agentkit-bench-") as folder:
        env = {**os.environ, "AGENTKIT_LOG": os.path.join(folder, "log.db")}
        command = [sys.executable, "-m", "benchmarks.labels", base, scenario, str(int(governed))]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as child:
            assert child.stdin is not None and child.stdout is not None

            def told(line: str) -> float:
                assert child.stdin is not None and child.stdout is not None
                child.stdin.write(line + "\n")
                child.stdin.flush()
                if not (said := child.stdout.readline()):
                    raise Failed(f"the process of {scenario} ended")
                return float(said)

            yield told
            child.stdin.close()


def measured(scenario: str, n: int, rounds: int) -> Figures:
    """CPU microseconds and calls without a policy and with one, and their ratios."""
    found: dict[bool, list[float]] = {False: [], True: []}
    with (
        serving() as base,
        process(base + "/v1", scenario, False) as plain,
        process(base + "/v1", scenario, True) as governed,
    ):
        both = {False: plain, True: governed}
        for number in range(rounds + 2):
            for which in (False, True) if number % 2 else (True, False):
                took = both[which](f"asks {n}")
                if number > 1:  # The first ones warm up.
                    found[which].append(took / n * 1e6)
        calls = {which: told(f"calls {n}") for which, told in both.items()}
    ratios = [b / a for a, b in zip(found[False], found[True], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    return {
        "cpu_us": median(found[False]), "governed_us": median(found[True]),
        "ratio": median(ratios), "low": low, "high": high,
        "in_all": sum(found[True]) / sum(found[False]),
        "calls": calls[False], "governed_calls": calls[True],
        "calls_ratio": calls[True] / calls[False],
    }  # fmt: skip


def main(n: int = 50, rounds: int = 120) -> None:
    for scenario in ("turn", "tool", "reads", "long"):
        one = measured(scenario, n, rounds)
        print(
            f"{scenario}: {one['cpu_us']:,.0f} µs, {one['calls']:,.0f} calls; with a policy"
            f" {one['governed_us']:,.0f} µs, {one['governed_calls']:,.0f} calls:"
            f" {one['ratio']:.3f} of CPU ({one['low']:.3f} to {one['high']:.3f};"
            f" in all {one['in_all']:.3f}),"
            f" {one['calls_ratio']:.3f} of calls",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) > 3:
        asyncio.run(turns(sys.argv[1], sys.argv[2], sys.argv[3] == "1"))
    else:
        main(*map(int, sys.argv[1:]))
