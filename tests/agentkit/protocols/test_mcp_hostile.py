"""Servers that mean no good, or do not work: a typed error, and nothing let in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log
from agentkit.errors import PeerError, Unsettled
from agentkit.given import NOT_GIVEN, Context
from agentkit.protocols import (
    McpTools,
    PeerAbsent,
    PeerChanged,
    PeerDenied,
    PeerProtocolError,
    PeerRejected,
    PeerTimedOut,
    PeerUnreachable,
    mcp_tools,
)
from agentkit.protocols.mcp import thread
from agentkit.testing import ScriptedModel, call
from agentkit.tools import Arguments

HOSTILE = str(Path(__file__).with_name("hostile.py"))


async def opened(how: str, **more: Any) -> McpTools:
    more = {"timeout_s": 5, "connect_timeout_s": 10, "version": "legacy", "show": None} | more
    return await mcp_tools([sys.executable, "-S", HOSTILE, how], **more)


async def use(tools: McpTools, name: str) -> Any:
    (tool,) = (one for one in tools if one.name == name)
    return await tool.perform(tool.check("{}"), Context(NOT_GIVEN))


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [
        ("never", PeerTimedOut, "within 0.3 s"),
        ("flood", PeerTimedOut, "within 0.3 s"),
        ("deep", PeerTimedOut, "within 0.3 s"),
        ("die", PeerUnreachable, "arg"),
        ("large", PeerProtocolError, "more than 50 MB"),
        ("malformed", PeerProtocolError, "valid list"),
    ],
)
async def test_a_call_ends_with_a_typed_error(how: str, kind: type[PeerError], says: str) -> None:
    limit_s = 0.3 if kind is PeerTimedOut else 20
    tools = await opened(how, timeout_s=limit_s)
    try:
        with pytest.raises(kind, match=says):
            await use(tools, "go")
    finally:
        await tools.server.close()


async def test_a_call_that_is_cut_off_is_in_doubt_and_the_server_starts_again() -> None:
    tools = await opened("die", effects="once")
    pid = tools.server.pid
    model = ScriptedModel([call("go")], "it may have happened")
    answer = await Agent("clerk", model=model, tools=tools)("End it")
    told = model.requests[-1].thread[-1].message.text
    assert "Its last words:" in told and "It may have happened all the same" in told
    assert len(answer.doubts) == 1 and not tools.server.alive
    assert len(await tools.server.tools()) == 1
    assert tools.server.pid not in (None, pid)
    await tools.server.close()


async def test_what_died_before_a_call_is_started_again_and_nothing_is_in_doubt() -> None:
    tools = await opened("well", effects="once")
    pid = tools.server.pid
    assert pid is not None
    thread.loop().call_soon_threadsafe(time.sleep, 0.5)  # Nobody notices its end meanwhile.
    os.kill(pid, signal.SIGKILL)
    assert await use(tools, "go") == "ok" and tools.server.pid not in (None, pid)
    await tools.server.close()


async def test_a_run_that_is_stopped_in_a_call_asks_whether_it_happened() -> None:
    shown: list[str] = []
    tools = await opened("never", effects="once", timeout_s=None, show=shown.append)
    clerk = Agent("clerk", model=ScriptedModel([call("go")], "done"), tools=tools)
    ask = asyncio.ensure_future(clerk("Do it"))
    while not shown:  # Only what has reached the server can have happened.
        assert not ask.done(), ask
        await asyncio.sleep(0.01)
    ask.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ask
    run = open_log().runs()[0].id
    with pytest.raises(Unsettled, match="go"):
        await clerk.resume(run)
    answer = await clerk.resume(run, settle={"go": "it was done"})
    assert answer.text == "done"
    await tools.server.close()


async def test_lines_that_are_no_messages_are_shown_and_harm_nothing() -> None:
    shown: list[str] = []
    tools = await opened("garbage", show=shown.append)
    assert await use(tools, "go") == "ok"
    assert "[hostile] hello there" in shown
    await tools.server.close()


async def test_a_tool_that_changes_is_not_called_until_it_is_listed_again() -> None:
    tools = await opened("changes")
    assert await use(tools, "go") == "ok"
    with pytest.raises(PeerChanged, match="changed what it says of its tool go"):
        await use(tools, "go")
    again = await tools.server.tools()
    assert again[0].spec.description == "now it deletes everything"
    assert again[0].effect == "once"
    assert await use(again, "go") == "ok"
    with pytest.raises(PeerChanged):
        await use(tools, "go")
    await tools.server.close()


async def test_tools_with_lies_are_left_out_and_lies_of_results_are_not_believed() -> None:
    tools = await opened("schema")
    assert sorted(tools.left_out) == ["bad", "huge"]
    told = str(await use(tools, "go"))
    assert told.startswith("lie") and "does not fit its own schema" in told
    with pytest.raises(PeerProtocolError, match="not what it declares"):
        await use(tools, "gopure")
    await tools.server.close()


async def test_of_tools_of_one_name_none_takes_the_place_of_another() -> None:
    tools = await opened("twins")
    assert [one.name for one in tools] == ["b_c"]
    assert "two tools of that name" in tools.left_out["a"]
    await tools.server.close()


async def test_hidden_words_of_a_description_are_shown_to_people_and_models_alike() -> None:
    tools = await opened("words")
    assert "\\u202e" in tools[0].spec.description and "\x1b" not in tools[0].spec.description
    await tools.server.close()


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [
        ("mute", PeerAbsent, "did not answer within 0.5 s"),
        ("version", PeerProtocolError, "1999-01-01"),
        ("nothing", PeerAbsent, "ended before"),
    ],
)
async def test_a_server_that_cannot_be_agreed_with(
    how: str, kind: type[PeerError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await opened(how, connect_timeout_s=0.5 if how == "mute" else 10)
    with pytest.raises(PeerAbsent, match="cannot be started"):
        await mcp_tools(["no-such-program-here"])


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


def answering(head: str, body: bytes = b"") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).lower()
        # What is left unread when a connection is closed takes the answer away from its reader.
        if b"content-length:" in asked:
            await reader.readexactly(int(asked.partition(b"content-length:")[2].split(b"\r")[0]))
        # The client may ask again: not over a connection that is closed in that moment.
        told = f"Content-Length: {len(body)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 {head}\r\n{told}\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()
        writer.close()

    return answer


async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


JSON_HEAD = "200 OK\r\nContent-Type: application/json"


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (answering("401 Unauthorized"), PeerDenied, "answered 401"),
        (answering("403 Forbidden", b"\x1b[2Jgo away"), PeerDenied, r"\\u001b\[2Jgo away"),
        (answering("307 Moved\r\nLocation: http://127.0.0.2:9/mcp"), PeerRejected, "127.0.0.2"),
        (answering("302 Moved\r\nLocation: http://evil.example/"), PeerRejected, "evil.example"),
        (answering(JSON_HEAD, b"x" * 49 * 1024 * 1024), PeerProtocolError, "more than 50 MB"),
        (
            answering(f"{JSON_HEAD}\r\nContent-Encoding: gzip", b"x"),
            PeerProtocolError,
            "packed its answer",
        ),
        (answering(JSON_HEAD, b"<html>"), PeerRejected, "Failed to parse"),
        (answering("200 OK\r\nContent-Type: text/html", b"<html>"), PeerRejected, "content type"),
        (broken, PeerAbsent, "ended before"),
    ],
)
async def test_an_address_that_answers_otherwise(
    answer: Answer, kind: type[PeerError], says: str
) -> None:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("")
        await answer(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(kind, match=says):
            await mcp_tools(
                f"http://127.0.0.1:{port}/mcp", headers={"Authorization": "Bearer secret-token"}
            )
    assert asked


CALL = b"HTTP/1.1 200 OK\r\nContent-Type: "
BREAKS = [
    (CALL, "the server ended the connection"),
    (CALL + b"application/json\r\nContent-Length: 9\r\n\r\n{", "the answer broke off"),
    (CALL + b"text/event-stream\r\n\r\ndata: {", "ended before it answered"),
    (CALL + b"x\r\n" + b"x: y\r\n" * 9999, "Too many headers"),
    (b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\n\r\n", "sends on to 169.254.169.254"),
]


@pytest.mark.parametrize(("said", "words"), BREAKS, ids=[one[1] for one in BREAKS])
async def test_a_call_over_http_that_breaks_off_says_how(
    said: bytes, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length:")[2].split(b"\r")[0]
                asked = json.loads(await reader.readexactly(int(length or 0)) or b"{}")
                if asked.get("method") == "tools/call":
                    writer.write(said)
                    await writer.drain()
                    break
                told = json.dumps(over_http(asked)).encode() if "id" in asked else b""
                kind = f"Content-Type: application/json\r\nContent-Length: {len(told)}"
                status = "200 OK" if told else "202 Accepted"
                writer.write(f"HTTP/1.1 {status}\r\n{kind}\r\n\r\n".encode() + told)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        tools = await mcp_tools(f"http://127.0.0.1:{port}/mcp", version="legacy", timeout_s=10)
        with pytest.raises((PeerUnreachable, PeerRejected), match=words):
            await tools.go.perform(Arguments({}), Context(NOT_GIVEN))
        await tools.server.close()
    assert "Traceback" not in capfd.readouterr().err


def over_http(asked: dict[str, Any]) -> dict[str, Any]:
    """What a server of one tool answers until it is called."""
    about = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
    about["serverInfo"] = {"name": "h", "version": "1"}
    tool = {"name": "go", "description": "x", "inputSchema": {"type": "object"}}
    found = {"initialize": about, "tools/list": {"tools": [tool]}}
    return {"jsonrpc": "2.0", "id": asked["id"], "result": found[asked["method"]]}


async def test_nobody_listens() -> None:
    with pytest.raises(PeerAbsent, match="cannot be reached: ConnectError: Connection refused\n"):
        await mcp_tools("http://127.0.0.1:9/mcp")
