from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Answer
from agentkit.errors import BadOutput, SetupError, TimedOut, TurnsSpent
from agentkit.events import Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.ledger import ledger
from agentkit.sim.world import world
from tests.agentkit.patterns.teams import agent, progress
from tests.fakes import ScriptedModel

STUCK = progress("ada", "again", moving=False)
LOOP = progress("ada", "again", loop=True)
GOES_ON = progress("ada", "go on")
DONE = progress("ada", "", done=True)


def chief(*lines: Any) -> Agent:
    return Agent("chief", model=ScriptedModel(*lines))


async def played(team: Any, **options: Any) -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team("find it", log=log, **options)
    return answer, log.read(answer.run_id)


def notes(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


async def test_facts_then_plan_then_rounds_of_one_instruction_then_the_answer() -> None:
    boss = chief("the facts", "the plan", progress("ada", "look"), DONE, "the answer")
    ada, bo = agent("ada", "I see it"), agent("bo", "x")
    answer, events = await played(ledger(boss, [ada, bo]))
    assert answer.text == "the answer"
    assert [e.actor for e in events if isinstance(e, ScopeOpened)][1:] == [
        "chief", "chief", "chief", "ada", "chief", "chief",
    ]  # fmt: skip
    asked = ada.model.asked[0].thread[-1].message.content  # type: ignore[attr-defined]
    assert "the facts" in asked and "the plan" in asked and asked.endswith("are asked: look")
    seen = boss.model.requests[3].thread[-1].message.content  # type: ignore[attr-defined]
    assert "orchestrator to ada: look\nada: I see it" in seen
    assert notes(events, "stop")[0]["rounds"] == 1


async def test_the_stall_counter_goes_up_and_down_and_at_its_limit_the_plan_is_new() -> None:
    boss = chief("f", "p", STUCK, GOES_ON, LOOP, STUCK, STUCK, "new facts", "new plan", DONE, "end")
    answer, events = await played(ledger(boss, [agent("ada", "x"), agent("bo", "y")]))
    counts = [note["stalls"] for note in notes(events, "progress_ledger")]
    assert counts == [1, 0, 1, 2, 3, 0]
    assert [n["plan"] for n in notes(events, "task_ledger")] == ["p", "new plan"]
    again = boss.model.requests[9].thread[-1].message.content  # type: ignore[attr-defined]
    assert "new facts" in again and "(nobody has spoken)" in again, "the conversation was reset"
    assert answer.text == "end"


async def test_after_the_last_reset_the_answer_is_partial_and_says_why() -> None:
    def team() -> Any:
        boss = chief("f", "p", STUCK, "f2", "p2", STUCK, "as far as we know, the mole")
        return ledger(boss, [agent("ada", "x")], max_stalls=1, max_resets=1)

    answer, events = await played(team())
    assert answer.data["partial"] and "stalled after 1 new plans" in answer.data["reason"]
    assert answer.text == "as far as we know, the mole", "the orchestrator writes the answer"
    assert answer.data["done"]["facts"] == "f2"
    with pytest.raises(TurnsSpent):
        await team()("find it", output=int)


async def test_turns_and_budget_are_bounds_with_what_was_said_so_far() -> None:
    boss = chief("f", "p", GOES_ON, GOES_ON, "perhaps x")
    answer, _ = await played(ledger(boss, [agent("ada", "x")], max_turns=2))
    assert answer.text == "perhaps x"
    assert "ada: x" in answer.data["done"]["conversation"] and "TurnsSpent" in answer.data["reason"]
    boss = chief("f", "p", GOES_ON, GOES_ON)
    answer, _ = await played(ledger(boss, [agent("ada", "x")]), budget_usd=0.004)
    assert "BudgetSpent" in answer.data["reason"]


async def test_a_worker_that_fails_is_told_to_the_orchestrator() -> None:
    boss = chief("f", "p", GOES_ON, DONE, "end")
    await played(ledger(boss, [agent("ada", lambda _: TimedOut("no reply"))]))
    assert "no reply" in boss.model.requests[3].thread[-1].message.content  # type: ignore[attr-defined]


async def test_an_orchestrator_that_names_nobody_is_told_and_then_it_is_an_error() -> None:
    eve = progress("eve", "look")
    two = [agent("ada", "x"), agent("bo", "y")]
    answer, events = await played(ledger(chief("f", "p", eve, DONE, "end"), two))
    assert answer.text == "end" and notes(events, "unselected")[0]["said"] == "eve"
    with pytest.raises(BadOutput, match="eve"):
        await ledger(chief("f", "p", eve, eve, eve), two)("find it", output=int)


def test_bad_teams_are_refused_before_anything_is_paid() -> None:
    ada = agent("ada", "x")
    for team, options in (([], {}), ([ada, ada], {}), ([ada], {"max_stalls": 0}),
                          ([ada], {"max_turns": 0}), ([ada], {"max_resets": -1})):  # fmt: skip
        with pytest.raises(SetupError):
            ledger(chief(), team, **options)  # type: ignore[arg-type]


async def test_the_simulated_orchestrator_gives_the_work_to_who_knows() -> None:
    port, how = world(), "You answer questions about the port. Use your tools."
    question = next(q for q in port.questions_at(1) if q.text.startswith("Who is the master of"))
    purser = Agent("purser", how, tools=[port.tool("ship")], description="knows ships, the master")
    clerk = Agent("clerk", how, tools=[port.tool("port")], description="knows ports and dues")
    team = ledger(Agent("chief", "You lead."), [clerk, purser], max_turns=2)
    log = MemoryLog()
    answer = await team(question.text, log=log)
    events = log.read(answer.run_id)
    assert notes(events, "progress_ledger")[0]["next_speaker"]["answer"] == "purser"
    assert str(question.answer) in answer.text and notes(events, "stop")
