"""Agents that act by writing Python: tools are functions, and a run is resumed as any other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import open_log, tool
from agentkit.errors import TurnsSpent
from agentkit.events import StepEnded, StepStarted
from agentkit.sandbox import Limits
from agentkit.testing import ScriptedModel
from agentkit.workbench import CodeAgent
from agentkit.workbench.actions import code_in
from tests.agentkit.sandbox.here import bubblewrap

pytestmark = bubblewrap
asked: list[Any] = []


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> dict[str, float]:
    """The dues of a port.

    Args:
        port: its name.
        tonnes: of cargo.
    """
    asked.append((port, tonnes))
    if port != "Amber":
        raise ValueError(f"no port {port}")
    return {"due": 4.5 * tonnes}


def block(code: str) -> str:
    return f"I will compute it.\n```python\n{code}\n```"


async def test_tools_are_functions_and_variables_stay() -> None:
    asked.clear()
    model = ScriptedModel(
        block("dues = [tariff('Amber', n)['due'] for n in (30, 40)]\ndues"),
        block("final_answer(sum(dues))"),
    )
    agent = CodeAgent("counter", model=model, tools=[tariff])
    answer = await agent("What is due together?", output=float)
    assert answer.data == 315.0 and asked == [("Amber", 30.0), ("Amber", 40.0)]
    assert "[135.0, 180.0]" in model.requests[1].thread[-1].message.text
    assert "tariff(port, tonnes)" in model.requests[0].thread[0].message.text
    tools = [e for e in open_log().read(answer.run_id) if isinstance(e, StepStarted)]
    assert [e.name for e in tools if e.step == "tool"] == ["tariff", "tariff", "python", "python"]


async def test_what_goes_wrong_is_told_and_may_be_caught() -> None:
    model = ScriptedModel(
        block("tariff('Gone', 1)"),
        block("tariff('Amber')"),
        block("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1')"),
        block("try: tariff('Gone', 1)\nexcept ToolFailed as e: print('caught', e)"),
        "Nothing is due.",
    )
    agent = CodeAgent("counter", model=model, tools=[tariff])
    assert (await agent("What is due?")).text == "Nothing is due."
    heard = [one.thread[-1].message.text for one in model.requests[1:]]
    assert "ToolFailed" in heard[0] and "no port Gone" in heard[0] and "line 1" in heard[0]
    assert "tonnes" in heard[1]
    assert "It failed" in heard[2] and heard[3].startswith("caught")


async def test_an_action_that_takes_too_much_ends_the_session_and_not_the_run() -> None:
    model = ScriptedModel(
        block("x = 1"), block("y = bytearray(1 << 33)"), block("import os; os._exit(3)"),
        block("x"), "I give up.",
    )  # fmt: skip
    agent = CodeAgent("counter", model=model, limits=Limits(memory_mb=100))
    assert (await agent("Go.")).text == "I give up."
    heard = [one.thread[-1].message.text for one in model.requests[1:]]
    assert "MemoryError" in heard[1]
    assert "ended with status 3" in heard[2] and "variables are gone" in heard[2]
    assert "NameError" in heard[3]


async def test_a_resumed_run_asks_no_tool_again_and_hears_what_it_heard() -> None:
    asked.clear()
    lines = [
        block("import time; t = time.time(); due = tariff('Amber', 2)['due']; print(t)"),
        block("final_answer(due)"),
    ]
    agent = CodeAgent("counter", model=ScriptedModel(lines[0]), tools=[tariff])
    with pytest.raises(Exception, match="script|line|empty|no more"):
        await agent("What is due?")
    run_id = open_log().runs()[0].id
    again = CodeAgent("counter", model=ScriptedModel(lines[1]), tools=[tariff])
    answer = await again.resume(run_id)
    assert answer.text == "9.0" and len(asked) == 1
    ended = [e for e in open_log().read(run_id) if isinstance(e, StepEnded)]
    assert len({e.key for e in ended if not e.error}) == len([e for e in ended if not e.error])
    assert (await again.replay(run_id)).text == "9.0"


async def test_turns_and_cancelling_end_it() -> None:
    endless = CodeAgent("counter", model=ScriptedModel(block("1"), block("2")), max_turns=2)
    with pytest.raises(TurnsSpent):
        await endless("Go.")
    slow = CodeAgent("counter", model=ScriptedModel(block("import time; time.sleep(60)")))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await slow("Go.")


def test_all_blocks_of_a_reply_are_its_code() -> None:
    assert code_in("no code") is None
    assert code_in("```python\na\n```\nthen\n```py\nb\n```\n") == "a\n\nb\n"
    assert code_in("```sql\nselect\n```") is None
