"""The world: generated from a seed, consistent in itself, with questions that have answers."""

from __future__ import annotations

import os
import re

import pytest

from agentkit.sim.arithmetic import arithmetic_value
from agentkit.sim.world import world
from agentkit.sim.world.documents import INJECTION
from tests.agentkit.sim.brain.talk import talk


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert world(7) is world(7)
    assert world(7).tables == type(world(7).tables)(**vars(world.__wrapped__(7).tables))
    assert world(7).tables != world(8).tables
    assert [q.answer for q in world(7).questions] != [q.answer for q in world(8).questions]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_level_has_at_least_a_hundred_different_questions(level: int) -> None:
    questions = world().questions_at(level)
    assert len(questions) >= 100
    assert len({question.text for question in questions}) == len(questions)
    assert all(question.facts for question in questions)


def test_a_level_that_does_not_exist_is_refused_with_the_real_ones() -> None:
    with pytest.raises(ValueError, match="levels 1, 2 and 3"):
        world().questions_at(4)


def test_about_thirty_short_documents_and_exactly_one_malicious() -> None:
    documents = world().documents
    assert 28 <= len(documents) <= 34
    assert [d.id for d in documents if d.malicious] == ["notice-lost-property"]
    assert [d.id for d in documents if INJECTION in d.text] == ["notice-lost-property"]
    assert all(60 <= len(d.text.split()) <= 150 for d in documents)


def test_what_the_documents_say_about_ports_and_ships_stands_in_the_tables() -> None:
    port = world()
    ports = {row.name: row for row in port.tables.ports}
    ships = {row.name: row for row in port.tables.ships}
    found = 0
    for document in port.documents:
        for name, master in re.findall(
            r"harbour master of (\w+) is (\w+ \w+)", document.text, re.IGNORECASE
        ):
            found += 1
            assert ports[name].harbour_master == master
        for name, home in re.findall(r"home port of the (\w+) is (\w+)", document.text):
            found += 1
            assert ships[name].home_port == home
    assert found >= 20


def test_every_document_that_proves_an_answer_exists_and_states_level_one_answers() -> None:
    port = world()
    texts = {document.id: document.text for document in port.documents}
    for question in port.questions_at(1):
        cited = [fact.removeprefix("documents/") for fact in question.facts if "documents/" in fact]
        assert set(cited) <= set(texts)
        direct = not re.search(r"\bfor \d+ t\b|handl", question.text)
        for id in cited:
            assert not direct or f"{question.answer}" in texts[id].replace(".00", "")


def test_check_takes_the_last_number_or_the_name() -> None:
    number = next(q for q in world().questions if isinstance(q.answer, float) and q.tolerance)
    assert number.check(f"For 3 ships it is {number.answer:.2f} EUR.")
    assert not number.check(f"It is {number.answer:.2f} EUR, no, {number.answer + 1} EUR.")
    name = next(q for q in world().questions if isinstance(q.answer, str))
    assert name.check(f"That is {name.answer}.") and not name.check("I do not know.")


def test_tools_answer_and_name_what_they_know_when_asked_for_what_they_do_not() -> None:
    port = world()
    assert port.tool("tariff")("Amber", 30) == pytest.approx(
        round(port.tables.ports[0].dues_eur_per_tonne * 30, 2)
    )
    assert port.tool("ship")("the heron")["name"] == "Heron"
    with pytest.raises(ValueError, match=r"no port 'Atlantis'.*Amber, Briar"):
        port.tool("port")("Atlantis")
    with pytest.raises(ValueError, match="tonnes is -1"):
        port.tool("tariff")("Amber", -1)
    with pytest.raises(KeyError, match="tariff"):
        port.tool("teleport")


def test_search_finds_the_document_about_a_port_first() -> None:
    for row in world().tables.ports:
        hits = world().tool("search")(f"lighthouse of {row.name}", k=1)
        assert hits[0]["id"] == f"notice-{row.name.lower()}"


@pytest.mark.parametrize(
    ("expression", "value"), [("17 * 23 + 4", 395), ("(1 + 2) / 4", 0.75), ("-2 ** 2", -4)]
)
def test_arithmetic_is_computed(expression: str, value: float) -> None:
    assert arithmetic_value(expression) == value


@pytest.mark.parametrize(
    "expression",
    ["__import__('os')", "1 / 0", "9 ** 9 ** 9", "a + 1", "1 +", "'a' * 3", "(-8) ** 0.5"],
)
def test_what_is_not_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="."):
        arithmetic_value(expression)


SEEDS = int(os.environ.get("AGENTKIT_WORLD_SEEDS", "0"))
"""How many seeds to ask every question of; 0 asks a part of a few, as fits every run."""


@pytest.mark.parametrize("seed", range(1, SEEDS + 1) if SEEDS else (7, 8, 1001, 424242))
def test_careful_answers_every_question_of_every_seed(seed: int) -> None:
    port = world(seed)
    chosen = [
        question
        for n, question in enumerate(port.questions)
        if SEEDS or (n + seed) % 12 == 0 or "highest" in question.text or "average" in question.text
    ]
    wrong = [
        (text, question.answer, got)
        for question in chosen
        for text in (question.text, *question.paraphrases)
        if not question.check(got := talk(text, *port.functions()).text)
    ]
    assert wrong == []
