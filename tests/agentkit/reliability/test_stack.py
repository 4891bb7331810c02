from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentkit.agent import Agent
from agentkit.endpoints.connect import connect
from agentkit.errors import SetupError, TimedOut
from agentkit.logs.memory import MemoryLog
from agentkit.reliability import shared
from agentkit.reliability.breaker import Breaker
from agentkit.reliability.cache import Cache
from agentkit.reliability.headers import pause_s
from agentkit.reliability.hedge import Hedge
from agentkit.reliability.limit import Limit, limit
from agentkit.reliability.retry import retry
from agentkit.reliability.retrybudget import RetryBudget
from agentkit.reliability.timeouts import Timeouts
from agentkit.reliability.wrapper import ORDER, described
from tests.agentkit.reliability.doubles import Endpoint, ask

ANSWER = {
    "model": "m",
    "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}


@pytest.fixture(autouse=True)
def anew() -> None:
    shared.forget()


def answering(**headers: str) -> httpx.MockTransport:
    return httpx.MockTransport(
        lambda _: httpx.Response(200, json=ANSWER, headers=headers)  # type: ignore[arg-type]
    )


def model(**how: Any) -> Any:
    return connect("m", base_url="http://127.0.0.1:9/v1", **how)


async def test_all_of_them_stand_in_their_order_and_answer(tmp_path: Path) -> None:
    full = model(
        transport=answering(),
        fallback=["sim:careful"],
        cache=tmp_path / "c.db",
        timeouts=Timeouts(connect_s=1, first_s=5, between_s=2, turn_s=30),
        retry_budget=True,
        hedge=True,
        limit=Limit(requests_per_minute=6000),
        concurrency=4,
        breaker=3,
    )
    assert [name for name, _, _ in described(full)] == list(ORDER)
    assert all(set_to for _, set_to, _ in described(full))
    clerk = Agent("clerk", model=full, temperature=0)
    assert (await clerk("hello", log=MemoryLog())).text == "hi"
    assert dict((name, state) for name, _, state in described(full))["breaker"] == "closed"


def test_what_gives_tools_to_a_model_hides_nothing_that_is_around_it() -> None:
    one = connect("ollama:llama3.2", limit=60, breaker=3, retries=2)
    assert [name for name, _, _ in described(one)] == ["retry", "breaker", "limit"]
    with pytest.raises(SetupError, match="cannot be put around a retry"):
        limit(one, 10)
    again = connect("ollama:llama3.2", limit=30)
    assert described(one)[-1][1] == "30 requests/min" == described(again)[-1][1]


def test_nothing_is_loaded_and_nothing_put_around_unless_it_is_asked_for() -> None:
    code = (
        "import sys; from agentkit import connect; model = connect('sim:careful');"
        "print(type(model).__name__, type(model.model).__name__,"
        " [m for m in sys.modules if m.startswith('agentkit.reliability.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = done.stdout.split(" ", 2)
    assert words[:2] == ["Retry", "Endpoint"]
    for heavy in ("hedge", "limit", "breaker", "cache", "fallback", "stack", "gate"):
        assert f"reliability.{heavy}'" not in words[2]


async def test_a_header_that_says_nothing_is_left_stops_the_next_call() -> None:
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "250ms"}
    asked = model(transport=answering(**spent), limit=True, retries=0)
    await asked(ask())
    loop = asyncio.get_running_loop()
    assert 0.1 < asked.pace.paused_until - loop.time() <= 0.25


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m6.5s"}, 66.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "12"}, 12.0),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "60s"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0"}, 0.0),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "1970-01-12T13:46:50Z",
            },
            10.0,
        ),
        ({"anthropic-ratelimit-requests-remaining": "0",
          "anthropic-ratelimit-requests-reset": "soon"}, 0.0),
        # The server's clock is an hour ahead, and says so.
        ({"anthropic-ratelimit-requests-remaining": "0", "date": "Mon, 12 Jan 1970 14:46:40 GMT",
          "anthropic-ratelimit-requests-reset": "1970-01-12T14:46:50Z"}, 10.0),
        ({"anthropic-ratelimit-requests-remaining": "0", "date": "Mon, 12 Jan",
          "anthropic-ratelimit-requests-reset": "1970-01-12T13:46:50"}, 10.0),
        ({"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "nan"}, 0.0),
        ({"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "2s"}, 2.0),
        ({"x-ratelimit-remaining-requests": "none", "x-ratelimit-reset-requests": "2s"}, 0.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "inf"}, 0.0),
    ],
)  # fmt: skip
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    assert pause_s(headers, clock=lambda: 1_000_000.0) == pytest.approx(seconds)


def test_two_models_of_one_account_share_and_of_two_keys_do_not() -> None:
    a, b = model(limit=60, retries=0), model(limit=30, retries=0)
    other = model(limit=60, retries=0, api_key="another")
    assert a.pace is b.pace and a.pace is not other.pace
    assert a.set_to() == "30 requests/min"


def test_wrong_options_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(SetupError, match="goes in a circle"):
        connect("sim:careful", fallback=["sim:hasty", "sim:careful"])
    with pytest.raises(SetupError, match="on_refusal without a fallback"):
        connect("sim:careful", on_refusal=True)
    with pytest.raises(SetupError, match="timeouts="):
        connect("sim:careful", timeouts=5)  # type: ignore[arg-type]


class Paced(httpx.AsyncByteStream):
    """A streamed reply in pieces with pauses before each."""

    def __init__(self, *pauses: float) -> None:
        self.pauses = pauses

    async def __aiter__(self) -> Any:
        for n, pause in enumerate(self.pauses):
            await asyncio.sleep(pause)
            piece = {"choices": [{"delta": {"content": f"{n} "}, "finish_reason": None}]}
            yield f"data: {json.dumps(piece)}\n\n".encode()


@pytest.mark.parametrize(("pauses", "words"), [((9.0,), "0.2 s"), ((0.0, 9.0), "0.05 s")])
async def test_the_first_piece_and_the_next_have_time_outs_of_their_own(
    pauses: tuple[float, ...], words: str
) -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"content-type": "text/event-stream"}, stream=Paced(*pauses)
        )
    )
    phases = Timeouts(first_s=0.2, between_s=0.05)
    slow = model(transport=transport, retries=0, timeouts=phases, timeout_s=30)
    with pytest.raises(TimedOut, match=f"within {words}"):
        await slow(ask(), lambda _: None)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Limit(requests_per_minute=-1), lambda: Limit(requests_per_minute=float("nan")),
        lambda: Breaker(failures=0), lambda: Hedge(percentile=1.0), lambda: Cache(expires_s=0),
        lambda: RetryBudget(ratio=-0.1), lambda: Timeouts(connect_s=0),
        lambda: Timeouts(**{"conect_s": 3}),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_where_it_is_stated(wrong: Any) -> None:
    with pytest.raises(SetupError, match=r"\(\w+=") as caught:
        wrong()
    assert "of " in str(caught.value.expected)


@pytest.mark.parametrize("how", [{"cap_s": float("nan")}, {"base_s": True}, {"attempts": "3"}])
def test_a_retry_by_numbers_that_are_none_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=r"retry\("):
        retry(Endpoint(), **how)
