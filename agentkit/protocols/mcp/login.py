"""Logging in to a server that wants an account: OAuth's authorization code with PKCE.

Source: the protocol's chapter on authorization; RFC 7636 (PKCE), 8252 (native apps), 9728.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from agentkit.protocols.errors import PeerDenied, PeerTimedOut
from agentkit.protocols.foreign import clipped
from agentkit.protocols.mcp.connection import on_stderr
from agentkit.words import for_terminal

LOGIN_S = 300.0
"""What a person may take."""

HEAD = 16_384
"""Bytes of the request that brings a browser back."""

SAID = b"You are logged in. This page can be closed."

Visit = Callable[[str], Awaitable[None]]


class InMemory:
    """Keeps what a login gave until this process ends; nothing of it is written anywhere."""

    def __init__(self, client: OAuthClientInformationFull | None) -> None:
        self._client, self._tokens = client, None

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: Any) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


class Return:
    """Where the browser comes back to: a port of this machine, answered while somebody logs in."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        # It is kept from one login to the next: a client is registered with its number.
        self._socket = socket.create_server(("127.0.0.1", 0))
        weakref.finalize(self, self._socket.close)
        self._state = ""
        self._came: asyncio.Future[AuthorizationCodeResult] | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The redirect URI."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/callback"

    async def begin(self, page: str) -> None:
        """Send the person to a page."""
        self._came = asyncio.get_running_loop().create_future()
        self._state = parse_qs(urlsplit(page).query).get("state", [""])[0]
        self._server = await asyncio.start_server(self._answer, sock=self._socket.dup())
        try:
            await self._visit(page)
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            line = (await reader.readuntil(b"\r\n"))[:HEAD].decode("latin-1")
            given = parse_qs(urlsplit(line.split(" ")[1]).query)
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
            writer.write(f"{head}Content-Length: {len(SAID)}\r\n\r\n".encode() + SAID)
            await writer.drain()
            self._take({name: values[0] for name, values in given.items()})
        writer.close()

    def _take(self, given: dict[str, str]) -> None:
        # Any page may send a browser here; only who was logged in knows the state.
        if self._came is None or self._came.done() or given.get("state", "") != self._state:
            return
        if "code" in given:
            code, state, issuer = given["code"], given.get("state"), given.get("iss")
            self._came.set_result(AuthorizationCodeResult(code=code, state=state, iss=issuer))
        elif "error" in given:
            said = clipped(given.get("error_description") or given["error"])
            self._came.set_exception(PeerDenied(f"The login was refused: {said}", status=401))

    async def wait(self) -> AuthorizationCodeResult:
        """Wait until the browser comes back.

        Raises:
            PeerError: it does not, or the login was refused.
        """
        assert self._came is not None
        try:
            async with asyncio.timeout(LOGIN_S):
                return await self._came
        except TimeoutError as error:
            raise PeerTimedOut(f"Nobody logged in within {LOGIN_S:g} s.") from error
        finally:
            self._end()


async def told(page: str) -> None:
    """Tell the person which page to open; no program opens it."""
    host = urlsplit(page).hostname
    on_stderr(f"Open this page to log in at {host}:\n{for_terminal(page, one_line=True)}")


def mcp_login(
    url: str,
    *,
    client_id: str = "",
    client_secret: str = "",
    client_page: str = "",
    scope: str = "",
    visit: Visit | None = None,
) -> OAuthClientProvider:
    """Log in to a server once it asks for it: `mcp_tools(url, auth=mcp_login(url))`.

    The person is shown a page to open, which brings the browser back to a port of this machine. The
    tokens are in memory only, and go to that server alone; they are renewed when they expire.
    Give `connect_timeout_s=300` along, for the person takes time.

    Args:
        url: of the server.
        client_id, client_secret: of a client that was registered before; else it is registered.
        client_page: URL of a document that says who this client is, which takes their place.
        scope: what is asked for; by default what the server names.
        visit: shows a page to the person, async; by default its address is printed.
    """
    back = Return(visit or told)
    about: dict[str, Any] = {"redirect_uris": [back.url], "scope": scope or None}
    known = None
    if client_id:
        method: Any = "client_secret_basic" if client_secret else "none"
        known = OAuthClientInformationFull(
            client_id=client_id,
            client_secret=client_secret or None,
            token_endpoint_auth_method=method,
            **about,
        )
    return OAuthClientProvider(
        url,
        OAuthClientMetadata(client_name="jupyter-agentkit", **about),
        InMemory(known),
        redirect_handler=back.begin,
        callback_handler=back.wait,
        client_metadata_url=client_page or None,
    )
