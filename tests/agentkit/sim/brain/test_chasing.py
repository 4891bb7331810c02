"""What the brain does when a value is a key again."""

from __future__ import annotations

import pytest

from tests.agentkit.sim.brain.talk import talk

PAIRS = {"k-aa01": "k-bb02", "k-bb02": "k-cc03", "k-cc03": "v-dd04", "k-ee05": "k-ee05"}

ORDER = "What is the value of the key {}? If a value is itself a key, look up its value as well."


def shelf_search(query: str) -> list[str]:
    """Search the shelf."""
    return [f"{key} -> {value}" for key, value in PAIRS.items() if query in (key, value)]


def shelf_remember(text: str) -> str:
    """Put a text into the shelf."""
    raise AssertionError("nothing was to be stored")


def test_it_looks_up_each_value_until_one_is_no_key() -> None:
    done = talk(ORDER.format("k-aa01"), shelf_remember, shelf_search)
    assert done.text == "The value is v-dd04."
    asked = [arguments["query"] for _, arguments in done.calls]
    # A hit for a key shows its own pair and the one that leads to it.
    assert asked == ["k-aa01", "k-bb02", "k-cc03", "v-dd04"]


@pytest.mark.parametrize("form", ['"{}": "{}"', "{} = {}", "The value of the key {} is {}."])
def test_without_a_search_it_goes_as_far_as_what_it_was_sent(form: str) -> None:
    told = "\n".join(form.format(*pair) for pair in list(PAIRS.items())[:2])
    assert talk(f"{told}\n{ORDER.format('k-aa01')}").text == "The value is k-cc03."


def test_a_key_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert talk(ORDER.format("k-zz99"), shelf_search).text == "I do not know the value of k-zz99."


def test_keys_that_lead_back_are_not_followed_for_ever() -> None:
    assert "lead back to k-ee05" in talk(ORDER.format("k-ee05"), shelf_search).text


def test_a_key_alone_is_an_ordinary_question() -> None:
    assert "value is" not in talk("What is the value of the key k-aa01?").text
