"""Requests: what makes two of them the same, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agentkit.messages import Message, canonical, thread_of
from agentkit.model import Model, Options, Reply, Request, ToolSpec, identity_text
from tests.fakes import EchoModel, ScriptedModel, call

THREAD = thread_of([Message(role="system", content="s"), Message(role="user", content="u")])
LOOK = ToolSpec(name="look", description="Look.", parameters={"type": "object"})
REQUEST = Request(thread=THREAD, tools=(LOOK,), output={"type": "object"})


@pytest.mark.parametrize(
    "change",
    [
        {"thread": THREAD[:1]},
        {"thread": thread_of([Message(role="system", content="S"), THREAD[1].message])},
        {"tools": ()},
        {"tools": (LOOK.model_copy(update={"description": "Look up."}),)},
        {"tools": (LOOK.model_copy(update={"parameters": {}}),)},
        {"output": None},
        {"output": {"type": "array"}},
        {"options": Options(temperature=0)},
        {"options": Options(seed=1)},
        {"options": Options(extra={"top_k": 1})},
    ],
)
def test_whatever_the_model_sees_is_part_of_the_identity(change: dict[str, Any]) -> None:
    other = REQUEST.model_copy(update=change)
    assert canonical(other.identity()) != canonical(REQUEST.identity())


@pytest.mark.parametrize("change", [{"actor": "clerk"}, {"key": "k"}, {"options": Options()}])
def test_who_asks_and_under_which_key_is_not(change: dict[str, Any]) -> None:
    assert REQUEST.model_copy(update=change).identity() == REQUEST.identity()


def test_the_identity_does_not_grow_with_the_conversation() -> None:
    long = thread_of(Message(role="user", content="x" * 1000) for _ in range(100))
    assert len(canonical(REQUEST.model_copy(update={"thread": long}).identity())) < 300


def test_options_out_of_range_are_refused() -> None:
    for wrong in (0, -1):
        with pytest.raises(ValidationError):
            Options(max_tokens=wrong)


def test_a_reply_shows_its_text_and_calls() -> None:
    reply = Reply(message=Message(role="assistant", content="t", calls=(call("look"),)))
    assert (reply.text, reply.calls[0].name, reply.cost_usd) == ("t", "look", None)


def test_the_fakes_are_models() -> None:
    assert isinstance(EchoModel(), Model)
    assert isinstance(ScriptedModel(), Model)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"thread": thread_of([Message(role="user", content="Hello")])},
        {"options": Options(temperature=0.5)},
        {"settings": {"options": {"seed": 1}}},
        {"output": {"type": "object", "title": "é"}},
        {"tools": (ToolSpec(name="add", description="Add.", parameters={"type": "object"}),)},
    ],
)
def test_an_identitys_text_is_its_canonical_json(asked: Any) -> None:
    identity = Request(**{"thread": (), **asked}).identity()
    assert identity_text(identity) == canonical(identity)
    assert identity_text({**identity, "head": 'a"b'}) == canonical({**identity, "head": 'a"b'})
