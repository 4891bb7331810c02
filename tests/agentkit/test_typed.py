"""Typed answers in what models write around them."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, computed_field, field_validator

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.testing import ScriptedModel
from agentkit.typed import schema_of, unwrapped


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


class Colour(enum.Enum):
    RED = "red"


class Cat(BaseModel):
    lives: int


class Dog(BaseModel):
    good: bool


@pytest.mark.parametrize(
    ("text", "output", "data"),
    [
        ("yes", Literal["yes", "no"], "yes"),
        ("red", Colour, Colour.RED),
        ("2026-01-02", datetime.date, datetime.date(2026, 1, 2)),
        ("The dues are 79.2 [EUR].", str, "The dues are 79.2 [EUR]."),
        ('{"lives": 9}', Cat | Dog, Cat(lives=9)),
        ('{"lives": 9}', Cat | None, Cat(lives=9)),
        ('{"value": {"good": true}}', Cat | Dog, Dog(good=True)),
    ],
)
def test_an_answer_without_its_wrapping_is_taken(text: str, output: Any, data: Any) -> None:
    assert unwrapped(text, output) == data


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{"value": true}', int),
        ("true", float),
        ('{"value": [1, false]}', list[int]),
        ('{"port": "Amber", "euros": true}', Dues),
        ('{"value": NaN}', float),
        ("-Infinity", float),
        ("Yes, I think so.", Literal["yes", "no"]),
        ('{"value": "cut', str),
        ('It is {"value": "cut', str),
        (f"<think>perhaps {JSON}", Dues),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(text: str, output: Any) -> None:
    with pytest.raises(ValueError):
        unwrapped(text, output)


def test_truth_values_stay_where_they_belong() -> None:
    assert unwrapped('{"value": [1, true, "true"]}', list[int | bool | str]) == [1, True, "true"]


@pytest.mark.parametrize("output", [Callable, 5, "Nowhere", Dues(port="Amber", euros=1), object()])
def test_a_type_without_a_schema_is_refused_before_anything_is_paid(output: Any) -> None:
    with pytest.raises(SetupError, match="output="):
        schema_of(output)


class Alias(BaseModel):
    start: str = Field(validation_alias="from", serialization_alias="von")


class Computed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tons: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kilos(self) -> int:
        return 1000 * self.tons


class Secret(BaseModel):
    password: SecretStr


class Hidden(BaseModel):
    shown: int
    kept: int = Field(exclude=True)


class Nested(BaseModel):
    numbers: Json[list[int]]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    when: datetime.date
    both: tuple[int, str]


class Loud(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def louder(cls, word: str) -> str:
        return word + "!"


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{"from": "Amber"}', Alias),
        ('{"tons": 2}', Computed),
        ('{"password": "hunter2"}', Secret),
        ('{"shown": 1, "kept": 2}', Hidden),
        ('{"numbers": "[1, 2]"}', Nested),
        ('{"when": "2026-01-02", "both": [1, "x"]}', Strict),
        ('{"word": "no"}', Loud),
        ('{"value": null}', int | None),
        ('{"value": null}', Cat | None),
    ],
)
async def test_a_finished_run_gives_the_same_data_again(text: str, output: Any) -> None:
    agent = Agent("clerk", model=ScriptedModel(text))
    first = await agent("q", output=output)
    again = await agent.resume(first.run_id, output=output)
    assert again.data == first.data and type(again.data) is type(first.data)
    if isinstance(again.data, Secret):
        assert again.data.password.get_secret_value() == "hunter2"


async def test_a_finished_run_that_does_not_fit_says_so() -> None:
    agent = Agent("clerk", model=ScriptedModel('{"value": 5}'))
    first = await agent("q", output=int)
    with pytest.raises(SetupError, match="does not fit"):
        await agent.resume(first.run_id, output=Dues)
