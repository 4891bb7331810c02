from __future__ import annotations

import re
from typing import Any

import pytest

from agentkit.errors import BadReply, SetupError
from agentkit.events import ScopeOpened, StepStarted
from agentkit.patterns.debate import debate
from tests.agentkit.patterns.deciders import asked, noted, played
from tests.agentkit.patterns.teams import agent


def counting(name: str) -> Any:
    """Answers with its name and the number of its round: ada1, ada2, ..."""
    rounds: list[str] = []

    def rule(_asked: str) -> str:
        rounds.append(name)
        return f"{name} in round {len(rounds)}"

    return agent(name, rule)


async def test_n_agents_in_r_rounds_make_n_times_r_calls() -> None:
    _, events = await played(debate([counting(n) for n in ("ada", "bo", "cy")], 4))
    assert len([e for e in events if isinstance(e, StepStarted) and e.step == "model"]) == 12


async def test_a_round_sees_all_others_answers_of_the_round_before_and_no_others() -> None:
    team = [counting(n) for n in ("ada", "bo", "cy")]
    await played(debate(team, 3))
    assert asked(team[0])[0] == "how many?"
    for number, text in enumerate(asked(team[0])[1:], 1):
        seen = re.findall(r"- agent \d: (\w+) in round (\d)", text)
        assert seen == [("bo", str(number)), ("cy", str(number))]
        assert f"Your answer: ada in round {number}" in text


async def test_a_round_begins_when_the_one_before_is_over() -> None:
    _, events = await played(debate([counting(n) for n in ("ada", "bo")], 2))
    inner = [e for e in events if e.kind.startswith("scope.") and e.scope != events[1].scope]
    assert [e.kind for e in inner] == (["scope.opened"] * 2 + ["scope.closed"] * 2) * 2


async def test_equal_agents_are_asked_with_different_seeds() -> None:
    team = [agent(n, "7") for n in ("ada", "bo")]
    await played(debate(team, 1), seed=3)
    seeds = [one.model.asked[0].options.seed for one in team]  # type: ignore[attr-defined]
    assert seeds[0] == 3
    assert seeds[1] not in (None, 3)


async def test_who_changed_its_mind_is_noted_with_every_round() -> None:
    stubborn, swayed = agent("ada", "7"), agent("bo", lambda t: "7" if "agent 1: 7" in t else "8")
    answer, events = await played(debate([stubborn, swayed], 2))
    assert answer.text == "7"
    assert noted(events, "debate") == [
        {"round": 1, "answers": {"ada": "7", "bo": "8"}, "changed": []},
        {"round": 2, "answers": {"ada": "7", "bo": "7"}, "changed": ["bo"]},
    ]


async def test_it_stops_early_only_when_all_agree() -> None:
    team = [agent(n, "7") for n in ("ada", "bo")]
    _, events = await played(debate(team, 5, stop_early=True))
    assert len(noted(events, "debate")) == 1
    assert noted(events, "stop")[0]["round"] == 1
    _, events = await played(debate([agent("ada", "7"), agent("bo", "8")], 5, stop_early=True))
    assert len(noted(events, "debate")) == 5


async def test_roles_prompts_and_summaries_are_what_members_read() -> None:
    ada, bo = agent("ada", "7"), agent("bo", "8")
    short = agent("short", "they say eight")
    await played(debate([ada, bo], prompt="short", roles={"ada": "You doubt."}, summariser=short))
    assert asked(ada)[0].endswith("Your part in this debate: You doubt.")
    assert "- agents: they say eight" in asked(ada)[1] and "agent 1" not in asked(ada)[1]
    assert "Based on the opinions" in asked(bo)[1] and "Your part" not in asked(bo)[1]


async def test_a_judge_decides_instead_of_the_majority() -> None:
    arbiter = agent(
        "judge",
        lambda t: (
            f'{{"winner": "{next(one for one in "ABC" if f"{one}: 9" in t)}", "reason": "so"}}'
        ),
    )
    team = [agent("ada", "9"), agent("bo", "8"), agent("cy", "8")]
    answer, events = await played(debate(team, 1, judge=arbiter))
    assert answer.text == "9"
    assert noted(events, "vote") == []


async def test_a_member_that_fails_stands_by_its_last_answer_and_is_reported() -> None:
    def fails_later(text: str) -> Any:
        return BadReply("gone") if "Answers of the other" in text else "7"

    team = [agent("ada", fails_later), agent("bo", "8"), agent("cy", "7")]
    answer, events = await played(debate(team, 2))
    assert answer.text == "7"
    assert answer.data["missing"] == ["ada"]
    assert list(noted(events, "absent")[0]) == ["ada"]


async def test_when_nothing_more_can_be_paid_the_last_answered_round_decides() -> None:
    answer, events = await played(
        debate([agent("ada", "7"), agent("bo", "7")], 3), budget_tokens=45
    )
    assert answer.text == "7"
    assert answer.data["partial"] is True and answer.data["missing"] == ["ada", "bo"]
    assert noted(events, "partial")[0]["round"] == 3


async def test_all_failing_at_once_is_an_error() -> None:
    with pytest.raises(BadReply):
        await played(debate([agent(n, lambda _: BadReply("gone")) for n in ("a", "b")]))


async def test_a_debate_is_a_member_of_another() -> None:
    inner = debate([agent("ada", "7"), agent("bo", "7")], 2, name="inner")
    answer, events = await played(debate([inner, agent("cy", "7")], 2))
    assert answer.text == "7"
    assert [e.path for e in events if isinstance(e, ScopeOpened)].count("debate/inner/ada") == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: debate([]),
        lambda: debate([agent("ada", "7")]),
        lambda: debate([agent("ada", "7"), agent("ada", "8")]),
        lambda: debate([agent("ada", "7"), agent("bo", "8")], 0),
        lambda: debate([agent("ada", "7"), agent("bo", "8")], prompt="loud"),  # type: ignore[arg-type]
        lambda: debate([agent("ada", "7"), agent("bo", "8")], roles={"eve": "x"}),
    ],
)
def test_a_debate_that_cannot_be_is_refused_before_it_runs(make: Any) -> None:
    with pytest.raises(SetupError):
        make()
