"""A condition or a denial in a question is kept, or the question is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agentkit.sim.brain.talk import talk

PEOPLE = {"bern": 134000, "basel": 178000}


def patients() -> list[dict[str, Any]]:
    """All patients."""
    return [{"name": "Kim", "fever": True}, {"name": "Lou", "fever": False}]


def loans(member: str) -> list[dict[str, Any]]:
    """What a member of the library has borrowed."""
    return [
        {"title": "Orlando", "overdue": True, "fine_eur": 1.5},
        {"title": "Emma", "overdue": False, "fine_eur": 0},
    ]


def wins(member: str) -> int:
    """Games that a member has won."""
    return 12


def population(town: str) -> int:
    """Population of a town."""
    return PEOPLE[town.casefold()]


@pytest.mark.parametrize(("question", "tool", "right"), [
    ("How many patients have fever?", patients, "1."),
    ("How many patients are there?", patients, "2."),
    ("How many overdue loans does Ann have?", loans, "1."),
    ("How many loans does Ann have?", loans, "2."),
    ("How many games has Ada won?", wins, "12."),
    ("Which has the larger population, Bern or Basel?", population,
     "Basel (178000, against 134000)."),
])  # fmt: skip
def test_a_condition_that_a_switch_tells_is_kept(question: str, tool: Any, right: str) -> None:
    assert talk(question, tool).text == right


@pytest.mark.parametrize(("question", "tool"), [
    ("How many patients have no fever?", patients), ("How many patients lack fever?", patients),
    ("How many loans of Ann have a fine?", loans), ("How many games has Ada not won?", wins),
    ("How many games has Ada never won?", wins),
    ("Which does not have the larger population, Bern or Basel?", population),
    ("What is the population of all towns except Bern?", population),
    ("What is the population of every town but Bern?", population),
])  # fmt: skip
def test_what_is_not_kept_is_refused(question: str, tool: Any) -> None:
    found = talk(question, tool).text
    assert found.startswith("I cannot"), found


def test_a_word_of_denial_in_a_title_denies_nothing() -> None:
    assert talk("What is the population of 'No Bern'?", any_town).text.endswith("is 7.")


def any_town(town: str) -> int:
    """Population of a town."""
    return 7
