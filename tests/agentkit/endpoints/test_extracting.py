"""Forms that a small model fills in from a short text, field by field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from agentkit.endpoints.prompted.extracting import drawn
from agentkit.endpoints.prompted.finding import begins, denied, fields_of, spans, words_of
from agentkit.endpoints.prompted.finding import given as assigned
from agentkit.endpoints.prompted.model import Prompted
from agentkit.errors import Unreachable
from agentkit.events import Usage
from agentkit.messages import Message, thread_of
from agentkit.model import Request
from tests.fakes import ScriptedModel


class Sale(BaseModel):
    buyer: str
    thing: str
    euros: int
    paid: bool
    way: Literal["cash", "card"]


TEXT = "The lamp goes to Ruth for 30 euros, by card. It is not paid."
SAID = {"buyer": "Ruth", "thing": "lamp", "euros": 30, "paid": False, "way": "card"}


async def told(text: str) -> Mapping[str, float]:
    """A model that knows buyers by capitals, and would rather say the first word of anything."""
    field = text.rsplit("\n", 1)[-1]
    likely = {"Ruth": 0.7, "lamp": 0.2} if field.startswith("buyer") else {"Ruth": 0.5, "lamp": 0.4}
    ended = {'"': 0.9} if not field.endswith('"') else likely
    return {piece: math.log(share) for piece, share in ended.items()}


async def test_no_two_fields_get_the_same_words_though_both_would_rather_have_them() -> None:
    assert await drawn(Sale.model_json_schema(), TEXT, told) == SAID


@pytest.mark.parametrize(
    "text",
    ["Who bought the lamp?", "Add 10 and 5.", "One line.\nAnother one.", "word " * 61, "", "   "],
)
async def test_what_asks_or_is_long_is_not_read_this_way(text: str) -> None:
    assert await drawn(Sale.model_json_schema(), text, told) is None


class Deep(BaseModel):
    sale: Sale


class Many(BaseModel):
    names: list[str]


OTHER = [Deep.model_json_schema(), Many.model_json_schema(), {"type": "string"}, {}, None]


@pytest.mark.parametrize("form", OTHER)
def test_other_shapes_are_not_read_this_way(form: Any) -> None:
    assert fields_of(form) is None


async def test_what_the_model_would_not_say_is_left_to_it() -> None:
    async def other(text: str) -> Mapping[str, float]:
        return {"Paris": -0.01, "France": -12.0}

    form = {"type": "object", "properties": {"capital": {"type": "string"}}}
    assert await drawn(form, "The capital of France.", other) == {}


def test_names_stay_whole_and_words_that_name_a_field_are_no_values() -> None:
    fields = fields_of({"properties": {"gate": {"type": "string"}, "guest": {"type": "string"}}})
    assert fields is not None
    found = {one.text for one in spans(words_of("Tonight Mr Ito waits at gate B22."), fields)}
    assert {"B22", "Mr Ito"} <= found and not {"gate", "gate B22", "Mr", "Ito"} & found
    assert "Ito" not in {one.text for one in spans(words_of("We met Mr Ito's boss."), fields)}


@pytest.mark.parametrize(
    ("text", "says_no"),
    [
        ("It is paid.", False),
        ("It was never paid.", True),
        ("No, wait. It is paid.", False),
        ("They haven't paid.", True),
        ("It came by post.", None),
    ],
)
def test_a_denial_counts_in_its_clause(text: str, says_no: bool | None) -> None:
    fields = fields_of({"properties": {"paid": {"type": "boolean"}}})
    assert fields is not None
    assert denied(words_of(text), fields[0]) is says_no


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_any_text_is_cut_into_parts_of_it(text: str) -> None:
    fields = fields_of(Sale.model_json_schema())
    assert fields is not None
    words = words_of(text)
    for one in spans(words, fields):
        assert 0 <= one.start < one.end <= len(words) and one.text.strip()
        denied(words, fields[3])


def test_parts_are_given_so_that_all_together_weigh_most() -> None:
    a, b, c = (
        one for one in spans(words_of("Ada met. Bo met. Cy met."), []) if one.text[0] in "ABC"
    )
    found = assigned([{a: 3.0, b: 2.9, c: 0.0}, {a: 3.0, b: 0.0, c: 0.5}])
    assert found == (b, a)
    assert assigned([{a: 1.0}, {a: 1.0}]) is None


def test_a_piece_counts_for_every_value_that_begins_with_it() -> None:
    likely = {"K": math.log(0.3), "Karl": math.log(0.2), "Anna": math.log(0.4)}
    assert begins(likely, "Karl") == pytest.approx(math.log(0.5))
    assert begins(likely, "Zoe") < begins(likely, "Anna")


def asked(*more: Message) -> Request:
    said = [Message(role="system", content="Fill in."), Message(role="user", content=TEXT), *more]
    return Request(thread=thread_of(said), output=Sale.model_json_schema())


async def test_the_model_is_bound_to_what_was_found_and_all_of_it_is_paid_for() -> None:
    calls = 0

    async def goes_on(text: str, count: int) -> tuple[dict[str, float], Usage]:
        nonlocal calls
        calls += 1
        return dict(await told(text)), Usage(tokens_in=10, tokens_out=1)

    inner = ScriptedModel("{}")
    reply = await Prompted(inner, tiny=True, likely=goes_on)(asked())
    (sent,) = inner.requests
    assert isinstance(sent.output, dict)
    assert {k: v["enum"] for k, v in sent.output["properties"].items()} == {
        name: [value] for name, value in SAID.items()
    }
    assert reply.usage.calls == 1 + calls and reply.usage.tokens_in >= 10 * calls > 0


async def test_a_server_that_tells_no_probabilities_is_asked_for_the_whole_form() -> None:
    async def goes_on(text: str, count: int) -> tuple[dict[str, float], Usage]:
        raise Unreachable("nobody is there")

    inner = ScriptedModel("{}")
    await Prompted(inner, tiny=True, likely=goes_on)(asked())
    plain = ScriptedModel("{}")
    await Prompted(plain, tiny=True)(asked())
    assert inner.requests == plain.requests


async def test_a_conversation_is_not_read_as_one_text() -> None:
    async def goes_on(text: str, count: int) -> tuple[dict[str, float], Usage]:
        raise AssertionError("asked")

    more = (Message(role="assistant", content="And?"), Message(role="user", content="It rained."))
    await Prompted(ScriptedModel("{}"), tiny=True, likely=goes_on)(asked(*more))
