"""The options of connect: typed, misspelt ones refused, keys in none of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import SecretStr

from agentkit import Agent, pattern
from agentkit.endpoints.choices import FIELDS, MEANT, OURS, OWNED, TYPED
from agentkit.endpoints.connect import connect
from agentkit.errors import SetupError, TeamChanged
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, thread_of
from agentkit.model import Options, Request, ToolSpec
from tests.agentkit.endpoints.test_connect import HELLO, Server

KEY = "sk-very-secret-0123"
LOOK = ToolSpec(name="look", description="Look.", parameters={"type": "object", "properties": {}})
MESSAGE = (200, {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"})


def sent(request: Request = HELLO, **options: Any) -> dict[str, Any]:
    server = Server(MESSAGE) if options.get("dialect") == "anthropic" else Server()
    model = connect("m", base_url="http://h/v1", transport=server.transport, **options)
    asyncio.run(model(request))
    return dict(server.bodies()[0])


def test_typed_options_reach_the_body_in_each_dialect() -> None:
    given: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END", "FIN"],
        "max_tokens": 7,
        "reasoning_effort": "low",
    }
    body = sent(**given, seed=3, top_k=5, extra_body={"num_ctx": 9})
    assert {name: body[name] for name in given} == given
    assert (body["seed"], body["top_k"], body["num_ctx"]) == (3, 5, 9)
    body = sent(**given, dialect="anthropic")
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.5, 0.9, 7)
    assert body["stop_sequences"] == ["END", "FIN"]
    assert body["output_config"] == {"effort": "low"}


def test_one_text_is_a_list_of_stops() -> None:
    assert sent(stop="END")["stop"] == ["END"]


def test_a_typed_option_may_stand_in_extra_body_but_not_twice() -> None:
    assert sent(extra_body={"top_p": 0.5})["top_p"] == 0.5
    with pytest.raises(SetupError, match="top_p is given twice"):
        sent(top_p=0.5, extra_body={"top_p": 0.6})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("timeout", "timeout_s"),
        ("max_retries", "retries"),
        ("temprature", "temperature"),
        ("max_completion_tokens", "max_tokens"),
        ("default_headers", "headers"),
        ("api_base", "base_url"),
        ("topp", "top_p"),
        ("presence_penality", "presence_penalty"),
    ],
)
def test_an_unknown_option_is_an_error_that_guesses(name: str, meant: str) -> None:
    with pytest.raises(SetupError, match=f"did you mean {meant}=") as caught:
        connect("m", base_url="http://h/v1", **{name: 1})
    assert name in str(caught.value) and "extra_body" in str(caught.value)


def test_every_guess_is_an_option() -> None:
    assert set(MEANT.values()) <= {*TYPED, *OURS}
    assert not (FIELDS | set(OWNED)) & {*TYPED, *OURS}


@pytest.mark.parametrize("name", ["n", "stream", "messages", "tools", "response_format", "model"])
def test_what_agentkit_writes_itself_is_refused_with_what_to_use(name: str) -> None:
    for options in ({name: 2}, {"extra_body": {name: 2}}):
        with pytest.raises((SetupError, TypeError), match=name):
            connect("m", **{"base_url": "http://h/v1", **options}) if name != "model" else connect(
                "m", base_url="http://h/v1", extra_body={name: 2}
            )


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": KEY},
        {"x-api-key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"extra_headers": {"a": KEY}},
        {"metadata": {"access_token": KEY}},
        {"metadata": [{"password": KEY}]},
        {"user": SecretStr(KEY)},
    ],
)
def test_a_key_is_refused_where_it_would_travel_in_the_body(extra: dict[str, Any]) -> None:
    with pytest.raises(SetupError) as caught:
        connect("m", base_url="http://h/v1", extra_body=extra)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["max_tokens", "min_tokens", "prompt_cache_key", "user"])
def test_what_only_sounds_like_a_key_is_no_key(name: str) -> None:
    assert sent(extra_body={name: 1})[name] == 1


@pytest.mark.parametrize("key", [KEY, SecretStr(KEY)])
def test_headers_are_sent_as_headers_and_shown_nowhere(key: Any) -> None:
    server = Server()
    model = connect(
        "m", base_url="http://h/v1", headers={"X-Gateway-Key": key}, transport=server.transport
    )
    asyncio.run(model(HELLO))
    assert server.requests[0].headers["x-gateway-key"] == KEY
    assert KEY not in json.dumps(server.bodies()) + repr(model) + repr(vars(model))


@pytest.mark.parametrize(
    "headers", [{"a b": "x"}, {"a": "x\ny"}, {"a": "ü"}, {"host": "x"}, {"a": 1}, "a: b"]
)
def test_a_header_that_no_request_can_carry_is_refused(headers: Any) -> None:
    with pytest.raises(SetupError):
        connect("m", base_url="http://h/v1", headers=headers)


def test_a_seed_is_refused_where_the_dialect_has_none() -> None:
    with pytest.raises(SetupError, match="seed"):
        connect("m", base_url="http://h/v1", dialect="anthropic", seed=1)


@pytest.mark.parametrize(
    ("choice", "openai", "anthropic"),
    [
        ("auto", "auto", {"type": "auto"}),
        ("none", "none", {"type": "none"}),
        ("required", "required", {"type": "any"}),
        (
            "look",
            {"type": "function", "function": {"name": "look"}},
            {"type": "tool", "name": "look"},
        ),
    ],
)
def test_a_choice_of_tools_is_said_in_each_dialect(
    choice: str, openai: Any, anthropic: Any
) -> None:
    request = HELLO.model_copy(update={"tools": (LOOK,)})
    assert sent(request, tool_choice=choice)["tool_choice"] == openai
    assert sent(request, tool_choice=choice, dialect="anthropic")["tool_choice"] == anthropic
    assert "tool_choice" not in sent(tool_choice=choice)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1", True),
        ("http://127.0.0.1:8000/v1", "http://localhost:11434/api/v1", True),
        ("http://0.0.0.0:8000/v1", "http://[::1]:8000", True),
        ("https://a.example/v1", "https://a.example/v1/", True),
        ("https://a.example/v1", "https://b.example/v1", False),
        ("https://gateway.example/one/v1", "https://gateway.example/two/v1", False),
        ("http://127.0.0.1:8000/v1", "https://a.example/v1", False),
        ("http://192.168.0.7:8000/v1", "http://192.168.0.8:8000/v1", False),
    ],
)
async def test_a_run_goes_on_with_the_model_it_was_begun_with(
    one: str, other: str, same: bool
) -> None:
    """A local server that was started anew may have another port; another provider is no equal."""
    servers, fails = {url: Server() for url in (one, other)}, [True]

    def team(url: str) -> Any:
        model = connect("m", base_url=url, api_key=KEY, transport=servers[url].transport)
        clerk = Agent("clerk", model=model)

        @pattern
        async def office(task: str) -> str:
            draft = await clerk(task)
            if fails.pop():
                raise ZeroDivisionError
            return (await clerk(f"Go on with {draft.text}")).text

        return office

    log = MemoryLog()
    with pytest.raises(ZeroDivisionError):
        await team(one)("go", log=log, id="r")
    fails.append(False)
    if not same:
        with pytest.raises(TeamChanged, match="clerk was edited"):
            await team(other).resume("r", log=log)
        return
    await team(other).resume("r", log=log)
    assert sum(len(server.bodies()) for server in servers.values()) == 2


def test_a_call_that_is_demanded_is_demanded_once() -> None:
    done = Message(role="tool", call_id="c", content="3")
    request = Request(thread=thread_of([HELLO.thread[0].message, done]), tools=(LOOK,))
    assert "tool_choice" not in sent(request, tool_choice="required")
    assert sent(request, tool_choice="none")["tool_choice"] == "none"
    with pytest.raises(SetupError, match="names no tool"):
        sent(request, tool_choice="lock")


def test_options_are_part_of_what_is_asked_and_keys_are_not() -> None:
    def settings(**options: Any) -> Any:
        return connect("m", **{"base_url": "http://h/v1", **options}).settings  # type: ignore[attr-defined]

    plain = settings()
    for change in ({"temperature": 0}, {"base_url": "http://i/v1"}, {"extra_body": {"top_k": 1}}):
        assert settings(**change) != plain
    hidden = settings(api_key=KEY, headers={"a": KEY}, base_url=f"http://h/v1?key={KEY}")
    assert hidden == plain and KEY not in json.dumps(hidden)
    asked = HELLO.model_copy(update={"settings": settings(temperature=0)})
    assert asked.identity() != HELLO.model_copy(update={"settings": plain}).identity()
    assert Options().model_dump(exclude_defaults=True) == {}
