"""The trace context of the W3C: made from runs and steps, and believed only where it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agentkit import Agent, open_log, pattern, run, tool
from agentkit.causes import (
    CurrentStep,
    caused_by,
    headers_of,
    incoming,
    outgoing,
    step_span,
    trace_of,
)
from agentkit.events import Cause, RunStarted, StepStarted
from agentkit.testing import ScriptedModel, call

KEY = "0123456789abcdef" * 2
GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SEEN: list[dict[str, str]] = []


@tool
def look(port: str) -> str:
    """Look, in a thread."""
    SEEN.append(outgoing())
    return port


async def test_a_step_says_which_one_it_is_and_says_the_same_when_it_is_resumed() -> None:
    SEEN.clear()
    log = open_log("memory:")
    clerk = Agent("clerk", model=ScriptedModel([call("look", port="Amber")], "done"), tools=[look])
    answer = await clerk("Look.", log=log)
    begun = next(
        e for e in log.read(answer.run_id) if isinstance(e, StepStarted) and e.name == "look"
    )
    trace, span = trace_of(answer.run_id), step_span(answer.run_id, begun.key)
    assert SEEN == [
        {
            "traceparent": f"00-{trace}-{span}-01",
            "tracestate": f"agentkit={answer.run_id}:{begun.key}",
        }
    ]
    assert outgoing() == {}
    cause = incoming(SEEN[0])
    assert cause == Cause(trace=trace, span=span, run=answer.run_id, step=begun.key)


async def test_a_run_names_the_call_that_it_answers_and_so_do_its_own_calls() -> None:
    SEEN.clear()
    log = open_log("memory:")
    clerk = Agent("clerk", model=ScriptedModel([call("look", port="Amber")], "done"), tools=[look])
    cause = incoming({"traceparent": GOOD, "tracestate": "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"})
    with caused_by(cause):
        answer = await clerk("Look.", log=log)
    first = log.read(answer.run_id)[0]
    assert isinstance(first, RunStarted) and first.cause == cause
    assert SEEN[0]["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert SEEN[0]["tracestate"].endswith(",congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
    async with run(log=log) as other:
        pass
    assert log.read(other.id)[0].cause is None  # type: ignore[union-attr]


async def test_a_resumed_run_keeps_its_cause() -> None:
    log = open_log("memory:")
    tries: list[int] = []

    @pattern
    async def team(task: str) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return "done"

    with caused_by(incoming({"traceparent": GOOD})), pytest.raises(ValueError):
        await team("Go.", log=log)
    id = log.runs()[0].id
    await team.resume(id, log=log)
    starts = [e for e in log.read(id) if isinstance(e, RunStarted)]
    assert [one.cause.trace for one in starts if one.cause] == [GOOD[3:35]] * 2


@pytest.mark.parametrize(
    "said",
    [
        "",
        "00",
        GOOD.upper(),
        GOOD + "-00",
        "ff" + GOOD[2:],
        GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        GOOD.replace("00f067aa0ba902b7", "0" * 16),
        7,
        None,
        ["00"],
    ],
)
def test_what_is_malformed_counts_as_not_given(said: Any) -> None:
    assert incoming({"traceparent": said, "tracestate": "agentkit=r:" + KEY}) is None


def test_a_later_version_may_say_more() -> None:
    assert incoming({"traceparent": "01" + GOOD[2:] + "-what"}) is not None


NAMES = some.text("abz019_-*/@", min_size=1, max_size=20).filter(lambda t: t[0] in "abz019")
VALUES = some.text("ab:;<>!~ .", min_size=1, max_size=60).map(lambda t: t.strip() + "x")


@settings(max_examples=40, deadline=None)
@given(some.lists(some.tuples(NAMES, VALUES), max_size=40, unique_by=lambda one: one[0]))
def test_what_is_passed_on_is_what_opentelemetry_reads(members: list[tuple[str, str]]) -> None:
    state = ",".join(f"{name}={value}" for name, value in members if name != "agentkit")
    cause = incoming({"traceparent": GOOD, "tracestate": state})
    assert cause is not None
    headers = headers_of(CurrentStep("0199-run", KEY, 1, cause))
    assert len(headers["tracestate"]) <= 512
    found = TraceContextTextMapPropagator().extract(headers)
    context = get_current_span(found).get_span_context()
    assert f"{context.trace_id:032x}" == cause.trace
    assert context.trace_state.get("agentkit") == f"0199-run:{KEY}"
    again = incoming(headers)
    assert again is not None and (again.run, again.step) == ("0199-run", KEY)
    assert again.state == cause.state


@settings(deadline=None)
@given(some.text(max_size=80), some.lists(some.text(max_size=30), max_size=6), some.integers(1, 90))
def test_no_words_of_a_peer_break_it(parent: str, members: list[str], times: int) -> None:
    state = ",".join(members * times)  # Long texts are drawn slowly.
    assert incoming({"traceparent": parent}) is None or len(parent) >= 55
    cause = incoming({"traceparent": GOOD, "tracestate": state})
    assert cause is not None and len(cause.state) <= 512 and cause.state.isascii()


def test_a_run_whose_id_does_not_fit_is_not_named_but_traced() -> None:
    headers = headers_of(CurrentStep("a run, with words=all over", KEY, 1, None))
    assert list(headers) == ["traceparent"] and incoming(headers) is not None
