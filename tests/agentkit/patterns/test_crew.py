from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Answer
from agentkit.errors import BadOutput, SetupError, TimedOut
from agentkit.events import Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.crew import crew
from agentkit.patterns.parts.jobs import Job, role
from agentkit.sim.world import world
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel, call

FIND = Job("find", "Find the dues.", "a number", by="ada")
WRITE = Job("write", "Write the bill.", "one sentence", by="bo")


async def played(team: Any, task: str = "bill the Heron", **options: Any) -> tuple[Answer, Any]:
    log = MemoryLog()
    answer = await team(task, log=log, **options)
    return answer, log.read(answer.run_id)


def notes(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


def prompts(one: Agent) -> list[str]:
    return [request.thread[-1].message.content for request in one.model.asked]  # type: ignore[attr-defined]


async def test_jobs_are_done_in_order_each_with_the_results_before_it() -> None:
    ada, bo = agent("ada", "90"), agent("bo", "Pay 90 EUR.")
    answer, events = await played(crew([ada, bo], [FIND, WRITE]))
    assert answer.text == "Pay 90 EUR."
    assert [e.actor for e in events if isinstance(e, ScopeOpened)] == ["crew", "ada", "bo"]
    (asked,) = prompts(bo)
    assert "bill the Heron" in asked and "- find: 90" in asked and "one sentence" in asked
    assert [n["job"] for n in notes(events, "job")] == ["find", "write"]


async def test_a_job_sees_only_the_context_it_names() -> None:
    ada, bo = agent("ada", "90"), agent("bo", "x")
    jobs = [
        FIND,
        Job("b", "B.", "b", by="ada", context=()),
        Job("c", "C.", "c", by="bo", context=("b",)),
    ]
    await played(crew([ada, bo], jobs))
    assert "find" not in prompts(ada)[1] and "- b: 90" in prompts(bo)[0]
    assert "- find" not in prompts(bo)[0]


async def test_a_guardrail_sends_a_job_back_with_the_reason_and_the_last_result() -> None:
    ada = Agent("ada", model=ScriptedModel("ninety", "90"))
    job = Job(
        "find", "Find.", "a number", guardrail=lambda a: None if a.text.isdigit() else "no digits"
    )
    answer, events = await played(crew([ada], [job]))
    assert answer.text == "90"
    again = ada.model.requests[1].thread[-1].message.content  # type: ignore[attr-defined]
    assert "no digits" in again and "ninety" in again
    assert notes(events, "guardrail") == [{"job": "find", "trial": 0, "reason": "no digits"}]


async def test_a_guardrail_that_accepts_nothing_is_an_error_or_a_part() -> None:
    never = Job("write", "Write.", "x", by="bo", guardrail=lambda a: "no")
    bo = agent("bo", "x")
    with pytest.raises(BadOutput, match="refused 4 times"):
        await crew([bo], [never])("go")
    assert len(prompts(bo)) == 4
    answer, _ = await played(crew([agent("ada", "90"), bo], [FIND, never], retries=0))
    assert answer.data["done"] == {"find": "90"} and answer.data["missing"] == ["write"]


async def test_a_failing_member_or_a_spent_budget_leaves_what_was_done() -> None:
    bad = agent("bo", lambda _: TimedOut("late"))
    answer, _ = await played(crew([agent("ada", "90"), bad], [FIND, WRITE]))
    assert answer.data["missing"] == ["write"]
    team = crew([agent("ada", "90"), agent("bo", "x")], [FIND, WRITE])
    answer, _ = await played(team, budget_usd=0.001)
    assert "BudgetSpent" in answer.data["reason"]


async def test_in_a_hierarchy_no_worker_acts_without_a_call_of_the_manager() -> None:
    manager = Agent(
        "boss",
        model=ScriptedModel(
            [call("delegate_work_to_ada", '{"task": "find them"}', "1"),
             call("ask_question_to_bo", '{"task": "how?"}', "2")],
            "all done",
        ),
    )  # fmt: skip
    team = crew(
        [agent("ada", "90"), agent("bo", "so"), agent("cy", "z")],
        [Job("find", "Find.", "a number")],
        process="hierarchical",
        manager=manager,
    )
    answer, events = await played(team)
    opened = {e.actor: e for e in events if isinstance(e, ScopeOpened)}
    assert set(opened) == {"crew", "boss", "ada", "bo"}
    assert {opened[one].parent for one in ("ada", "bo")} == {opened["boss"].scope}
    assert [c["to"] for c in notes(events, "delegated")[0]["calls"]] == ["ada", "bo"]
    assert answer.text == "all done"


async def test_a_manager_that_delegates_nothing_is_seen() -> None:
    manager = Agent("boss", model=ScriptedModel("I did it"))
    team = crew([agent("ada", "x")], [FIND], process="hierarchical", manager=manager)
    _, events = await played(team)
    assert notes(events, "delegated") == [
        {"job": "find", "calls": [], "reason": "it did the job alone"}
    ]


async def test_a_job_for_somebody_can_be_given_to_nobody_else() -> None:
    manager = Agent("boss", model=ScriptedModel("done"))
    team = crew(
        [agent("ada", "x"), agent("bo", "y")], [FIND], process="hierarchical", manager=manager
    )
    await played(team)
    offered = [one.name for one in manager.model.requests[0].tools]  # type: ignore[attr-defined]
    assert offered == ["delegate_work_to_ada", "ask_question_to_ada"]


def test_bad_crews_are_refused_before_anything_is_paid() -> None:
    ada, bo = agent("ada", "x"), agent("bo", "y")
    far = Job("w", "W.", "w", by="ada", context=("nothing",))
    for team, jobs, options in (
        ([], [FIND], {}), ([ada, ada], [FIND], {}), ([ada], [], {}), ([bo], [FIND], {}),
        ([ada], [FIND, FIND], {}), ([ada], [far], {}), ([ada, bo], [Job("a", "A.", "a")], {}),
        ([ada], [FIND], {"process": "hierarchical"}), ([ada], [FIND], {"process": "chaos"}),
        ([ada], [FIND], {"process": "hierarchical", "manager": ada}),
        ([ada], [FIND], {"retries": -1}),
    ):  # fmt: skip
        with pytest.raises(SetupError):
            crew(team, jobs, **options)  # type: ignore[arg-type]


async def test_a_simulated_crew_finds_and_writes() -> None:
    port = world()
    question = next(q for q in port.questions_at(1) if q.text.startswith("Who is the master of"))
    purser = role("purser", goal="know every ship", backstory="You use your tools.",
                  tools=[port.tool("ship")])  # fmt: skip
    writer = role("writer", goal="write clearly", backstory="You write from what you are given.")
    jobs = [
        Job("look up", question.text, "a name", by="purser"),
        Job("note", f"Write a note that answers: {question.text}", "one sentence", by="writer"),
    ]
    answer, _ = await played(crew([purser, writer], jobs), "inform the harbour office")
    assert str(question.answer) in answer.text
