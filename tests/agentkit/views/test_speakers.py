"""The speakers of a conversation as a fold."""

from __future__ import annotations

from xml.etree import ElementTree

from agentkit import open_log
from agentkit.events import Event
from agentkit.patterns.groupchat import groupchat
from agentkit.patterns.parts.selectors import by_rule
from agentkit.patterns.parts.stops import turns
from agentkit.pictures import SpeakersPicture
from agentkit.views import fold
from tests.agentkit.patterns.teams import agent
from tests.agentkit.views.story import Story


async def chatted() -> list[Event]:
    """A chat of three in which one is never chosen, and the same is said twice."""
    log = open_log("memory:")
    members = [agent("ann", "I <b>agree</b>"), agent("bo", "No."), agent("cy", "never")]
    team = groupchat(
        members, select=by_rule(lambda chat: "bo" if chat.last == "ann" else "ann"), stop=turns(3)
    )
    answer = await team("talk", log=log)
    return log.read(answer.run_id)


async def test_each_turn_has_its_speaker_the_reason_and_what_was_said() -> None:
    talk = fold(SpeakersPicture(), await chatted()).data()["talks"][0]
    assert [(t["n"], t["speaker"]) for t in talk["turns"]] == [(1, "ann"), (2, "bo"), (3, "ann")]
    assert [t["text"] for t in talk["turns"]] == ["I <b>agree</b>", "No.", "I <b>agree</b>"]
    assert {t["reason"] for t in talk["turns"]} == {"the rule says so"}


async def test_who_never_spoke_and_why_it_ended_are_told() -> None:
    view = fold(SpeakersPicture(), await chatted())
    talk = view.data()["talks"][0]
    assert talk["members"] == [
        {"name": "ann", "turns": 2},
        {"name": "bo", "turns": 1},
        {"name": "cy", "turns": 0},
    ]
    assert talk["said"] == "3 turns; cy has not spoken; ended: 3 turns were taken"
    assert "3 turns; cy has not spoken" in str(view)


async def test_a_turn_is_there_before_its_words() -> None:
    seen, view = set(), SpeakersPicture()
    for event in await chatted():
        view.add(event)
        for talk in view.data()["talks"]:
            seen.add(tuple(bool(turn["text"]) for turn in talk["turns"]))
    assert seen >= {(False,), (True,), (True, False), (True, True)}


def test_a_resumed_chat_counts_a_turn_once() -> None:
    s = Story()
    s.start()
    s.open("t", "chat", "chat", what="pattern")
    note = {"speaker": "ann", "reason": "it is their turn", "turns": {"ann": 1, "bo": 0}}
    s.note("t", "speaker", note)
    s.start(how="resume")
    s.note("t", "speaker", note)
    for other in ("bo", "cy"):
        s.say("t", "ann", other, "ann: hello", "say")
    talk = fold(SpeakersPicture(), s.events).data()["talks"][0]
    assert [turn["text"] for turn in talk["turns"]] == ["hello"]


def test_a_task_that_is_handed_on_has_speakers_too() -> None:
    s = Story()
    s.start()
    s.open("t", "desk", "desk", what="pattern")
    s.note("t", "handoff", {"from": "front", "to": "dues", "reason": "it is about dues"})
    s.note("t", "stop", {"by": "dues", "handoffs": 1, "reason": "dues handed it on to nobody"})
    talk = fold(SpeakersPicture(), s.events).data()["talks"][0]
    assert [turn["speaker"] for turn in talk["turns"]] == ["front", "dues"]
    assert talk["turns"][1]["reason"] == "front handed on: it is about dues"


def test_a_choice_that_named_nobody_stands_at_the_turn_that_followed() -> None:
    s = Story()
    s.start()
    s.open("t", "chat", "chat", what="pattern")
    s.note("t", "unselected", {"said": "zoe", "reason": "not a name to choose from"})
    s.note("t", "speaker", {"speaker": "ann", "reason": "asked", "turns": {"ann": 1}})
    turn = fold(SpeakersPicture(), s.events).data()["talks"][0]["turns"][0]
    assert turn["odd"] == ["zoe: not a name to choose from"]


async def test_what_was_said_is_escaped_wherever_it_is_shown() -> None:
    view = fold(SpeakersPicture(), await chatted())
    assert "<b>" not in view.to_svg() + view.to_html() + view.to_markdown()
    ElementTree.fromstring(view.to_svg())
