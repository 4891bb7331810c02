"""How long a long run takes to resume: every step is recorded, none is performed again."""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.fresh import Figures
from benchmarks.worker import metered


def steps(count: str) -> Figures:
    """A run of so many steps in one scope, killed before its end and resumed."""
    return asyncio.run(resumed(int(count), asks=False))


def asks(count: str) -> Figures:
    """The same, each step a model call of an agent with a scope and messages of its own."""
    return asyncio.run(resumed(int(count), asks=True))


async def resumed(count: int, asks: bool) -> Figures:
    from agentkit import Agent, Message, Reply, Request, Usage, current_run, open_log, pattern
    from agentkit.step import Outcome

    performed = 0
    broken = True

    class Echo:
        name = "echo"

        async def __call__(self, request: Request, on_text: Any = None) -> Reply:
            nonlocal performed
            performed += 1
            said = Message(role="assistant", content="It is done.")
            return Reply(message=said, usage=Usage(tokens_in=9, tokens_out=3, calls=1))

    clerk = Agent("clerk", "You do as told.", model=Echo())

    async def perform(_key: str) -> Outcome:
        nonlocal performed
        performed += 1
        return Outcome(result={"done": performed})

    @pattern
    async def long(task: str) -> str:
        for number in range(count):
            if asks:
                await clerk(f"Do number {number}.")
            else:
                request = {"number": number}
                await current_run().step("tool", "work", request, perform, durable=False)
        if broken:
            raise RuntimeError("the process is killed here")
        return "done"

    log = open_log()
    try:
        await long("Work", log=log)
    except RuntimeError:
        pass
    recorded, broken = performed, False
    with metered() as taken:
        answer = await long.resume(log.runs()[0].id, log=log)
    if answer.text != "done" or performed != recorded or recorded != count:
        raise SystemExit(f"{performed - recorded} of {count} steps were performed again")
    log.close()
    return {"wall_s": taken["wall_s"], "cpu_s": taken["cpu_s"]}
