"""What cascades and a learned router save at equal accuracy on the simulation, with intervals.

    python -m benchmarks.routing [--seeds 1] [--ratio 0.2] [--margin 0.03]

The simulated prices and accuracies are stated: `sim:hasty` costs a fifth of `sim:careful` for each
token and errs in each step of reasoning with probability 0.25. So what comes out says how these
mechanisms behave under that assumption, and when they pay; not what they save elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio

from agentkit import Actor, Agent, Tool, connect
from agentkit.evaluate import compare, saving
from agentkit.evaluate.comparison import Comparison
from agentkit.evaluate.learned import learn
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.patterns import cascade, router
from agentkit.sim.server import start
from agentkit.sim.world import world


def workers(url: str, tools: list[Tool], ratio: float) -> tuple[Agent, Agent]:
    """The dear one, and the cheap one at a share of its price."""
    made = [
        Agent(
            name,
            "You answer questions about the port.",
            model=connect(f"sim:{name}", base_url=url, price=(0.5 * share, 2.0 * share)),
            tools=tools,
        )
        for name, share in (("careful", 1.0), ("hasty", ratio))
    ]
    return made[0], made[1]


def raised(log: MemoryLog, found: Comparison, name: str) -> float:
    """The share of questions for which a cascade asked the dear one."""
    runs = [one.run_id for one in found.trials if one.contender == name]
    asked = [
        any(
            isinstance(event, Noted) and event.topic == "cascade" and "to" in (event.data or {})
            for event in log.read(run)
        )
        for run in runs
        if run
    ]
    return sum(asked) / len(asked) if asked else 0.0


async def measured(seeds: int, ratio: float, margin: float) -> None:
    """Learn from one half of the questions, and measure on the other."""
    server = await asyncio.to_thread(start, 7, 0.0)
    try:
        port = world()
        careful, hasty = workers(f"{server.url}/v1", list(port.tools()), ratio)
        both = cascade([hasty, careful], samples=2, name="cascade")
        train, test = list(port.questions[::2]), list(port.questions[1::2])
        log = MemoryLog()
        every: list[Actor] = [careful, hasty, both]
        count = list(range(1, seeds + 1))
        known = await compare(every, train, budget_usd=1, seeds=count, log=log)
        rule = learn(known, train, margin=margin)
        learned = router([careful, hasty, both], by=rule, name="learned")
        log = MemoryLog()
        found = await compare([*every, learned], test, budget_usd=1, seeds=count, log=log)
        print(f"learned from {len(train)} questions, measured on {len(test)} others")
        for row in found.rows:
            print(f"  {row.contender:8} right {row.accuracy:.1%}")
        for name in ("hasty", "cascade", "learned"):
            print(saving(found, name))
        gone: dict[str, int] = {}
        for one in test:
            to = rule(one.text)
            gone[to] = gone.get(to, 0) + 1
        share = raised(log, found, "cascade")
        print(f"the router sent {gone}")
        print(
            f"the cascade asked the dear one for {share:.0%} of the questions; two samples of one"
        )
        print(f"  that costs {ratio:.0%} pay where that is below {1 - 2 * ratio:.0%}")
        for level in (1, 2, 3):
            ids = {one.id for one in test if one.level == level}
            part = [one for one in found.trials if one.question in ids]
            few = found.model_copy(update={"trials": tuple(part)})
            print(f"level {level}: asked again {raised(log, few, 'cascade'):.0%};"
                  f" {saving(few, 'cascade')}")  # fmt: skip
    finally:
        await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ratio", type=float, default=0.2, help="price of hasty, careful being 1")
    parser.add_argument("--margin", type=float, default=0.03, help="loss of accuracy that is none")
    given = parser.parse_args()
    asyncio.run(measured(given.seeds, given.ratio, given.margin))
