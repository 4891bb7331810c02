"""Whatever a server does, asking it ends in time with a reply or an EndpointError."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
import struct
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.endpoints.connect import connect
from agentkit.errors import (
    BadReply,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    TimedOut,
    Unreachable,
)
from agentkit.messages import Message, thread_of
from agentkit.model import Reply, Request

HELLO = Request(thread=thread_of([Message(role="user", content="hello")]))
OK = json.dumps(
    {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": None}
).encode()
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
CHUNKED = STREAM[:-2] + b"transfer-encoding: chunked\r\n\r\n"
TEXT = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n"
PIECE = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
FINISH = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def response(body: bytes, size: int | None = None, status: str = "200 OK") -> bytes:
    size = len(body) if size is None else size
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
    return head.encode() + body


def says(*parts: bytes, then: str = "close") -> Any:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then == "close":
            writer.close()
        elif then == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif then == "hold":
            await reader.read()

    return script


def drips(first: bytes, drop: bytes) -> Any:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    return script


async def ask(
    url: str,
    on_text: Callable[[str], None] | None = None,
    timeout_s: float = 5,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Reply:
    model = connect("some", base_url=url, retries=0, timeout_s=timeout_s, transport=transport)
    async with asyncio.timeout(8):
        return await model(HELLO, on_text)


@pytest.fixture(params=["aiohttp", "httpx"])
async def transport(
    request: pytest.FixtureRequest,
) -> AsyncIterator[httpx.AsyncBaseTransport | None]:
    """The transport that is shared where aiohttp is installed, and the one where it is not."""
    if request.param == "aiohttp":
        yield None
    else:
        async with httpx.AsyncHTTPTransport() as own:
            yield own


def ignore(text: str) -> None:
    pass


@pytest.mark.parametrize("on_text", [None, ignore], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("script", "error"),
    [
        (says(then="hold"), TimedOut),
        (says(then="close"), Unreachable),
        (says(then="reset"), Unreachable),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), Unreachable),
        (says(b"\x00\xff" * 50), Unreachable),
        (says(response(OK, len(OK) + 10)), Unreachable),
        (says(response(OK, len(OK) + 10), then="hold"), TimedOut),
        (says(response(OK[:20])), BadReply),
        (says(response(b"")), BadReply),
        (says(response(b"null")), BadReply),
        (says(response(b"[" * 200_000)), BadReply),
        (says(response(b'{"choices": []}')), BadReply),
        (says(response(b'{"choices": [{"message": {"content": 1}}]}')), BadReply),
        (says(response(b'{"choices": [{"message": {"content": NaN}}]}')), BadReply),
        (says(response(b'{"choices": ' + b"9" * 5000 + b"}")), BadReply),
        (says(response(b"<!doctype html><title>Log in</title>")), BadReply),
        (says(response(b'{"error": {"message": "no"}}')), BadReply),
        (says(response(b'{"error": {"message": "busy", "code": 503}}')), Overloaded),
        (says(response(b"x", status="302 Found")), Rejected),
        (says(response(b"", status="204 No Content")), BadReply),
        (says(response(b"\xff" * 100_000, status="500 Oh")), Overloaded),
        (says(response(b"no", 1000, status="502 Bad Gateway")), Overloaded),
        (drips(b"HTTP/1.1 200 OK\r\n", b"x"), TimedOut),
        (drips(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{", b"x"), TimedOut),
        (drips(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"\n"), TimedOut),
    ],
)
async def test_an_answer_that_is_none_is_a_typed_error_in_time(
    serve: Any, script: Any, error: type[EndpointError], on_text: Any, transport: Any
) -> None:
    with pytest.raises(error) as caught:
        timeout_s = 0.1 if error is TimedOut else 5
        await ask(await serve(script), on_text, timeout_s, transport)
    assert caught.value.todo and "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (says(STREAM), BadReply),
        (says(STREAM, PIECE), BadReply),
        (says(STREAM, PIECE, b'data: {"choi'), BadReply),
        (says(CHUNKED, b"5\r\ndata:\r\n"), Unreachable),
        (says(CHUNKED, b"5\r\ndata:\r\n", then="reset"), Unreachable),
        (says(CHUNKED, b"zz\r\n"), Unreachable),
        (says(STREAM, PIECE, then="hold"), TimedOut),
        (says(STREAM, b"data: {broken\n\n"), BadReply),
        (says(STREAM, b"data: 7\n\n"), BadReply),
        (says(STREAM, b'data: {"choices": "x"}\n\n'), BadReply),
        (
            says(STREAM, b'data: {"error": {"message": "over", "type": "server_error"}}\n\n'),
            Overloaded,
        ),
        (says(STREAM, b"<html>what</html>"), BadReply),
        (drips(STREAM, b"x"), TimedOut),
        (drips(STREAM, b": still here\n\n"), TimedOut),
    ],
)
async def test_a_stream_that_goes_wrong_is_a_typed_error_in_time(
    serve: Any, script: Any, error: type[EndpointError], transport: Any
) -> None:
    timeout_s = 0.1 if error is TimedOut else 5
    with pytest.raises(error):
        await ask(await serve(script), ignore, timeout_s, transport)


async def test_a_port_where_nobody_listens_is_called_so(transport: Any) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    with pytest.raises(Unreachable, match="no connection to") as caught:
        await ask(f"http://127.0.0.1:{port}/v1", transport=transport)
    assert "base_url" in str(caught.value.todo)


async def test_a_cut_stream_may_be_tried_again(serve: Any) -> None:
    with pytest.raises(BadReply) as caught:
        await ask(await serve(says(STREAM, PIECE)), ignore)
    assert caught.value.retryable
    assert not BadReply.retryable


@pytest.mark.parametrize(
    "parts",
    [
        (STREAM, PIECE, FINISH, DONE),
        (STREAM, PIECE, FINISH),
        (STREAM, PIECE, FINISH, DONE.strip()),
        (STREAM, *[(PIECE + FINISH + DONE)[i : i + 1] for i in range(130)]),
        (STREAM, (PIECE + FINISH + DONE).replace(b"\n", b"\r\n")),
        (STREAM, b": " + b"x" * 1_000_000 + b"\n\n", PIECE, FINISH, DONE),
        (response(OK),),
        (TEXT, PIECE, FINISH, DONE),
        (TEXT, *[(PIECE + FINISH + DONE)[i : i + 1] for i in range(130)]),
        (TEXT, b"\xef\xbb\xbf: hello\n\n", PIECE, FINISH),
        (STREAM, OK),
        (STREAM, b"data: " + OK + b"\n\n", DONE),
    ],
)
async def test_harmless_oddities_of_a_stream_are_read(serve: Any, parts: tuple[bytes, ...]) -> None:
    pieces: list[str] = []
    reply = await ask(await serve(says(*parts)), pieces.append)
    assert (reply.text, reply.stop, "".join(pieces)) == ("hi", "stop", "hi")


async def test_a_stream_left_open_after_its_end_mark_is_whole(serve: Any) -> None:
    url = await serve(says(STREAM, PIECE, FINISH, DONE, then="hold"))
    reply = await ask(url, ignore, timeout_s=60)
    assert reply.text == "hi"


async def test_a_connection_that_dies_after_the_finish_has_taken_nothing(
    serve: Any, transport: Any
) -> None:
    chunked = [b"%x\r\n%s\r\n" % (len(part), part) for part in (PIECE, FINISH)]
    url = await serve(says(CHUNKED, *chunked, b"99\r\ndata", then="close"))
    assert (await ask(url, ignore, transport=transport)).text == "hi"
    held = await serve(says(STREAM, PIECE, FINISH, then="hold"))
    assert (await ask(held, ignore, timeout_s=0.2, transport=transport)).text == "hi"


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((DONE,), BadReply),
        ((PIECE, DONE), BadReply),
        ((PIECE, FINISH.replace(b"stop", b"error"), DONE), BadReply),
        ((FINISH, DONE), BadReply),
        ((PIECE, b'data: {"object": "error", "message": "too long", "code": 400}\n\n'), Rejected),
        ((PIECE, b'event: error\ndata: {"detail": "out of memory"}\n\n', DONE), BadReply),
        ((PIECE, b"event: error\ndata: out of memory\n\n", DONE), BadReply),
        ((PIECE, b"event: error\n\n", FINISH, DONE), BadReply),
        ((PIECE, FINISH, b"event: error\n\n", DONE), BadReply),
        ((PIECE, b'data: {"detail": "out of memory"}\n\n', FINISH, DONE), BadReply),
        ((PIECE, b'data: {"error": {"message": "x", "code": "503"}}\n\n'), Overloaded),
        ((PIECE, b'data: {"error": "x", "code": "rate_limit_exceeded"}\n\n'), RateLimited),
        ((b'error: {"code": 500, "message": "x"}\n\n',), Overloaded),
        ((b'{"error": {"message": "slow", "type": "rate_limit_error"}}',), RateLimited),
        ((b"<html>log in</html>",), BadReply),
    ],
)
async def test_an_error_in_a_stream_is_never_an_answer(
    serve: Any, parts: tuple[bytes, ...], error: type[EndpointError]
) -> None:
    for head in (STREAM, TEXT):
        with pytest.raises(error):
            await ask(await serve(says(head, *parts)), ignore)


@pytest.mark.parametrize("body", [b'{"error": {"message": "KEY"}}', b'{"choices": [{"a": "KEY"}]}',
                                  b'{"choices": KEY}'])  # fmt: skip
async def test_a_key_in_a_server_s_words_is_in_no_error_of_ours(serve: Any, body: bytes) -> None:
    key = "sk-very-secret-123456"
    url = await serve(says(response(body.replace(b"KEY", key.encode()))))
    with pytest.raises(EndpointError) as caught:
        await connect("m", base_url=url, api_key=key, retries=0)(HELLO)
    assert key not in "".join(traceback.format_exception(caught.value))


async def test_a_stream_that_nobody_asked_for_is_read_as_one(serve: Any) -> None:
    body = PIECE + FINISH + DONE
    for head in (STREAM, TEXT):
        reply = await ask(await serve(says(head, body)))
        assert (reply.text, reply.stop) == ("hi", "stop")
        with pytest.raises(BadReply):
            await ask(await serve(says(head, PIECE)))


TEXTS = st.lists(st.text(max_size=5), min_size=1, max_size=4).filter(lambda t: "".join(t).strip())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    TEXTS,
    st.lists(st.tuples(st.text("abc", min_size=1), st.lists(st.text(max_size=4))), max_size=3),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.sampled_from(["text/event-stream", "text/plain", "application/octet-stream"]),
    st.randoms(use_true_random=False),
)
def test_a_stream_is_read_alike_however_it_is_cut(
    texts: list[str], calls: list[Any], newline: bytes, kind: str, chance: random.Random
) -> None:
    deltas: list[Any] = [{"content": text} for text in texts]
    for index, (name, pieces) in enumerate(calls):
        written = json.dumps({"a": "".join(pieces)})
        half = len(written) // 2
        parts = [{"name": name, "arguments": written[:half]}, {"arguments": written[half:]}]
        deltas += [{"tool_calls": [{"index": index, "function": part}]} for part in parts]
    chunks = [{"choices": [{"delta": delta}]} for delta in deltas]
    lines = [b"data: " + json.dumps(one).encode() for one in chunks]
    lines += [line.strip() for line in (FINISH, DONE)]
    body = b"".join(line + newline * 2 for line in lines)
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(12)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, content=stream())

    heard: list[str] = []
    reply = asyncio.run(ask("http://h/v1", heard.append, transport=httpx.MockTransport(answer)))
    assert reply.text == "".join(heard) == mended("".join(texts))
    assert [(call.name, json.loads(call.arguments)) for call in reply.calls] == [
        (name, {"a": "".join(pieces)}) for name, pieces in calls
    ]


def mended(text: str) -> str:
    return text.replace("\0", "\ufffd")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.sampled_from([PIECE, FINISH, DONE, b"event: error\n", b"\n\n", b": x\n", b"data: "]),
            st.sampled_from([b'{"error": 1}', b"[", b"{", b"}", b"null", b"<p>", b"\xef\xbb\xbf"]),
            st.binary(max_size=6),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.sampled_from(["openai", "responses", "anthropic"]),
)
def test_any_bytes_are_an_answer_or_a_typed_error(
    parts: list[bytes], streaming: bool, dialect: Any
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/plain"}, content=stream())

    transport = httpx.MockTransport(answer)
    model = connect("m", base_url="http://h/v1", dialect=dialect, retries=0, transport=transport)
    try:
        reply = asyncio.run(model(HELLO, ignore if streaming else None))
    except EndpointError:
        return
    assert reply.text.strip() or reply.calls


async def test_thoughts_are_not_streamed_as_the_answer(serve: Any) -> None:
    texts = ("<thi", "nk>a", "b</th", "ink>\n", "\nYes", ".")
    chunks = [
        b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"
        for text in texts
    ]
    pieces: list[str] = []
    reply = await ask(await serve(says(STREAM, *chunks, FINISH, DONE)), pieces.append)
    assert "".join(pieces) == reply.text == "Yes."
    assert reply.message.reasoning == "ab"


async def test_a_megabyte_in_one_line_arrives_whole(serve: Any) -> None:
    long = json.dumps({"choices": [{"delta": {"content": "é" * 1_000_000}}]}).encode()
    url = await serve(says(STREAM, b"data: " + long + b"\n\n", FINISH, DONE))
    reply = await ask(url, ignore, timeout_s=5)
    assert reply.text == "é" * 1_000_000


async def test_a_reply_without_end_is_dropped(serve: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(b"x" * (1 << 20))
            await writer.drain()

    with pytest.raises(BadReply, match="larger than 64 MiB"):
        await ask(await serve(flood), timeout_s=30)


async def test_bytes_that_no_log_could_hold_are_replaced(serve: Any) -> None:
    body = b'{"choices": [{"message": {"content": "a\xff\\ud800b\\u0000c \\ud83d\\ude00"}}]}'
    reply = await ask(await serve(says(response(body))))
    assert reply.text == "a\ufffd\ufffdb\ufffdc \U0001f600"
    reply.text.encode()


def compressed(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_compression_that_nobody_asked_for_is_read(serve: Any, transport: Any) -> None:
    url = await serve(says(compressed(gzip.compress(OK))))
    assert (await ask(url, transport=transport)).text == "hi"


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"\0" * (200 << 20), 9)])
async def test_broken_or_exploding_compression_is_a_bad_reply(
    serve: Any, transport: Any, body: bytes
) -> None:
    url = await serve(says(compressed(body)))
    with pytest.raises(BadReply):
        await ask(url, transport=transport)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
async def test_calls_that_fail_leave_no_connection_open(serve: Any) -> None:
    url = await serve(says(STREAM, PIECE, then="hold"))

    async def fail(on_text: Any) -> None:
        with pytest.raises(TimedOut):
            await ask(url, on_text, 0.05)

    await fail(ignore)
    before = len(list(Path("/proc/self/fd").iterdir()))
    await asyncio.gather(*(fail(on_text) for on_text in [ignore, None] * 10))
    async with asyncio.timeout(5):
        while len(list(Path("/proc/self/fd").iterdir())) > before:
            await asyncio.sleep(0.01)


async def test_blank_lines_before_a_reply_are_patience_not_silence(serve: Any) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(OK) + 6}\r\n\r\n".encode())
        for _ in range(6):
            writer.write(b"\n")
            await writer.drain()
            await asyncio.sleep(0.1)
        writer.write(OK)

    assert (await ask(await serve(slow), timeout_s=0.4)).text == "hi"


async def test_the_callers_own_error_passes_unchanged(serve: Any) -> None:
    def broken(text: str) -> None:
        raise OSError("the display is gone")

    with pytest.raises(OSError, match="the display is gone"):
        await ask(await serve(says(STREAM, PIECE, FINISH, DONE)), broken)


async def test_cancelling_a_call_is_cancelling(serve: Any) -> None:
    url = await serve(says(STREAM, PIECE, then="hold"))
    begun = asyncio.Event()
    task = asyncio.create_task(ask(url, lambda text: begun.set(), timeout_s=60))
    async with asyncio.timeout(5):
        await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_connection_is_used_again_after_a_stream(serve: Any) -> None:
    connections: set[Any] = set()
    body = PIECE + FINISH + DONE

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"
        writer.write(head % len(body) + body)

    url = await serve(script)
    for _ in range(3):
        await ask(url, ignore)
    assert len(connections) == 1
