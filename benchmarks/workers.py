"""Turns a second of 1, 2 and 4 workers of a fleet: python -m benchmarks.workers.

The same batch for each, on an endpoint that takes half a second a call; runs of three turns, four
at once in each worker. Workers are processes of this machine on a Postgres of their own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from agentkit import open_log, pattern
from agentkit.fleet import Fleet
from agentkit.fleet.embedded import EmbeddedPostgres
from benchmarks.table import markdown, number

WORKERS = (1, 2, 4)
SLOTS, RUNS, TURNS, CALL_S = 4, 96, 3, 0.5
TEAM = f"""
import asyncio
from agentkit import Agent, Message, Reply, Usage, pattern

class Late:
    name = "late"
    async def __call__(self, request, on_text=None):
        await asyncio.sleep({CALL_S})
        said = Message(role="assistant", content="done")
        return Reply(message=said, usage=Usage(calls=1), cost_usd=0.0, model="late")

worker = Agent("worker", model=Late())

@pattern
async def endpoint_bound(task):
    for turn in range({TURNS}):
        await worker(f"{{task}}, turn {{turn}}")
    return "done"
"""


@pattern
async def endpoint_bound(task: str) -> str:
    """What the workers serve under this name; here only its name counts."""
    return task


async def measured(folder: Path, url: str) -> dict[int, float]:
    """Turns a second by the number of workers."""
    os.chdir(folder)
    Path("team_of_bench.py").write_text(TEAM, encoding="utf-8")
    found, log = {}, open_log(url)
    fleet = await Fleet.up("team_of_bench.py:endpoint_bound", workers=1, slots=SLOTS, log=log)
    try:
        for workers in WORKERS:
            await fleet.scale(workers)
            while len(await asyncio.to_thread(log.work.workers)) != workers:
                await asyncio.sleep(0.05)
            began = time.perf_counter()
            batch = await fleet.map(endpoint_bound, [f"{workers}-{n}" for n in range(RUNS)])
            answers = await batch.all()
            assert [one.text for one in answers] == ["done"] * RUNS
            found[workers] = RUNS * TURNS / (time.perf_counter() - began)
    finally:
        await fleet.down()
        log.close()
    return found


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="agentkit-workers-") as folder:
        server = EmbeddedPostgres(Path(folder, "server"))
        try:
            found = asyncio.run(measured(Path(folder), server.url))
        finally:
            server.stop()
    ideal = SLOTS / CALL_S
    rows = [
        [str(n), number(rate), f"{rate / n / ideal:.0%}", f"{rate / n / found[1]:.0%}"]
        for n, rate in found.items()
    ]
    head = ["workers", "turns a second", "of what the endpoint allows", "of linear"]
    sys.stdout.write(markdown(head, rows) + "\n")


if __name__ == "__main__":
    main()
