from __future__ import annotations

from typing import Any

import pytest

from agentkit import Answer, pattern
from agentkit.errors import BadOutput, SetupError, TimedOut
from agentkit.patterns.parts.asking import settled
from agentkit.patterns.parts.team import (
    at_least,
    called,
    equipped,
    members,
    roster,
    tool_name,
    typed,
    unfinished,
)
from tests.agentkit.patterns.teams import agent


@pytest.mark.parametrize("team", [[], ["ada"], [agent("ada", "x"), agent("ada", "y")]])
def test_an_empty_team_a_name_twice_and_no_actor_are_refused(team: list[Any]) -> None:
    with pytest.raises(SetupError):
        members(team)


def test_a_team_smaller_than_the_pattern_needs_is_refused() -> None:
    with pytest.raises(SetupError, match="at least 2 actors"):
        members([agent("ada", "x")], at_least=2)


@pytest.mark.parametrize("value", [0, -1, True, 1.5])
def test_options_must_be_whole_numbers_from_the_least_up(value: Any) -> None:
    with pytest.raises(SetupError, match="rounds"):
        at_least(1, rounds=value)
    at_least(1, rounds=1)


@pytest.mark.parametrize("said", ["Ada", " ada. ", "`ada`", '"ADA"', "**ada**"])
def test_a_member_is_found_whatever_the_case_and_the_quotes(said: str) -> None:
    ada = agent("ada", "x")
    assert called(said, [agent("bo", "y"), ada]) is ada
    assert called(f"{said} or bo", [ada]) is None


def test_the_roster_has_a_line_for_each() -> None:
    assert roster([agent("ada", "x", "a pilot\n of ships"), agent("bo", "y", "a clerk")]) == (
        "- ada: a pilot of ships\n- bo: a clerk"
    )


async def test_the_failure_of_one_costs_no_other_its_work() -> None:
    async def fails() -> Answer:
        raise TimedOut("late")

    async def works() -> Answer:
        return Answer(text="done")

    first, second = await settled([fails, works])
    assert isinstance(first, TimedOut)
    assert isinstance(second, Answer)


async def test_an_error_of_our_own_is_not_taken_for_a_failed_member() -> None:
    async def broken() -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await settled([broken])


def test_a_partial_answer_says_what_is_missing_and_why() -> None:
    answer = unfinished(TimedOut("late"), {"a": "1"}, ["b"])
    assert answer.data["missing"] == ["b"]
    assert answer.text == "a: 1\nMissing: b (TimedOut: late)"


def test_nothing_done_or_a_type_asked_for_raises_the_error_itself() -> None:
    for done, output in (({}, None), ({"a": "1"}, int)):
        with pytest.raises(TimedOut):
            unfinished(TimedOut("late"), done, ["b"], output)


def test_an_answer_of_another_type_is_a_bad_output() -> None:
    assert typed("3", int).data == 3
    with pytest.raises(BadOutput):
        typed("three", int)


def test_only_an_agent_can_be_given_tools_and_it_stays_as_it_is() -> None:
    @pattern
    async def team(task: str) -> str:
        return task

    ada, bo = agent("ada", "x"), agent("bo", "y")
    more = equipped(ada, [bo.as_tool()])
    assert (list(more.tools), list(ada.tools)) == (["bo"], [])
    with pytest.raises(SetupError, match="pattern"):
        equipped(team, [])


def test_a_tool_name_has_no_character_that_endpoints_refuse() -> None:
    assert tool_name("ask", agent("harbour clerk (2)", "x")) == "ask_harbour_clerk_2"
