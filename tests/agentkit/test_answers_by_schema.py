"""Answers that are asked for by a JSON Schema are checked by it, as those of a type are."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from agentkit import Agent, open_log, pattern
from agentkit.errors import BadOutput, SetupError
from agentkit.messages import JSON
from agentkit.patterns import person, router
from agentkit.patterns.parts.team import typed
from agentkit.testing import FunctionModel, ScriptedModel
from agentkit.typed import fitted, recorded, revalidated, schema_of, unwrapped

DUES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "port": {"enum": ["Amber", "Briar"]},
        "tonnes": {"type": "number", "minimum": 0},
        "berths": {"type": "array", "items": {"$ref": "#/$defs/berth"}},
    },
    "required": ["port"],
    "additionalProperties": False,
    "$defs": {"berth": {"type": "integer"}},
}
GOOD = '{"port": "Amber", "tonnes": 2.5, "berths": [1]}'
DATA = {"port": "Amber", "tonnes": 2.5, "berths": [1]}

BROKEN = [
    ("{}", "'port' is a required property"),
    ('{"port": "Atlantis"}', "port: 'Atlantis' is not one of"),
    ('{"port": "Amber", "tonnes": -5}', "tonnes: -5 is less than the minimum"),
    ('{"port": "Amber", "tonnes": true}', "tonnes: True is not of type 'number'"),
    ('{"port": "Amber", "tonnes": NaN}', "NaN is not JSON"),
    ('{"port": "Amber", "berths": [1, "x"]}', "berths.1: 'x' is not of type 'integer'"),
    ('{"port": "Amber", "more": 1}', "'more' was unexpected"),
    ("[1]", "object"),
]


@pytest.mark.parametrize(("text", "wrong"), BROKEN)
async def test_a_model_is_told_what_breaks_the_schema_and_answers_again(
    text: str, wrong: str
) -> None:
    model = ScriptedModel(text, GOOD)
    answer = await Agent("clerk", model=model, output=DUES)("q")
    assert answer.data == DATA
    assert wrong in model.requests[1].thread[-1].message.text


async def test_an_answer_that_never_fits_is_none() -> None:
    text, wrong = BROKEN[1]
    with pytest.raises(BadOutput, match=wrong):
        await Agent("clerk", model=ScriptedModel(text, text, text), output=DUES)("q")


@pytest.mark.parametrize(
    ("text", "schema", "data"),
    [
        ('{"value": 5}', {"type": "integer", "maximum": 5}, 5),
        ("Amber", {"type": "string", "maxLength": 5}, "Amber"),
        ('{"value": [1, 2]}', {"type": "array", "minItems": 2}, [1, 2]),
        ('{"a": 1}', {"$ref": "#/$defs/one", "$defs": {"one": {"type": "object"}}}, {"a": 1}),
        ('{"value": {"a": 1}}', {"anyOf": [{"type": "object"}, {"type": "null"}]}, {"a": 1}),
    ],
)
def test_what_fits_is_given_as_plain_json(text: str, schema: JSON, data: JSON) -> None:
    assert unwrapped(text, schema) == data


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ('{"value": 6}', {"type": "integer", "maximum": 5}),
        ('{"value": "6"}', {"type": "integer"}),
        ("Atlantis", {"type": "string", "maxLength": 5}),
        ('{"value": [1]}', {"type": "array", "minItems": 2}),
        ('{"value": 1}', {"anyOf": [{"type": "object"}, {"type": "null"}]}),
    ],
)
def test_what_is_no_object_is_checked_as_well(text: str, schema: JSON) -> None:
    with pytest.raises(ValueError):
        unwrapped(text, schema)


def test_a_text_that_is_a_value_itself_is_checked_as_well() -> None:
    short = {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]}
    assert (fitted("yes", short), fitted("12345", short)) == ("yes", 12345)
    with pytest.raises(ValueError, match="is not valid"):
        fitted("perhaps", short)
    with pytest.raises(BadOutput):
        typed('{"port": "Atlantis"}', DUES)


@pytest.mark.parametrize("given", ['{"port": "Atlantis"}', {"port": "Atlantis"}])
async def test_what_a_pattern_returns_is_checked(given: Any) -> None:
    @pattern
    async def team(task: str) -> Any:
        return given

    with pytest.raises(BadOutput, match="'Atlantis' is not one of"):
        await team("q", output=DUES)


async def test_what_a_person_says_is_checked() -> None:
    with pytest.raises(BadOutput, match="does not fit"):
        await person(answers=['{"port": "Atlantis"}'])("q", output=DUES)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"type": "object", "required": "port"}, "required"),
        ({"properties": {"a": {"$ref": "https://x.invalid/s.json"}}}, "which is not in them"),
        ({"$ref": "#/$defs/lost"}, "which is not in them"),
        ({"$ref": "#"}, "without end"),
        ({"description": "x" * 100_001}, "100,000 are allowed"),
        ({"const": {1}}, "not JSON"),
    ],
)
async def test_a_schema_that_cannot_be_used_is_refused_before_anything_is_paid(
    schema: JSON, why: str
) -> None:
    model = ScriptedModel("{}")
    with pytest.raises(SetupError, match=why):
        Agent("clerk", model=model, output=schema)
    with pytest.raises(SetupError, match=why):
        await Agent("clerk", model=model)("q", output=schema)
    with pytest.raises(SetupError, match=why):
        schema_of(schema)
    assert not model.requests


@pytest.mark.parametrize("how", ["replay", "resume", "rerun"])
async def test_what_an_earlier_version_took_is_given_again(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def atlantis(request: Any) -> str:
        calls.append(request)
        return '{"port": "Atlantis"}'

    clerk = Agent("clerk", model=FunctionModel(atlantis, name="m"), output=DUES)

    @pattern
    async def team(task: str) -> Any:
        return (await clerk(task)).data

    log = open_log("memory:")
    with monkeypatch.context() as earlier:
        earlier.setattr("agentkit.replies.validated", recorded)
        earlier.setattr(sys.modules["agentkit.pattern"], "answered_now", revalidated)
        first = await team("q", output=DUES, log=log)
    again = await getattr(team, how)(first.run_id, output=DUES, log=log)
    assert first.data == again.data == {"port": "Atlantis"} and len(calls) == 1
    with pytest.raises(BadOutput):
        await team("q", output=DUES, log=log)


async def test_a_team_asks_again_itself_where_a_name_is_none_of_its_members() -> None:
    lead = ScriptedModel('{"to": "eve", "reason": "r"}', '{"to": "Ada", "reason": "r"}')
    ada = Agent("ada", model=ScriptedModel("done"))
    answer = await router([ada], by=Agent("lead", model=lead))("q")
    assert answer.text == "done"
    # It is asked anew, and not told in the same conversation what its schema forbids.
    assert [len(one.thread) for one in lead.requests] == [1, 1]
