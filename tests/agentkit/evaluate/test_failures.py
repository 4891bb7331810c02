"""Why trials failed: by rules on the log, by a judge, and how far both agree."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, open_log, pattern, run, tool
from agentkit.errors import SetupError, UnknownRun
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
    head, *rows = found.table()
    assert head[3:6] == ["rules", "judge", "kappa"]
    assert {row[0]: row[3:6] for row in rows}["2.3"] == ["–", "1", "–"]
    assert {row[0]: row[3:6] for row in rows}["1.3"] == ["1", "2", "0.40"]
    assert "judge read 3 of them" in found.to_markdown() and "kappa" in found.to_html()


def answers(said: dict[str, str], asked: list[str], strict: str = "") -> Agent:
    """A judge that gives an answer by what stands in the transcript, one after another."""

    def say(request: Any) -> str:
        text = " ".join(one.message.text for one in request.thread)
        asked.append(next(one for one in said if f"Ask {one}" in text))
        return said[asked[-1]]

    return Agent("judge", strict, model=FunctionModel(say))


GOOD = '{"failures": [{"mode": "2.3 Task derailment", "why": "seen"}]}'


async def test_one_bad_answer_of_the_judge_is_a_row_and_the_others_are_not_paid_again() -> None:
    log, asked = open_log("memory:"), []
    result = await evaluate(team(), Suite(ROWS, ["exact"]), log=log)
    said = {"0": GOOD, "1": '{"failures": [{"mode": "9", "why": ""}]}', "2": GOOD}
    found = await failures(result, judge=answers(said, asked))
    cases = {one.question: one for one in found.cases}
    assert set(asked) == {"0", "1", "2"} and found.counts["2.3"] == 2
    assert cases["s1"].judge is None and "mode" in cases["s1"].error
    assert "1 of them have no judgement" in str(found)
    asked.clear()
    again = await failures(result, judge=answers(said, asked))
    assert set(asked) == {"1"} and again.run_id == found.run_id
    asked.clear()
    said["1"] = '{"failures": []}'
    whole = await failures(result, judge=answers(said, asked))
    assert asked == ["1"] and {one.error for one in whole.cases} == {""}
    assert whole.cases[1].judge == ()
    last = await failures(result, judge=answers(said, asked))
    assert len(asked) == 1 and last.cases == whole.cases


async def test_a_judge_that_fails_by_itself_is_a_row_and_one_that_was_edited_is_asked_anew() -> (
    None
):
    log, asked = open_log("memory:"), []
    result = await evaluate(team(), Suite(ROWS, ["exact"]), log=log)

    @pattern
    async def breaks(task: str) -> str:
        raise ValueError("no more")

    found = await failures(result, judge=breaks, concurrency=1)
    assert all("no more" in one.error and one.judge is None for one in found.cases)
    said = dict.fromkeys("012", GOOD)
    await failures(result, judge=answers(said, asked))
    edited = answers(said, asked, "Be strict.")
    await failures(result, judge=edited)
    assert len(asked) == 6
    with pytest.raises(SetupError, match="cannot judge"):
        await failures(result, judge="somebody")  # type: ignore[arg-type]
    with pytest.raises(UnknownRun):
        await failures(result, judge=edited, log=open_log("memory:"))
    assert len(asked) == 6


async def test_a_budget_that_ends_leaves_cases_without_a_judgement() -> None:
    log, asked = open_log("memory:"), []
    result = await evaluate(team(), Suite(ROWS, ["exact"]), log=log)
    said = dict.fromkeys("012", GOOD)

    async with run(log=log, budget_calls=1):
        found = await failures(result, judge=answers(said, asked), concurrency=1)
    assert len(asked) == 1 and found.stopped and "Stopped early" in str(found)
    assert sum(one.judge is None and "budget" in one.error for one in found.cases) == 2
    whole = await failures(result, judge=answers(said, asked))
    assert len(asked) == 3 and not whole.stopped and all(one.judge for one in whole.cases)
