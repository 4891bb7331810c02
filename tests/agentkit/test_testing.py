"""The model for users' own tests, and what a type checker knows of answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentkit import Agent, Message, tool
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.model import Reply, Request
from agentkit.testing import ScriptedModel, call
from tests.conftest import ROOT


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


async def test_it_says_its_lines_calls_tools_and_keeps_the_requests() -> None:
    model = ScriptedModel([call("tariff", port="Amber"), call("tariff", port="Briar")], "79.2 EUR")
    answer = await Agent("clerk", model=model, tools=[tariff])("The dues?", log=MemoryLog())
    assert answer.text == "79.2 EUR"
    assert [one.message.content for one in model.requests[1].thread[-2:]] == ["79.2", "79.2"]


async def test_a_function_at_the_end_is_asked_every_further_time() -> None:
    model = ScriptedModel("first", lambda request: request.thread[-1].message.content.upper())
    clerk = Agent("clerk", model=model)
    said = [(await clerk(task, log=MemoryLog())).text for task in ("a", "b", "c")]
    assert said == ["first", "B", "C"]


async def test_without_a_line_left_it_says_so() -> None:
    with pytest.raises(SetupError, match="asked 2 times and has no line left"):
        clerk = Agent("clerk", model=ScriptedModel("one"))
        await clerk("go", log=MemoryLog())
        await clerk("go", log=MemoryLog())


USE = """
from agentkit import Agent, Answer, pattern
from agentkit.patterns.parts.notes import Routed
from agentkit.patterns.vote import vote

Routed(to="clerk")
Routed(before="clerk", to=("mate", "purser"), others=("cook",), reason="they know")

@pattern
async def team(task: str) -> str:
    return task

@pattern(name="named")
async def other(task: str) -> str:
    return task

def plain(answer: Answer) -> str:
    return answer.text

async def main(agent: Agent) -> None:
    reveal_type((await agent("q", output=int)).data)
    reveal_type((await team("q", output=list[str])).data)
    reveal_type(team)
    reveal_type(other)
    reveal_type((await agent("q")).text)
    reveal_type(agent.run_sync("q", output=int).data)
    plain(await agent("q", output=int))
    await vote([agent])("q", sample=1)
"""


def test_a_type_checker_knows_the_data_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "use.py"],
        cwd=tmp_path, env={"MYPYPATH": str(ROOT)}, capture_output=True, text=True, timeout=110,
        check=False,
    )  # fmt: skip
    told = [line.split('type is "')[1].rstrip('"') for line in done.stdout.splitlines()
            if "Revealed" in line]  # fmt: skip
    pattern = "agentkit.pattern.Pattern"
    assert "error" not in done.stdout, done.stdout
    assert told == ["int", "list[str]", pattern, pattern, "str", "int"], done.stdout


async def later(request: Request) -> str:
    return f"{len(request.thread)} messages"


async def test_its_lines_may_be_a_single_call_a_message_or_an_async_function() -> None:
    said = Message(role="assistant", content="I see")
    model = ScriptedModel(call("tariff", port="Amber"), later, said)
    clerk = Agent("clerk", model=model, tools=[tariff])
    assert (await clerk("q", log=MemoryLog())).text == "3 messages"
    assert (await clerk("q", log=MemoryLog())).text == "I see"


@pytest.mark.parametrize(
    "line", [None, 5, {"port": "Amber"}, ["a", "b"], Message(role="user", content="x")]
)
async def test_what_is_no_line_is_refused_by_what_may_be_one(line: object) -> None:
    with pytest.raises(SetupError, match="cannot say"):
        await Agent("clerk", model=ScriptedModel(line))("q", log=MemoryLog())  # type: ignore[arg-type]


async def test_a_reply_of_its_own_is_streamed_too() -> None:
    model = ScriptedModel(Reply(message=Message(role="assistant", content="hello there")))
    heard = [one async for one in Agent("clerk", model=model).stream("q", log=MemoryLog())]
    assert "".join(one.text for one in heard if one.kind == "delta") == "hello there"
