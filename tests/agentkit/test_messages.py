"""Messages name conversations by content, and hold only what every JSON reader takes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from agentkit.answer import Answer
from agentkit.messages import (
    Message,
    ToolCall,
    canonical,
    digest,
    extend,
    jsonable,
    mended,
    thread_message,
    thread_of,
)
from agentkit.model import DEFAULTS, Options, Request
from agentkit.values import changed, sound

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates included
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_the_last_id_names_the_whole_conversation() -> None:
    one = thread_of([Message(role="user", content="a"), Message(role="user", content="b")])
    other = thread_of([Message(role="user", content="A"), Message(role="user", content="b")])
    assert one[-1].message == other[-1].message
    assert one[-1].id != other[-1].id


def test_a_fork_shares_its_prefix() -> None:
    trunk = thread_of([Message(role="user", content="a")])
    left = extend(trunk, Message(role="assistant", content="b"))
    right = extend(trunk, Message(role="assistant", content="c"))
    assert left[0] == right[0] == trunk[0]
    assert left[1].parent == right[1].parent == trunk[0].id


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3), st.lists(st.text(max_size=5)))
def test_digests_do_not_run_together(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_makes_a_message_that_reads_back_as_itself(content: str, arguments: str) -> None:
    call = ToolCall(id="1", name="t", arguments=arguments)
    message = Message(role="assistant", content=content, calls=(call,))
    made = thread_message(message)
    again = Message.model_validate_json(message.model_dump_json(exclude_defaults=True))
    assert again == message
    assert thread_message(again).id == made.id


@given(ANY_JSON)
def test_mended_values_are_strict_json_and_mending_again_changes_nothing(value: Any) -> None:
    once = mended(value)
    text = json.dumps(once, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == once == mended(once)


@given(ANY_JSON)
def test_mending_keeps_what_is_json_already(value: Any) -> None:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except ValueError:
        return
    assert mended(value) == value


@given(ANY_JSON)
def test_what_needs_no_mending_is_told_for_sure(value: Any) -> None:
    try:
        made = to_jsonable_python(value)
    except UnicodeEncodeError:
        made = mended(value)
    assert canonical(jsonable(value)) == canonical(mended(made))
    if sound(made):
        assert canonical(made) == canonical(mended(made))


def test_a_name_with_half_of_a_surrogate_pair_is_mended() -> None:
    assert jsonable([{"\ud800a": 1.5}]) == [{"\ufffda": 1.5}]


@pytest.mark.parametrize("one", [math.nan, -math.inf, "\ud800", {"\ud800": 1}])
def test_what_needs_mending_is_found_however_deep(one: Any) -> None:
    assert not sound([{"a": [one]}])
    assert sound([{"a": [1.5, "é", None, True]}])


def test_numbers_without_a_json_form_stay_visible() -> None:
    assert jsonable([math.nan, math.inf, -math.inf]) == ["NaN", "Infinity", "-Infinity"]


def test_two_halves_of_one_character_are_joined() -> None:
    assert mended("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"


@pytest.mark.parametrize("value", [object(), b"\xff", {"deep": {1, object()}}])
def test_what_has_no_json_form_is_an_error(value: object) -> None:
    with pytest.raises(ValueError):
        jsonable(value)


def test_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}' == canonical({"a": "é", "b": 1})


def test_messages_are_immutable_and_closed() -> None:
    message = Message(role="user", content="a")
    with pytest.raises(ValidationError):
        message.content = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Message(role="user", contents="a")  # type: ignore[call-arg]


def test_a_changed_copy_is_the_one_that_pydantic_makes() -> None:
    thread = thread_of([Message(role="user", content="Which port?")])
    for one, values in (
        (Request(thread=thread, actor="clerk"), {"key": "k"}),
        (Answer(text="Oslo"), {"actor": "clerk", "run_id": "r", "doubts": ("a call",)}),
    ):
        made, before = changed(one, **values), one.model_dump()
        expected = one.model_copy(update=values)
        assert made == expected
        assert made.model_fields_set == expected.model_fields_set
        assert made.model_dump_json() == expected.model_dump_json()
        assert repr(made) == repr(expected)
        assert one.model_dump() == before
        with pytest.raises(ValidationError):
            made.thread = ()  # type: ignore[misc]


def test_options_that_nobody_set_have_one_identity() -> None:
    thread = thread_of([Message(role="user", content="Which port?")])
    given, plain = Request(thread=thread, options=Options()), Request(thread=thread)
    assert plain.options is DEFAULTS
    assert given.identity() == plain.identity()
    assert Request(thread=thread, options=Options(top_p=0.5)).identity() != plain.identity()
