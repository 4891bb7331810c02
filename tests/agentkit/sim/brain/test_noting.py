"""What the brain does with what it is told."""

from __future__ import annotations

import pytest

from agentkit.sim.brain.thought import DialogTurn
from tests.agentkit.sim.brain.talk import talk

FACT = "The crane of Amber is broken."


def notes_recall(query: str) -> list[str]:
    """Search the memory."""
    return []


def notes_remember(text: str) -> str:
    """Store a text in the memory."""
    return "Stored."


def full_remember(text: str) -> str:
    """Store a text in the memory."""
    raise OSError("the disk is full")


@pytest.mark.parametrize(
    "order", ["Remember that the", "Please remember: The", "Note that the", "Write down: The"]
)
def test_an_order_to_remember_is_carried_out_once(order: str) -> None:
    done = talk(f"{order} crane of Amber is broken.", notes_recall, notes_remember)
    assert done.calls == [("notes_remember", {"text": FACT})]
    assert done.text == "I have noted it."


def test_without_a_place_to_store_it_a_statement_is_only_acknowledged() -> None:
    assert talk(f"Remember that {FACT}", notes_recall).text == "Noted."
    told = talk(f"For your information: {FACT}", notes_recall, notes_remember)
    assert (told.text, told.calls) == ("Noted.", [])


def test_a_write_that_failed_is_told() -> None:
    assert "the disk is full" in talk(f"Remember that {FACT}", full_remember).text


def test_a_question_beside_it_is_answered() -> None:
    text = f"For your information: {FACT} What is broken?"
    assert talk(text).text not in ("Noted.", "")


def test_a_question_is_answered_by_searching_and_stores_nothing() -> None:
    asked = "What is the gate code of the south quay?"

    def desk_remember(text: str) -> str:
        """Store a text in the archive."""
        return "Stored."

    def desk_search(query: str) -> list[str]:
        """Search the archive."""
        return []

    def desk_recall(query: str) -> list[dict[str, str]]:
        """Search everything that was ever said."""
        said = [asked, "The gate code of the south quay is 4711."]
        return [{"id": str(n), "role": "user", "text": text} for n, text in enumerate(said)]

    done = talk(asked, desk_remember, desk_search, desk_recall)
    assert done.text == "The gate code of the south quay is 4711."
    assert [name for name, _ in done.calls] == ["desk_search", "desk_recall"]


def test_what_it_was_told_before_answers_a_question_later() -> None:
    told = DialogTurn("user", "FYI: the gate code of the south quay is 4711.")
    asked = DialogTurn("user", "What is the gate code of the south quay?")
    assert "4711" in talk([told, DialogTurn("assistant", "Noted."), asked]).text
