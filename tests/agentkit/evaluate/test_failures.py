"""Why trials failed: by rules on the log, by a judge, and how far both agree."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate
from agentkit.evaluate.failures import MODES, failures
from agentkit.patterns import checkpoint
from agentkit.testing import FunctionModel, call

ROWS = [{"id": f"s{n}", "input": f"Ask {n}", "target": "right"} for n in range(4)]


@tool(effect="pure")
def look(n: int) -> int:
    """Look something up."""
    return n


def team() -> Agent:
    """It repeats itself for 0, has no end for 1, is wrong for 2 and right for 3."""

    def say(request: Any) -> Any:
        n = int(next(m.message.text for m in request.thread if m.message.role == "user")[-1])
        turns = sum(one.message.role == "assistant" for one in request.thread)
        if n == 0 and turns < 3:
            return call("look", n=1)
        if n == 1:
            return call("look", n=turns)
        return "right" if n == 3 else "wrong"

    return Agent("a", model=FunctionModel(say), tools=[look], max_turns=5)


async def test_rules_find_what_a_log_can_tell() -> None:
    found = await failures(await evaluate(team(), Suite(ROWS, ["exact"])))
    assert found.counts == {"1.3": 1, "1.5": 1} and found.trials == 4
    cases = {one.question: one for one in found.cases}
    assert cases["s0"].rules[0].why == "look was called 3 times alike"
    assert cases["s0"].rules[0].seq and cases["s1"].modes == ("1.5",) and cases["s2"].modes == ()
    assert "Step repetition" in found.to_markdown() and "none of these" in str(found)
    assert sorted(map(len, found.clusters.values())) == [1, 1, 1]
    with pytest.raises(SetupError, match="no agreement"):
        found.agreement("1.3")


async def test_a_check_that_passes_what_is_wrong_is_another_failure_than_none() -> None:
    checked = checkpoint(Agent("a", model=FunctionModel(lambda r: "wrong")), lambda one: True)
    found = await failures(await evaluate(checked, Suite(ROWS[:1], ["exact"])))
    assert found.counts == {"3.3": 1}


async def test_a_judge_reads_the_transcript_and_is_held_against_the_rules() -> None:
    read: list[str] = []

    def say(request: Any) -> str:
        read.append(request.thread[-1].message.text)
        mode = "1.3" if "look" in read[-1] else "2.3"
        return f'{{"failures": [{{"mode": "{mode}", "why": "seen"}}]}}'

    result = await evaluate(team(), Suite(ROWS, ["exact"]))
    found = await failures(result, judge=Agent("judge", model=FunctionModel(say)))
    assert found.counts == {"1.3": 2, "1.5": 1, "2.3": 1}
    assert found.agreement("2.3") == 0.0 and found.agreement("1.3") == pytest.approx(0.4)
    assert all(name in read[0] for name, _ in MODES.values()) and "wrong" in read[-1]
    odd = Agent("odd", model=FunctionModel(lambda r: '{"failures": [{"mode": "9", "why": ""}]}'))
    with pytest.raises(SetupError, match="odd named the failure '9'"):
        await failures(result, judge=odd)
