"""How many runs a second `agentkit.verify.explore` takes a team through.

Alone: `python -m benchmarks.exploring [REPEATS]`. Each team is explored as often as is said, 100
runs at a time; told are the CPU time of a run, the least of all and the median, and the runs a
second that the least gives. Other work on the machine only ever adds to it. Nothing but the checker
works: models and tools are never asked.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Literal

RUNS = 100


class Silent:
    """A model that is never asked."""

    name = "none:none"

    async def __call__(self, *_: Any) -> Any:
        raise AssertionError("it was asked for real")


SILENT: Any = Silent()


def three() -> Any:
    """A writer, a critic with four verdicts, and a cashier with a tool."""
    from agentkit import Agent, tool
    from agentkit.patterns import node

    @tool(effect="once")
    def pay(euro: int) -> str:
        """Pay out."""
        raise AssertionError("it was paid for real")

    writer, critic = [Agent(name, "You work.", model=SILENT) for name in ("writer", "critic")]
    cashier = Agent("cashier", "You pay.", model=SILENT, tools=[pay])
    return writer >> node(critic, output=Literal["OK", "NO", "MAYBE", "LATER"]) >> cashier


def ten() -> Any:
    """Ten agents, one after the other."""
    from agentkit import Agent

    team: Any = Agent("writer", "You write.", model=SILENT)
    for number in range(8):
        team = team >> Agent(f"reader {number}", "You read.", model=SILENT)
    return team >> Agent("cashier", "You pay.", model=SILENT)


def branches() -> Any:
    """A writer, two who read at once, and a cashier; every order of their steps."""
    from agentkit import Agent

    names = ("writer", "critic", "reader", "cashier")
    writer, critic, reader, cashier = [Agent(one, "You work.", model=SILENT) for one in names]
    return writer >> [critic, reader] >> cashier


TEAMS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "three agents, a tool": (three, {}),
    "ten in a row": (ten, {}),
    "two branches, every order": (branches, {"orders": "all"}),
}


async def measured(team: Any, how: dict[str, Any], repeats: int) -> tuple[float, float]:
    """CPU seconds of a run: the least, and the median."""
    from agentkit import open_log
    from agentkit.evaluate import answered, at_most, before
    from agentkit.verify import ends_well, explore

    rules = [before(answered("critic", "OK"), "pay"), at_most(1, "pay"), ends_well()]
    says = {"writer": [str(number) for number in range(20)], "cashier": ["a", "b"]}
    calls = {"pay": [{"euro": number} for number in range(3)]}
    how = {"says": says, "calls": calls, "max_runs": RUNS, "log": open_log("memory:"), **how}
    await explore(team, "x", rules, **how)
    took = []
    for _ in range(repeats):
        before_s = time.process_time()
        found = await explore(team, "x", rules, **how)
        took.append((time.process_time() - before_s) / found.runs)
    return min(took), median(took)


def main() -> None:
    """Measure and print."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, (made, how) in TEAMS.items():
        least, middle = asyncio.run(measured(made(), how, repeats))
        print(
            f"{name}: {least * 1e3:.2f} ms a run ({middle * 1e3:.2f} in the middle),"
            f" {1 / least:,.0f} runs a CPU second",
            flush=True,
        )


if __name__ == "__main__":
    main()
