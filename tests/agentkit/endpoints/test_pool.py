"""Connections that a server closes while a request is on its way."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from agentkit import Agent
from agentkit.endpoints import pool
from agentkit.endpoints.connect import connect
from agentkit.errors import Unreachable
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, thread_of
from agentkit.model import Request

HELLO = Request(thread=thread_of([Message(role="user", content="hello")]))
BODY = json.dumps(
    {
        "choices": [
            {"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop", "index": 0}
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"


class Server:
    """Answers, but of a connection from before `restart` it drops the next request unread."""

    def __init__(self) -> None:
        self.url, self.era = "", 0
        self.requests, self.connections = 0, 0
        self.broken = False
        """Whether it closes each connection instead of answering."""
        self.open: dict[asyncio.StreamWriter, Any] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open[writer] = asyncio.current_task()
        era = self.era
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                await reader.readexactly(length)
                self.requests += 1
                if self.broken or era != self.era:
                    return
                # So that others come meanwhile and need connections of their own.
                await asyncio.sleep(0.02)
                writer.write(REPLY % (len(BODY), BODY))
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.open.pop(writer)
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        serving = list(server.open.values())
        for writer in server.open:
            writer.close()
        await asyncio.gather(*serving)


@pytest.fixture(params=["aiohttp", "httpx"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What sends the requests."""
    if request.param == "httpx":
        monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    return str(request.param)


def model_at(server: Server, retries: int) -> Any:
    return connect("m", base_url=server.url, retries=retries)


async def test_a_request_that_a_kept_connection_lost_goes_over_another(way: str) -> None:
    async with serving() as server:
        model = model_at(server, retries=1)
        await model(HELLO)
        server.era += 1
        log = MemoryLog()
        answer = await Agent("clerk", model=model)("go", log=log)
        assert answer.text == "hi" and (server.connections, server.requests) == (2, 3)
    notes = [one.note for one in log.read(answer.run_id) if isinstance(one, Noted)]
    told = [one for one in notes if one.topic == "retry"]
    assert [(one.wait_s, one.error) for one in told] == [(0, "Unreachable")]
    # Nobody knows whether the lost one was performed, so that it is in the bill.
    assert answer.usage.calls == 2


async def test_of_many_kept_connections_that_are_dead_one_is_enough_to_tell(way: str) -> None:
    async with serving() as server:
        model = model_at(server, retries=1)
        await asyncio.gather(*[model(HELLO) for _ in range(12)])
        assert server.connections == 12
        server.era += 1
        for _ in range(3):
            assert (await model(HELLO)).text == "hi"
        assert server.connections == 13 and server.requests == 12 + 4


async def test_all_at_once_over_dead_connections_are_answered(way: str) -> None:
    async with serving() as server:
        model = model_at(server, retries=1)
        for _ in range(3):
            replies = await asyncio.gather(*[model(HELLO) for _ in range(20)])
            assert [one.text for one in replies] == ["hi"] * 20
            server.era += 1


async def test_a_reply_under_way_outlasts_the_connections_that_turned_out_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    closed: list[Any] = []
    close = httpx.AsyncHTTPTransport.aclose

    async def aclose(transport: httpx.AsyncHTTPTransport) -> None:
        closed.append(transport)
        await close(transport)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "aclose", aclose)
    async with serving() as server:
        model = model_at(server, retries=1)
        await asyncio.gather(model(HELLO), model(HELLO))
        under_way = asyncio.create_task(model(HELLO))
        while server.requests < 3:
            await asyncio.sleep(0)
        server.era += 1
        assert (await model(HELLO)).text == "hi"
        assert (await under_way).text == "hi"
        assert len(closed) == 1 and (server.connections, server.requests) == (3, 5)


class Impatient(BaseHTTPRequestHandler):
    """Answers, and closes a connection that is idle for a moment."""

    protocol_version, timeout = "HTTP/1.1", 0.05

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.wfile.write(REPLY % (len(BODY), BODY))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


async def test_code_that_held_the_loop_hides_no_connection_that_was_closed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "IDLE_S", 0.1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Impatient) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        model = connect("m", base_url=f"http://127.0.0.1:{server.server_port}/v1", retries=0)
        for _ in range(3):
            assert (await model(HELLO)).text == "hi"
            time.sleep(0.3)
        server.shutdown()


async def test_who_wants_no_retries_has_none_and_is_told_what_it_was(way: str) -> None:
    async with serving() as server:
        model = model_at(server, retries=0)
        await model(HELLO)
        server.era += 1
        with pytest.raises(Unreachable) as caught:
            await model(HELLO)
        assert caught.value.was_idle and server.requests == 2
        assert caught.value.may_have_cost
        assert (await model(HELLO)).text == "hi"


async def test_a_server_that_answers_nobody_is_asked_once_more_at_most(way: str) -> None:
    async with serving() as server:
        model = model_at(server, retries=1)
        await model(HELLO)
        server.broken = True
        with pytest.raises(Unreachable) as caught:
            await model(HELLO)
        # Over the kept connection, over a new one, and once again as was asked for.
        assert server.requests == 1 + 3 and not caught.value.was_idle
