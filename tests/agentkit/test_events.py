"""Events: a closed union that reads back as written, and ids that sort by time."""

from __future__ import annotations

import uuid
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentkit.events import (
    EVENT,
    Base,
    Event,
    Failure,
    StepEnded,
    StepKind,
    StepStarted,
    Usage,
    current,
    uuid7,
)
from agentkit.logs.bodies import stored_body
from agentkit.messages import Message, thread_of

KINDS = get_args(get_args(Event)[0])
COUNTS = st.builds(Usage, **{name: st.integers(0, 10**9) for name in Usage.model_fields})


def test_every_kind_of_event_is_in_the_union() -> None:
    assert set(KINDS) == set(Base.__subclasses__())
    kinds = [kind.model_fields["kind"].default for kind in KINDS]
    assert len(set(kinds)) == len(kinds)


@given(st.sampled_from(["ok", "failed", "cancelled"]), st.none() | COUNTS, st.text())
def test_an_event_reads_back_as_written(status: Any, usage: Usage | None, text: str) -> None:
    event = StepEnded(
        run="r", seq=1, at=1.5, scope="s", key="k", step="model", name=text, status=status,
        result={"a": [text]}, error=Failure(type="X", text=text), usage=usage, cost_usd=None,
        nodes=thread_of([Message(role="user", content=text)]),
    )  # fmt: skip
    assert EVENT.validate_json(event.model_dump_json()) == event
    assert f'"kind":"{event.kind}"' in stored_body(event)


@pytest.mark.parametrize("odd", [{"kind": "step.exploded"}, {}, {"kind": "noted", "more": 1}])
def test_an_unknown_event_is_refused(odd: Any) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python({"run": "r", "seq": 1, "at": 1.0, "scope": "", "topic": "t"} | odd)


@given(COUNTS, COUNTS)
def test_usages_add_up(one: Usage, other: Usage) -> None:
    both = one + other
    assert both == other + one
    assert both.tokens_in == one.tokens_in + other.tokens_in
    assert one + Usage() == one


def test_ids_are_version_7_distinct_and_in_order_of_time() -> None:
    ids = [uuid7() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert {uuid.UUID(id).version for id in ids} == {7}
    assert {uuid.UUID(id).variant for id in ids} == {uuid.RFC_4122}
    stamps = [id[:13] for id in ids]
    assert stamps == sorted(stamps)


def step_of(step: StepKind, name: str, scope: str, request: Any) -> StepStarted:
    return StepStarted(
        run="r", seq=1, at=1.0, scope=scope, key="k", step=step, name=name, effect="pure",
        request=request,
    )  # fmt: skip


def test_what_was_recorded_as_another_kind_of_step_is_read_as_its_own() -> None:
    asked = dict.fromkeys(("contender", "made_of", "question", "seed", "budget"))
    assert current(step_of("random", "join", "s", {"join": "first", "of": 2})).step == "join"
    assert current(step_of("remote", "solver", "", asked)).step == "trial"
    for other in (
        step_of("remote", "far", "", {"q": 1}),
        step_of("remote", "far", "s", asked),
        step_of("random", "random", "", None),
    ):
        assert current(other) is other
