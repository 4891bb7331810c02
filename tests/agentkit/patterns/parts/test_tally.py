from __future__ import annotations

import pytest

from agentkit import Answer, pattern
from agentkit.errors import BadOutput
from agentkit.patterns.parts.tally import answer_value, ballots, elect
from tests.agentkit.patterns.deciders import noted, played


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("The dues are 1,250.50 EUR.", "1250.5"),
        ("so the answer is \\boxed{12} of 40", "12"),
        ("It is the Heron.", "heron"),
        ("  ", None),
        ("I don't know.", None),
        ("The ferry leaves at 12:30.", "ferry leaves at 12:30"),
    ],
)
def test_texts_come_down_to_box_number_or_words(text: str, key: str | None) -> None:
    assert answer_value(Answer(text=text)) == key


def test_typed_answers_are_the_same_when_their_data_are() -> None:
    assert answer_value(Answer(text="x", data={"a": 1, "b": 2})) == answer_value(
        Answer(text="y", data={"b": 2, "a": 1})
    )


async def elected(**texts: str) -> tuple[str, list[object]]:
    @pattern
    async def counted(task: str) -> Answer:
        return elect({name: Answer(text=text) for name, text in texts.items()})

    answer, events = await played(counted)
    return answer.text, noted(events, "vote")


async def test_most_votes_win_and_abstentions_do_not_count() -> None:
    text, notes = await elected(a="I do not know.", b="1", c="I cannot tell.", d="1", e="2")
    assert text == "1"
    assert notes[0]["ballots"] == {"a": None, "b": "1", "c": None, "d": "1", "e": "2"}  # type: ignore[index]
    assert notes[0]["reason"] == "2 of 3"  # type: ignore[index]


async def test_a_tie_goes_to_the_first_and_is_noted_as_one() -> None:
    text, notes = await elected(a="2", b="1", c="1", d="2")
    assert text == "2"
    assert notes[0]["tie"] == ["2", "1"]  # type: ignore[index]


async def test_an_election_without_votes_is_an_error() -> None:
    with pytest.raises(BadOutput, match="All 2 abstained"):
        await elected(a="", b="I don't know")


async def test_names_are_counted_by_their_names_and_not_by_the_numbers_beside_them() -> None:
    texts = dict(a="Briar (120)", b="Amber (120)", c="Cinder (245)", d="The cheapest is Cinder.")
    text, notes = await elected(**texts)
    assert text == "Cinder (245)"
    assert notes[0]["sums"] == {"briar": 1, "amber": 1, "cinder": 2}  # type: ignore[index]


async def test_equal_numbers_of_different_units_are_different_answers() -> None:
    text, notes = await elected(a="30 m", b="30 km", c="It is 30 kilometres.")
    assert text == "30 km"
    assert notes[0]["sums"] == {"30 m": 1, "30 km": 2}  # type: ignore[index]
    _, notes = await elected(a="30 m", b="30", c="30 metres")
    assert notes[0]["sums"] == {"30": 3}  # type: ignore[index]


async def test_a_sentence_of_no_plain_form_counts_as_the_short_answer_in_it() -> None:
    texts = dict(a="Cinder", b="Briar", c="Cinder has the lowest fee, 245 EUR.")
    _, notes = await elected(**texts, d="Not a single ship may enter Briar today.")
    sums = notes[0]["sums"]  # type: ignore[index]
    assert sums["cinder"] == 2 and sums["briar"] == 1


async def test_an_own_key_is_taken_as_it_is() -> None:
    answers = {"a": Answer(text="30 m"), "b": Answer(text="30 km")}
    assert ballots(answers, lambda answer: answer.text[:2]) == {"a": "30", "b": "30"}


async def test_a_name_that_ends_with_a_number_is_one_name_in_any_case() -> None:
    text, notes = await elected(a="Berth 7", b="Berth 9", c="berth 9", d="I'm not sure.")
    assert text == "Berth 9"
    assert notes[0]["ballots"]["d"] is None  # type: ignore[index]
