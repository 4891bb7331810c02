from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agentkit import Agent, Answer, pattern
from agentkit.errors import BadOutput, SetupError, TimedOut
from agentkit.events import Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.parts.planning import Plan
from agentkit.patterns.plan import plan_and_execute
from agentkit.sim.world import world
from agentkit.testing import FunctionModel
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel


def steps(*rows: tuple[int, str, list[int], str]) -> str:
    names = ("id", "task", "needs", "actor")
    return json.dumps({"steps": [dict(zip(names, row, strict=True)) for row in rows]})


def planner(*lines: Any) -> Agent:
    return Agent("planner", model=ScriptedModel(*lines))


async def played(team: Any, task: str = "find it") -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team(task, log=log)
    return answer, log.read(answer.run_id)


def noted(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


async def test_a_step_is_given_exactly_the_results_that_it_needs() -> None:
    plan = steps((1, "a", [], "ada"), (2, "b", [], "ada"), (3, "c", [1], "bo"))
    bo = agent("bo", "see")
    answer, events = await played(
        plan_and_execute(planner(plan, "the end"), [agent("ada", lambda t: f"<{t[-1]}>"), bo])
    )
    assert answer.text == "the end"
    asked = bo.model.asked[0].thread[-1].message.content  # type: ignore[attr-defined]
    assert "<a>" in asked and "<b>" not in asked
    assert len(noted(events, "plan")[0]["steps"]) == 3
    told = [note for note in noted(events, "step") if note["id"] == 3]
    assert [note["status"] for note in told] == ["running", "ok"] and told[1]["answer"] == "see"


async def test_independent_steps_run_at_the_same_time_and_dependent_ones_after() -> None:
    plan = steps((1, "a", [], "ada"), (2, "b", [], "bo"), (3, "c", [1, 2], "ada"))
    _, events = await played(
        plan_and_execute(planner(plan, "end"), [agent("ada", "x"), agent("bo", "y")])
    )
    mine = {e.scope for e in events if isinstance(e, ScopeOpened) and e.actor in ("ada", "bo")}
    kinds = [e.kind for e in events if e.scope in mine and e.kind.startswith("scope.")]
    assert kinds == ["scope.opened"] * 2 + ["scope.closed"] * 2 + ["scope.opened", "scope.closed"]


async def test_a_failed_step_leads_to_a_new_plan_that_knows_what_is_known() -> None:
    first = steps((1, "a", [], "ada"), (2, "b", [], "bo"), (3, "c", [2], "ada"))
    chief = planner(first, steps((1, "b again", [], "ada")), "end")
    answer, events = await played(
        plan_and_execute(chief, [agent("ada", "x"), agent("bo", lambda _: TimedOut("no reply"))])
    )
    assert answer.text == "end"
    asked = chief.model.requests[1].thread[-1].message.content  # type: ignore[attr-defined]
    assert "- a: x" in asked and "no reply" in asked and "step 2, which it needs, failed" in asked
    assert set(noted(events, "replan")[0]["reason"]) == {"b", "c"}
    failed = [note for note in noted(events, "step") if note["status"] == "failed"]
    assert {note["id"] for note in failed} == {2, 3} and "no reply" in str(failed[0]["reason"])


async def test_a_step_whose_answer_is_not_accepted_has_failed() -> None:
    chief = planner(steps((1, "a", [], "ada")), steps((1, "b", [], "ada")), "end")
    answer, events = await played(
        plan_and_execute(
            chief,
            [agent("ada", lambda t: t[-1])],
            check=lambda step, answer: "too short" if step.task == "a" else None,
        )
    )
    assert "too short" in str(noted(events, "replan")) and answer.text == "end"


async def test_when_no_new_plan_is_left_the_partial_answer_says_what_is_missing() -> None:
    chief = planner(steps((1, "a", [], "ada"), (2, "b", [], "bo")))
    team = plan_and_execute(
        chief, [agent("ada", "x"), agent("bo", lambda _: TimedOut("no reply"))], replans=0
    )
    answer, events = await played(team)
    assert answer.data["done"] == {"a": "x"}
    assert answer.data["missing"] == ["b"] and "TimedOut" in answer.data["reason"]
    assert noted(events, "partial")


async def test_all_workers_failed_raises_their_error() -> None:
    chief = planner(steps((1, "a", [], "bo")))
    team = plan_and_execute(chief, [agent("bo", lambda _: TimedOut("no reply"))], replans=0)
    with pytest.raises(TimedOut):
        await team("find it")


async def test_a_budget_spent_in_mid_plan_keeps_what_was_done_and_can_be_resumed() -> None:
    def team() -> Any:
        plan = steps((1, "a", [], "ada"), (2, "b", [1], "ada"), (3, "c", [2], "ada"))
        return plan_and_execute(planner(plan, "end"), [agent("ada", lambda t: t[-1])])

    log = MemoryLog()
    answer = await team()("find it", log=log, budget_usd=0.003)
    assert answer.data["missing"] == ["c"] and "BudgetSpent" in answer.data["reason"]
    chief = planner("end")
    whole = plan_and_execute(chief, [agent("ada", lambda t: t[-1])])
    assert (await whole.resume(answer.run_id, log=log, budget_usd=1.0)).text == "end"
    assert len(chief.model.requests) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "wrong",
    [
        steps((1, "a", [], "eve")),
        steps((1, "a", [2], "ada")),
        steps((1, "a", [2], "ada"), (2, "b", [1], "ada")),
        steps((1, "a", [], "ada"), (1, "b", [], "ada")),
        steps(),
    ],
    ids=["an invented actor", "an unknown step", "a circle", "an id twice", "no step"],
)
async def test_a_plan_that_cannot_be_carried_out_goes_back_with_what_is_wrong(wrong: str) -> None:
    chief = planner(wrong, steps((1, "a", [], "ada")), "end")
    answer, events = await played(plan_and_execute(chief, [agent("ada", "x")]))
    assert answer.text == "end" and len(noted(events, "plan.flaw")) == 1
    assert "cannot be carried out" in chief.model.requests[1].thread[-1].message.content  # type: ignore[attr-defined]


async def test_a_planner_that_never_learns_is_a_typed_error() -> None:
    with pytest.raises(BadOutput, match="eve"):
        await plan_and_execute(planner(*[steps((1, "a", [], "eve"))] * 3), [agent("ada", "x")])(
            "find it"
        )


def test_options_are_checked_before_anything_is_paid() -> None:
    ada = agent("ada", "x")
    for workers, options in (([], {}), ([ada, ada], {}), ([ada], {"replans": -1}),
                             ([ada], {"max_steps": 0})):  # fmt: skip
        with pytest.raises(SetupError):
            plan_and_execute(planner(), workers, **options)  # type: ignore[arg-type]


async def test_the_simulated_planner_splits_a_question_of_the_world() -> None:
    port = world()
    tools = port.tools()
    ask = "You answer questions about the port. Use your tools."
    clerk = Agent("clerk", ask, tools=tools, description="knows ports and dues")
    sailor = Agent("sailor", ask, tools=tools, description="knows ships, masters and crews")
    team = plan_and_execute(
        Agent("planner", "You plan."), [clerk, sailor], solver=Agent("solver", "You answer.")
    )
    question = port.questions_at(2)[0]
    answer, events = await played(team, question.text)
    assert str(question.answer) in answer.text
    assert len(noted(events, "plan")[0]["steps"]) >= 2


async def test_a_malformed_plan_of_any_planner_goes_back_too() -> None:
    drawn = [{"steps": [{"id": "one"}]}, {"steps": [{"id": 1, "task": "a", "actor": "ada"}]}]
    asked: list[str] = []

    @pattern(name="planner")
    async def draws(task: str) -> Any:
        asked.append(task)
        return drawn[len(asked) - 1] if len(asked) <= len(drawn) else "the end"

    answer, events = await played(plan_and_execute(draws, [agent("ada", "x")]))
    assert answer.text == "the end" and len(noted(events, "plan.flaw")) == 1
    assert "steps.0.task" in asked[1]


@pytest.mark.parametrize(
    ("needs", "wrong"),
    [([-1], "step 2 needs step -1, which does not exist."), ([2], "steps [2] wait for each other")],
)
async def test_whoever_asks_for_a_plan_gets_none_that_cannot_be_begun(
    needs: list[int], wrong: str
) -> None:
    bad = steps((1, "a", [], "ada"), (2, "b", needs, "ada"))
    good = steps((1, "a", [], "ada"), (2, "b", [1], "ada"))
    chief = planner(bad, good)
    plan = (await chief("plan it", output=Plan, log=MemoryLog())).data
    assert [step.needs for step in plan.steps] == [[], [1]]
    told = chief.model.requests[1].thread[-1].message.text  # type: ignore[attr-defined]
    assert wrong in told and "Value error" not in told
    with pytest.raises(BadOutput, match=r"which does not exist|wait for each other"):
        await planner(bad, bad, bad)("plan it", output=Plan, log=MemoryLog())


async def test_the_form_of_a_plan_tells_which_numbers_steps_may_have() -> None:
    chief = planner(steps((1, "a", [], "ada")), "end")
    await plan_and_execute(chief, [agent("ada", "x")], max_steps=4)("q", log=MemoryLog())
    schema: Any = chief.model.requests[0].output  # type: ignore[attr-defined]
    kinds = schema["$defs"]["Step"]["properties"]
    assert (kinds["id"]["minimum"], kinds["needs"]["items"]["maximum"]) == (1, 4)
    assert schema["properties"]["steps"]["maxItems"] == 4 and kinds["actor"]["enum"] == ["ada"]


async def test_the_findings_stand_in_the_order_of_the_plan_whoever_is_done_first() -> None:
    async def slow(_: Any) -> str:
        for _ in range(20):
            await asyncio.sleep(0)
        return "late"

    plan = steps((1, "a", [], "ada"), (2, "b", [], "bo"))
    chief = planner(plan, "end")
    ada = Agent("ada", model=FunctionModel(slow))
    await played(plan_and_execute(chief, [ada, agent("bo", "early")]))
    asked = chief.model.requests[1].thread[-1].message.content  # type: ignore[attr-defined]
    assert asked.index("- a: late") < asked.index("- b: early")
