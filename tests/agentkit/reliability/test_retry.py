from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.errors import (
    BadReply,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    SetupError,
    TimedOut,
    Unreachable,
)
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Message, thread_of
from agentkit.model import Request
from agentkit.opening import run
from agentkit.reliability.retry import retry
from tests.fakes import ScriptedModel

HELLO = Request(thread=thread_of([Message(role="user", content="hello")]), key="the key")


class Pauses:
    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


async def test_a_failure_that_passes_is_not_seen() -> None:
    model = ScriptedModel(Overloaded("busy"), TimedOut("slow"), Unreachable("gone"), "hi")
    pauses = Pauses()
    again = retry(model, attempts=4, sleep=pauses)
    assert (await again(HELLO)).text == "hi"
    assert len(pauses.taken) == 3 and again.name == "scripted"


async def test_every_attempt_carries_the_same_key() -> None:
    model = ScriptedModel(Overloaded("busy"), Overloaded("busy"), "hi")
    await retry(model, sleep=Pauses())(HELLO)
    assert model.requests == [HELLO] * 3


async def test_the_last_error_comes_out_as_it_is() -> None:
    last = TimedOut("third")
    model = ScriptedModel(Overloaded("first"), Unreachable("second"), last)
    with pytest.raises(TimedOut) as caught:
        await retry(model, attempts=3, sleep=Pauses())(HELLO)
    assert caught.value is last and not model.lines


@pytest.mark.parametrize("error", [Rejected("no"), BadReply("html"), SetupError("x"), OSError("y")])
async def test_what_will_not_pass_is_not_tried_again(error: Exception) -> None:
    model = ScriptedModel(error, "never said")
    with pytest.raises(type(error)):
        await retry(model, sleep=Pauses())(HELLO)
    assert model.lines == ["never said"]


async def test_trying_ends_at_a_failure_that_will_not_pass() -> None:
    model = ScriptedModel(Overloaded("busy"), Rejected("no"), "never said")
    with pytest.raises(Rejected):
        await retry(model, sleep=Pauses())(HELLO)
    assert model.lines == ["never said"]


def idle() -> Unreachable:
    return Unreachable("closed", under_way=True, stale=True)


@pytest.mark.parametrize(
    ("lines", "pauses", "asked"),
    [
        ([idle(), "hi"], 1, 2),
        ([idle(), Overloaded("1"), "hi"], 2, 3),
        ([idle(), Overloaded("1"), Overloaded("2"), "not said"], 2, 3),
        ([Overloaded("1"), idle(), "hi"], 2, 3),
        ([Overloaded("1"), idle(), Overloaded("2"), "not said"], 2, 3),
        ([idle(), idle(), "hi"], 2, 3),
        ([idle(), idle(), idle(), "not said"], 2, 3),
    ],
)
async def test_once_a_call_a_kept_connection_that_was_closed_is_no_attempt(
    lines: list[Any], pauses: int, asked: int
) -> None:
    model, taken = ScriptedModel(*lines), Pauses()
    outcome = retry(model, attempts=2, sleep=taken, budget=True)
    if "hi" in lines:
        assert (await outcome(HELLO)).text == "hi"
    else:
        with pytest.raises(EndpointError):
            await outcome(HELLO)
    assert (len(taken.taken), len(model.requests)) == (pauses, asked)
    first = next(n for n, line in enumerate(lines) if isinstance(line, Unreachable))
    assert taken.taken[first] == 0.0


@pytest.mark.parametrize("error", [idle(), TimedOut("silent"), Overloaded("x", under_way=True)])
async def test_what_a_stateful_endpoint_may_have_performed_is_not_asked_again(
    error: EndpointError,
) -> None:
    model = ScriptedModel(error, "never said")
    model.stateful = True  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        await retry(model, sleep=Pauses())(HELLO)
    refused = ScriptedModel(Overloaded("busy"), "hi")
    refused.stateful = True  # type: ignore[attr-defined]
    assert (await retry(refused, sleep=Pauses())(HELLO)).text == "hi"


async def test_retry_after_is_honoured_on_top_of_the_jitter() -> None:
    model = ScriptedModel(RateLimited("wait", retry_after_s=7.5), "hi")
    pauses = Pauses()
    await retry(model, sleep=pauses, base_s=0.5)(HELLO)
    assert 7.5 <= pauses.taken[0] <= 8.0


async def test_an_endpoint_that_asks_for_too_much_patience_is_not_asked_again() -> None:
    model = ScriptedModel(RateLimited("tomorrow", retry_after_s=86_400.0), "never said")
    pauses = Pauses()
    with pytest.raises(RateLimited):
        await retry(model, sleep=pauses)(HELLO)
    assert pauses.taken == [] and model.lines == ["never said"]


@given(st.integers(0, 2**32), st.integers(2, 12))
async def test_pauses_are_within_the_doubling_bound(seed: int, attempts: int) -> None:
    errors: list[Any] = [Overloaded("busy") for _ in range(attempts)]
    pauses = Pauses()
    rng = random.Random(seed)
    model = retry(ScriptedModel(*errors), attempts, base_s=1, cap_s=30, sleep=pauses, rng=rng)
    with pytest.raises(Overloaded):
        await model(HELLO)
    bounds = [min(30.0, 2.0**n) for n in range(attempts - 1)]
    assert len(pauses.taken) == len(bounds)
    assert all(0 <= pause <= bound for pause, bound in zip(pauses.taken, bounds, strict=True))


async def test_pauses_are_spread_over_all_of_their_bound() -> None:
    firsts = []
    rng = random.Random(7)
    for _ in range(300):
        pauses = Pauses()
        await retry(ScriptedModel(Overloaded("x"), "hi"), base_s=1, sleep=pauses, rng=rng)(HELLO)
        firsts += pauses.taken
    assert min(firsts) < 0.05 and max(firsts) > 0.95
    assert abs(sum(firsts) / len(firsts) - 0.5) < 0.06


async def test_each_retry_is_noted_in_the_run() -> None:
    log: Log = open_log("memory:")
    model = ScriptedModel(RateLimited("too fast", retry_after_s=1.0), Overloaded("busy"), "hi")
    async with run(log=log) as here:
        await retry(model, sleep=Pauses())(HELLO)
    notes = [e.data for e in log.read(here.id) if e.kind == "noted" and e.topic == "retry"]
    assert [(n["attempt"], n["error"], n["model"]) for n in notes] == [
        (2, "RateLimited", "scripted"),
        (3, "Overloaded", "scripted"),
    ]
    assert notes[0]["wait_s"] >= 1.0 and notes[0]["text"] == "too fast"


async def test_a_retried_stream_starts_its_text_anew() -> None:
    model = ScriptedModel(Unreachable("cut"), "all of it")
    pieces: list[str] = []
    await retry(model, sleep=Pauses())(HELLO, pieces.append)
    assert "".join(pieces).strip() == "all of it"


async def test_one_attempt_is_no_retry() -> None:
    with pytest.raises(Overloaded):
        await retry(ScriptedModel(Overloaded("busy"), "never"), attempts=1)(HELLO)


@pytest.mark.parametrize("options", [{"attempts": 0}, {"base_s": -1.0}])
def test_senseless_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        retry(ScriptedModel(), **options)


def test_an_error_of_an_endpoint_does_not_pass_unless_it_says_so() -> None:
    assert not EndpointError.retryable
