"""Serving over HTTP and standard input and output, and who may call."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.stdio import stdio_server

from agentkit.errors import SetupError
from agentkit.given import NOT_GIVEN
from agentkit.log import Log
from agentkit.protocols.mcp.offers import offers
from agentkit.protocols.mcp.service import Service
from agentkit.protocols.serving import (
    LOOPBACK,
    RunningServer,
    Served,
    begun,
    bound,
    checked_token,
    guarded,
    open_to_all,
    shown_host,
)

PATH = "/mcp"


class OneToken(TokenVerifier):
    """Lets in who has the token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._token):
            return None
        return AccessToken(token="", client_id="token", scopes=[])


class McpService(Served):
    """A server that runs here, until `stop` or the end of the event loop."""

    def __init__(self, service: Service, running: RunningServer, url: str) -> None:
        super().__init__(running, url)
        self.service = service

    @property
    def names(self) -> list[str]:
        """What it offers."""
        return list(self.service.offered)

    async def stop(self) -> None:
        """Stop it; calls that are under way are cancelled, their runs can be resumed."""
        await self.service.jobs.close()
        self.service.listening.close()
        await super().stop()

    def __repr__(self) -> str:
        return f"McpService({self.url}, {self.state}): {', '.join(self.names)}"


async def serve_mcp(
    things: Any,
    *,
    http: int = 0,
    host: str = "127.0.0.1",
    name: str = "agentkit",
    instructions: str = "",
    log: Log | None = None,
    deps: Any = NOT_GIVEN,
    token: str = "",
    auth: AuthSettings | None = None,
    verifier: TokenVerifier | None = None,
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
) -> McpService:
    """Serve tools, agents, teams and memories to clients of the Model Context Protocol.

        service = await serve_mcp([tariff, clerk, team, notes], http=8765)
        service.url                      # http://127.0.0.1:8765/mcp
        await service.stop()

    An agent or team takes a task; what it does is a run in the log. So is a call of a tool with
    consequences. A call with the idempotency key of another (`jupyter-agentkit/idempotency-key`
    in its `_meta`) is not performed again: it joins the one under way, goes on with one that broke
    off, or gets the recorded answer. Questions to the person are put to whoever called. Both eras
    of the protocol are answered.

    Args:
        things: what is served; a memory as its tools, which its scopes hold for.
        http: port; 0 takes a free one.
        host: address to listen on; others than this machine's own want a token, or auth.
        name, instructions: what clients are told of the server.
        log: of the runs; the default log without one.
        deps: what tools and instructions with a Context parameter get, in every call.
        token: that callers must bring, "Authorization: Bearer …".
        auth, verifier: the SDK's settings of an OAuth resource server, and what verifies tokens.
        allowed_hosts: names under which it is reached, such as "lab.example.org:8765"; those of
            this machine are allowed. Requests for others are refused (DNS rebinding).
        allowed_origins: web pages that may call, such as "https://lab.example.org".

    Raises:
        SetupError: nothing to serve, an open address without a token, or a port that is taken.
    """
    service = Service(offers(things), name, instructions, log, deps)
    auth, verifier = entrance(host, token, auth, verifier)
    listening = bound(host, http)
    port = listening.getsockname()[1]
    app = service.server.streamable_http_app(
        streamable_http_path=PATH,
        host=host,
        transport_security=guarded(host, port, allowed_hosts, allowed_origins),
        auth=auth,
        token_verifier=verifier,
    )
    running = await begun(app, listening)
    return McpService(service, running, f"http://{shown_host(host)}:{port}{PATH}")


def entrance(
    host: str, token: str, auth: AuthSettings | None, verifier: TokenVerifier | None
) -> tuple[AuthSettings | None, TokenVerifier | None]:
    """Who is let in, as the SDK has it.

    Raises:
        SetupError: everybody would be, or what is given does not go together.
    """
    if token:
        if auth or verifier:
            raise SetupError("token= and auth= are given.", expected="one of them")
        checked_token(token)
        issuer: Any = "http://localhost"
        return AuthSettings(issuer_url=issuer, resource_server_url=None), OneToken(token)
    if (auth is None) != (verifier is None):
        raise SetupError("auth= and verifier= go together.", expected="both, or token=")
    if auth is None and host not in LOOPBACK:
        raise open_to_all(host)
    return auth, verifier


async def serve_stdio(
    things: Any, *, name: str = "agentkit", instructions: str = "", log: Log | None = None
) -> None:
    """Serve over standard input and output, until the input ends.

    Raises:
        SetupError: nothing to serve.
    """
    service = Service(offers(things), name, instructions, log)
    server = service.server
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await service.jobs.close()
