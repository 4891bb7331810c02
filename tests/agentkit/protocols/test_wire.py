"""The wire inspector: paired, timed, masked, bounded, and nothing while nobody watches."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentkit import Agent, Context, tool
from agentkit.causes import caused_by
from agentkit.errors import SetupError
from agentkit.events import Cause
from agentkit.given import NOT_GIVEN
from agentkit.messages import canonical
from agentkit.protocols import a2a_agent, mcp_tools, serve_a2a, serve_mcp
from agentkit.protocols.wire import BODY, MASK, Wire, masked_text, secrets_masked, shown, watching
from agentkit.sim.server import start
from agentkit.taps import TAPS, Crossing, crossed
from agentkit.testing import ScriptedModel

KEY = "sk-proj-abcDEF0123456789abcDEF0123456789"


@tool(effect="pure")
def echo(text: str) -> str:
    """Say it again."""
    if text == "fail":
        raise ValueError("no")
    return f"{text} {KEY}"


async def use(tools: Any, **arguments: Any) -> Any:
    found = tools[0]
    return await found.perform(found.check(canonical(arguments)), Context(NOT_GIVEN, key="k"))


@pytest.mark.parametrize("version", ["auto", "legacy"])
async def test_calls_of_a_server_are_seen_from_both_ends(version: str) -> None:
    token = "a-token-that-nobody-may-see"
    async with await serve_mcp([echo], name="port", token=token) as service:
        headers = {"Authorization": f"Bearer {token}"}
        tools = await mcp_tools(service.url, name="harbour", headers=headers, version=version)
        with watching() as wire:
            await use(
                tools,
                text="hello",
            )
            with pytest.raises(Exception, match="no"):
                await use(tools, text="fail")
            await use(tools, text=token)
        before = len(wire)
        await use(tools, text="unseen")
        await tools.server.close()
    assert TAPS == [] and len(wire) == before
    calls = [one for one in wire if one.name == "tools/call"]
    assert [(one.ours, one.peer) for one in calls[:2]] == [(True, "harbour"), (False, "port")]
    ours = [one for one in calls if one.ours]
    assert [one.state for one in ours] == ["ok", "error", "ok"] and len(calls) == 6
    assert all(one.took_s is not None and 0 <= one.took_s < 60 for one in calls)
    assert '"text": "hello"' in ours[0].request and "hello" in ours[0].response
    theirs = next(one for one in calls if not one.ours)
    assert f"authorization: {MASK}" in theirs.headers
    text = str(wire) + repr(wire) + wire._repr_html_() + "".join(map(str, wire))
    assert KEY not in text and MASK in text and token not in str(ours[2])


async def test_agents_are_seen_from_both_ends() -> None:
    token = "a-token-that-nobody-may-see"
    pilot = Agent("pilot", "Answers.", model=ScriptedModel(f"the answer {KEY}"))
    async with await serve_a2a(pilot, token=token) as service:
        remote = await a2a_agent(service.url, token=token)
        with watching(["a2a", "pilot"]) as wire:
            await remote("What is it?")
            async with asyncio.timeout(5):  # Who serves ends its answer after who asked has it.
                while any(one.state == "waiting" for one in wire):
                    await asyncio.sleep(0.01)
    ours = [one for one in wire if one.ours]
    theirs = [one for one in wire if not one.ours]
    assert ours and theirs and {one.peer for one in wire} == {"pilot"}
    assert all(one.state == "ok" and one.took_s is not None for one in wire)
    assert "essage" in ours[0].name and ours[0].name == theirs[0].name
    assert "What is it?" in ours[0].request and "the answer" in "".join(map(str, ours))
    text = "".join(map(str, wire))
    assert token not in text and KEY not in text and f"authorization: {MASK}" in text


SERVER = '''
import os
from agentkit import tool
@tool(effect="pure")
def key() -> str:
    """The key."""
    return os.environ["MY_KEY"]
'''


async def test_a_process_is_watched_and_the_key_that_it_was_given_is_masked(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(SERVER)
    command = [sys.executable, "-m", "agentkit", "mcp", f"{tmp_path}/port.py:key"]
    root = str(Path(__file__).parents[3])
    with watching(["port"]) as wire:
        tools = await mcp_tools(
            command, name="port", env={"MY_KEY": "plain words 123", "PYTHONPATH": root}
        )
        assert await use(tools) == "plain words 123"
        await tools.server.close()
    assert "tools/list" in str(wire) and "plain words" not in "".join(map(str, wire))


async def test_model_endpoints_are_watched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentkit import connect

    with start(speed=0) as server, watching(["model"]) as wire:
        model = connect("sim:careful", base_url=f"{server.url}/v1", api_key=KEY)
        with caused_by(Cause(trace="4bf92f3577b34da6a3ce929d0e0e4736", span="00f067aa0ba902b7")):
            await Agent("clerk", model=model)("What are the dues?")
        seen = list(wire)
        assert [(one.name, one.says) for one in seen] == [("POST /v1/chat/completions", "ok 200")]
        assert "00-4bf92f3577b34da6a3ce929d0e0e4736-" in str(seen[0].headers)
        assert seen[0].took_s is not None and "What are the dues?" in seen[0].request
        assert "chat.completion" in seen[0].response and KEY not in str(seen[0])
        broken = connect("x", base_url="http://127.0.0.1:9/v1", api_key=KEY, retries=0)
        with pytest.raises(Exception, match="127.0.0.1"):
            await Agent("clerk", model=broken)("What?")
    assert list(wire)[-1].state == "error"


def test_keys_are_masked_by_name_by_look_and_by_being_known() -> None:
    value = {
        "api_key": "x", "apiKey": "y", "Authorization": "Basic abc", "progressToken": "p",
        "max_tokens": 7, "nextPageToken": "n", "text": f"use {KEY} or Bearer abcdefgh, known-one",
        "list": [{"client_secret": "s"}], "url": "https://h/p?key=abc&x=1",
    }  # fmt: skip
    assert secrets_masked(value, ["known-one"]) == {
        "api_key": MASK, "apiKey": MASK, "Authorization": MASK, "progressToken": "p",
        "max_tokens": 7, "nextPageToken": "n", "text": f"use {MASK} or Bearer {MASK}, {MASK}",
        "list": [{"client_secret": MASK}], "url": f"https://h/p?key={MASK}&x=1",
    }  # fmt: skip
    assert masked_text("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln") == MASK
    assert masked_text("the tokens of a task, risk-averse-people-of-2026") == (
        "the tokens of a task, risk-averse-people-of-2026"
    )


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.text(max_size=40),
        lambda inner: (
            some.lists(inner, max_size=4)
            | some.dictionaries(some.text(max_size=12), inner, max_size=4)
        ),
        max_leaves=20,
    ),
    some.text(min_size=6, max_size=20),
    some.booleans(),
)
def test_no_known_key_is_kept_wherever_it_stands(value: Any, key: str, raw: bool) -> None:
    body: Any = {"before": value, key: f"a{key}b", "list": [key, [key]]}
    text, _ = shown(json.dumps(body).encode() if raw else body, [key])
    if MASK not in key and key not in json.dumps(MASK, ensure_ascii=False) + MASK:
        found = json.loads(text)
        assert key not in json.dumps(found["list"] if "list" in found else "", ensure_ascii=False)
        assert f"a{key}b" not in text


def test_memory_is_bounded_by_number_and_by_room() -> None:
    wire = Wire(most=10, room=100_000)
    with wire:
        for n in range(100):
            crossed(Crossing("mcp", "p", "request", n, "go", {"n": n}))
        assert len(wire) == 10 and wire.forgotten == 90 and len(wire._waiting) <= 10
        crossed(Crossing("mcp", "p", "response", 5, body="late"))
        for n in range(20):
            crossed(Crossing("model", "p", "request", n, "big", b"x" * 300_000))
        assert sum(one.room for one in wire) <= 100_000 + BODY + 300
        assert all(len(one.request) <= BODY for one in wire)
        assert "the beginning of 300 kB" in str(list(wire)[-1])
    with pytest.raises(SetupError, match="no exchange 1"):
        wire[1]
    wire.clear()
    assert len(wire) == 0 and wire._used == 0
    with pytest.raises(SetupError, match="keeps nothing"):
        Wire(most=0)


def test_words_of_a_peer_are_shown_and_do_not_act() -> None:
    with watching() as wire:
        evil = "<img src=x onerror=alert(1)>\x1b[2J\u202e"
        crossed(Crossing("mcp", evil, "request", 1, evil, {evil: evil}))
        crossed(Crossing("mcp", evil, "response", 1, body=evil, status="error"))
    for text in (wire._repr_html_(), wire[1]._repr_html_()):
        assert "<img" not in text and "\x1b" not in text
    for text in (repr(wire), repr(wire[1])):
        assert "\x1b" not in text and "\u202e" not in text


def test_who_watches_badly_is_left_out_and_what_is_deep_is_no_harm() -> None:
    def bad(_: Crossing) -> None:
        raise RuntimeError("no")

    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    TAPS.append(bad)
    with watching() as wire:
        crossed(Crossing("mcp", "p", "notice", None, "n", deep))
        crossed(Crossing("mcp", "p", "notice", None, "n", b"[" * 100_000))
        crossed(Crossing("mcp", "p", "response", "nobody asked", body=1))
    assert TAPS == [] and [one.state for one in wire] == ["notice", "notice"]


async def test_nothing_is_looked_at_while_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("somebody looked")

    monkeypatch.setattr("agentkit.protocols.mcp.tapped.Ends.show", never)
    monkeypatch.setattr("agentkit.protocols.mcp.tapped.crossed", never)
    async with await serve_mcp([echo], name="port") as service:
        tools = await mcp_tools(service.url)
        assert "hello" in await use(tools, text="hello")
        await tools.server.close()
    assert ScriptedModel("x")
