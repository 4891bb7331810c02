"""Logins of servers that lead elsewhere: to this machine, to networks here, to keys of a cloud."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agentkit.errors import AgentkitError
from agentkit.protocols import PeerDenied, PeerNotAllowed, hosts, mcp_login, mcp_tools
from agentkit.protocols.mcp import aio

PUBLIC = "mcp.example"
NAMES = {PUBLIC: "8.8.8.8", "rebound.example": "127.0.0.1", "intern.example": "10.0.0.7"}

Server = asyncio.AbstractServer


@pytest.fixture(autouse=True)
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names whose addresses are of the internet, and lead to this machine nevertheless."""

    async def looked_up(host: str, port: int) -> list[str]:
        return [NAMES[host]] if host in NAMES else await found(host, port)

    def here(host: str, port: int, address: str) -> Any:
        return made(host, port, "127.0.0.1" if address == "8.8.8.8" else address)

    found, made = hosts.looked_up, aio.resolve_result
    monkeypatch.setattr(hosts, "looked_up", looked_up)
    monkeypatch.setattr(aio, "resolve_result", here)


class Web:
    """Answers paths, and remembers which were asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, Any, str]] = {}
        self.asked: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r")[0]
            await reader.readexactly(int(length or 0))
            path = head.split(b" ")[1].decode().partition("?")[0]
            self.asked.append(path)
            status, body, more = self.pages.get(path, ("404 Not Found", {}, ""))
            said = json.dumps(body).encode()
            told = f"Content-Type: application/json\r\nContent-Length: {len(said)}\r\n{more}"
            writer.write(f"HTTP/1.1 {status}\r\n{told}Connection: close\r\n\r\n".encode() + said)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[Web, int]]:
    web = Web()
    server = await asyncio.start_server(web.answer, "127.0.0.1", 0)
    async with server:
        yield web, server.sockets[0].getsockname()[1]


def metadata(base: str, elsewhere: str, what: str) -> dict[str, Any]:
    """Of who gives tokens; one of its addresses is elsewhere."""
    places = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
    found: dict[str, Any] = {one: f"{base}/{one}" for one in places}
    found |= {"issuer": base, "response_types_supported": ["code"]}
    return found | {"code_challenge_methods_supported": ["S256"], what: f"{elsewhere}/x"}


def leads(web: Web, base: str, elsewhere: str, what: str) -> None:
    """Let a server lead a login elsewhere by one of the ways there are."""
    at = "/.well-known/oauth-protected-resource"
    wants = f'WWW-Authenticate: Bearer resource_metadata="{elsewhere}/meta"\r\n'
    web.pages["/mcp"] = ("401 Unauthorized", {}, wants if what == "resource_metadata" else "")
    if what == "redirect":
        web.pages[f"{at}/mcp"] = ("302 Found", {}, f"Location: {elsewhere}/meta\r\n")
        return
    issuer = elsewhere if what == "issuer" else base
    told = {"resource": f"{base}/mcp", "authorization_servers": [issuer]}
    web.pages[f"{at}/mcp"] = ("200 OK", told, "")
    server = metadata(base, elsewhere, what)
    web.pages["/.well-known/oauth-authorization-server"] = ("200 OK", server, "")
    registered = {"client_id": "c", "redirect_uris": ["http://127.0.0.1:1/callback"]}
    web.pages["/registration_endpoint"] = ("201 Created", registered, "")


WAYS = ("resource_metadata", "redirect", "issuer", "registration_endpoint", "token_endpoint")


async def visit(page: str) -> None:
    """A person whose browser comes back at once."""
    from urllib.parse import parse_qs, urlsplit

    asked = parse_qs(urlsplit(page).query)
    back = urlsplit(asked["redirect_uri"][0])
    reader, writer = await asyncio.open_connection("127.0.0.1", back.port)
    state = asked["state"][0]
    writer.write(f"GET {back.path}?code=c&state={state} HTTP/1.1\r\n\r\n".encode())
    await reader.read()
    writer.close()


async def told(base: str, **how: Any) -> AgentkitError:
    """The error of a login."""
    with pytest.raises(AgentkitError) as error:
        login = mcp_login(f"{base}/mcp", visit=visit)
        await mcp_tools(f"{base}/mcp", auth=login, connect_timeout_s=10, **how)
    return error.value


HERE = ("127.0.0.1", "localhost", "[::1]", "intern.example", "169.254.1.1")


@pytest.mark.parametrize(
    ("host", "what"),
    [*(("rebound.example", way) for way in WAYS), *((one, "token_endpoint") for one in HERE)],
)
async def test_a_login_leads_into_no_network_here(
    host: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as (web, port), listening() as (secret, hidden):
        base = f"http://{PUBLIC}:{port}"
        leads(web, base, f"http://{host}:{hidden}", what)
        error = await told(base)
        assert isinstance(error, AgentkitError) and not secret.asked
        if what == "redirect":
            assert "sends on to" in error.what or host in error.what
        else:
            assert isinstance(error, PeerNotAllowed), error
            assert "leads elsewhere" in error.what and host in error.what
        assert not caplog.records


async def test_what_is_allowed_is_followed_and_a_login_that_fails_says_why() -> None:
    async with listening() as (web, port), listening() as (other, hidden):
        base, elsewhere = f"http://{PUBLIC}:{port}", f"http://rebound.example:{hidden}"
        leads(web, base, elsewhere, "token_endpoint")
        other.pages["/x"] = ("400 Bad Request", {"error": "invalid_grant"}, "")
        error = await told(base, hosts=[f"rebound.example:{hidden}"])
        assert isinstance(error, PeerDenied) and "The login to" in error.what
        assert "400" in error.what and other.asked


async def test_a_server_of_this_machine_may_lead_to_others_on_it() -> None:
    async with listening() as (web, port), listening() as (other, hidden):
        base = f"http://localhost:{port}"
        leads(web, base, f"http://127.0.0.1:{hidden}", "token_endpoint")
        error = await told(base)
        assert isinstance(error, PeerDenied) and other.asked == ["/x"] * len(other.asked)
        leads(web, base, f"http://intern.example:{hidden}", "token_endpoint")
        assert isinstance(await told(base), PeerNotAllowed)
