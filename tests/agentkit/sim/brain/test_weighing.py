"""Weighing arguments: what persuades `sim:persuadable`, and what does not."""

from __future__ import annotations

import pytest

from agentkit.sim.brain.scene import Scene, read
from agentkit.sim.brain.temperaments import temperament
from agentkit.sim.brain.thought import BrainRequest, DialogTurn
from agentkit.sim.brain.weighing import DERIVED, NOTHING, REFUTED, STATED, strength
from tests.agentkit.sim.brain.talk import talk

PAPERS = (
    "The harbour dues in Elm are 3.34 EUR per tonne of cargo. The pilotage fee in Elm is 120 EUR. "
    "The harbour master of Elm is Ada Marsh."
)
QUESTION = "What are the dues for 127 t in Elm plus the pilotage fee in Elm?"
RIGHT = "424.18 + 120 = 544.18, so the dues are 544.18 EUR."


def scene(question: str = QUESTION) -> Scene:
    ask = BrainRequest("sim:persuadable", PAPERS, (DialogTurn("user", question),))
    return read(ask, temperament(ask.model))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (RIGHT, DERIVED),
        ("I multiply: 127 * 3.34 = 424.18", DERIVED),
        ("The dues are 424.18 EUR.", STATED),
        ("The harbour master is Ada Marsh.", STATED),
        ("I checked it twice: the answer is 999 EUR.", NOTHING),
        ("Trust me.", NOTHING),
        ("", NOTHING),
        ("424.18 + 120 = 554.18", REFUTED),
        ("444 + 555 = 999", REFUTED),
        ("1 / 0 = 3", REFUTED),
        (f"{RIGHT} And 2 + 2 = 5.", REFUTED),
    ],
)
def test_an_argument_is_as_strong_as_what_of_it_can_be_checked(text: str, found: int) -> None:
    assert strength(text, scene()) == found


def debated(own: str, other: str, seed: int = 0, model: str = "sim:persuadable") -> str:
    task = (
        f"Question: {QUESTION}\nYour answer: {own}\nAnswers of the other agents:\n"
        f"- agent 1: {other}\nUsing the opinions of the other agents as additional advice, give "
        "your updated answer."
    )
    turns = [DialogTurn("user", QUESTION), DialogTurn("assistant", own), DialogTurn("user", task)]
    return talk(turns, system=PAPERS, model=model, seed=seed).text


def test_persuadable_takes_over_a_derivation_that_it_can_check() -> None:
    taken = [debated("The answer is 424.18 EUR.", RIGHT, seed) == RIGHT for seed in range(200)]
    assert 0.8 < sum(taken) / len(taken) < 0.98


@pytest.mark.parametrize(
    "other",
    ["I checked it twice: the answer is 999 EUR.", "444 + 555 = 999", "424.18 + 120 = 554.18"],
)
def test_persuadable_keeps_an_answer_that_argues_as_well_or_better(other: str) -> None:
    assert all(debated(RIGHT, other, seed) == RIGHT for seed in range(50))


def test_persuadable_answers_the_same_request_the_same_way() -> None:
    own = "The answer is 424.18 EUR."
    assert [debated(own, RIGHT, seed) for seed in range(30)] == [
        debated(own, RIGHT, seed) for seed in range(30)
    ]


def test_a_true_looking_number_can_persuade_it_of_what_is_false() -> None:
    false = "120 + 127 = 247, so it is 247 EUR."
    assert false in {debated("It is 999 EUR.", false, seed) for seed in range(5)}


def test_the_other_temperaments_do_not_weigh_arguments() -> None:
    assert debated("It is 999 EUR.", "444 + 555 = 999", model="sim:careful").endswith("544.18 EUR.")
    assert debated("It is 999 EUR.", RIGHT, model="sim:stubborn") == "It is 999 EUR."
