from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import pytest

from agentkit.endpoints import transport
from agentkit.endpoints.clients import Httpx
from agentkit.endpoints.transport import line_to, lines, open_files, proxy_for


async def test_a_loop_has_one_line_of_each_kind() -> None:
    first = await line_to(False, None)
    assert await line_to(False, None) is first
    assert await line_to(True, None) is not first


def test_a_line_is_closed_with_its_loop() -> None:
    async def use() -> Any:
        return (await line_to(False, None)).client

    used = asyncio.run(use())
    assert used.session.closed
    assert not [key for key in lines if key[0].is_closed()]


def test_a_loop_that_is_just_closed_is_forgotten_by_the_next() -> None:
    loop = asyncio.new_event_loop()
    line = loop.run_until_complete(line_to(False, None))
    loop.close()
    asyncio.run(line_to(False, None))
    assert line.client.session.closed  # type: ignore[attr-defined]
    assert not [key for key in lines if key[0] is loop]


def test_a_process_that_ends_with_an_open_loop_says_nothing() -> None:
    code = """
import asyncio
from agentkit.endpoints.transport import line_to
loop = asyncio.new_event_loop()
loop.run_until_complete(line_to(False, None))
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "client session" not in done.stderr and "connector" not in done.stderr


def test_connections_leave_half_of_the_files_to_others() -> None:
    resource = pytest.importorskip("resource")
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert 16 <= open_files() <= 1000
    assert soft == resource.RLIM_INFINITY or soft < 32 or open_files() <= soft / 2


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.example.com/v1", "http://proxy.example:3128"),
        ("https://inside.example.org/v1", None),
        ("http://api.example.com/v1", None),
        ("https://localhost/v1", None),
        ("https://127.0.0.5:8/v1", None),
        ("https://[::1]:8/v1", None),
        ("https://127.evil.example.com/v1", "http://proxy.example:3128"),
    ],
)
def test_the_environments_proxy_is_used_for_other_machines_only(
    url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert proxy_for(httpx.URL(url)) == proxy


async def test_without_aiohttp_the_transport_is_that_of_httpx(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    made = transport.make(False, None)
    assert isinstance(made, Httpx) and isinstance(made.lent.transport, httpx.AsyncHTTPTransport)
    await made.aclose()
