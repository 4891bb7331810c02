from __future__ import annotations

import asyncio
import json
import traceback
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentkit.agent import Agent
from agentkit.causes import Tracing, caused_by, step_span, trace_of
from agentkit.endpoints.connect import connect
from agentkit.endpoints.providers import PROVIDERS
from agentkit.errors import (
    EndpointError,
    MissingKey,
    Overloaded,
    Rejected,
    SetupError,
    UnknownModel,
)
from agentkit.events import Cause, StepStarted
from agentkit.logs import open_log
from agentkit.messages import Message, thread_of
from agentkit.model import Model, Options, Request, ToolSpec
from agentkit.opening import run
from agentkit.traces import INSIDE

HELLO = Request(thread=thread_of([Message(role="user", content="hello")]))
HI = {
    "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
    "model": "m",
}
KEY = "sk-very-secret-0123"


class Server:
    """An httpx transport that answers with what is queued, and keeps what it was sent."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers) or [(200, HI)]
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, value = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(status, json=value)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


def url_of(model: Model, server: Server) -> str:
    asyncio.run(model(HELLO))
    return str(server.requests[-1].url)


@pytest.mark.parametrize("name", ["openai", "groq", "mistral", "openrouter", "deepseek", "gemini"])
def test_a_provider_is_asked_at_its_address_with_its_key(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = PROVIDERS[name]
    monkeypatch.setenv(provider.key, KEY)
    server = Server()
    model = connect(f"{name}:m/x:y", transport=server.transport)
    assert url_of(model, server) == provider.base_url + "/chat/completions"
    sent = server.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert server.bodies()[0]["model"] == "m/x:y"
    assert model.name == f"{name}:m/x:y"


def test_anthropic_is_asked_in_its_own_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    server = Server((200, {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}))
    model = connect("anthropic:claude", transport=server.transport)
    assert url_of(model, server) == "https://api.anthropic.com/v1/messages"
    headers = server.requests[0].headers
    assert headers["x-api-key"] == KEY and headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    ("base_url", "dialect", "url"),
    [
        ("http://h:1/v1", None, "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", None, "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/chat/completions", None, "http://h:1/v1/chat/completions"),
        ("http://h:1/api", "openai", "http://h:1/api/chat/completions"),
        ("http://h:1", "anthropic", "http://h:1/v1/messages"),
        ("http://h:1/v1", "anthropic", "http://h:1/v1/messages"),
    ],
)
def test_a_server_of_ones_own_is_asked_at_its_address(
    base_url: str, dialect: Any, url: str
) -> None:
    blocks = [{"type": "text", "text": "hi"}]
    server = Server((200, {**HI, "content": blocks}))
    model = connect("m", base_url=base_url, dialect=dialect, transport=server.transport)
    assert url_of(model, server) == url
    assert not {"authorization", "x-api-key"} & set(server.requests[0].headers)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("box:9", "http://box:9/v1"),
        ("http://box:9/", "http://box:9/v1"),
        ("https://box", "https://box/v1"),
    ],
)
def test_ollama_is_where_its_own_variable_says(
    host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    server = Server()
    model = connect("ollama:llama3.2:1b", transport=server.transport)
    assert url_of(model, server) == url + "/chat/completions"
    assert server.bodies()[0]["model"] == "llama3.2:1b"


def test_without_a_name_no_key_is_ever_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert connect().name == "sim:careful"


def test_the_environment_names_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_MODEL", "local-model")
    monkeypatch.setenv("AGENTKIT_BASE_URL", "http://127.0.0.1:8/v1")
    monkeypatch.setenv("AGENTKIT_API_KEY", KEY)
    server = Server()
    model = connect(transport=server.transport)
    assert url_of(model, server) == "http://127.0.0.1:8/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_providers_key_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AGENTKIT_BASE_URL", "http://127.0.0.1:8/v1")
    server = Server()
    asyncio.run(connect("m", transport=server.transport)(HELLO))
    assert "authorization" not in server.requests[0].headers
    model = connect("openai:m", transport=server.transport)
    assert url_of(model, server) == "https://api.openai.com/v1/chat/completions"


def test_a_key_may_stand_in_dotenv(own_folder: Path) -> None:
    (own_folder / ".env").write_text(f"# mine\nexport OPENAI_API_KEY='{KEY}'\n")
    server = Server()
    asyncio.run(connect("openai:m", transport=server.transport)(HELLO))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_missing_key_names_the_variable_and_the_way_on() -> None:
    with pytest.raises(MissingKey) as caught:
        connect("openai:gpt-5-mini")
    assert "OPENAI_API_KEY" in str(caught.value) and "sim:careful" in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SetupError) as caught:
        connect("openai:m", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_the_key_is_in_no_repr_error_or_traceback(name: str) -> None:
    server = Server((401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}))
    model = connect(f"{name}:m", api_key=KEY, retries=0, transport=server.transport)
    with pytest.raises(Rejected) as caught:
        asyncio.run(model(HELLO))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [f for f in told.stack if f.filename.startswith(INSIDE)]
    shown = repr([frame.locals for frame in ours]) + repr(model) + repr(vars(model))
    assert ours and KEY not in shown + str(caught.value) + repr(caught.value.context)
    assert f"{name.upper()}_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("opnai:gpt-5", "openai:gpt-5"),
        ("antropic:claude", "anthropic:claude"),
        ("gpt-5-mini", "openai:gpt-5-mini"),
        ("claude-sonnet-4-5", "anthropic:claude-sonnet-4-5"),
        ("careful", "sim:careful"),
        ("openai:", "openai:MODEL"),
        ("sim:carefull", "sim:careful"),
        ("sim:", "sim:"),
        ("some-model", "base_url"),
        ("", "sim:careful"),
    ],
)
def test_an_unknown_name_lists_the_known_and_guesses(name: str, hint: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        connect(name)
    assert hint in str(caught.value) and "sim" in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout_s": 0},
        {"timeout_s": "fast"},
        {"timeout_s": float("inf")},
        {"retries": -1},
        {"retries": 1.5},
        {"max_tokens": 0},
        {"temperature": "hot"},
        {"price": (1,)},
        {"price": (1, -1)},
        {"dialect": "klingon"},
        {"base_url": "not a url"},
        {"base_url": "ftp://h/v1"},
        {"base_url": "http://user:pass@h/v1"},
        {"base_url": "http://h:99999/v1"},
    ],
)
def test_a_senseless_option_is_refused_before_anything_is_sent(options: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        connect("m", **{"base_url": "http://h/v1", **options})


def test_options_of_connect_hold_where_a_request_leaves_them_open() -> None:
    server = Server()
    model = connect(
        "m",
        base_url="http://h/v1",
        temperature=0.5,
        seed=1,
        transport=server.transport,
        top_p=0.9,
        user="u",
    )
    given = Options(temperature=0.0, max_tokens=5, extra={"user": "v"})
    asyncio.run(model(HELLO))
    asyncio.run(model(HELLO.model_copy(update={"options": given})))
    first, second = server.bodies()
    assert (first["temperature"], first["seed"], first["top_p"], first["user"]) == (
        0.5,
        1,
        0.9,
        "u",
    )
    expected = {"temperature": 0.0, "seed": 1, "max_tokens": 5, "top_p": 0.9, "user": "v"}
    assert {name: second[name] for name in expected} == expected


def test_the_key_of_a_request_is_sent_and_who_asks_only_on_this_machine() -> None:
    request = HELLO.model_copy(update={"key": "k1", "actor": "Zoë 50%/a"})
    for base_url, actor in (("http://127.0.0.1:1/v1", "Zo%C3%AB 50%25/a"), ("https://h/v1", None)):
        server = Server()
        asyncio.run(connect("m", base_url=base_url, transport=server.transport)(request))
        headers = server.requests[0].headers
        assert headers["idempotency-key"] == "k1"
        assert headers.get("x-agentkit-actor") == actor


@pytest.mark.parametrize(
    ("base_url", "exported", "caused", "told"),
    [
        ("http://127.0.0.1:1/v1", False, False, set()),
        ("http://127.0.0.1:1/v1", False, True, {"traceparent", "tracestate"}),
        ("http://127.0.0.1:1/v1", True, False, {"traceparent", "tracestate"}),
        ("https://h/v1", False, True, set()),
        ("https://h/v1", True, True, {"traceparent"}),
    ],
)
def test_the_trace_of_a_run_goes_along_where_somebody_traces_it(
    base_url: str, exported: bool, caused: bool, told: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    monkeypatch.setattr(Tracing, "exporters", int(exported))
    clerk = Agent("clerk", model=connect("m", base_url=base_url, transport=server.transport))
    cause = Cause(
        trace="4bf92f3577b34da6a3ce929d0e0e4736", span="00f067aa0ba902b7", state="x=secret"
    )
    log = open_log("memory:")
    with caused_by(cause if caused else None):
        answer = asyncio.run(clerk("hello", log=log))
    headers = server.requests[0].headers
    assert {one for one in headers if one.startswith("trace")} == told
    if told:
        begun = next(one for one in log.read(answer.run_id) if isinstance(one, StepStarted))
        trace = cause.trace if caused else trace_of(answer.run_id)
        span = step_span(answer.run_id, begun.key)
        assert headers["traceparent"] == f"00-{trace}-{span}-01"


def test_a_header_of_ones_own_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setattr(Tracing, "exporters", 1)
    given = {"TraceParent": "mine"}
    model = connect("m", base_url="https://h/v1", headers=given, transport=server.transport)
    asyncio.run(Agent("clerk", model=model)("hello", log=open_log("memory:")))
    assert server.requests[0].headers["traceparent"] == "mine"


def test_a_price_of_ones_own_gives_the_cost() -> None:
    server = Server()
    model = connect("m", base_url="http://h/v1", price=(1.0, 10.0), transport=server.transport)
    assert asyncio.run(model(HELLO)).cost_usd == pytest.approx(0.002)
    model = connect("m", base_url="http://h/v1", transport=server.transport)
    assert asyncio.run(model(HELLO)).cost_usd is None


def test_a_listed_model_has_its_list_price() -> None:
    server = Server()
    model = connect("openai:gpt-4o", api_key=KEY, transport=server.transport)
    assert asyncio.run(model(HELLO)).cost_usd == pytest.approx(0.0035)


def test_a_spelling_that_the_server_refuses_is_learnt() -> None:
    refusal = {
        "error": {"message": "Unsupported parameter: 'max_tokens'. Use max_completion_tokens"}
    }
    server = Server((400, refusal), (200, HI))
    model = connect("m", base_url="http://h/v1", max_tokens=9, transport=server.transport)
    for _ in range(2):
        assert asyncio.run(model(HELLO)).text == "hi"
    names = [{"max_tokens", "max_completion_tokens"} & set(body) for body in server.bodies()]
    assert names == [{"max_tokens"}, {"max_completion_tokens"}, {"max_completion_tokens"}]


def test_a_server_that_refuses_every_spelling_is_not_asked_for_ever() -> None:
    refusal = {"error": {"message": "neither max_tokens nor max_completion_tokens"}}
    server = Server((400, refusal))
    model = connect("m", base_url="http://h/v1", max_tokens=9, transport=server.transport)
    with pytest.raises(Rejected):
        asyncio.run(model(HELLO))
    assert len(server.requests) == 3


def test_retries_are_counted_beyond_the_first_attempt() -> None:
    server = Server((500, {}))
    model = connect("m", base_url="http://h/v1", retries=0, transport=server.transport)
    with pytest.raises(Overloaded):
        asyncio.run(model(HELLO))
    assert len(server.requests) == 1


def test_what_is_not_json_is_refused_before_anything_is_sent() -> None:
    server = Server()
    model = connect("m", base_url="http://h/v1", transport=server.transport, top_p=float("nan"))
    with pytest.raises(SetupError):
        asyncio.run(model(HELLO))
    assert not server.requests


def test_a_lone_surrogate_does_not_stop_a_request() -> None:
    server = Server()
    model = connect("m", base_url="http://h/v1", transport=server.transport, user="a\ud800b")
    asyncio.run(model(HELLO))
    assert server.bodies()[0]["user"] == "a?b"


async def test_nobody_at_an_address_is_a_typed_error_with_the_way_on() -> None:
    model = connect("ollama:x", base_url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(EndpointError) as caught:
        await model(HELLO)
    assert "Connection refused" in str(caught.value) and "ollama serve" in str(caught.value)


def test_a_model_is_a_model_and_says_where_it_is() -> None:
    model = connect("m", base_url="http://h:1/v1")
    assert isinstance(model, Model)
    assert "m" in repr(model) and "http://h:1/v1" in repr(model)


async def test_a_connection_is_given_five_seconds_and_silence_is_timed_here() -> None:
    server = Server()
    await connect("m", base_url="http://h/v1", transport=server.transport)(HELLO)
    assert server.requests[0].extensions["timeout"]["connect"] == 5.0
    assert server.requests[0].extensions["timeout"]["read"] is None


async def test_what_was_learnt_is_noted_in_the_run() -> None:
    refusal = {"error": {"message": "Unrecognized request argument: seed"}}
    server = Server((400, refusal), (200, HI))
    model = connect("m", base_url="http://h/v1", seed=7, transport=server.transport)
    log = open_log("memory:")
    async with run(log=log) as here:
        await model(HELLO)
    notes = [e.data for e in log.read(here.id) if e.kind == "noted" and e.topic == "adapted"]
    assert notes == [{"model": "m", "to": ["no seed"]}]


@pytest.mark.parametrize(
    ("name", "variable", "path"),
    [
        ("openai:m", "OPENAI_BASE_URL", "/v1/chat/completions"),
        ("groq:m", "GROQ_BASE_URL", "/v1/chat/completions"),
        ("anthropic:m", "ANTHROPIC_BASE_URL", "/v1/messages"),
    ],
)
def test_the_providers_own_variable_names_another_address(
    name: str, variable: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:8/v1")
    block = {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}
    server = Server((200, {**HI, **block}))
    model = connect(name, api_key=KEY, transport=server.transport)
    assert url_of(model, server) == f"http://127.0.0.1:8{path}"
    assert KEY in str(server.requests[0].headers.raw)
    other = connect(name, base_url="http://127.0.0.1:9/v1", transport=server.transport)
    assert url_of(other, server) == f"http://127.0.0.1:9{path}"


def test_the_query_of_an_address_stays_behind_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    model = connect("m", base_url="http://h/v1/?a=b%20c&d=e", transport=server.transport)
    assert url_of(model, server) == "http://h/v1/chat/completions?a=b%20c&d=e"


AZURE = "https://mine.openai.azure.com"
DEPLOYED = f"{AZURE}/openai/deployments/gpt/chat/completions?api-version="


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        (None, f"{DEPLOYED}2024-10-21"),
        (AZURE + "/", f"{DEPLOYED}2024-10-21"),
        (f"{AZURE}/openai", f"{DEPLOYED}2024-10-21"),
        (f"{AZURE}?api-version=2025-01-01", f"{DEPLOYED}2025-01-01"),
        (f"{AZURE}/openai/deployments/gpt?api-version=x", f"{DEPLOYED}x"),
        (f"{AZURE}/openai/v1/", f"{AZURE}/openai/v1/chat/completions"),
    ],
)
def test_azure_is_asked_at_its_deployment_with_its_header(
    base_url: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", AZURE)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    server = Server()
    model = connect("azure:gpt", base_url=base_url, transport=server.transport)
    assert url_of(model, server) == url
    headers = server.requests[0].headers
    assert headers["api-key"] == KEY and "authorization" not in headers


def test_azure_without_an_address_or_a_key_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SetupError, match="AZURE_OPENAI_ENDPOINT"):
        connect("azure:gpt")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", AZURE)
    with pytest.raises(MissingKey, match="AZURE_OPENAI_API_KEY"):
        connect("azure:gpt")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
    server = Server()
    model = connect("azure:gpt", headers={"Authorization": "Bearer t"}, transport=server.transport)
    assert url_of(model, server) == f"{DEPLOYED}2025-04-01-preview"
    assert server.requests[0].headers["authorization"] == "Bearer t"


def test_azure_is_asked_as_the_official_client_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    openai = pytest.importorskip("openai")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", AZURE)
    official = openai.AzureOpenAI(
        azure_endpoint=AZURE, azure_deployment="gpt", api_key=KEY, api_version="2024-10-21"
    )
    server = Server()
    model = connect("azure:gpt", api_key=KEY, transport=server.transport)
    asked = httpx.URL(url_of(model, server))
    assert str(asked.copy_with(query=None)) == f"{official.base_url}chat/completions"
    assert dict(asked.params) == dict(official.default_query)


@pytest.mark.parametrize("where", ["key", "header", "query"])
@pytest.mark.parametrize("fails", ["refused", "unreachable", "setup"])
def test_a_secret_is_in_no_frame_of_ours_wherever_it_was_given(where: str, fails: str) -> None:
    server = Server((401, {"error": {"message": f"Incorrect key: {KEY}"}}))
    options: dict[str, Any] = {"base_url": "http://127.0.0.1:9/v1", "retries": 0}
    if where == "key":
        options["api_key"] = KEY
    elif where == "header":
        options["headers"] = {"x-key": f"Bearer {KEY}"}
    else:
        options["base_url"] += f"?key={KEY}"
    if fails == "refused":
        options["transport"] = server.transport
    elif fails == "setup":
        options["temprature"] = 1
    with pytest.raises((EndpointError, SetupError)) as caught:
        model = connect("m", **options)
        assert KEY not in repr(model) + repr(vars(model))
        asyncio.run(model(HELLO))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = str(caught.value) + repr(caught.value.context)
    while told:
        ours = [f for f in told.stack if f.filename.startswith(INSIDE)]
        shown += repr([frame.locals for frame in ours])
        told = told.__cause__ or told.__context__  # type: ignore[assignment]
    assert KEY not in shown


@pytest.mark.parametrize("url", ["http://h:x/v1?key=", "ftp://h/v1?key=", "http://u:{}@h/v1?key="])
def test_an_address_that_cannot_be_used_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(SetupError) as caught:
        connect("m", base_url=url.format(KEY) + KEY)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [f for f in told.stack if f.filename.startswith(INSIDE)]
    assert KEY not in str(caught.value) + repr([frame.locals for frame in ours])


@pytest.mark.parametrize("variable", ["AGENTKIT", "OPENAI"])
@pytest.mark.parametrize("source", ["environment", "argument", "header"])
def test_an_address_in_dotenv_gets_no_key_from_elsewhere(
    variable: str, source: str, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "m" if variable == "AGENTKIT" else "openai:m"
    (own_folder / ".env").write_text(f"{variable}_BASE_URL=http://127.0.0.1:8/v1\n")
    options: dict[str, Any] = {}
    if source == "environment":
        monkeypatch.setenv(f"{variable}_API_KEY", KEY)
    else:
        options = {"api_key": KEY} if source == "argument" else {"headers": {"x-key": KEY}}
    with pytest.raises(SetupError, match=f"{variable}_BASE_URL stands in .env") as caught:
        connect(name, **options)
    assert KEY not in str(caught.value)
    monkeypatch.setenv(f"{variable}_BASE_URL", "http://127.0.0.1:8/v1")
    connect(name, **options)


def test_an_address_in_dotenv_gets_the_key_beside_it_as_it_is_written(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AGENTKIT_API_KEY", KEY)
    for written in ("plain-key", "${OPENAI_API_KEY}"):
        lines = f"AGENTKIT_BASE_URL=http://127.0.0.1:8/v1\nAGENTKIT_API_KEY={written}\n"
        (own_folder / ".env").write_text(lines)
        server = Server()
        asyncio.run(connect("m", transport=server.transport)(HELLO))
        assert server.requests[0].headers["authorization"] == f"Bearer {written}"


@pytest.mark.parametrize("base_url", ["https://api.example.com/v1", "http://api.example.com/v1"])
async def test_a_dead_proxy_is_named(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://user:proxy-password@127.0.0.1:9")
    model = connect("m", base_url=base_url, retries=0)
    with pytest.raises(EndpointError) as caught:
        await model(HELLO)
    assert "the proxy http://127.0.0.1:9" in str(caught.value)
    assert "HTTPS_PROXY" in str(caught.value) and "proxy-password" not in str(caught.value)


async def test_a_proxy_is_told_its_user_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps(HI).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pass@127.0.0.1:{port}")
    async with server:
        reply = await connect("m", base_url="http://api.example.com/v1", retries=0)(HELLO)
    assert reply.text == "hi"
    assert heads[0].startswith(b"POST http://api.example.com/v1/chat/completions")
    assert b"basic dXNlcjpwYXNz" in heads[0].replace(b"Basic", b"basic")


def refusing(*, words: str, when: Any) -> tuple[Model, list[dict[str, Any]]]:
    """A model whose server refuses some bodies in these words, and the bodies it was sent."""
    bodies: list[dict[str, Any]] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(asked.content))
        if when(bodies[-1]):
            return httpx.Response(400, json={"error": {"message": words}})
        return httpx.Response(200, json=HI)

    return connect("m", base_url="http://h/v1", transport=httpx.MockTransport(answer)), bodies


def typed(title: str, **fields: Any) -> Request:
    output = {"type": "object", "title": title, "properties": {}, "required": []}
    return HELLO.model_copy(update={"output": output, **fields})


def form_of(body: dict[str, Any]) -> str:
    return str(body.get("response_format", {}).get("type", "words"))


def test_a_refused_schema_says_nothing_about_other_schemas() -> None:
    model, bodies = refusing(
        words="Invalid schema for response_format 'Boat'",
        when=lambda body: form_of(body) == "json_schema" and "Boat" in str(body),
    )
    for title in ("Port", "Boat", "Boat", "Port", "Ship"):
        asyncio.run(model(typed(title)))
    forms = ["json_schema", "json_schema", "json_object", "json_object"]
    assert list(map(form_of, bodies)) == [*forms, "json_schema", "json_schema"]


LOOK = ToolSpec(name="look", description="Look.", parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(
    "words",
    [
        "json mode cannot be combined with tool/function calling",
        "Function calling with a response mime type: 'application/json' is unsupported",
        "cannot specify response_format and tools",
        "response_format is not supported here",
    ],
)
def test_a_schema_goes_in_words_where_tools_refuse_it(words: str) -> None:
    model, bodies = refusing(
        words=words, when=lambda body: "tools" in body and "response_format" in body
    )
    for _ in range(2):
        asyncio.run(model(typed("Port", tools=(LOOK,))))
    asyncio.run(model(typed("Port")))
    assert form_of(bodies[-3]) == form_of(bodies[-2]) == "words"
    assert "JSON Schema" in bodies[-2]["messages"][0]["content"] and bodies[-2]["tools"]
    assert form_of(bodies[-1]) == "json_schema"
    assert len(bodies) <= 5


def test_another_refusal_is_not_mended() -> None:
    model, bodies = refusing(words="no such model", when=lambda _: True)
    with pytest.raises(Rejected, match="no such model"):
        asyncio.run(model(typed("Port", tools=(LOOK,))))
    assert len(bodies) == 1


def test_a_refused_value_of_a_field_says_nothing_about_the_field() -> None:
    model, bodies = refusing(
        words="seed must be less than 100", when=lambda body: body.get("seed", 0) >= 100
    )
    for seed in (5, 500, 6):
        asyncio.run(model(HELLO.model_copy(update={"options": Options(seed=seed)})))
    assert [body.get("seed") for body in bodies] == [5, 500, None, 6]
