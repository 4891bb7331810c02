"""The page of endpoints: what it says of each dialect and each service is probed here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from agentkit import Agent, tool
from agentkit.endpoints.connect import connect
from agentkit.endpoints.endpoint import Endpoint
from agentkit.endpoints.prompted.model import Prompted
from agentkit.endpoints.providers import DIALECTS, PROVIDERS, spoken
from agentkit.errors import AgentkitError, SetupError, UnsupportedPart
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Options, Request
from agentkit.parts import File, Image
from agentkit.reliability.wrapper import endpoint_of
from agentkit.sim import server as sim
from tests.conftest import ROOT
from tests.media import pdf, png, wav

PAGE = (ROOT / "docs" / "how-to" / "endpoints.md").read_text(encoding="utf-8")
PARTS = {
    "image": Image.from_bytes(png(), name="a.png"),
    "image by URL": Image.from_url("https://example.com/a.png"),
    "PDF": File.from_bytes(pdf(), name="a.pdf"),
    "PDF by URL": File.from_url("https://example.com/a.pdf"),
    "sound": File.from_bytes(wav(), name="a.wav"),
    "text file": File.from_bytes(b"a,b\n", name="a.csv"),
}
IMAGE = PARTS["image"]


class Product(BaseModel):
    product: int


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 2.64 * tonnes


def body(dialect: str, *messages: Message) -> dict[str, Any]:
    request = Request(thread=thread_of(messages))
    return spoken(dialect).body(request, "m", Options(), False)


def takes(dialect: str, part: Any) -> bool:
    """Whether a dialect has a form for a part."""
    try:
        body(dialect, Message(role="user", content=["What?", part]))
    except UnsupportedPart:
        return False
    return True


def shows(dialect: str) -> bool:
    """Whether an image that a tool returned stays in the tool's own result."""
    call = Message(role="assistant", calls=(ToolCall(id="c", name="draw", arguments="{}"),))
    result = Message(role="tool", call_id="c", content=["Drawn.", IMAGE])
    sent = body(dialect, call, result)
    return "image" in json.dumps((sent.get("input") or sent["messages"])[-1]) and not any(
        one.get("role") == "user" and "beside" in json.dumps(one)
        for one in sent.get("messages", ())
    )


THOUGHT: dict[str, Any] = {
    "openai": {
        "choices": [
            {"message": {"content": "2", "reasoning_content": "hm"}, "finish_reason": "stop"}
        ]
    },
    "responses": {
        "status": "completed",
        "output": [
            {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "hm"},
            {"type": "message", "role": "assistant", "id": "m",
             "content": [{"type": "output_text", "text": "2"}]},
        ],
    },
    "anthropic": {
        "stop_reason": "end_turn",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "2"},
        ],
    },
}  # fmt: skip


def thinks(dialect: str) -> bool:
    """Whether what a model thought before its answer is sent back with it."""
    said = spoken(dialect).read(THOUGHT[dialect], "").reply.message
    return '"hm"' in json.dumps(body(dialect, said))


def sets(dialect: str, **option: Any) -> bool:
    try:
        connect("m", base_url="http://127.0.0.1:1/v1", dialect=dialect, **option)  # type: ignore[arg-type]
    except SetupError:
        return False
    return True


def abilities() -> dict[str, list[bool]]:
    """What each dialect can, found out by trying."""
    found = {name: [takes(one, part) for one in DIALECTS] for name, part in PARTS.items()}
    found["image that a tool returns, in its result"] = [shows(one) for one in DIALECTS]
    found["thought of an earlier answer"] = [thinks(one) for one in DIALECTS]
    found["`seed=`"] = [sets(one, seed=3) for one in DIALECTS]
    found["`stop=`"] = [sets(one, stop="END") for one in DIALECTS]
    found["`prompt_cache=`"] = [sets(one, prompt_cache=True) for one in DIALECTS]
    return found


def test_the_table_of_dialects_is_what_they_do() -> None:
    rows = [f"| {name} | {' | '.join('yes' if one else 'no' for one in cells)} |"
            for name, cells in abilities().items()]  # fmt: skip
    table = "\n".join(rows)
    assert table in PAGE, f"write this into the page:\n{table}"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with sim.start(speed=0.0) as server:
        yield f"{server.url}/v1"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_talks_streams_calls_and_fills_a_type(
    address: str, dialect: Any
) -> None:
    model, log = connect("careful", base_url=address, dialect=dialect), MemoryLog()
    clerk = Agent("clerk", "Use your tools.", model=model, tools=[tariff])
    said = [one async for one in clerk.stream("What are the dues for 30 t in Amber?", log=log)]
    deltas = [one.text for one in said[:-1] if one.kind == "delta"]
    assert "79.2" in "".join(deltas) == said[-1].text
    answer = await Agent("sum", model=model)("The product of 17 and 23?", output=Product, log=log)
    assert answer.data == Product(product=391) and answer.usage.tokens_in > 0


def services() -> list[tuple[str, str, str, str]]:
    """The rows of services: what is written, its dialect, the address, what carries the key."""
    rows = re.findall(
        r"^\| [^|]+ \| `(connect\(.+?\))` \| (\w+) \| `(https?://[^`]+)` \|([^|]*)\|", PAGE, re.M
    )
    return [(code, dialect, url, key.strip()) for code, dialect, url, key in rows]


async def asked(code: str) -> tuple[str, str, httpx.Headers]:
    """In which dialect, which address and with which headers a line of the table asks."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418, json={"error": {"message": "a teapot"}})

    transport = httpx.MockTransport(answer)
    made = eval(code[:-1] + ", transport=transport, retries=0)", {"connect": connect}, locals())
    request = Request(thread=thread_of([Message(role="user", content="hi")]))
    with pytest.raises(AgentkitError):
        await made(request)
    endpoint = endpoint_of(made)
    endpoint = endpoint.model if isinstance(endpoint, Prompted) else endpoint
    assert isinstance(endpoint, Endpoint)
    return endpoint.dialect.name, str(seen[0].url), seen[0].headers


@pytest.mark.parametrize("row", services(), ids=lambda row: row[2])
async def test_a_line_of_the_table_asks_that_address_with_the_key_in_that_place(
    row: tuple[str, str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, dialect, url, places = row
    for provider in PROVIDERS.values():
        if provider.key:
            monkeypatch.setenv(provider.key, "KEY")
            monkeypatch.delenv(provider.base_url_variable, raising=False)
    monkeypatch.delenv("AGENTKIT_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://name.openai.azure.com")
    spoken_there, found, headers = await asked(code)
    assert (spoken_there, found) == (dialect, url)
    carried = [
        name for name in ("authorization", "x-api-key", "api-key") if "KEY" in headers.get(name, "")
    ]
    assert carried == re.findall(r"`([a-z-]+)`", places)


def test_every_provider_that_connect_knows_stands_in_the_table() -> None:
    named = {code.split('"')[1].partition(":")[0] for code, *_ in services()}
    assert set(PROVIDERS) <= named
    assert len(services()) == len(re.findall(r"^\| [^|]+ \| `connect\(", PAGE, re.M))
