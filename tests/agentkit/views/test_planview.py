"""The plan as a fold: states of its steps, new plans, a ledger's instructions, places."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, open_log
from agentkit.errors import TimedOut
from agentkit.events import Event
from agentkit.patterns.ledger import ledger
from agentkit.patterns.plan import plan_and_execute
from agentkit.pictures import PlanPicture
from agentkit.pictures.plan import placed
from agentkit.views import PlanView, fold
from tests.agentkit.patterns.teams import agent
from tests.agentkit.views.story import Story
from tests.fakes import ScriptedModel

FIRST = [
    {"id": 1, "task": "look it up", "needs": [], "actor": "ada"},
    {"id": 2, "task": "ask around", "needs": [], "actor": "bo"},
    {"id": 3, "task": "add <b>both</b>", "needs": [1, 2], "actor": "ada"},
]


def scripted(*lines: str) -> Agent:
    return Agent("chief", model=ScriptedModel(*lines))


async def replanned() -> list[Event]:
    """A run whose first plan fails and whose second succeeds."""
    again = [{"id": 1, "task": "ask ada", "needs": [], "actor": "ada"}]
    chief = scripted(json.dumps({"steps": FIRST}), json.dumps({"steps": again}), "the end")
    workers = [agent("ada", "42"), agent("bo", lambda _: TimedOut("no reply"))]
    log = open_log("memory:")
    answer = await plan_and_execute(chief, workers)("find it", log=log)
    return log.read(answer.run_id)


def states(view: PlanView, draft: int = -1) -> list[str]:
    return [step["state"] for step in view.data()["plans"][0]["drafts"][draft]["steps"]]


def begun() -> Story:
    """A plan of three steps that was just made."""
    s = Story()
    s.start()
    s.open("t", "plan", "plan", what="pattern")
    s.note("t", "plan", {"steps": FIRST, "trial": 0})
    return s


async def test_both_plans_are_kept_with_the_state_of_each_step_and_why_there_is_a_second() -> None:
    view = fold(PlanPicture(), await replanned())
    assert states(view, 0) == ["done", "failed", "failed"]
    assert states(view, 1) == ["done"]
    first, second = view.data()["plans"][0]["drafts"]
    assert second["why"] == "ask around: no reply"
    assert [step["told"] for step in first["steps"]][:2] == ["42", "no reply"]
    assert "1 of 1 steps done, plan 2" in str(view)


async def test_a_plan_looked_at_while_it_is_carried_out_shows_what_runs_and_what_waits() -> None:
    events = await replanned()
    seen, view = set(), PlanPicture()
    for event in events:
        view.add(event)
        if view.view.plans:
            seen.add(tuple(states(view, 0)))
    assert {("waiting",) * 3, ("running", "running", "waiting")} <= seen


def test_a_run_that_was_cut_off_shows_as_running_only_what_goes_on_again() -> None:
    s = begun()
    for step in (1, 2):
        s.note("t", "step", {"id": step, "actor": "ada", "status": "running"})
    s.note("t", "step", {"id": 1, "actor": "ada", "status": "ok", "answer": "4"})
    s.start(how="resume")
    assert states(fold(PlanPicture(), s.events)) == ["done", "waiting", "waiting"]
    s.note("t", "plan", {"steps": FIRST, "trial": 0})
    for step in (1, 2):
        s.note("t", "step", {"id": step, "actor": "ada", "status": "running"})
    view = fold(PlanPicture(), s.events)
    assert states(view) == ["done", "running", "waiting"]
    assert len(view.data()["plans"][0]["drafts"]) == 1
    s.end("cancelled")
    assert states(fold(PlanPicture(), s.events)) == ["done", "cancelled", "waiting"]


def test_a_plan_that_was_sent_back_is_told() -> None:
    s = begun()
    s.note("t", "plan.flaw", {"reason": "it has 0 steps; 1 to 20 are allowed."})
    assert "0 steps" in str(fold(PlanPicture(), s.events).data()["plans"][0]["flaws"])


def progress(who: str, asked: str, moving: bool = True, over: bool = False) -> str:
    def because(answer: Any) -> dict[str, Any]:
        return {"reason": "so it is", "answer": answer}

    return json.dumps(
        {
            "is_request_satisfied": because(over),
            "is_in_loop": because(False),
            "is_progress_being_made": because(moving),
            "next_speaker": because(who),
            "instruction_or_question": because(asked),
        }
    )


async def test_a_ledger_shows_its_instructions_and_which_of_them_led_nowhere() -> None:
    chief = scripted(
        "facts", "the plan", progress("ada", "look"), progress("bo", "ask", moving=False),
        progress("ada", "add"), progress("", "", over=True), "the end",
    )  # fmt: skip
    log = open_log("memory:")
    team = ledger(chief, [agent("ada", "x"), agent("bo", "z")])
    answer = await team("find it", log=log)
    view = fold(PlanPicture(), log.read(answer.run_id))
    assert states(view) == ["stalled", "done", "done"]
    draft = view.data()["plans"][0]["drafts"][0]
    assert [step["task"] for step in draft["steps"]] == ["look", "ask", "add"]
    assert draft["text"] == "Facts\nfacts\n\nPlan\nthe plan"


def test_texts_of_models_are_escaped_wherever_the_plan_is_shown() -> None:
    view = fold(PlanPicture(), begun().events)
    assert "<b>" not in view.to_svg() + view.to_html() + view.to_markdown()
    ElementTree.fromstring(view.to_svg())


@given(st.lists(st.sets(st.integers(0, 7)), max_size=8))
def test_what_a_step_needs_stands_left_of_it_and_no_card_on_another(needs: list[set[int]]) -> None:
    steps: list[Any] = [
        {"id": str(i), "task": "t", "needs": [str(n) for n in sorted(mine) if n < i]}
        for i, mine in enumerate(needs)
    ]
    found = placed(steps)
    at = {step["id"]: step["at"] for step in found["steps"]}
    for edge in found["edges"]:
        assert at[edge["from"]][0] + at[edge["from"]][2] < at[edge["to"]][0]
    cards = list(at.values())
    for i, (x, y, w, h) in enumerate(cards):
        assert x + w <= found["width"] and y + h <= found["height"]
        for u, v, _, _ in cards[:i]:
            assert x != u or abs(y - v) >= h


def test_a_circle_of_steps_is_still_drawn() -> None:
    steps: list[Any] = [{"id": i, "task": "t", "needs": [n]} for i, n in (("1", "2"), ("2", "1"))]
    assert len(placed(steps)["steps"]) == 2
