from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from agentkit.sim.brain.thought import BrainRequest, Say
from agentkit.sim.server import desk

ASKED = {"model": "careful", "messages": [{"role": "user", "content": "hello there"}]}
CHAT = "/v1/chat/completions"


@pytest.fixture
def port(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=5) as client:
        yield client


def test_an_unknown_route_answers_in_the_dialect_and_lists_the_real_ones(
    port: httpx.Client,
) -> None:
    openai = port.post("/v1/completions", json={})
    assert openai.status_code == 404 and CHAT in openai.json()["error"]["message"]
    anthropic = port.post("/v1/complete", headers={"anthropic-version": "2023-06-01"})
    assert anthropic.json()["type"] == "error"
    assert anthropic.json()["error"]["type"] == "not_found_error"
    assert port.get(CHAT).status_code == 405


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1]", "one JSON object"),
        (b"{}", "model: this field is required"),
        (b'{"model": 5, "messages": []}', "model"),
        (b'{"model": "careful", "messages": []}', "messages"),
        (b'{"model": "careful", "messages": [{"role": "user", "content": 5}]}', "content"),
        (json.dumps({**ASKED, "n": 2}).encode(), "n: "),
        (json.dumps({**ASKED, "tool_choice": "required"}).encode(), "tool_choice"),
        (json.dumps({**ASKED, "response_format": {"type": "json_schema"}}).encode(), "json_schema"),
        (
            b'{"model": "careful", "messages": [{"role": "user", "content": '
            b'[{"type": "image_url", "image_url": {"url": "x"}}]}]}',
            "text only",
        ),
    ],
)
def test_a_bad_body_is_refused_and_named(port: httpx.Client, body: bytes, says: str) -> None:
    reply = port.post(CHAT, content=body)
    assert reply.status_code == 400
    assert says in reply.json()["error"]["message"]
    assert port.get("/sim/stats").json()["calls"] == 0


def test_a_body_that_is_too_large_is_refused(port: httpx.Client) -> None:
    reply = port.post(CHAT, content=b" " * (33 * 2**20))
    assert reply.status_code == 413 and "larger than" in reply.json()["error"]["message"]


def test_a_conversation_longer_than_the_context_is_refused(port: httpx.Client) -> None:
    long = {"model": "careful", "messages": [{"role": "user", "content": "word " * 110_000}]}
    error = port.post(CHAT, json=long).json()["error"]
    assert error["code"] == "context_length_exceeded" and "128000 tokens" in error["message"]
    texts = {"model": "embed", "input": ["short", "word " * 8000]}
    error = port.post("/v1/embeddings", json=texts).json()["error"]
    assert error["param"] == "input.1"


def test_embeddings_meet_faults_and_are_charged_once_per_key(port: httpx.Client) -> None:
    body, key = {"model": "embed", "input": "one two"}, {"Idempotency-Key": "e"}
    port.post("/sim/faults", json={"kind": "429", "model": "embed", "first": 1})
    statuses = [port.post("/v1/embeddings", json=body, headers=key).status_code for _ in range(3)]
    books = port.get("/sim/stats").json()
    assert statuses == [429, 200, 200]
    assert (books["calls"], books["charged"], books["repeated"]) == (3, 1, 1)


def test_half_a_surrogate_in_the_text_does_no_harm(port: httpx.Client) -> None:
    raw = b'{"model": "careful", "messages": [{"role": "user", "content": "a \\ud800 b"}]}'
    assert port.post(CHAT, content=raw).status_code == 200
    streamed = port.post(CHAT, content=raw[:-1] + b', "stream": true}')
    assert streamed.text.endswith("data: [DONE]\n\n")


def test_the_same_idempotency_key_gives_the_same_reply_and_one_charge(port: httpx.Client) -> None:
    key = {"Idempotency-Key": "step-1"}
    first = port.post(CHAT, json=ASKED, headers=key).json()
    again = port.post(CHAT, json=ASKED, headers=key).json()
    streamed = port.post(CHAT, json={**ASKED, "stream": True}, headers=key)
    assert again == first and first["id"] in streamed.text
    books = port.get("/sim/stats").json()
    assert (books["calls"], books["charged"], books["repeated"]) == (3, 1, 2)


def test_an_idempotency_key_with_another_request_is_refused(port: httpx.Client) -> None:
    key = {"Idempotency-Key": "step-1"}
    port.post(CHAT, json=ASKED, headers=key).raise_for_status()
    other = {**ASKED, "messages": [{"role": "user", "content": "something else"}]}
    reply = port.post(CHAT, json=other, headers=key)
    assert reply.status_code == 422 and "step-1" in reply.json()["error"]["message"]


def test_the_books_agree_with_the_replies(port: httpx.Client) -> None:
    usages = [
        port.post(CHAT, json={**ASKED, "model": model}, headers={"X-Agentkit-Actor": actor}).json()
        for model, actor in (("careful", "ann"), ("sim:careful", "bob"), ("hasty", "ann"))
    ]
    books = port.get("/sim/stats").json()
    spent = [u["usage"] for u in usages]
    assert books["tokens_in"] == sum(u["prompt_tokens"] for u in spent)
    assert books["tokens_out"] == sum(u["completion_tokens"] for u in spent)
    assert books["models"]["careful"]["charged"] == 2 and books["actors"]["ann"]["charged"] == 2
    parts = [account["cost_usd"] for account in books["models"].values()]
    assert books["cost_usd"] == pytest.approx(sum(parts)) and books["cost_usd"] > 0
    assert port.delete("/sim/stats").json()["calls"] == 0


def test_a_defect_of_the_brain_is_a_500_that_names_it(serve: Callable[..., str]) -> None:
    def broken(ask: BrainRequest) -> Say:
        raise ZeroDivisionError("no dues")

    reply = httpx.post(serve(respond=broken) + CHAT, json=ASKED)
    assert reply.status_code == 500 and "ZeroDivisionError" in reply.json()["error"]["message"]


def test_speed_scales_the_latency(serve: Callable[..., str]) -> None:
    def took(speed: float, stream: bool) -> float:
        url = serve(respond=lambda ask: Say("word " * 120), speed=speed)
        start = time.perf_counter()
        httpx.post(url + CHAT, json={**ASKED, "stream": stream}).raise_for_status()
        return time.perf_counter() - start

    stated = 0.040 + 150 * 0.004
    assert took(1, stream=False) >= stated
    assert took(1, stream=True) >= 0.9 * stated
    assert took(0, stream=False) < stated


def test_a_stream_arrives_bit_by_bit(serve: Callable[..., str]) -> None:
    url = serve(respond=lambda ask: Say("word " * 60), speed=1)
    arrivals = []
    with httpx.stream("POST", url + CHAT, json={**ASKED, "stream": True}) as reply:
        for _ in reply.iter_raw():
            arrivals.append(time.perf_counter())
    assert len(arrivals) >= 5
    assert arrivals[-1] - arrivals[0] > 0.1


async def test_three_hundred_clients_are_served_at_once(serve: Callable[..., str]) -> None:
    url = serve(speed=1)
    limits = httpx.Limits(max_connections=300)

    async def one(client: httpx.AsyncClient, n: int) -> str:
        body: dict[str, Any] = {
            **ASKED,
            "messages": [{"role": "user", "content": f"client {n}"}],
            "stream": n % 2 == 0,
        }
        reply = await client.post(url + CHAT, json=body)
        return reply.text

    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        texts = await asyncio.gather(*(one(client, n) for n in range(300)))
    plain = [json.loads(text)["choices"][0]["message"]["content"] for text in texts[1::2]]
    assert plain == [f"user|client {n}|7" for n in range(1, 300, 2)]
    assert all(text.endswith("data: [DONE]\n\n") for text in texts[::2])


def test_the_front_page_says_what_it_is(port: httpx.Client) -> None:
    assert "no language model" in port.get("/").text


def test_the_books_do_not_grow_with_every_name_that_is_sent(
    port: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST_ACTORS", 2)
    for name in ("ann", "bob", "cy", "di", "ann"):
        port.post(CHAT, json=ASKED, headers={"X-Agentkit-Actor": name}).raise_for_status()
    actors = port.get("/sim/stats").json()["actors"]
    assert {name: one["charged"] for name, one in actors.items()} == {
        "ann": 2, "bob": 1, desk.OTHERS: 2,
    }  # fmt: skip
