"""The values of a type: each fits it, and all are there where they are said to be."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from agentkit.messages import canonical
from agentkit.verify.values import MOST, values_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    yes: bool
    colour: Colour | None = None


class Tree(BaseModel):
    name: Literal["a", "b"]
    left: Tree | None = None


WHOLE: list[tuple[Any, int]] = [
    (bool, 2),
    (Literal["a", 3, None], 3),
    (Colour, 2),
    (Annotated[int, Field(ge=1, le=5)], 5),
    (Annotated[int, Field(gt=0, lt=5)], 4),
    (Annotated[int, Field(ge=1, le=12, multiple_of=5)], 2),
    (bool | None, 3),
    (Inner, 2 * 4),
    (tuple[bool, Colour], 4),
]
SOME: list[Any] = [
    int, float, str, list[bool], dict[str, int], Tree, Annotated[int, Field(ge=7)],
    Annotated[str, Field(min_length=30)], Annotated[str, Field(max_length=4)],
    Annotated[list[int], Field(min_length=2)], Annotated[float, Field(gt=0, lt=1)],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "count"), WHOLE)
def test_small_types_are_whole(kind: Any, count: int) -> None:
    found = values_of(TypeAdapter(kind).json_schema())
    assert found.whole and len(found.values) == count
    for value in found.values:
        TypeAdapter(kind).validate_json(canonical(value))


@pytest.mark.parametrize("kind", SOME)
def test_of_large_types_some_fit_and_are_not_said_to_be_all(kind: Any) -> None:
    found = values_of(TypeAdapter(kind).json_schema())
    assert found.values and not found.whole and len(found.values) <= MOST
    for value in found.values:
        TypeAdapter(kind).validate_json(canonical(value))


def test_what_is_cut_off_is_not_whole() -> None:
    found = values_of(TypeAdapter(tuple[Annotated[int, Field(ge=1, le=9)], ...]).json_schema())
    wide = values_of({"enum": list(range(MOST + 1))})
    assert not found.whole and not wide.whole and len(wide.values) == MOST
