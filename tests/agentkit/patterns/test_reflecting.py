"""Reflect and Reflexion: what is shown to whom, and when it stops."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.errors import BadReply, SetupError
from agentkit.messages import ToolCall
from agentkit.patterns.reflect import reflect
from agentkit.patterns.reflexion import reflexion
from tests.agentkit.patterns.deciders import asked, noted, played, word
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel


def critic(*verdicts: bool) -> Any:
    queue = list(verdicts)
    return agent("critic", lambda _: word(correct=queue.pop(0), feedback="more facts"))


async def test_a_draft_is_revised_until_the_critic_is_content() -> None:
    author, reader = (
        agent("author", lambda t: "v2" if "Criticism" in t else "v1"),
        critic(False, True),
    )
    answer, events = await played(reflect(author, reader), "write")
    assert (answer.text, answer.data) == ("v2", None)
    assert "Proposed answer: v1" in asked(reader)[0] and "Proposed answer: v2" in asked(reader)[1]
    assert "Criticism: more facts" in asked(author)[1]
    assert noted(events, "stop") == [{"round": 2, "reason": "nothing to change"}]


async def test_the_author_revises_in_its_own_conversation() -> None:
    author = agent("author", "v")
    await played(reflect(author, critic(False, True)), "write")
    said = [node.message.content for node in author.model.asked[1].thread]  # type: ignore[attr-defined]
    assert said[1:3] == ["write", "v"]


async def test_when_no_rounds_are_left_the_last_draft_says_that_nobody_reviewed_it() -> None:
    answer, _ = await played(reflect(agent("author", "v"), critic(False, False), rounds=2))
    assert answer.text == "v"
    assert answer.data["missing"] == ["a review of the last draft"]


async def test_a_critic_that_fails_does_not_cost_the_draft() -> None:
    gone = agent("critic", lambda _: BadReply("gone"))
    answer, events = await played(reflect(agent("author", "v"), gone))
    assert (answer.text, answer.data["partial"]) == ("v", True)
    assert "gone" in noted(events, "partial")[0]["reason"]


def trying() -> Any:
    """Says how many reflections it was given; reflects with a number of its own."""
    count = [0]

    def rule(text: str) -> str:
        if text.startswith("You were given"):
            count[0] += 1
            return f"lesson {count[0]}"
        return f"{text.count('- lesson')} lessons"

    return agent("ada", rule)


async def test_a_trial_is_given_exactly_the_last_reflections_and_starts_anew() -> None:
    ada = trying()
    answer, events = await played(reflexion(ada, lambda _: False, trials=5, memory=2), "solve it")
    trials = [text for text in asked(ada) if not text.startswith("You were given")]
    lessons = [[w for w in text.splitlines() if w.startswith("- ")] for text in trials]
    assert lessons == [
        [], ["- lesson 1"], ["- lesson 1", "- lesson 2"],
        ["- lesson 2", "- lesson 3"], ["- lesson 3", "- lesson 4"],
    ]  # fmt: skip
    assert all(len(r.thread) == 2 for r in ada.model.asked)
    assert answer.data["reason"] == "none of 5 trials succeeded"
    assert [one["reflections"] for one in noted(events, "trial")] == [0, 1, 2, 2, 2]


async def test_it_stops_at_success_and_does_not_reflect_on_it() -> None:
    ada = trying()
    answer, events = await played(
        reflexion(ada, lambda a: a.text == "1 lessons", trials=5), "solve it"
    )
    assert (answer.text, answer.data) == ("1 lessons", None)
    assert len(asked(ada)) == 3
    assert noted(events, "stop") == [{"trial": 2, "reason": "success"}]


async def test_an_actor_may_evaluate_and_another_reflect() -> None:
    teacher = agent("teacher", lambda t: word(passed="wiser" in t, feedback="too short"))
    thinker = agent("thinker", "be wiser")
    ada = agent("ada", lambda t: "wiser" if "- be wiser" in t else "x")
    answer, _ = await played(reflexion(ada, teacher, thinker), "solve it")
    assert answer.text == "wiser"
    assert "too short" in asked(thinker)[0]


async def test_the_reflector_sees_what_was_done_and_what_it_said_before() -> None:
    @tool(effect="pure")
    def fee(port: str) -> int:
        """Fee of a port."""
        return 120

    call = ToolCall(id="1", name="fee", arguments='{"port": "Briar"}')
    thinker = agent("thinker", "look twice")
    ada = Agent("ada", model=ScriptedModel("Let me look.", [call], "x", [call], "y"), tools=[fee])
    await played(reflexion(ada, lambda _: False, thinker, trials=3), "solve it")
    first, second = asked(thinker)
    assert "Your earlier reflections" not in first and "Your answer: Let me look." in first
    assert 'fee({"port": "Briar"}) -> 120' in second and "- look twice" in second


@pytest.mark.parametrize(
    "make",
    [
        lambda a: reflect(a, rounds=0),
        lambda a: reflect(a, a),
        lambda a: reflexion(a, lambda _: True, trials=0),
        lambda a: reflexion(a, lambda _: True, memory=0),
        lambda a: reflexion(a, a),
    ],
)
def test_what_cannot_be_is_refused(make: Any) -> None:
    with pytest.raises(SetupError):
        make(agent("ada", "7"))
