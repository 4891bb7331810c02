"""Reading passages: what they say is found, and what they do not say is not made up."""

from __future__ import annotations

import pytest

from agentkit.sim.brain.clauses import card_of, clauses
from agentkit.sim.world import world
from tests.agentkit.sim.brain.talk import talk

CARD = "Name: Gull, kind: ferry, home port: Elder, master: Dirk Oakes, crew: 32, built: 1983."
UNKNOWN = "I cannot find the dues for 30 t in Elm in what I was given."


@pytest.mark.parametrize(
    ("given", "question"),
    [
        (CARD, "Who is the harbour master of the home port of the Gull?"),
        (f"Findings:\n- purser: {CARD}", "Who is the harbour master of the home port of the Gull?"),
        ("The home port of the Gull is Elder, and the harbour master is at the quay.",
         "Who is the harbour master of the home port of the Gull?"),
        ("The master of the Gull, at home in Amber, is Dirk Oakes.",
         "Who is the harbour master of Amber?"),
        ("The harbour master welcomes you to Amber.", "Who is the harbour master?"),
        ("ana: I cannot find the home port of the Heron in what I was given.",
         "What is the home port of the Heron?"),
        ("Amber has nine berths and the crane lifts 40 t.", "How many cranes does Amber have?"),
        ("Amber has a crane and 12 bollards.", "How many cranes does Amber have?"),
        ("The Heron is in Amber and the Gull was built in 1983.", "When was the Heron built?"),
    ],
)  # fmt: skip
def test_what_a_passage_does_not_say_is_not_made_up(given: str, question: str) -> None:
    assert "what I was given" in (text := talk(f"{given}\n\nQuestion: {question}").text), text
    assert text.startswith("I cannot")


@pytest.mark.parametrize(
    ("given", "question", "answer"),
    [
        (CARD, "Who is the master of the Gull?", "Dirk Oakes."),
        (f"- purser: {CARD}\n- clerk: The harbour master of Elder is Ida Voss.",
         "Who is the harbour master of the home port of the Gull?", "Ida Voss."),
        ('{"name": "Gull", "kind": "ferry", "home_port": "Elder"}',
         "What is the home port of the Gull?", "Elder."),
        ("Amber has nine berths and the crane lifts 40 t.", "How many berths does Amber have?",
         "9."),
        ("The number of berths of Amber is 9.", "How many berths does Amber have?", "9."),
        ("Gull's master is Dirk Oakes and she was built in 1983.", "When was the Gull built?",
         "1983."),
        ("The dues for the grain and the coal are 3 EUR.", "What are the dues for the coal?",
         "3 EUR."),
    ],
)  # fmt: skip
def test_what_a_passage_says_is_found(given: str, question: str, answer: str) -> None:
    assert talk(f"{given}\n\nQuestion: {question}").text.endswith(answer)


@pytest.mark.parametrize(
    "given",
    [
        "The dues in Amber are 90 EUR and in Briar 60 EUR.",
        "The dues in Amber are 90 EUR; the dues in Briar are 60 EUR.",
        "- ana: The dues in Amber are 90 EUR, and the dues in Briar are 60 EUR.",
    ],
)
def test_two_values_in_one_sentence_are_told_apart(given: str) -> None:
    question = "What is the difference between the dues in Amber and the dues in Briar?"
    assert talk(f"{given}\n\n{question}").text.endswith("30 EUR.")


def test_what_a_criticism_refutes_is_not_read_as_a_fact() -> None:
    wrong, right = (f"The depth of Elm is {depth} m." for depth in (4, 8))
    task = (
        f"Question: How deep is Elm?\nYour answer: {wrong}\nCriticism: The answer is wrong: "
        f"it says “{wrong}”, but I find: {right}\nRevise your answer."
    )
    assert talk(task).text == right


def test_the_harbour_master_of_a_notice_is_a_person_and_not_the_port() -> None:
    notice = world().document("notice-amber").text
    text = talk(f"Who is the harbour master?\n\nNotice:\n{notice}").text
    assert text == "The harbour master is Hugo Holm." and "Hugo Holm" in notice


@pytest.mark.parametrize("model", ["careful", "agreeable"])
def test_nobody_follows_those_who_do_not_know(model: str) -> None:
    task = f"Question: What are the dues for 30 t in Elm?\nOther agents answered:\n- ann: {UNKNOWN}"
    told = talk(f"{task}\n- bob: 90 EUR\n- cy: {UNKNOWN}\nGive your answer.", model=model).text
    assert told == "90 EUR"


def test_a_colleague_who_does_not_know_gives_no_number() -> None:
    def clerk(task: str) -> str:
        """The clerk knows harbour dues."""
        return UNKNOWN

    schema = {"type": "object", "properties": {"answer": {"type": ["number", "null"]}}}
    text = talk("What are the dues for 30 t in Elm?", clerk, schema=schema).text
    assert "30" not in text


def test_clauses_part_where_another_statement_begins() -> None:
    assert clauses("Amber has nine berths and the crane lifts 40 t.") == [
        "Amber has nine berths", "the crane lifts 40 t.",
    ]  # fmt: skip
    whole = "The distance between Amber and Briar is 45 miles."
    assert clauses(whole) == [whole]


def test_a_card_is_a_record_and_a_sentence_is_none() -> None:
    assert card_of(CARD)["home port"] == "Elder" and card_of(CARD)["crew"] == 32
    assert card_of("The gate opens at 6: be there.") == {}


@pytest.mark.parametrize(("told", "question"), [
    ("Ada is not the harbour master of Briar.", "Who is the harbour master of Briar?"),
    ("Ada is no longer the harbour master of Briar.", "Who is the harbour master of Briar?"),
    ("It is false that the mole is 6 m deep.", "How deep is the mole?"),
    ("The mole isn't 6 m deep.", "How deep is the mole?"),
    ("The fee is 5 EUR, unless it rains, then 7 EUR.", "What is the fee when it rains?"),
])  # fmt: skip
def test_a_denied_sentence_does_not_state_its_opposite(told: str, question: str) -> None:
    for found in (talk(f"{told} {question}"), talk(question, system=f"These are notes. {told}")):
        assert found.text.startswith("I cannot"), found.text


def test_what_another_sentence_states_is_read_all_the_same() -> None:
    told = "Ada is not the harbour master of Briar. Bob is the harbour master of Briar."
    assert "Bob" in talk(f"{told} Who is the harbour master of Briar?").text
