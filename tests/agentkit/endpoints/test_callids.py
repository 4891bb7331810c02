"""Ids of tool calls on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.endpoints import anthropic_request, openai_request
from agentkit.endpoints.callids import nine, short, unique
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Options, Request


def turn(ids: list[str], number: int) -> list[Message]:
    calls = tuple(
        ToolCall(id=id_, name=f"t{number}-{place}", arguments="{}") for place, id_ in enumerate(ids)
    )
    results = [
        Message(role="tool", call_id=id_, content=f"t{number}-{place}")
        for place, id_ in enumerate(ids)
    ]
    return [Message(role="assistant", calls=calls), *results]


IDS = st.lists(
    st.sampled_from(["call_0", "call_1", "a.b", "a_b", "a b", "x" * 80, "", "123456789"]),
    min_size=1,
    max_size=3,
)


@given(
    st.lists(IDS, min_size=1, max_size=5), st.sampled_from([short, nine, anthropic_request.wire_id])
)
def test_every_call_has_an_id_of_its_own_and_every_result_that_of_its_call(
    turns: list[list[str]], spell: Any
) -> None:
    said = [one for number, ids in enumerate(turns) for one in turn(ids, number)]
    sent = unique(said, spell)
    names = {call.id: call.name for one in sent for call in one.calls}
    assert len(names) == sum(len(ids) for ids in turns)
    for one in sent:
        if one.role == "tool":
            assert one.call_id is not None and names[one.call_id] == one.content
    assert unique(said, spell) == sent
    assert unique(sent, spell) == sent


def test_good_ids_are_left_as_they_are() -> None:
    said = turn(["call_abc", "call_def"], 0)
    assert unique(said) == said and unique(said)[0] is said[0]


def twice(native: Any = None) -> Request:
    first, second = turn(["call_0"], 0), turn(["call_0"], 1)
    second[0] = second[0].model_copy(update={"native": native})
    return Request(thread=thread_of([Message(role="user", content="go"), *first, *second]))


def test_a_conversation_with_reused_ids_goes_on_in_each_dialect() -> None:
    sent = openai_request.body(twice(), "m", Options(), False)["messages"]
    ids = [call["id"] for item in sent for call in item.get("tool_calls", ())]
    assert ids == [item["tool_call_id"] for item in sent if item["role"] == "tool"]
    assert ids[0] == "call_0" and ids[1] != "call_0"
    own = {"anthropic": [{"type": "tool_use", "id": "call_0", "name": "t1-0", "input": {}}]}
    for native in (None, own):
        sent = anthropic_request.body(twice(native), "m", Options(), False)["messages"]
        parts = [part for item in sent for part in item["content"]]
        ids = [part["id"] for part in parts if part["type"] == "tool_use"]
        assert ids == [part["tool_use_id"] for part in parts if part["type"] == "tool_result"]
        assert len(set(ids)) == 2


def test_what_goes_back_verbatim_keeps_to_its_call() -> None:
    extra = {"google": {"thought_signature": "S"}}
    native = {"openai": {"calls": {"call_0": extra}, "fields": {}}}
    sent = openai_request.body(twice(native), "m", Options(), False)["messages"]
    calls = [call for item in sent for call in item.get("tool_calls", ())]
    assert [call.get("extra_content") for call in calls] == [None, extra]


@pytest.mark.parametrize("id_", ["call_0", "123456789", "ääääääääü"])
def test_mistral_is_sent_ids_of_nine_letters(id_: str) -> None:
    asked = Request(thread=thread_of(turn([id_], 0)))
    body = openai_request.body(asked, "m", Options(), False)
    sent = openai_request.adapt(body, "ids of nine letters")["messages"]
    [call] = sent[0]["tool_calls"]
    assert call["id"] == sent[1]["tool_call_id"]
    assert len(call["id"]) == 9 and call["id"].isalnum() and call["id"].isascii()
