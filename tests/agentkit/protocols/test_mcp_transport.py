"""What MCP servers are reached by: with aiohttp, and without it."""

import asyncio
import contextlib
import socket

import httpx2
import pytest

from agentkit.protocols import hosts, serving
from agentkit.protocols.errors import PeerNotAllowed
from agentkit.protocols.hosts import Hosts
from agentkit.protocols.mcp import web

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture(params=["aiohttp", "httpcore"])
def transport(request, monkeypatch):
    """Makes one, for hosts that may be called."""
    if request.param == "httpcore":
        monkeypatch.setitem(__import__("sys").modules, "agentkit.protocols.mcp.aio", None)

    def make(allowed=None):
        made = web.transport(allowed or Hosts(private=True), None)
        assert type(made).__name__ == (
            "Aio" if request.param == "aiohttp" else "AsyncHTTPTransport"
        )
        return made

    return make


@contextlib.asynccontextmanager
async def answering(*pieces, ends=True):
    """A server that answers each request so; what it was asked is kept."""
    heard = []

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            heard.append(head)
            length = next(
                (line for line in head.split(b"\r\n") if b"content-length" in line.lower()), b":0"
            )
            await reader.readexactly(int(length.split(b":")[1]))
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if ends:
                writer.close()
                return

    made = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}", heard
    finally:
        made.close()


async def read(response):
    try:
        return b"".join([piece async for piece in response.stream])
    finally:
        await response.stream.aclose()


async def test_a_request_arrives_as_it_was_given_and_its_answer_comes_in_pieces(transport):
    made = transport()
    async with answering(HEAD, b"3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n") as (url, heard), made:
        headers = {"x-mine": "é".encode("latin-1"), "accept-encoding": "identity"}
        request = httpx2.Request("POST", f"{url}/a%2Fb?q=a%20b", headers=headers, content=b"body")
        response = await made.handle_async_request(request)
        assert response.status_code == 200 and await read(response) == b"onetwo"
    head = heard[0].lower()
    assert (
        head.startswith(b"post /a%2fb?q=a%20b http/1.1\r\n")
        and b"accept-encoding: identity\r\n" in head
    )
    assert (
        b"content-length: 4\r\n" in head and b"user-agent" not in head and head.count(b"host:") == 1
    )


async def test_a_redirect_is_given_back_and_not_followed(transport):
    made = transport()
    away = b"HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
    async with answering(away) as (url, _), made:
        response = await made.handle_async_request(httpx2.Request("POST", url, content=b"x"))
        assert response.status_code == 307 and await read(response) == b""


@pytest.mark.parametrize(
    "pieces", [(HEAD, b"3\r\none\r\n"), (b"",), (b"nonsense\r\n\r\n",), (b"HTTP/1.1 200",)]
)
async def test_what_breaks_off_is_an_error_of_the_transport(transport, pieces):
    made = transport()
    async with answering(*pieces) as (url, _), made:
        with pytest.raises(httpx2.TransportError) as error:
            await read(await made.handle_async_request(httpx2.Request("POST", url, content=b"x")))
    assert not isinstance(error.value, httpx2.ConnectError)


async def test_where_nobody_listens_nothing_was_sent(transport):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with transport() as made:
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
            with pytest.raises(httpx2.ConnectError):
                await made.handle_async_request(httpx2.Request("GET", url))


@pytest.mark.parametrize("host", ["169.254.169.254", "keys.example", "[fe80::1]", "2852039166"])
async def test_an_address_that_may_not_be_called_is_not(transport, monkeypatch, host):
    async def looked_up(name, port):
        named = name in ("keys.example", "2852039166")
        return ["169.254.169.254"] if named else await found(name, port)

    found = hosts.looked_up
    monkeypatch.setattr(hosts, "looked_up", looked_up)
    async with transport() as made:
        for _ in range(2):
            with pytest.raises(PeerNotAllowed):
                await made.handle_async_request(httpx2.Request("GET", f"http://{host}/"))


async def test_what_is_served_sends_small_answers_at_once():
    # Python's loop does so by itself only for sockets that are named as TCP.
    listening = serving.bound("127.0.0.1", 0)
    seen = []

    async def serve(reader, writer):
        own = writer.get_extra_info("socket")
        seen.append(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(serve, sock=listening):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        assert await reader.read() == b"" and seen and seen[0]
        writer.close()
