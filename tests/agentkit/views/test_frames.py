from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from agentkit import Agent, pattern, run, tool
from agentkit.errors import Overloaded, SetupError, TimedOut, UnknownRun
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from agentkit.reliability.hedge import hedge
from agentkit.reliability.retry import retry
from agentkit.testing import ScriptedModel
from agentkit.views.frames import COLUMNS, TABLES
from tests.agentkit.reliability.doubles import Endpoint, said, simulated
from tests.agentkit.reliability.test_hedge import Priced


@tool(effect="pure")
def twice(n: int) -> int:
    """Twice a number."""
    return 2 * n


def asked() -> MemoryLog:
    """A log with a team of two, a tool, a failure and a rerun."""
    log = MemoryLog()
    lines = [ToolCall(id="1", name="twice", arguments='{"n": 4}'), "8"]
    ada = Agent("ada", model=ScriptedModel(*lines), tools=[twice])
    bo = Agent("bo", model=Endpoint(said("fine", 0.5)))

    @pattern
    async def team(task: str) -> str:
        return (await ada(task)).text + (await bo(task)).text

    answer = asyncio.run(team("go", log=log))
    asyncio.run(team.rerun(answer.run_id, log=log))
    with pytest.raises(Overloaded):
        asyncio.run(Agent("cy", model=Endpoint(Overloaded("down")))("go", log=log))
    return log


def test_a_frame_of_steps_has_a_row_for_each_step_that_ended() -> None:
    frame = asked().frame("steps")
    assert list(frame.columns) == list(COLUMNS["steps"])
    assert list(frame[frame.actor == "ada"].kind) == ["model", "tool", "model"] * 2
    # The tool is code of this file, unchanged, so the rerun reused all of it.
    assert frame[frame.reused].cost_usd.sum() == 0 and frame.reused.sum() == 4
    assert set(frame[frame.actor == "ada"].scope) == {"team/ada"}
    failed = frame[frame.status == "failed"]
    assert list(failed.error) == ["Overloaded: down"] and list(failed.attempt) == [1]
    assert str(frame["at"].dtype).startswith("datetime64") and (frame.took_s.dropna() >= 0).all()


def test_a_frame_of_messages_has_their_words_once() -> None:
    log = asked()
    frame = log.frame("messages", log.runs()[-1].id)
    told = [(row.sender, row.to, row.purpose, row.text) for row in frame.itertuples()]
    assert ("bo", "team", "answer", "fine") in told and ("you", "team", "task", "go") in told
    assert len(told) == len(set(told)) == 6 and (frame.characters == frame.text.str.len()).all()


def test_the_sums_of_costs_are_the_bill() -> None:
    log = MemoryLog()
    down = TimedOut("silent")
    slow = Agent("slow", model=hedge(Priced((60.0, "slow"), (0.5, "quick")), 2.0))
    simulated(slow("go", log=log))

    async def retried() -> None:
        model = retry(Priced((0.0, down), (0.0, "ok")), base_s=0)
        async with run(log=log, budget_usd=100):
            await Agent("again", model=model)("go")
        with pytest.raises(TimedOut):
            await Agent("lost", model=Priced((0.0, down)))("go", log=log)

    simulated(retried())
    frame = log.frame("costs")
    sums: dict[Any, float] = frame.groupby(["actor", "what"]).usd.sum().to_dict()
    assert sums == {
        ("slow", "used"): 1.0, ("slow", "losers"): 4.0,
        ("again", "used"): 1.0, ("again", "cuts"): 4.0, ("lost", "failed"): 4.0,
    }  # fmt: skip
    assert frame.usd.sum() == log.frame("calls").cost_usd.sum() == 14.0
    assert log.frame("calls").estimated_usd.sum() == 12.0


def test_a_log_without_calls_has_frames_with_columns() -> None:
    for what in TABLES:
        assert len(MemoryLog().frame(what)) == 0  # type: ignore[arg-type]
    assert list(MemoryLog().frame("costs").columns) == list(COLUMNS["costs"])
    assert "wasted_usd" in MemoryLog().frame("calls").columns
    log = asked()
    for what in TABLES:
        (first, *_) = log.frame(what, plain=True)  # type: ignore[arg-type]
        assert tuple(first) == tuple(COLUMNS[what])


def test_without_pandas_there_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    log = asked()
    rows = log.frame("steps", plain=True)
    assert isinstance(rows, list) and len(rows) == len(log.frame("steps"))
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert log.frame("steps") == rows


def test_a_table_or_run_that_is_not_there_is_an_error() -> None:
    log = asked()
    with pytest.raises(SetupError, match="steps, calls, messages, costs"):
        log.frame("money")  # type: ignore[arg-type]
    with pytest.raises(UnknownRun):
        log.frame("calls", "no such run")
