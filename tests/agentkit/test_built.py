"""Objects that are built of values which were looked at before: as their classes make them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agentkit import connect, values
from agentkit.events import EVENT, ScopeClosed
from agentkit.messages import Message, message_of
from agentkit.model import DEFAULTS, Reply
from agentkit.parts import Content
from agentkit.replies import recalled
from tests import conftest

OWN: dict[str, Any] = {"run": "r", "seq": 2, "at": 1.5, "scope": "s", "status": "ok"}


def test_what_is_built_without_a_look_is_what_its_class_makes() -> None:
    made, checked = conftest.BUILT(ScopeClosed, OWN), ScopeClosed(**OWN)
    assert made == checked
    assert repr(made) == repr(checked)
    assert made.model_dump_json() == checked.model_dump_json()
    copy = made.model_copy(update={"opaque": True})
    assert (copy.opaque, made.opaque) == (True, False)
    assert EVENT.validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(("name", "value"), [("opaque", 1), ("at", 1), ("missing", ["x"])])
def test_every_test_sees_what_is_handed_over_and_would_be_converted(name: str, value: Any) -> None:
    with pytest.raises(AssertionError, match=f"ScopeClosed.{name} is"):
        values.built(ScopeClosed, OWN | {name: value})


@pytest.mark.parametrize(("name", "value"), [("status", "done"), ("stat", "ok")])
def test_every_test_sees_what_is_handed_over_and_would_be_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        values.built(ScopeClosed, OWN | {name: value})


@pytest.mark.parametrize("said", ["Hello", "a half \ud83d", "", Content(["look", "here"])])
def test_a_task_is_the_message_that_its_class_makes(said: Any) -> None:
    assert message_of("user", said) == Message(role="user", content=said)


def test_a_reply_from_a_log_is_looked_at_where_its_end_is_none_that_we_know() -> None:
    said = Message(role="assistant", content="Aye.")
    assert recalled(said, "stop") == Reply(message=said, stop="stop")
    odd: Any = ["stop"]
    for stop in ("done", odd):
        with pytest.raises(ValidationError):
            recalled(said, stop)


def test_a_model_without_options_of_its_own_has_the_one_object_that_says_so() -> None:
    model: Any = connect("openai:m", base_url="http://127.0.0.1:9/v1", retries=0)
    assert model.options is DEFAULTS
