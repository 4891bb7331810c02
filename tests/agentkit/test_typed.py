"""Typed answers in what models write around them."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentkit.typed import unwrapped


class Dues(BaseModel):
    port: str
    euros: float


AMBER = Dues(port="Amber", euros=79.2)
JSON = '{"port": "Amber", "euros": 79.2}'


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"```\n{JSON}",
        f"Here it is:\n\n```json\n{JSON}\n```\n\nTell me if you need more.",
        f"The dues are {{see below}}.\n{JSON}\nThat is all.",
        f'<think>perhaps {{"port": "Briar", "euros": 1}}?</think>\n{JSON}',
        f'Wait. <think>{{"port": "Briar", "euros": 1}}</think>{JSON}',
        f"{JSON}\n\nOnce more: {JSON}",
        f'From {{"port": "Amber"}} I get {JSON}',
    ],
)
def test_the_json_is_found_in_what_stands_around_it(text: str) -> None:
    assert unwrapped(text, Dues) == AMBER


@pytest.mark.parametrize(
    "text", ["", "I do not know.", "{so}", f'{JSON} or {{"port": "Briar", "euros": 1}}', "[" * 9999]
)
def test_nothing_is_made_up_where_nothing_or_two_things_fit(text: str) -> None:
    with pytest.raises(ValueError):
        unwrapped(text, Dues)


@pytest.mark.parametrize(
    "text, output, data",
    [
        ('{"value": 5}', int, 5),
        ("5", int, 5),
        ("```\n5\n```", int, 5),
        ('"yes"', Literal["yes", "no"], "yes"),
        ("[1, 2]", list[int], [1, 2]),
        ("They are [1, 2].", list[int], [1, 2]),
        ('So: {"value": [1, 2]}', list[int], [1, 2]),
    ],
)
def test_a_value_that_is_no_object_is_taken_with_and_without_its_wrapping(
    text: str, output: Any, data: Any
) -> None:
    assert unwrapped(text, output) == data


@pytest.mark.parametrize("text", ["It is 5.", '{"other": 5}', "true story", '{"a": {"value": 5}}'])
def test_a_number_in_prose_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError):
        unwrapped(text, int)


@given(st.text(alphabet='{}[]",:`\n a1'))
def test_any_text_is_an_answer_or_a_value_error(text: str) -> None:
    try:
        unwrapped(text, dict[str, int])
    except ValueError:
        pass
