"""Schemas that would stop or fill the simulated endpoint are refused, others are filled."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.sim.brain.responding import respond
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, Unfillable
from agentkit.sim.server.bounds import MOST_DEPTH, sound
from agentkit.sim.server.patience import OutOfPatience, limited_work
from agentkit.sim.server.wire import BadRequest

TEXT = {"type": "string"}


def whole(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def many(items: Any, lowest: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": lowest}


def nested(levels: int, lowest: int) -> dict[str, Any]:
    schema: dict[str, Any] = TEXT
    for _ in range(levels):
        schema = many(schema, lowest)
    return schema


UNSOUND = [
    whole(a=many(TEXT, 10**8)),
    many(TEXT, 10**8),
    whole(a={"type": "string", "minLength": 10**9}),
    {"type": "object", "minProperties": 10**9},
    nested(MOST_DEPTH + 2, 1),
    {"type": "object", "properties": [1]},
    {"type": "object", "properties": {"a": 5}},
    {"type": 5},
    {"type": "text"},
    {"anyOf": {}},
    {"anyOf": []},
    {"enum": "red"},
    {"enum": []},
    {"required": "a"},
    {"required": [1]},
    whole(a={"type": "array", "minItems": -5}),
    whole(a={"type": "array", "minItems": "2"}),
    whole(a={"type": "array", "minItems": True}),
    whole(a={"type": "number", "minimum": float("nan")}),
    whole(a={"type": "number", "maximum": "10"}),
    whole(a={"type": "integer", "multipleOf": 10**400}),
    whole(a={"type": "integer", "minimum": -(10**400)}),
    {"$ref": 5},
    {"description": ["a"]},
    {"type": "array", "items": "string"},
]


@pytest.mark.parametrize("schema", UNSOUND)
def test_an_unsound_schema_is_refused_by_name(schema: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"^schema") as caught:
        sound(schema, "schema")
    assert caught.value.status == 400


ENDLESS = [
    {"$ref": "#/$defs/N", "$defs": {"N": whole(n={"$ref": "#/$defs/N"})}},
    {"$ref": "#/$defs/N", "$defs": {"N": whole(n=many({"$ref": "#/$defs/N"}, 2))}},
    nested(40, 2),
    nested(4, 1000),
    whole(**{f"f{n}": many({"type": "string", "minLength": 10_000}, 1000) for n in range(50)}),
    whole(**{f"f{n}": TEXT for n in range(4000)}),
]


def answer(schema: dict[str, Any]) -> Any:
    ask = BrainRequest(
        "sim:careful", "", (DialogTurn("user", "What is 17 * 23?"),), schema=sound(schema, "s")
    )
    return respond(ask)


@pytest.mark.parametrize("schema", ENDLESS)
def test_a_form_without_end_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(Unfillable):
        answer(schema)


def test_an_object_inside_itself_is_filled_as_far_as_something_is_known() -> None:
    node = {"$ref": "#/$defs/N"}
    inner = whole(v={"type": "integer"}, n={"anyOf": [node, {"type": "null"}]}, more=many(node, 0))
    text = answer({**node, "$defs": {"N": inner}}).text
    assert json.loads(text) == {"v": 391, "n": None, "more": []}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}},
        {"$ref": "#/title", "title": "x"},
        {"$ref": "https://example.org/schema"},
        whole(a={"type": "array", "items": True}),
        whole(a=True),
        {"type": ["string", "null"]},
        {"type": "array", "items": [TEXT, {"type": "integer"}]},
        whole(a={"type": "string", "pattern": "(a+)+$"}),
        whole(a={"type": "string", "maxLength": 0}),
        whole(a={"const": {"x": [1]}}),
        {"type": "object", "required": ["gone"]},
    ],
)
def test_odd_but_sound_schemas_are_answered(schema: dict[str, Any]) -> None:
    json.loads(answer(schema).text)


def test_a_mapping_of_which_nothing_is_known_is_refused() -> None:
    assert answer({"type": "object", "additionalProperties": {"type": "integer"}}).refusal


parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "enum", "minItems",
                         "required", "minLength", "maximum", "a"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "$ref", "anyOf", "enum",
                                        "minItems", "const", "$defs"]), parts))  # fmt: skip
def test_whatever_stands_in_a_schema_it_is_refused_or_answered(schema: dict[str, Any]) -> None:
    try:
        said = answer(schema)
    except (BadRequest, Unfillable):
        return
    assert said.refusal or json.dumps(json.loads(said.text))


def test_the_server_refuses_both_dialects_schemas_and_tools(url: str) -> None:
    huge = many(TEXT, 10**8)
    user = [{"role": "user", "content": "hi"}]
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": huge}}
    call = {"type": "function", "function": {"name": "f", "parameters": whole(a=huge)}}
    for path, extra in (
        ("chat/completions", {"response_format": form}),
        ("chat/completions", {"tools": [call]}),
        ("messages", {"output_config": {"format": {"type": "json_schema", "schema": huge}}}),
        ("messages", {"tools": [{"name": "f", "input_schema": whole(a=huge)}]}),
    ):
        body = {"model": "careful", "messages": user, "max_tokens": 99, **extra}
        reply = httpx.post(f"{url}/v1/{path}", json=body, timeout=5)
        assert reply.status_code == 400 and "minItems" in reply.json()["error"]["message"]


@pytest.mark.parametrize("size", [9 * 2**20, 10**19])
def test_a_body_that_is_promised_to_be_too_large_is_not_waited_for(url: str, size: int) -> None:
    host, port = url.removeprefix("http://").split(":")
    head = f"POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(head.encode())
        assert b" 413 " in line.recv(100)


def test_a_call_that_max_tokens_cuts_is_a_cut_reply(url: str) -> None:
    tool = {"name": "look", "input_schema": whole(a=TEXT)}
    body = {"model": "careful", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    said = {**body, "tools": [tool], "tool_choice": {"type": "any"}}
    reply = httpx.post(f"{url}/v1/messages", json=said, timeout=5)
    assert (reply.status_code, reply.json()["stop_reason"]) == (200, "max_tokens")
    call = {"type": "function", "function": {"name": "look", "parameters": whole(a=TEXT)}}
    said = {**body, "tools": [call], "tool_choice": "required"}
    reply = httpx.post(f"{url}/v1/chat/completions", json=said, timeout=5)
    assert (reply.status_code, reply.json()["choices"][0]["finish_reason"]) == (200, "length")


@pytest.mark.parametrize("body", [b"[" * 700_000, b'{"messages": [' + b"[]," * 600_000 + b"1]}",
                                  b'{"messages": [' + b"1," * 20_000 + b"1]}"])  # fmt: skip
def test_bodies_of_very_many_parts_are_refused_at_once(url: str, body: bytes) -> None:
    reply = httpx.post(f"{url}/v1/chat/completions", content=body, timeout=5)
    assert reply.status_code == 400 and "more than" in reply.json()["error"]["message"]


def test_work_is_interrupted_also_inside_one_search() -> None:
    import re

    with pytest.raises(OutOfPatience, match="processor time"), limited_work(0.05):
        re.match(r"(a+)+$", "a" * 40 + "b")
    with limited_work(0.05):
        pass


def test_nesting_too_deep_is_given_up_and_not_a_defect() -> None:
    def down() -> None:
        down()

    with pytest.raises(OutOfPatience, match="too deep"), limited_work():
        down()
