"""Self-consistency, vote, judge, quorum, best of n: what must hold, read from the log."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit.errors import BadOutput, BadReply, SetupError
from agentkit.patterns.bestof import best_of
from agentkit.patterns.consistency import self_consistency
from agentkit.patterns.judge import judge
from agentkit.patterns.quorum import quorum
from agentkit.patterns.vote import vote
from tests.agentkit.patterns.deciders import asked, noted, played, word
from tests.agentkit.patterns.teams import agent


def in_turn(*texts: Any) -> Any:
    queue = list(texts)
    return lambda _: queue.pop(0)


async def test_samples_are_the_same_ask_with_other_seeds_and_most_decide() -> None:
    ada = agent("ada", in_turn("8", "7", "7"))
    answer, _ = await played(self_consistency(ada, 3))
    requests = ada.model.asked  # type: ignore[attr-defined]
    assert answer.text == "7"
    assert len({r.thread[-1].id for r in requests}) == 1
    assert len({r.options.seed for r in requests}) == 3


async def test_samples_that_fail_are_missing_from_the_answer() -> None:
    answer, _ = await played(self_consistency(agent("ada", in_turn(BadReply("x"), "7", "7")), 3))
    assert (answer.text, answer.data["missing"]) == ("7", ["sample 0"])


async def test_a_typed_vote_is_of_that_type() -> None:
    team = [agent(n, f'{{"value": {v}}}') for n, v in (("ada", 7), ("bo", 8), ("cy", 8))]
    answer, _ = await played(vote(team), output=int)
    assert answer.data == 8


async def test_a_measured_record_outweighs_heads() -> None:
    team = [agent("ada", "7"), agent("bo", "8"), agent("cy", "8")]
    record = {"ada": 0.95, "bo": 0.6, "cy": 0.6}
    answer, events = await played(vote(team, weigh=record))
    assert answer.text == "7"
    assert noted(events, "vote")[0]["sums"]["7"] == pytest.approx(2.944, abs=0.001)


async def test_stated_confidence_outweighs_heads() -> None:
    sure = [("ada", "7", 0.9), ("bo", "8", 0.3), ("cy", "8", 0.4)]
    team = [agent(n, word(answer=a, confidence=c)) for n, a, c in sure]
    answer, _ = await played(vote(team, weigh="confidence"))
    assert answer.text == "7"


async def test_no_option_is_favoured_by_its_place() -> None:
    first_placed = [agent(n, word(choice="A", reason="first")) for n in ("ada", "bo", "cy")]
    answer, events = await played(vote(first_placed, options=["one", "two", "three"]))
    ballots = noted(events, "vote")[0]
    assert ballots["ballots"] == {"ada": "one", "bo": "two", "cy": "three"}
    assert ballots["tie"] == ["one", "two", "three"]
    assert answer.text == "one"


async def test_a_judge_swayed_by_the_order_makes_a_tie() -> None:
    first = agent("judge", word(winner="A", reason="the first is nice"))
    answer, events = await played(judge([agent("ada", "7"), agent("bo", "8")], first))
    assert [text.count("A: 7") for text in asked(first)] == [1, 0]
    verdict = noted(events, "judge")[0]
    assert (verdict["winner"], verdict["winners"]) == (None, ["ada", "bo"])
    assert answer.text == "7"


@pytest.mark.parametrize("seat", "ABC")
async def test_of_three_answers_no_seat_is_a_verdict(seat: str) -> None:
    idle = agent("judge", word(winner=seat, reason="as ever"))
    team = [agent(name, text) for name, text in (("ada", "7"), ("bo", "8"), ("cy", "9"))]
    _, events = await played(judge(team, idle))
    verdict = noted(events, "judge")[0]
    assert verdict["winner"] is None and verdict["tie"]
    assert sorted(verdict["winners"]) == ["ada", "bo", "cy"], "each stood in each place once"


async def test_a_judge_who_goes_by_the_answers_wins_in_every_rotation() -> None:
    fair = agent(
        "judge", lambda t: word(winner=next(s for s in "ABC" if f"{s}: 8" in t), reason="right")
    )
    team = [agent(name, text) for name, text in (("ada", "7"), ("bo", "8"), ("cy", "7"))]
    answer, events = await played(judge(team, fair))
    assert answer.text == "8"
    assert noted(events, "judge")[0]["winners"] == ["bo", "bo", "bo"]


async def test_a_judge_sees_letters_and_no_names() -> None:
    fair = agent("judge", lambda t: word(winner="A" if "A: 8" in t else "B", reason="right"))
    answer, events = await played(judge([agent("ada", "7"), agent("bo", "8")], fair))
    assert answer.text == "8"
    assert noted(events, "judge")[0]["winner"] == "bo"
    assert noted(events, "judge")[0]["ballots"] == {"ada": "7", "bo": "8"}
    assert all("ada" not in text and "bo" not in text for text in asked(fair))


async def test_a_judge_outside_the_schema_is_a_typed_error() -> None:
    wild = agent("judge", word(winner="Z", reason="none"))
    with pytest.raises(BadOutput):
        await played(judge([agent("ada", "7"), agent("bo", "8")], wild))


async def test_a_quorum_goes_on_when_k_agree_and_drops_the_rest() -> None:
    team = [agent("liar", "9"), agent("ada", "7"), agent("bo", "7")]
    answer, events = await played(quorum(team, 2))
    assert answer.text == "7"
    assert noted(events, "quorum")[0]["winner"] == "7"


async def test_a_quorum_that_nobody_reaches_is_an_error() -> None:
    with pytest.raises(BadOutput, match="No 2 of 2 agree"):
        await played(quorum([agent("ada", "7"), agent("bo", "8")], 2))


async def test_the_best_scored_sample_wins_and_each_is_scored_alone() -> None:
    scorer = agent("scorer", lambda t: word(score=9 if "good" in t else 1, reason="read"))
    ada = agent("ada", in_turn("bad", "good", "bad"))
    answer, events = await played(best_of(ada, 3, scorer))
    assert answer.text == "good"
    assert len(asked(scorer)) == 3
    assert noted(events, "best")[0]["scores"] == {
        "sample 0": 1.0, "sample 1": 9.0, "sample 2": 1.0
    }  # fmt: skip


async def test_a_function_may_score_and_a_tie_goes_to_the_earlier() -> None:
    answer, events = await played(
        best_of(agent("ada", in_turn("bb", "cc", "a")), 3, lambda answer: len(answer.text))
    )
    assert answer.text == "bb"
    assert noted(events, "best")[0]["winner"] == "sample 0"


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: self_consistency(a, 0),
        lambda a, b: vote([]),
        lambda a, b: vote([a, a]),
        lambda a, b: vote([a, b], options=["one"]),
        lambda a, b: vote([a, b], options=["one", "one"]),
        lambda a, b: vote([a, b], weigh={"ada": 0.5}),
        lambda a, b: vote([a, b], weigh={"ada": 0.5, "bo": 1.5}),
        lambda a, b: vote([a, b], weigh="loudness"),  # type: ignore[arg-type]
        lambda a, b: judge([a], b),
        lambda a, b: judge([a, b], a),
        lambda a, b: quorum([a, b], 3),
        lambda a, b: quorum([a, b], 0),
        lambda a, b: best_of(a, 0, b),
        lambda a, b: best_of(a, 3, a),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_paid(make: Any) -> None:
    with pytest.raises(SetupError):
        make(agent("ada", "7"), agent("bo", "8"))
