from __future__ import annotations

import json
import re
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from anthropic import transform_schema
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, Field

from agentkit.endpoints.schemas import closed, strict


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part."""

    name: str
    weight: float | None


class Whole(BaseModel):
    parts: list[Part]
    colour: Colour
    size: Literal["s", "m"]
    first: Part


class Bounded(BaseModel):
    count: int = Field(ge=1, le=9, description="How many.")
    note: str = ""
    few: list[int] = Field(min_length=1)


def test_a_strict_schema_is_that_of_the_official_client() -> None:
    found = strict(Whole.model_json_schema())
    assert found == to_strict_json_schema(Whole)


@pytest.mark.parametrize(
    "schema",
    [
        Bounded.model_json_schema(),
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        {"type": "object", "properties": {"a": True}, "required": ["a"]},
        {"allOf": [{"type": "object"}]},
        {"type": "object"},
        {},
        True,
    ],
)
def test_a_schema_that_strictness_would_change_has_no_strict_form(schema: Any) -> None:
    assert strict(schema) is None


@pytest.mark.parametrize("model", [Whole, Part])
def test_a_closed_schema_says_what_the_official_client_says(model: type[BaseModel]) -> None:
    def untitled(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: untitled(v) for k, v in value.items() if k not in ("title",)}
        return [untitled(v) for v in value] if isinstance(value, list) else value

    def untyped_literals(value: Any) -> Any:
        if isinstance(value, dict):
            literal = "enum" in value or "const" in value
            return {
                k: untyped_literals(v) for k, v in value.items() if not (literal and k == "type")
            }
        return [untyped_literals(v) for v in value] if isinstance(value, list) else value

    ours = untyped_literals(closed(model.model_json_schema()))
    assert ours == untitled(transform_schema(model))


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, True, {"title": "Anything"}])
def test_a_schema_of_anything_has_no_closed_form(schema: Any) -> None:
    assert closed(schema) is None


def test_bounds_become_words_and_optional_stays_optional() -> None:
    found = closed(Bounded.model_json_schema())
    assert found is not None
    count = found["properties"]["count"]
    assert count == {"type": "integer", "description": "How many.\n\n{maximum: 9, minimum: 1}"}
    assert found["properties"]["few"]["minItems"] == 1
    assert set(found["required"]) == {"count", "few"}


class Boat(BaseModel):
    colour: Colour = Field(description="of the hull, as painted")
    parts: list[Annotated[Part, Field(description="from bow to stern")]]


class Tree(BaseModel):
    name: str
    branches: list[Annotated[Tree, Field(description="thinner ones")]]


def beside(value: Any) -> list[str]:
    """What stands beside references."""
    if isinstance(value, dict):
        own = [name for name in value if "$ref" in value and name != "$ref"]
        return own + [name for part in value.values() for name in beside(part)]
    return [n for part in value for n in beside(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("form", [strict, closed])
@pytest.mark.parametrize("kind", [Boat, Tree])
def test_nothing_stands_beside_a_reference_and_nothing_is_left_unsaid(
    form: Any, kind: type[BaseModel]
) -> None:
    schema = kind.model_json_schema()
    found = form(schema)
    assert beside(found) in ([], ["$defs"])
    told = re.compile('"description": "[^"]*"')
    assert set(told.findall(json.dumps(found))) == set(told.findall(json.dumps(schema)))


def test_the_root_of_a_strict_schema_is_an_object_itself() -> None:
    found = strict(Tree.model_json_schema())
    assert found is not None and found["type"] == "object" and "$ref" not in found
    assert "Tree" in found["$defs"]


def test_a_reference_that_is_narrowed_where_it_stands_has_no_strict_form() -> None:
    schema = {"$defs": {"A": {"type": "integer"}}, "type": "object", "required": ["a"]}
    for more in ({"minimum": 1}, {"anyOf": [{"type": "integer"}]}):
        assert strict({**schema, "properties": {"a": {"$ref": "#/$defs/A", **more}}}) is None


def test_a_format_that_strict_decoding_does_not_know_is_not_sent_as_strict() -> None:
    for name, known in (("uuid", True), ("uri", False), ("binary", False)):
        field = {"type": "string", "format": name}
        schema = {"type": "object", "properties": {"a": field}, "required": ["a"]}
        assert (strict(schema) is not None) == known
