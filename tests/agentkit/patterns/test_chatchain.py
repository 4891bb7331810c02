from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import Agent, Answer, pattern
from agentkit.errors import BadOutput, SetupError, TimedOut
from agentkit.events import Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.chatchain import Phase, chatchain
from agentkit.sim.world import world
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel


def solves(text: str) -> str:
    return json.dumps({"solution": text})


def asks(text: str) -> str:
    return json.dumps({"question": text})


YES = json.dumps({"accepted": True})
NO = json.dumps({"accepted": False, "instruction": "make it shorter"})


def scripted(name: str, *lines: Any) -> Agent:
    return Agent(name, f"I am {name}.", model=ScriptedModel(*lines), description=f"a {name}")


def seen(one: Agent) -> list[str]:
    return [r.thread[-1].message.content for r in one.model.requests]  # type: ignore[attr-defined]


async def played(team: Any, task: str = "a game", **options: Any) -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team(task, log=log, **options)
    return answer, log.read(answer.run_id)


def notes(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


async def test_the_next_phase_sees_the_solution_and_not_the_transcript() -> None:
    boss = scripted("boss", NO, YES)
    coder = scripted("coder", solves("chess, at length"), solves("chess"))
    tester, judge = scripted("tester", solves("it runs")), scripted("judge", YES)
    phases = [Phase("design", boss, coder, "an idea"), Phase("test", judge, tester, "a verdict")]
    answer, events = await played(chatchain(phases))
    assert answer.text == "it runs" and answer.data == {"design": "chess", "test": "it runs"}
    for text in seen(tester) + seen(judge):
        assert "- design: chess" in text
        assert "at length" not in text and "make it shorter" not in text
    assert [n["agreed"] for n in notes(events, "phase")] == [True, True]


async def test_both_are_told_both_roles_and_the_goal() -> None:
    boss, coder = scripted("boss", YES), scripted("coder", solves("chess"))
    await played(chatchain([Phase("design", boss, coder, "one idea")]))
    assert "You are coder (a coder). You are instructed by boss (a boss)." in seen(coder)[0]
    assert "You are boss (a boss). You instruct coder (a coder)." in seen(boss)[0]
    assert all("the goal is: one idea" in text for text in seen(coder) + seen(boss))


async def test_the_phase_itself_begins_so_the_first_instruction_costs_no_call() -> None:
    boss, coder = scripted("boss", YES), scripted("coder", solves("chess"))
    answer, events = await played(chatchain([Phase("design", boss, coder, "one idea")]))
    actors = [e.actor for e in events if isinstance(e, ScopeOpened)]
    assert actors == ["chatchain", "coder", "boss"] and answer.usage.calls == 2


async def test_the_assistant_may_ask_back_before_it_answers() -> None:
    boss = scripted("boss", "8 by 8", YES)
    coder = scripted("coder", asks("How large is the board?"), solves("a board of 8 by 8"))
    answer, events = await played(chatchain([Phase("design", boss, coder, "one idea")]))
    assert answer.text == "a board of 8 by 8"
    assert notes(events, "asked_back")[0]["reason"] == "How large is the board?"
    assert "boss replied: 8 by 8" in seen(coder)[1]


async def test_a_refused_solution_comes_back_with_the_instruction() -> None:
    boss, coder = scripted("boss", NO, YES), scripted("coder", solves("chess"), solves("go"))
    answer, _ = await played(chatchain([Phase("design", boss, coder, "one idea")]))
    assert answer.text == "go"
    assert "coder proposed: chess\nboss said: make it shorter" in seen(coder)[1]


async def test_without_agreement_the_last_solution_is_passed_on_and_says_so() -> None:
    boss, coder = scripted("boss", NO, NO), scripted("coder", solves("a"), solves("b"))
    answer, events = await played(chatchain([Phase("design", boss, coder, "one idea", turns=2)]))
    assert answer.text == "b"
    note = notes(events, "phase")[0]
    assert note["agreed"] is False and note["reason"] == "no agreement, turns: 2"


async def test_with_one_turn_only_the_assistant_speaks() -> None:
    boss, coder = scripted("boss"), scripted("coder", solves("a"))
    answer, _ = await played(chatchain([Phase("design", boss, coder, "one idea", turns=1)]))
    assert answer.text == "a" and seen(boss) == []


async def test_no_solution_at_all_is_an_error_or_a_part() -> None:
    boss, coder = scripted("boss", "no", "no"), scripted("coder", asks("a?"), asks("b?"))
    phase = Phase("design", boss, coder, "one idea", turns=2)
    with pytest.raises(BadOutput, match="design"):
        await chatchain([phase])("a game")
    boss, coder = scripted("boss", YES), scripted("coder", solves("a"), TimedOut("late"))
    phases = [Phase(name, boss, coder, "one idea") for name in ("design", "code")]
    answer, _ = await played(chatchain(phases))
    assert answer.data["done"] == {"design": "a"} and answer.data["missing"] == ["code"]


async def test_a_spent_budget_leaves_the_solutions_so_far() -> None:
    boss, coder = agent("boss", YES), agent("coder", solves("a"))
    phases = [Phase(name, boss, coder, "one idea") for name in ("design", "code")]
    answer, _ = await played(chatchain(phases), budget_usd=0.003)
    assert answer.data["missing"] == ["code"] and "BudgetSpent" in answer.data["reason"]


async def test_a_type_is_asked_of_the_last_assistant() -> None:
    boss, coder = scripted("boss", YES), scripted("coder", solves("four"), '{"value": 4}')
    answer, _ = await played(chatchain([Phase("count", boss, coder, "a number")]), output=int)
    assert answer.data == 4


def test_bad_chains_are_refused_before_anything_is_paid() -> None:
    ada, bo = agent("ada", "x"), agent("bo", "y")
    phase = Phase("a", ada, bo, "g")
    for phases in ([], [phase, phase], [Phase("a", ada, ada, "g")],
                   [Phase("a", ada, bo, "g", turns=0)],
                   [phase, Phase("b", agent("ada", "z"), bo, "g")]):  # fmt: skip
        with pytest.raises(SetupError):
            chatchain(phases)


async def test_simulated_roles_agree_on_an_answer_of_the_world() -> None:
    port, how = world(), "You answer questions about ships. Use your tools."
    question = next(q for q in port.questions_at(1) if q.text.startswith("Who is the master of"))
    clerk, chief = (Agent(one, how, tools=[port.tool("ship")]) for one in ("clerk", "chief"))
    answer, events = await played(chatchain([Phase("look", chief, clerk, "a name")]), question.text)
    assert answer.text == question.answer and notes(events, "phase")[0]["agreed"]


async def test_a_simulated_instructor_tells_the_assistant_what_it_asks_back() -> None:
    port, how = world(), "You answer questions about ships and ports. Use your tools."
    both = [port.tool("ship"), port.tool("port")]
    clerk = Agent("clerk", how, tools=[port.tool("port")])
    chief = Agent("chief", how, tools=both, description="knows ships and ports")

    @pattern
    async def asker(request: Any, output: Any = None) -> Any:
        if "replied:" not in request:
            return {"question": "What is the home port of the Avocet?"}
        return await clerk(request, output=output)

    answer, events = await played(
        chatchain([Phase("depth", chief, asker, "a depth")]),
        "How deep is the home port of the Avocet?",
    )
    depths = {one.name: one.depth_m for one in port.tables.ports}
    assert answer.text == str(depths["Ivory"])
    assert notes(events, "phase")[0]["turns"] == 2
