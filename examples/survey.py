"""Read 60 notices, a few at once. Kill it half way: the next start goes on, and pays for the rest.

python examples/survey.py
"""

from __future__ import annotations

import asyncio

from agentkit import Agent, gather, open_log, pattern
from agentkit.sync import wait

NOTICES = [f"Notice {n}. The pilotage fee of the port is {100 + n} EUR." for n in range(60)]

reader = Agent("reader", "You answer from the notice that you are given.", model="sim:careful")


@pattern
async def survey(question: str, notices: list[str], at_once: int = 3) -> list[str]:
    """Ask the same of every notice."""
    gate = asyncio.Semaphore(at_once)

    async def read(notice: str) -> str:
        async with gate:
            return (await reader(f"{notice}\n\n{question}")).text

    return list(await gather(*[read(notice) for notice in notices]))


def main() -> None:
    log = open_log()
    cut_off = [one.id for one in log.runs() if one.actor == "survey" and one.status != "ok"]
    if cut_off:
        answer = wait(survey.resume(cut_off[0]))
    else:
        answer = survey.run_sync("What is the pilotage fee?", NOTICES)
    fees = answer.data
    print(f"{len(fees)} notices; the last: {fees[-1]}; {answer.bill}")


if __name__ == "__main__":
    main()
