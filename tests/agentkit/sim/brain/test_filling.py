"""Schemas: filled by field names and descriptions, always valid."""

from __future__ import annotations

import json
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from agentkit.sim.world import world
from tests.agentkit.sim.brain.talk import talk


def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 3.0 * tonnes


class Dues(BaseModel):
    port: str
    tonnes: float
    dues_eur: float
    reason: str
    remark: int | None = None


class Card(BaseModel):
    home_port: str
    crew: int
    master: str
    length_m: float


class Step(BaseModel):
    id: int
    description: str
    depends_on: list[int] = []
    actor: Literal["searcher", "calculator"]


class Plan(BaseModel):
    steps: list[Step]


class Verdict(BaseModel):
    correct: bool
    score: float = Field(ge=0, le=1)
    issues: list[str]


class Vote(BaseModel):
    choice: Literal["A", "B", "C"]
    reason: str


class Place(BaseModel):
    name: str
    harbour_master: str


class Nested(BaseModel):
    place: Place
    confidence: float = Field(ge=0, le=1)


class Fleet(BaseModel):
    ships: list[Card]


T = TypeVar("T", bound=BaseModel)


def filled(question: str, model: type[T], *tools: Any, **options: Any) -> T:
    return model.model_validate_json(
        talk(question, *tools, schema=model.model_json_schema(), **options).text
    )


def test_fields_are_filled_from_arguments_and_results() -> None:
    found = filled("What are the dues for 30 t in Elm?", Dues, tariff)
    assert (found.port, found.tonnes, found.dues_eur, found.remark) == ("Elm", 30, 90, None)
    assert "90 EUR" in found.reason


def test_fields_that_the_question_does_not_name_are_looked_up() -> None:
    ship = world().tables.ships[0]
    found = filled(f"Report on the {ship.name}.", Card, *world().functions())
    assert found == Card(
        home_port=ship.home_port, crew=ship.crew, master=ship.master, length_m=ship.length_m
    )


def test_nested_objects_are_filled() -> None:
    port = world().tables.ports[2]
    found = filled(f"Who is the harbour master of {port.name}?", Nested, *world().functions())
    assert found.place == Place(name=port.name, harbour_master=port.harbour_master)
    assert found.confidence > 0.5


def test_rows_of_a_result_become_a_list_of_objects() -> None:
    name = world().tables.ships[0].home_port
    rows = [ship for ship in world().tables.ships if ship.home_port == name]
    found = filled(f"Which are all ships whose home port is {name}?", Fleet, world().tool("fleet"))
    assert [ship.master for ship in found.ships] == [row.master for row in rows]


def test_a_plan_has_steps_that_depend_on_earlier_ones_and_known_actors() -> None:
    task = "Plan how to answer: What are the dues for 30 t in the home port of the Heron?"
    steps = filled(task, Plan).steps
    assert [step.id for step in steps] == list(range(1, len(steps) + 1))
    assert [step.depends_on for step in steps] == [[], [1]]


def test_a_verdict_and_a_vote_fit_what_was_derived() -> None:
    question = "Question: What are the dues for 30 t in Elm?\n"
    verdict = filled(f"{question}Answer: 95 EUR\nCheck the answer.", Verdict, tariff)
    assert not verdict.correct and verdict.score < 0.5 and verdict.issues
    vote = filled(f"{question}A: 80 EUR\nB: 90 EUR\nC: 70 EUR\nVote for one.", Vote, tariff)
    assert vote.choice == "B"


def test_what_is_not_known_is_said_to_be_unknown_and_unsure() -> None:
    found = filled("Who is the harbour master of Atlantis?", Nested)
    assert found.place.harbour_master == "unknown"
    assert found.confidence < 0.5


LISTS: list[Any] = [list[int], list[str], list[Place], dict[str, int], Fleet]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    "question", ["Name three towns.", "Which members live in Briar?", "Give me 1 2 3"]
)
def test_an_empty_list_is_not_made_up_of_what_nothing_tells(question: str, kind: Any) -> None:
    form = create_model("Wrapped", value=(kind, ...)).model_json_schema()
    assert talk(question, schema=form).refusal.startswith("I cannot fill")


@pytest.mark.parametrize("kind", [list[str], list[Place], Fleet])
def test_that_there_are_none_is_told_where_a_tool_found_none(kind: Any) -> None:
    def members(town: str) -> list[dict[str, str]]:
        """The members who live in a town."""
        return []

    form = create_model("Wrapped", value=(kind, ...)).model_json_schema()
    found = talk("Which members live in Briar?", members, schema=form)
    assert found.calls == [("members", {"town": "Briar"})]
    told = json.loads(found.text)["value"]
    assert (told["ships"] if kind is Fleet else told) == []


names = st.sampled_from(["answer", "port", "dues_eur", "reason", "steps", "ok", "x", "items", "id"])
leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 2, "maximum": 5},
        {"type": "number"},
        {"type": "boolean"},
        {"enum": ["red", "green"]},
        {"const": 3},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": ["string", "null"]},
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items, "maxItems": 4}),
        st.dictionaries(names, inner, max_size=4).map(
            lambda properties: {
                "type": "object", "properties": properties, "required": list(properties),
            }
        ),
    ),
    max_leaves=6,
)  # fmt: skip


def valid(schema: dict[str, Any], value: Any) -> bool:
    """Say whether a value fits a schema of the kinds drawn above; slow and obvious."""
    if "anyOf" in schema:
        return any(valid(option, value) for option in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if "const" in schema:
        return bool(value == schema["const"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    match kinds[0]:
        case "string":
            return isinstance(value, str) or (value is None and "null" in kinds)
        case "integer":
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "array":
            return isinstance(value, list) and all(valid(schema["items"], one) for one in value)
    return isinstance(value, dict) and all(
        name in value and valid(part, value[name]) for name, part in schema["properties"].items()
    )


@settings(max_examples=80, deadline=None)
@given(
    schema=st.dictionaries(names, schemas, min_size=1, max_size=4).map(
        lambda properties: {
            "type": "object", "properties": properties, "required": list(properties),
        }
    ),
    task=st.sampled_from(
        ["What are the dues for 30 t in Elm?", "Plan the day.", "Hello!", "Vote: A or B?", "Xyz"]
    ),
)  # fmt: skip
def test_whatever_the_schema_the_reply_fits_it_or_says_what_is_not_known(
    schema: dict[str, Any], task: str
) -> None:
    found = talk(task, tariff, schema=schema)
    assert found.refusal.startswith("I cannot fill") or valid(schema, json.loads(found.text))


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"$ref": "#/$defs/gone"}])
def test_odd_schemas_do_not_make_it_fail(schema: Any) -> None:
    assert talk("Hello", schema=schema).text


QUOTES = {
    "type": "object",
    "properties": {"value": {"type": "array", "items": {
        "type": "object",
        "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"},
                       "dues_eur": {"type": "number"}},
        "required": ["port", "tonnes", "dues_eur"],
    }}},
    "required": ["value"],
}  # fmt: skip
TWO_QUOTES = [
    {"port": "Elm", "tonnes": 30, "dues_eur": 90},
    {"port": "Oak", "tonnes": 50, "dues_eur": 150},
]


@pytest.mark.parametrize(
    "task",
    ["What are the dues for 30 t in Elm and 50 t in Oak?",
     "Give quotes for 30 t in Elm and for 50 t in Oak."],
)  # fmt: skip
def test_a_list_of_objects_has_one_for_each_thing_asked(task: str) -> None:
    assert json.loads(talk(task, tariff, schema=QUOTES).text)["value"] == TWO_QUOTES


def test_a_list_of_objects_is_filled_from_what_the_task_tells() -> None:
    facts = "The dues for 30 t in Elm are 90 EUR. The dues for 50 t in Oak are 150 EUR.\n"
    task = f"{facts}What are the dues for 30 t in Elm and 50 t in Oak?"
    assert json.loads(talk(task, schema=QUOTES).text)["value"] == TWO_QUOTES


class Told(BaseModel):
    question: str = ""
    solution: str = ""


def test_no_tool_is_tried_for_a_field_about_the_answer_itself() -> None:
    asked = "Question: How deep is the home port of the Avocet?"
    asked = f"The home port of the Avocet is Ivory.\n\n{asked}"
    said = talk(asked, world().tool("port"), schema=Told.model_json_schema())
    assert json.loads(said.text) == {"question": "", "solution": "8.8"}
    assert said.calls == [("port", {"name": "Ivory"})]


def test_a_tool_that_lists_what_it_tells_is_not_tried_for_anything_else() -> None:
    said = talk("What is the draught of the Avocet, and how deep is Ivory?", world().tool("ship"))
    assert said.calls == [("ship", {"name": "Avocet"})]


def test_the_name_that_a_card_was_asked_by_fills_the_field_of_its_kind() -> None:
    schema = {
        "type": "object",
        "properties": {"value": {"type": "array", "items": {
            "type": "object",
            "properties": {"port": {"type": "string"}, "depth_m": {"type": "number"}},
            "required": ["port", "depth_m"],
        }}},
        "required": ["value"],
    }  # fmt: skip
    port = world().tool("port").fn
    found = json.loads(talk("How deep are Amber and Briar?", port, schema=schema).text)["value"]
    assert found == [
        {"port": name, "depth_m": port(name)["depth_m"]} for name in ("Amber", "Briar")
    ]


@pytest.mark.parametrize(("told", "schema"), [
    (12345678901234567890, {"type": "integer"}), (2**53 + 1, {"type": "integer"}),
    (2**53 + 1, {"type": "number"}), (99999999999.99, {"type": "number"}),
    ("12 EUR", {"type": "integer"}), ("1,234.5 kg", {"type": "number"}),
    (123.45, {"type": "string", "maxLength": 6}),
    ("1.234,50 EUR", None), ("not 12", None), ("no more than 12", None), ("P2D", None),
    ("12 or 13", None), ("about 12", None),
])  # fmt: skip
def test_a_number_is_given_as_it_was_told_or_not_at_all(told: Any, schema: Any) -> None:
    def amount(item: str) -> Any:
        """Amount of an item."""
        return told

    form = {"type": "object", "required": ["value"],
            "properties": {"value": schema or {"type": "number"}}}  # fmt: skip
    found = talk("What is the amount of the item 'loan'?", amount, schema=form)
    if schema is None:
        assert found.refusal.startswith("I cannot fill")
    else:
        right = {"12 EUR": 12, "1,234.5 kg": 1234.5}.get(told, told)
        given = json.loads(found.text)["value"]
        assert str(given) == str(right) or given == right


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_a_text_that_is_too_long_is_not_cut(longest: int) -> None:
    def price(item: str) -> float:
        """Price of an item in EUR."""
        return 123.45

    form = {"type": "object", "required": ["value"],
            "properties": {"value": {"type": "string", "maxLength": longest}}}  # fmt: skip
    found = talk("What is the price of bread?", price, schema=form)
    assert found.refusal.startswith("I cannot fill")
    assert talk("What is the price of bread?", price).text == "The price of bread is 123.45 EUR."


def test_a_large_number_is_said_with_all_its_digits() -> None:
    def amount(item: str) -> float:
        """Amount of an item."""
        return 99999999999.99

    assert "99999999999.99" in talk("What is the amount of the item 'loan'?", amount).text


def test_a_text_that_can_only_be_empty_is_empty() -> None:
    form = {"type": "object", "required": ["value"],
            "properties": {"value": {"type": "string", "maxLength": 0}}}  # fmt: skip
    assert json.loads(talk("What is the price of bread?", schema=form).text) == {"value": ""}
