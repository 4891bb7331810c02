"""Who may ask the simulated endpoint: foreign names, foreign pages, heads without an end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import httpx
import pytest

from agentkit.sim.server import host


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "127.8.9.1", "LocalHost."])
def test_this_machines_names_are_served(url: str, name: str) -> None:
    port = url.rsplit(":", 1)[1]
    for value in (name, f"{name}:{port}"):
        assert httpx.get(f"{url}/v1/models", headers={"Host": value}).status_code == 200


@pytest.mark.parametrize(
    "name",
    ["evil.example", "10.1.2.3", "localhost.evil.example", "127.0.0.1.evil.example", "evil:80",
     "user@localhost", "[::2]", "0.0.0.0", "", "localhost evil"],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", "/sim/stats"), ("POST", "/v1/embeddings")])
def test_foreign_names_are_refused(url: str, name: str, method: str, path: str) -> None:
    reply = httpx.request(method, url + path, headers={"Host": name})
    assert reply.status_code == 403 and "is not a name" in reply.json()["error"]["message"]


def test_a_class_is_served_under_the_names_that_were_allowed(serve: Callable[..., str]) -> None:
    url = serve(hosts=["lab.example.org"])
    ask = [httpx.get(f"{url}/", headers={"Host": f"{name}:80"}).status_code
           for name in ("lab.example.org", "LAB.example.org", "other.example.org")]  # fmt: skip
    assert ask == [200, 200, 403]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8888"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_origins_are_refused(url: str, headers: dict[str, str]) -> None:
    text = {"Content-Type": "text/plain"}
    rule = '{"kind": "500"}'
    refused = httpx.post(f"{url}/sim/faults", content=rule, headers={**headers, **text})
    assert refused.status_code == 403 and "another origin" in refused.text
    for method, path in (("GET", "/sim/stats"), ("DELETE", "/sim/stats"), ("OPTIONS", "/")):
        assert httpx.request(method, url + path, headers=headers).status_code == 403
    assert httpx.get(f"{url}/sim/faults").json()["rules"] == []


def test_its_own_pages_and_programs_may(url: str) -> None:
    for headers in ({"Origin": url}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}):
        assert httpx.get(f"{url}/v1/models", headers=headers).status_code == 200
    own = httpx.post(f"{url}/sim/faults", content='{"kind": "429"}')
    assert own.status_code == 200


def connected(url: str) -> socket.socket:
    name, port = url.removeprefix("http://").split(":")
    return socket.create_connection((name, int(port)), timeout=5)


def test_two_host_names_are_refused(url: str) -> None:
    with connected(url) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert wire.recv(100).split()[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "sent", [b"", b"POST / HTTP/1.1\r\nHost: localhost\r\nX-a: ", b"GET / HT"]
)  # fmt: skip
def test_a_head_that_does_not_end_is_given_up(serve: Callable[..., str], sent: bytes) -> None:
    with connected(serve(headers_s=0.2)) as wire:
        wire.sendall(sent)
        assert b" 408 " in wire.recv(100)
        assert wire.recv(100) == b""


def test_the_second_head_of_a_connection_is_bounded_too(serve: Callable[..., str]) -> None:
    with connected(serve(headers_s=0.2)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in wire.recv(4096)
        wire.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        end = time.monotonic() + 5
        while (got := wire.recv(4096)) and time.monotonic() < end:
            if b" 408 " in got:
                return
        raise AssertionError("the connection was closed without a word")


def test_a_slow_client_that_ends_its_head_in_time_is_served(serve: Callable[..., str]) -> None:
    with connected(serve(headers_s=5)) as wire:
        for piece in (b"GET / HT", b"TP/1.1\r\nHo", b"st: localhost\r\n", b"\r\n"):
            wire.sendall(piece)
        assert b" 200 " in wire.recv(100)


def test_a_reply_may_take_longer_than_a_head(serve: Callable[..., str]) -> None:
    url = serve(headers_s=0.1, speed=1)
    body = {"model": "careful", "messages": [{"role": "user", "content": "word " * 50}]}
    assert httpx.post(f"{url}/v1/chat/completions", json=body).status_code == 200


def test_a_head_without_bound_is_refused(url: str) -> None:
    with connected(url) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: " + b"a" * host.MOST_HEAD_BYTES)
        assert wire.recv(100).split()[1] in (b"431", b"400")
