from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from agentkit import Agent, Answer
from agentkit.errors import BudgetSpent, Overloaded, SetupError
from agentkit.evaluate.comparison import Comparison
from agentkit.evaluate.saving import saving
from agentkit.evaluate.trial import Allowance, Trial
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.patterns import cascade
from tests.fakes import ScriptedModel


def agent(name: str, *lines: Any) -> Agent:
    return Agent(name, model=ScriptedModel(*lines))


def short(answer: Answer) -> bool | str:
    return len(answer.text) < 10 or "it is too long"


async def played(team: Any, task: str = "the dues") -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team(task, log=log)
    return answer, [e.data for e in log.read(answer.run_id) if isinstance(e, Noted)]


async def test_a_good_answer_of_the_cheapest_is_taken_and_nobody_else_is_asked() -> None:
    answer, notes = await played(cascade([agent("a", "42"), agent("b", "never")], judge=short))
    assert answer.text == "42" and notes == [{"taken": "a", "stage": 1, "stages": 2}]


async def test_an_answer_that_is_not_good_enough_is_asked_for_again_higher_up() -> None:
    team = cascade(
        [
            agent("a", "a very long one"),
            agent("b", "another long one"),
            agent("c", "as it is, long"),
        ],
        judge=short,
    )
    answer, notes = await played(team)
    assert answer.text == "as it is, long" and not answer.missing
    assert [one.get("reason") for one in notes] == ["it is too long", "it is too long", None]


async def test_samples_that_differ_are_a_hard_question() -> None:
    easy = cascade([agent("a", "42", " 42 "), agent("b", "never")], samples=2)
    assert (await played(easy))[0].text == "42"
    hard = cascade([agent("a", "42", "41"), agent("b", "43")], samples=2)
    answer, notes = await played(hard)
    assert answer.text == "43" and notes[0]["reason"] == "its samples differ"


async def test_another_agent_may_judge() -> None:
    verdict = json.dumps({"good": False, "reason": "it forgot the pilot"})
    team = cascade([agent("a", "12"), agent("b", "15")], judge=agent("critic", verdict))
    answer, notes = await played(team)
    assert answer.text == "15" and "critic says: it forgot the pilot" in notes[0]["reason"]


async def test_a_failure_and_an_answer_that_does_not_fit_its_type_are_not_good_enough() -> None:
    class Dues(BaseModel):
        eur: float

    down = Agent("a", model=ScriptedModel(Overloaded("down")))
    assert (await played(cascade([down, agent("b", "15")], judge=short)))[0].text == "15"
    wordy = Agent("a", model=ScriptedModel("no idea", "really", "none", "at all", "no"))
    team = cascade([wordy, agent("b", '{"eur": 15}')], judge=lambda answer: True)
    answer = await team("go", output=Dues, log=MemoryLog())
    assert answer.data == Dues(eur=15)


async def test_a_spent_budget_is_no_reason_to_ask_a_dearer_one() -> None:
    team = cascade([agent("a", "42"), agent("b", "never")], judge=short)
    with pytest.raises(BudgetSpent):
        await team("go", log=MemoryLog(), budget_calls=0)


def test_a_cascade_without_stages_or_a_judge_is_refused() -> None:
    with pytest.raises(SetupError, match="1 stages"):
        cascade([agent("a", "x")], judge=short)
    with pytest.raises(SetupError, match="would take whatever a says"):
        cascade([agent("a", "x"), agent("b", "y")])


def trial(contender: str, question: int, right: bool, cost: float) -> Trial:
    return Trial(
        contender=contender, question=f"q{question}", seed=1, status="answered", right=right,
        text="", cost_usd=cost, calls=1,
    )  # fmt: skip


def compared(costs: list[tuple[float, float]], wrong: int = 0) -> Comparison:
    trials = []
    for n, (dear, cheap) in enumerate(costs):
        trials += [trial("dear", n, True, dear), trial("cascade", n, n >= wrong, cheap)]
    return Comparison(name="c", budget=Allowance(usd=1), trials=tuple(trials))


def test_the_saving_has_an_interval_and_says_whether_accuracy_is_equal() -> None:
    found = saving(compared([(1.0, 0.25 if n % 2 else 0.75) for n in range(40)]), "cascade")
    assert found.saved == pytest.approx(0.5)
    assert 0.35 < found.low < 0.5 < found.high < 0.65
    assert found.equal and found.difference == 0.0
    worse = saving(compared([(1.0, 0.5)] * 40, wrong=15), "cascade")
    assert not worse.equal and "less accurate" in str(worse)


def test_a_saving_needs_both_and_their_prices() -> None:
    with pytest.raises(SetupError, match="nobody"):
        saving(compared([(1.0, 0.5)]), "nobody")
