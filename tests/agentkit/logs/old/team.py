"""What the logs in this folder have recorded: asks of a team, a study and shared state.

Each `schema-*.sql` was written by `python team.py FILE` with an older agentkit in PYTHONPATH, and
is what `dumped` gives of the file. Never write one anew with a newer version: add another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

from agentkit import Agent, gather, open_log, pattern, run, tool
from agentkit.evaluate.compare import compare
from agentkit.log import Log
from agentkit.messages import ToolCall
from agentkit.testing import ScriptedModel
from memory import State

TASK = "What are the dues in Amber?"


@tool(effect="once")
def book(port: str) -> str:
    """Book a berth."""
    return f"booked in {port}"


def team(clerk: ScriptedModel, scout: ScriptedModel, boss: ScriptedModel) -> Any:
    """Two who are asked at once, and one who is told what they said."""
    two = [Agent("clerk", model=clerk, tools=[book]), Agent("scout", model=scout)]
    chief = Agent("chief", model=boss)

    @pattern(name="office")
    async def office(task: str) -> Any:
        found = await gather(*(one(task) for one in two), join="settled")
        return await chief(" and ".join(one.text for one in found))

    return office


def working(boss: ScriptedModel) -> Any:
    """The team as it was recorded, with a chief."""
    booking = [ToolCall(id="call_1", name="book", arguments='{"port": "Amber"}')]
    return team(ScriptedModel(booking, "79 EUR"), ScriptedModel("80 EUR"), boss)


def tally(log: Log) -> State:
    """The shared state."""
    return State("tally", 0, lambda total, event: total + event, log=log)


async def study(log: Log, model: ScriptedModel) -> Any:
    """One contender, one question."""
    asked = [("2 + 2?", "4")]
    return await compare(
        [Agent("solver", model=model)], asked, budget_tokens=1000, name="sums", log=log
    )


async def record(log: Log) -> None:
    """Record a finished run, a rerun of it, an interrupted run, a study twice, and shared state."""
    done = await working(ScriptedModel("79 or 80 EUR"))(TASK, log=log)
    await working(ScriptedModel("79 or 80 EUR")).rerun(done.run_id, log=log)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(working(ScriptedModel("", delay_s=60))(TASK, log=log), 1)
    await study(log, ScriptedModel("4"))
    await study(log, ScriptedModel())
    async with run("counting", log=log):
        for number in (1, 2):
            await tally(log).record(number)


def dumped(path: Path) -> str:
    """A log's file as SQL."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        marks = [
            f"PRAGMA {name}={db.execute(f'PRAGMA {name}').fetchone()[0]};"
            for name in ("application_id", "user_version")
        ]
        return "\n".join([*marks, *db.iterdump(), ""])


if __name__ == "__main__":
    file = Path(sys.argv[1]).with_suffix(".db").absolute()
    asyncio.run(record(open_log(f"sqlite:///{file}")))
    open_log(f"sqlite:///{file}").close()
    Path(sys.argv[1]).write_text(dumped(file), encoding="utf-8")
    file.unlink()
