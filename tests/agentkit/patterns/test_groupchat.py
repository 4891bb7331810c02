from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import Agent, Answer, Question, set_person
from agentkit.errors import AgentkitError, SetupError, TimedOut, UnknownActor
from agentkit.events import MessageSent, Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.groupchat import groupchat
from agentkit.patterns.parts.selectors import at_random, by_model, by_person, by_rule, by_vote
from agentkit.patterns.parts.stops import Chat, said, turns
from agentkit.sim.world import world
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel


def trio() -> list[Agent]:
    return [agent("ada", "a"), agent("bo", "b"), agent("cy", "c")]


def names(*said: str) -> ScriptedModel:
    return ScriptedModel(*[json.dumps({"next": one, "reason": "r"}) for one in said])


async def played(team: Any, task: str = "talk", **options: Any) -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team(task, log=log, **options)
    return answer, log.read(answer.run_id)


def notes(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


def speakers(events: list[Any]) -> list[str]:
    return [note["speaker"] for note in notes(events, "speaker")]


async def test_they_speak_in_turn_one_at_a_time() -> None:
    answer, events = await played(groupchat(trio(), stop=turns(5)))
    assert speakers(events) == ["ada", "bo", "cy", "ada", "bo"]
    open_at_once = 0
    for e in events:
        if e.kind in ("scope.opened", "scope.closed"):
            open_at_once += 1 if e.kind == "scope.opened" else -1
            assert open_at_once <= 2, "the chat and one speaker"
    assert answer.text == "b"


async def test_everybody_has_the_same_history_after_each_turn() -> None:
    team = [agent(n, lambda t: f"{len(t)}") for n in ("ada", "bo", "cy")]
    _, events = await played(groupchat(team, stop=turns(4)))
    known = {e.message: e.nodes[-1] for e in events if isinstance(e, MessageSent) and e.nodes}
    head = dict.fromkeys(("ada", "bo", "cy"), "")
    for turn, one in enumerate(speakers(events)):
        told = [e for e in events if isinstance(e, MessageSent) and e.purpose == "say"][
            turn * 2 : turn * 2 + 2
        ]
        assert {e.sender for e in told} == {one} and {e.to for e in told} == {*head} - {one}
        head = dict.fromkeys(head, told[0].message)
        assert {e.message for e in told} == set(head.values())
    last = known[head["ada"]]
    asked = team[1].model.asked[-1].thread[-1].message.content  # type: ignore[attr-defined]
    assert "ada: 4" in asked and last.message.content.startswith("ada: ")


async def test_the_stop_is_noted_with_who_never_spoke() -> None:
    rule = by_rule(lambda chat: "ada" if chat.last != "ada" else "bo")
    _, events = await played(groupchat(trio(), select=rule, stop=said("b") | turns(9)))
    assert notes(events, "stop") == [
        {"reason": "somebody said 'b'", "turns": 2, "never_spoke": ["cy"]}
    ]
    assert notes(events, "speaker")[-1]["turns"] == {"ada": 1, "bo": 1, "cy": 0}


async def test_a_plain_function_may_end_it_alone_or_beside_a_stop() -> None:
    def thrice(chat: Chat) -> str | None:
        return "three turns" if len(chat.turns) >= 3 else None

    for stop in (thrice, said("DONE") | thrice, turns(1) & thrice):
        answer, events = await played(groupchat(trio(), stop=stop))
        assert len(speakers(events)) == 3 and not answer.missing


async def test_without_a_stop_it_ends_all_the_same() -> None:
    _, events = await played(groupchat(trio(), max_turns=2))
    assert len(speakers(events)) == 2


async def test_a_drawn_speaker_is_never_the_last_one_and_a_seed_draws_the_same() -> None:
    runs = [await played(groupchat(trio(), select=at_random(), max_turns=9), seed=3)
            for _ in range(2)]  # fmt: skip
    first, second = [speakers(events) for _, events in runs]
    assert all(a != b for a, b in zip(first, first[1:], strict=False))
    assert len(set(first)) == 3
    assert first == second


async def test_a_model_that_names_nobody_is_told_and_then_the_last_speaker_goes_on() -> None:
    model = names("bo", "eve", "bo", "the clerk")
    chooser = Agent("host", model=model)
    _, events = await played(groupchat(trio(), select=by_model(chooser), max_turns=2))
    assert speakers(events) == ["bo", "bo"], "bo is excluded, so the second round falls back"
    assert len(notes(events, "unselected")) == 3
    assert "'eve' cannot be chosen" in model.requests[2].thread[-1].message.content
    assert "named nobody" in notes(events, "speaker")[1]["reason"]


async def test_a_model_that_fails_falls_back_at_once() -> None:
    chooser = Agent("host", model=ScriptedModel(TimedOut("late")))
    _, events = await played(groupchat(trio(), select=by_model(chooser), max_turns=1))
    assert speakers(events) == ["ada"] and "TimedOut" in str(notes(events, "unselected"))


async def test_a_vote_counts_abstentions_and_breaks_ties_by_the_fewest_turns() -> None:
    def votes(name: str, *lines: str) -> Agent:
        return Agent(name, model=ScriptedModel(*lines))

    def to(name: str) -> str:
        return json.dumps({"next": name, "reason": "r"})

    team = [
        votes("ada", to("cy"), to("bo"), "x"),
        votes("bo", to("cy"), to("nobody")),
        votes("cy", to("ada"), "hello", to("ada")),
    ]
    _, events = await played(groupchat(team, select=by_vote(), max_turns=2))
    assert speakers(events) == ["cy", "ada"]
    reasons = [note["reason"] for note in notes(events, "speaker")]
    assert reasons == ["votes: ada 1, cy 2; abstentions: 0", "votes: ada 1, bo 1; abstentions: 1"]


async def test_a_person_chooses_and_silence_leaves_it_to_the_order() -> None:
    given = ["cy", "who knows"]

    async def person(question: Question) -> str:
        assert question.options == ("ada", "bo", "cy")
        return given.pop(0)

    before = set_person(person)
    try:
        _, events = await played(groupchat(trio(), select=by_person(), max_turns=2))
    finally:
        set_person(before)
    assert speakers(events) == ["cy", "bo"]


@pytest.mark.parametrize(
    ("rule", "error"),
    [(lambda chat: "eve", UnknownActor), (lambda chat: None, UnknownActor),
     (lambda chat: 1 / 0, SetupError)],
)  # fmt: skip
async def test_a_rule_that_fails_is_a_typed_error(rule: Any, error: type[AgentkitError]) -> None:
    with pytest.raises(error):
        await groupchat(trio(), select=by_rule(rule))("talk")


async def test_a_speaker_that_fails_or_a_spent_budget_leaves_the_chat_so_far() -> None:
    team = [agent("ada", "a"), agent("bo", lambda _: TimedOut("late"))]
    answer, _ = await played(groupchat(team))
    assert answer.data["done"] == {"chat": "ada: a"} and "TimedOut" in answer.data["reason"]
    answer, _ = await played(groupchat(trio()), budget_usd=0.002)
    assert answer.data["done"] == {"chat": "ada: a\nbo: b"}
    with pytest.raises(TimedOut):
        await groupchat(team)("talk", output=int)


async def test_a_closer_answers_from_the_conversation_and_takes_no_turn() -> None:
    closer = Agent("closer", model=ScriptedModel('{"value": 3}'))
    answer, events = await played(groupchat(trio(), stop=turns(2), closer=closer), output=int)
    assert (
        answer.data == 3 and [e.actor for e in events if isinstance(e, ScopeOpened)][-1] == "closer"
    )
    assert "ada: a\nbo: b" in closer.model.requests[0].thread[-1].message.content  # type: ignore[attr-defined]


def test_bad_teams_are_refused_before_anything_is_paid() -> None:
    for team, options in (([], {}), ([agent("ada", "x")] * 2, {}), (trio(), {"max_turns": 0})):
        with pytest.raises(SetupError):
            groupchat(team, **options)  # type: ignore[arg-type]


async def test_the_simulated_host_gives_the_word_to_who_knows() -> None:
    how, port = "You answer questions about the port. Use your tools.", world()
    clerk = Agent("clerk", how, tools=[port.tool("port")], description="knows ports and dues")
    purser = Agent("purser", how, tools=[port.tool("ship")], description="knows ships, the master")
    question = next(q for q in port.questions_at(1) if q.text.startswith("Who is the master of"))
    host = by_model(Agent("host", "You lead the conversation."))
    answer, events = await played(
        groupchat([clerk, purser], select=host, max_turns=1), question.text
    )
    assert speakers(events) == ["purser"] and str(question.answer) in answer.text
