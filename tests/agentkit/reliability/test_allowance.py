from __future__ import annotations

from typing import Any

import httpx
import pytest

from agentkit import Agent, connect
from agentkit.errors import Rejected
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.reliability.allowance import AllowanceLow, KeyBalance, allowance
from agentkit.reliability.wrapper import endpoint_of
from nbext.stacks import left_of, stacks
from tests.agentkit.endpoints.test_openai import reply

HEADERS = {
    "x-litellm-key-spend": "0.58", "x-litellm-key-max-budget": "1.0",
    "x-ratelimit-api_key-remaining-requests": "17", "x-ratelimit-api_key-limit-requests": "20",
    "x-ratelimit-api_key-remaining-tokens": "39000",
}  # fmt: skip


def at(*answers: Any) -> Agent:
    """An agent at a proxy that answers with these headers, or a status and a body."""
    left = list(answers)

    def serve(_: httpx.Request) -> httpx.Response:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, tuple):
            return httpx.Response(one[0], json=one[1])
        return httpx.Response(200, json=reply({"content": "hi"}), headers=one)

    model = connect(
        "small", base_url="http://127.0.0.1:1/v1", api_key="sk-x", retries=2,
        transport=httpx.MockTransport(serve),
    )  # fmt: skip
    return Agent("ada", model=model)


async def test_what_a_proxy_says_is_left_is_shown() -> None:
    ada = at(HEADERS)
    await ada("go", log=MemoryLog())
    left = endpoint_of(ada.model).left  # type: ignore[attr-defined]
    assert left == KeyBalance(0.58, 1.0, 17, 20, 39000, None)
    told = "$0.4200 of $1.00 left, 17 of 20 requests this minute, 39\u202f000 tokens this minute"
    assert str(left) == told
    assert left_of({"ada": ada}) == [f"The key of small: {told}."]
    assert told in str(stacks({"ada": ada}))


async def test_a_proxy_without_such_headers_is_asked_as_any_other() -> None:
    ada = at({"x-litellm-version": "1"})
    answer = await ada("go", log=MemoryLog())
    assert answer.text == "hi" and left_of({"ada": ada}) == []
    assert not stacks({"ada": ada}).rows


@pytest.mark.parametrize("said", ["None", "", "nan", "inf", "-1", "a lot", "1e999", "\u0663x"])
def test_what_is_no_amount_is_not_taken_for_one(said: str) -> None:
    assert allowance(dict.fromkeys(HEADERS, said)) is None
    mixed = allowance({**HEADERS, "x-litellm-key-max-budget": said})
    assert mixed is not None and mixed.left_usd is None and not mixed.low
    assert "spent, without a budget" in str(mixed)


async def test_a_budget_that_is_nearly_spent_is_told_once() -> None:
    low = {**HEADERS, "x-litellm-key-spend": "0.95"}
    ada, log = at(HEADERS, low, low), MemoryLog()
    told = []
    for _ in range(3):
        run = (await ada("go", log=log)).run_id
        told += [one.note for one in log.read(run) if isinstance(one, Noted)]
    assert told == [AllowanceLow(model="small", budget_usd=1.0, left_usd=0.05)]


@pytest.mark.parametrize("status", [400, 422, 429])
async def test_a_spent_budget_is_not_tried_again(status: int) -> None:
    asked = {"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded"}}
    ada, log = at((status, asked)), MemoryLog()
    with pytest.raises(Rejected, match="budget at this proxy") as caught:
        await ada("go", log=log)
    assert "ask whoever gave you the key" in str(caught.value)
    assert not [one for one in log.read(log.runs()[0].id) if isinstance(one, Noted)]
