"""Going on without a member: decided once, told, and taken back where only money was missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit.errors import AgentkitError, BadReply, Unsettled
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.debate import debate
from agentkit.patterns.groupchat import groupchat
from agentkit.patterns.parts import stops
from agentkit.patterns.parts.asking import recalled
from agentkit.patterns.parts.selectors import by_vote
from agentkit.patterns.plan import SOLVE, StepFailed, plan_and_execute
from agentkit.patterns.vote import vote
from tests.agentkit.patterns.deciders import asked
from tests.agentkit.patterns.teams import PAID, agent


class Crash(BaseException):
    """The process is gone."""


async def test_a_resumed_run_goes_on_without_those_it_went_on_without() -> None:
    healthy, crashing = [False], [True]

    def fails_once(_text: str) -> Any:
        return "8" if healthy[0] else BadReply("gone")

    def crashes_later(text: str) -> Any:
        return Crash() if crashing[0] and "Answers of the other" in text else "7"

    ada, bo, cy = agent("ada", fails_once), agent("bo", crashes_later), agent("cy", "7")
    team, log = debate([ada, bo, cy], 2), MemoryLog()
    with pytest.raises(Crash):
        await team("how many?", log=log, id="r")
    healthy[0], crashing[0] = True, False
    PAID.clear()
    answer = await team.resume("r", log=log)
    assert answer.text == "7"
    assert asked(ada).count("how many?") == 1
    assert all("agent 2: 8" not in text for text in asked(cy))


async def test_a_failed_step_is_not_performed_again_when_its_plan_was_replaced() -> None:
    healthy, crashing = [False], [True]
    steps = [
        {"id": 1, "actor": "ada", "task": "find the depth", "needs": []},
        {"id": 2, "actor": "bo", "task": "find the fee", "needs": []},
    ]

    def plans(asked: str) -> Any:
        if SOLVE in asked:
            return "4 m for 9 EUR" if "4 m" in asked else "9 EUR"
        if "gone" in asked and crashing[0]:
            return Crash()
        return json.dumps({"steps": steps[1:] if "gone" in asked else steps})

    def fails_once(_text: str) -> Any:
        return "4 m" if healthy[0] else BadReply("gone", expected="a reply")

    planner, ada, bo = agent("planner", plans), agent("ada", fails_once), agent("bo", "9 EUR")
    team, log = plan_and_execute(planner, [ada, bo]), MemoryLog()
    with pytest.raises(Crash):
        await team("what does it cost?", log=log, id="r")
    healthy[0], crashing[0] = True, False
    answer = await team.resume("r", log=log)
    assert answer.text == "9 EUR"
    assert len(asked(ada)) == 1


async def test_a_step_and_those_behind_it_are_paid_when_there_is_more_money() -> None:
    steps = [
        {"id": 1, "actor": "ada", "task": "find the depth", "needs": []},
        {"id": 2, "actor": "bo", "task": "find the fee", "needs": [1]},
        {"id": 3, "actor": "cy", "task": "add", "needs": [2]},
    ]
    planner = agent("planner", lambda text: "9" if SOLVE in text else json.dumps({"steps": steps}))
    workers = [agent(name, f"by {name}") for name in ("ada", "bo", "cy")]
    team, log = plan_and_execute(planner, workers), MemoryLog()
    part = await team("how much?", log=log, budget_tokens=30)
    assert part.data["partial"] and part.data["missing"] == ["find the fee", "add"]
    PAID.clear()
    whole = await team.resume(part.run_id, log=log, budget_tokens=1000)
    assert (whole.text, whole.data) == ("9", None)
    assert len(PAID) == 3


async def test_a_member_whose_vote_was_lost_does_not_vote_in_a_resumed_run() -> None:
    healthy, crashing = [False], [True]

    def votes(for_whom: str) -> Any:
        return lambda text: (
            json.dumps({"reason": "", "next": for_whom}) if "next" in text else "hello"
        )

    def abstains_once(text: str) -> Any:
        return votes("bo")(text) if healthy[0] or "next" not in text else BadReply("gone")

    def crashes(text: str) -> Any:
        return Crash() if crashing[0] and "next" not in text else votes("ada")(text)

    ada, bo = agent("ada", crashes), agent("bo", abstains_once)
    team = groupchat([ada, bo], select=by_vote(repeat=True), stop=stops.turns(1))
    log = MemoryLog()
    with pytest.raises(Crash):
        await team("talk", log=log, id="r")
    healthy[0], crashing[0] = True, False
    answer = await team.resume("r", log=log)
    assert answer.text == "hello"
    assert len(asked(bo)) == 1


async def test_a_rerun_asks_those_again_that_failed_and_its_own_record_is_complete() -> None:
    healthy = [False]

    def fails(_text: str) -> Any:
        return "7" if healthy[0] else BadReply("gone")

    team, log = vote([agent("ada", "7"), agent("bo", fails), agent("cy", "8")]), MemoryLog()
    part = await team("how many?", log=log)
    assert part.data["missing"] == ["bo"]
    healthy[0] = True
    PAID.clear()
    whole = await team.rerun(part.run_id, log=log)
    assert (whole.text, len(PAID)) == ("7", 1)
    assert (await team.replay(whole.run_id, log=log)).text == "7"
    assert len(PAID) == 1


async def test_what_failed_altogether_is_asked_again() -> None:
    healthy = [False]

    def fails(_text: str) -> Any:
        return "7" if healthy[0] else BadReply("gone")

    team, log = vote([agent("ada", fails), agent("bo", fails)]), MemoryLog()
    with pytest.raises(BadReply):
        await team("how many?", log=log, id="r")
    healthy[0] = True
    assert (await team.resume("r", log=log)).text == "7"


def test_a_recorded_failure_is_what_it_was() -> None:
    error = StepFailed("no", expected="yes", todo="try")
    again = recalled(f"{type(error).__name__}: {error}")
    assert (type(again), again.what) == (StepFailed, "no")
    assert type(recalled("Foreign: x")) is AgentkitError


async def test_a_round_that_money_stopped_is_asked_when_there_is_more() -> None:
    team, log = debate([agent("ada", "7"), agent("bo", "7")], 3), MemoryLog()
    part = await team("how many?", log=log, budget_tokens=60)
    assert part.data["missing"] == ["ada", "bo"]
    PAID.clear()
    whole = await team.resume(part.run_id, log=log, budget_tokens=1000)
    assert (whole.text, whole.data) == ("7", None)
    assert len(PAID) == 2


async def test_a_step_in_doubt_stops_the_team_whatever_the_others_say() -> None:
    team = vote([agent("ada", "7"), agent("bo", lambda _: Unsettled("was it sent?"))])
    with pytest.raises(Unsettled):
        await team("how many?", log=MemoryLog())
