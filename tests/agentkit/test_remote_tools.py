"""Tools of which only a JSON Schema is known, as those of a server are."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, Context, open_log
from agentkit.errors import Interrupted, SetupError, ToolError
from agentkit.events import StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.schemas import LARGEST, Schema
from agentkit.tools import BadArguments, RemoteTool
from tests.fakes import ScriptedModel, call

BERTH: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "ship": {"$ref": "#/definitions/ship"},
        "hours": {"type": "integer", "minimum": 1, "default": 4},
    },
    "required": ["ship"],
    "definitions": {
        "ship": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "tug": {"$ref": "#/definitions/ship"}},
            "required": ["name"],
        }
    },
}


class Server:
    """What it was asked, and what it answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[tuple[dict[str, JSON], Context[Any]]]()

    async def perform(self, arguments: dict[str, JSON], context: Context[Any]) -> Any:
        self.asked.append((arguments, context))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def remote(schema: Any, perform: Any = None, **how: Any) -> RemoteTool:
    return RemoteTool("berth", "Book a berth.", schema, perform or Server("ok").perform, **how)


def said(schema: Any, arguments: Any) -> str:
    """What a model is told of arguments; "" where they fit."""
    try:
        remote({"type": "object", **schema}).check(json.dumps(arguments))
    except BadArguments as error:
        return str(error)
    return ""


async def test_it_is_offered_as_it_is_declared_and_performed_elsewhere() -> None:
    server, log = Server({"berth": 7}), open_log("memory:")
    model = ScriptedModel([call("berth", '{"ship": {"name": "Wren"}}')], "Berth 7.")
    berth = remote(BERTH, server.perform, effect="idempotent")
    clerk = Agent("clerk", model=model, tools=[berth])
    answer = await clerk("Book.", log=log, context="Ann")
    assert model.requests[0].tools[0].parameters == BERTH
    assert answer.thread[-2].message.content == '{"berth":7}'
    [(arguments, context)] = server.asked
    assert arguments == {"ship": {"name": "Wren"}}
    assert (context.value, context.agent, context.run_id) == ("Ann", "clerk", answer.run_id)
    started = [e for e in log.read(answer.run_id) if isinstance(e, StepStarted)]
    assert [(e.step, e.name, e.effect) for e in started][1] == ("tool", "berth", "idempotent")


async def test_a_call_in_doubt_is_made_again_with_the_same_key() -> None:
    server, log = Server(Interrupted("off"), {"berth": 7}), open_log("memory:")
    book = [call("berth", '{"ship": {"name": "Wren"}}')]
    berth = remote(BERTH, server.perform, effect="idempotent")
    with pytest.raises(Interrupted):
        await Agent("clerk", model=ScriptedModel(book), tools=[berth])("Book.", log=log, id="r")
    clerk = Agent("clerk", model=ScriptedModel("Berth 7."), tools=[berth])
    assert (await clerk.resume("r", log=log)).text == "Berth 7."
    first, second = (context.key for _, context in server.asked)
    assert first == second != ""
    other = Agent("clerk", model=ScriptedModel(book, "Berth 8."), tools=[berth])
    server.answers.append({"berth": 8})
    await other("Book.", log=log)
    assert server.asked[-1][1].key != first


async def test_a_function_of_the_arguments_alone_will_do() -> None:
    async def perform(arguments: dict[str, JSON]) -> JSON:
        return sorted(arguments)

    berth = remote(BERTH, perform)
    assert berth.takes_context == "never"
    model = ScriptedModel([call("berth", '{"ship": {"name": "Wren"}}')], "Done.")
    answer = await Agent("clerk", model=model, tools=[berth])("Book.", log=open_log("memory:"))
    assert answer.thread[-2].message.content == '["ship"]'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "arguments: 'ship' is a required property"),
        ({"ship": "Wren"}, "ship: 'Wren' is not of type 'object'"),
        ({"ship": {"name": "Wren"}, "hours": True}, "hours: True is not of type 'integer'"),
        ({"ship": {"name": "W", "tug": {"name": 3}}}, "ship.tug.name: 3 is not of type 'string'"),
        ([], "no dictionary but list"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(arguments: Any, words: str) -> None:
    with pytest.raises(BadArguments) as refused:
        remote(BERTH).check(json.dumps(arguments))
    assert words in str(refused.value) and "berth(ship, hours)" in str(refused.value)


@pytest.mark.parametrize("text", ["{", "nonsense", "[" * 5000, '{"n": 1e999}x', "9" * 5000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(BadArguments):
        remote({"type": "object"}).check(text)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ([], "no schema of an object"),
        (True, "no schema of an object"),
        ({"type": "array"}, "no schema of an object"),
        ({"type": "obect"}, "no schema of an object"),
        ({"type": "object", "properties": []}, "is not of type 'object'"),
        ({"type": "object", "required": "ship"}, "is not of type 'array'"),
        ({"type": "object", "properties": {"a": {"type": "strin"}}}, "strin"),
        ({"$ref": "#"}, "without end"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#/$defs/a"}}}, "without end"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "#/$defs/b, which is not in them"),
        ({"properties": {"a": {"$ref": "https://x.invalid/s.json"}}}, "which is not in them"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "which is not in them"),
        ({"type": "object", "description": "x" * LARGEST}, "characters"),
        ({"type": "object", "default": object()}, "not JSON"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_when_it_is_given(schema: Any, words: str) -> None:
    with pytest.raises(ToolError) as refused:
        remote(schema)
    assert words in str(refused.value) and "berth" in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_a_schema_that_contains_itself_or_is_too_deep_is_refused() -> None:
    loop: dict[str, Any] = {"type": "object"}
    loop["properties"] = {"a": loop}
    deep: dict[str, Any] = {}
    for _ in range(2_000):
        deep = {"properties": {"a": deep}}
    for schema in (loop, deep):
        with pytest.raises(ToolError, match="berth"):
            remote(schema)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a schema went to the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    nested = {"$id": "https://x.invalid/a", "properties": {"b": {"$id": "c", "$ref": "d.json"}}}
    made = remote({"type": "object", **nested})
    with pytest.raises(BadArguments, match="cannot be checked"):
        made.check('{"b": 1}')


def test_references_that_double_are_given_up() -> None:
    # Thirty definitions, each of the one before, twice: a thousand million checks.
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for n in range(1, 31):
        defs[f"d{n}"] = {"allOf": [{"$ref": f"#/$defs/d{n - 1}"}] * 2}
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d30"}}, "$defs": defs}
    begun = time.monotonic()
    with pytest.raises(BadArguments, match="too deeply nested"):
        remote(schema).check('{"a": "x"}')
    assert time.monotonic() - begun < 60  # not the years that it would take


@pytest.mark.parametrize("dialect", ["http://json-schema.org/draft-04/schema#", None])
def test_a_check_takes_no_longer_than_its_bound(dialect: str | None) -> None:
    begun = time.monotonic()
    number = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    many = {"$schema": dialect, "type": "object", "properties": {"a": {"items": number}}}
    made = Schema("many", {name: one for name, one in many.items() if one is not None})
    assert made.wrong({"a": [0] * 10}) == "" and "too many" in made.wrong({"a": [0] * 1_000_000})
    distinct = Schema("distinct", {"properties": {"a": {"uniqueItems": True}}})
    assert distinct.wrong({"a": [{"k": one} for one in range(30_000)]}) == ""
    # Every pair of these would be compared, for hours.
    choices = {"enum": [{"k": one} for one in range(8_000)]}
    Schema("choices", {**many, "$schema": dialect or "", "properties": {"a": choices}})
    assert time.monotonic() - begun < 60


def test_items_must_differ_as_values_of_json_do() -> None:
    made = Schema("distinct", {"properties": {"a": {"uniqueItems": True}}})
    differ: list[Any] = [1, True, "1", None, 0, False, "", [], {}, [1], {"a": 1}, [[1]], [{}]]
    assert made.wrong({"a": differ}) == ""
    for same in ([1, 1.0], [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], [[True], [True]], [None, None]):
        assert "equal" in made.wrong({"a": same})


def test_the_library_of_schemas_loads_no_grammar() -> None:
    code = (
        "import sys; from agentkit.validator import library; found = library()\n"
        "assert 'lark' not in sys.modules, 'two seconds in which a kernel stands still'\n"
        "checker = found.FormatChecker(formats=['iri'])\n"
        "print(checker.conforms('http://a/\u00e9', 'iri'), checker.conforms('no iri', 'iri'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_regular_expressions_are_left_to_the_server() -> None:
    slow = {"a": {"type": "string", "pattern": "^(a+)+$"}, "b": {"pattern": "\\p{Letter}"}}
    evil = "a" * 60 + "!"
    assert said({"properties": slow}, {"a": evil, "b": "x"}) == ""
    named = {"patternProperties": {"^(a+)+$": {"type": "string"}}, "additionalProperties": False}
    assert said(named, {evil: "x"}) == ""
    inside = {"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", **named}}}
    assert said(inside, {"a": {evil: "x"}}) == ""
    # A parameter may have the name of a keyword.
    assert "pattern: 3 is not" in said(
        {"properties": {"pattern": {"type": "string"}}}, {"pattern": 3}
    )
    assert "$ref: 3 is not" in said({"properties": {"$ref": {"type": "string"}}}, {"$ref": 3})
    assert said({"properties": {"a": {"const": {"$ref": "#/no", "pattern": "("}}}}, {}) == ""


def test_deep_and_large_arguments_are_told_in_few_words() -> None:
    tree = {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}}
    deep: Any = {}
    for _ in range(400):
        deep = {"n": deep}
    assert "deeply nested" in said(tree, deep) or said(tree, deep) == ""
    many = said({"additionalProperties": {"type": "string"}}, {f"k{n}": n for n in range(5_000)})
    assert 0 < len(many) < 3_000
    assert len(said({"properties": {"a": {"type": "integer"}}}, {"a": "x" * 100_000})) < 1_000
    assert said({"properties": {"a": {"multipleOf": 0.1}}}, {"a": 10**400}) != ""


KEYWORDS = (
    "type properties required $ref $defs $id $schema $anchor $dynamicRef $dynamicAnchor definitions"
    " items prefixItems anyOf allOf oneOf not if then const enum default pattern patternProperties"
    " additionalProperties unevaluatedProperties propertyNames minLength maximum multipleOf"
    " dependentRequired dependencies contains format writeOnly title a b"
).split()
WORDS = (
    "object string array integer # #/$defs/a #/definitions/b #a urn:x x ( \ud800"
    " http://json-schema.org/draft-07/schema# http://json-schema.org/draft-04/schema#"
    " https://json-schema.org/draft/2020-12/schema https://json-schema.org/draft/2019-09/schema"
).split()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "$ref"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=6), VALUES)
def test_any_schema_is_refused_or_checks_whatever_a_model_writes(
    schema: dict[str, Any], value: Any
) -> None:
    try:
        made = remote(schema)
    except ToolError as refused:
        assert "berth" in str(refused)
        return
    try:
        assert made.check(json.dumps(value)).objects == made.check(json.dumps(value)).objects
    except BadArguments as refused:
        assert "berth" in str(refused) and len(str(refused)) < 5_000


def test_the_schema_is_what_it_was_when_it_was_given() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    made = remote(schema)
    schema["properties"] = {}
    assert made.spec.properties == {"a": {"type": "string"}}


async def test_a_secret_is_performed_with_and_not_kept() -> None:
    server, log = Server("in"), open_log("memory:")
    schema = {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}
    model = ScriptedModel([call("berth", '{"pin": "1234"}')], "Done.")
    clerk = Agent("clerk", model=model, tools=[remote(schema, server.perform)])
    answer = await clerk("Open.", log=log)
    assert server.asked[0][0] == {"pin": "1234"}
    steps = [e for e in log.read(answer.run_id) if isinstance(e, StepStarted) and e.step == "tool"]
    assert steps[0].request == {"pin": "**********"}


def test_a_secret_is_hidden_however_deep_it_is() -> None:
    pin = {"type": "string", "writeOnly": True}
    schema = {
        "type": "object",
        "properties": {
            "who": {"$ref": "#/$defs/who"},
            "all": {"type": "array", "items": {"$ref": "#/$defs/a~1b"}},
            "odd": {"$ref": "#/$defs/odd"},
            "any": True,
            "new": {"anyOf": [pin, {"type": "null"}]},
        },
        "$defs": {
            "who": {"type": "object", "properties": {"pin": pin, "name": {"type": "string"}}},
            "a/b": pin,
            "odd": {"properties": {"more": {"$ref": "#"}}},
        },
    }
    text = '{"who": {"pin": "12", "name": "Ann"}, "all": ["3", "4"], "any": [1], "new": "6",'
    checked = remote(schema).check(text + ' "odd": {"more": {"all": ["5"]}}}')
    assert checked["who"] == {"pin": "**********", "name": "Ann"}
    assert checked["all"] == ["**********"] * 2 and checked["any"] == [1]
    assert checked["new"] == "**********" and checked.objects["new"] == "6"
    assert checked["odd"] == {"more": {"all": ["**********"]}}
    assert checked.objects["who"]["pin"] == "12"


async def test_an_edit_of_what_performs_it_is_noticed_in_a_rerun() -> None:
    async def one(arguments: dict[str, JSON]) -> JSON:
        return "one"

    async def two(arguments: dict[str, JSON]) -> JSON:
        return "two"

    log, schema = open_log("memory:"), {"type": "object"}
    heard = []
    model = ScriptedModel([call("berth", "{}")], "Done.")
    first = await Agent("clerk", model=model, tools=[remote(schema, one, effect="pure")])(
        "Go.", log=log
    )
    for perform in (one, two):
        made = Agent(
            "clerk", model=ScriptedModel("Done."), tools=[remote(schema, perform, effect="pure")]
        )
        again = await made.rerun(first.run_id, log=log)
        heard.append(again.thread[-2].message.content)
    assert heard == ["one", "two"]
    ends = [e for e in log.read(first.run_id) if isinstance(e, StepEnded) and e.step == "tool"]
    assert ends[0].made


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"effect": "none"}, "the effect 'none'"),
        ({"timeout_s": 0}, "timeout_s of berth is 0"),
        ({"timeout_s": "1"}, "timeout_s of berth is '1'"),
        ({"on_error": "ignore"}, "on_error of berth"),
    ],
)
def test_what_it_declares_wrongly_is_said(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ToolError, match=words):
        remote({"type": "object"}, **how)


def test_a_name_or_a_function_that_cannot_be_is_refused() -> None:
    with pytest.raises(ToolError, match="cannot be called 'harbour/berth'"):
        RemoteTool("harbour/berth", "", {"type": "object"}, Server().perform)
    with pytest.raises(ToolError, match="no async function"):
        remote({"type": "object"}, lambda arguments: "x")
    assert not issubclass(ToolError, SetupError)
