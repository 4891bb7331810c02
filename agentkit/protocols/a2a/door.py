"""Who is let in to an agent that is served, and with how much."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from a2a.utils.constants import AGENT_CARD_WELL_KNOWN_PATH
from mcp.server.transport_security import (
    RequestBodyLimitMiddleware,
    TransportSecurityMiddleware,
    TransportSecuritySettings,
)
from starlette.authentication import SimpleUser
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from agentkit.errors import SetupError
from agentkit.protocols.a2a.bounds import REQUEST
from agentkit.protocols.a2a.tapped import Overheard
from agentkit.protocols.serving import LOOPBACK, checked_token, open_to_all
from agentkit.taps import TAPS


def tokens_of(host: str, token: str | Mapping[str, str]) -> dict[str, str]:
    """The tokens that callers must bring, by who they are.

    Raises:
        SetupError: everybody would be let in, or one can be guessed.
    """
    given = {"token": token} if isinstance(token, str) else dict(token)
    given = {name: one for name, one in given.items() if one or not isinstance(token, str)}
    for name, one in given.items():
        if not name:
            raise SetupError("A token belongs to nobody.", expected='{"ann": "…"}')
        checked_token(one)
    if not given and host not in LOOPBACK:
        raise open_to_all(host)
    return given


class Door:
    """Looks at each request before the agent does."""

    def __init__(
        self,
        app: Any,
        settings: TransportSecuritySettings,
        tokens: Mapping[str, str],
        name: str = "",
    ) -> None:
        """Stand before an ASGI application.

        Args:
            app: it.
            settings: for which names, and to pages of which origins, it answers.
            tokens: by who they belong to; none lets everybody in.
            name: of the agent, as who watches the wire sees it.
        """
        self.app = RequestBodyLimitMiddleware(app, REQUEST)
        self.security = TransportSecurityMiddleware(settings)
        self.tokens = {who: one.encode() for who, one in tokens.items()}
        self.name = name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if TAPS:
            keys = [one.decode() for one in self.tokens.values()]
            heard = Overheard(self.name, scope, receive, send, keys)
            receive, send = heard.receive, heard.send
        request = Request(scope)
        refused: Any = await self.security.validate_request(request)
        if refused is None and self.tokens and scope["path"] != AGENT_CARD_WELL_KNOWN_PATH:
            who = self._who(request.headers.get("authorization", ""))
            if who is None:
                refused = PlainTextResponse(
                    "A token is wanted: Authorization: Bearer …",
                    401,
                    headers={"www-authenticate": "Bearer"},
                )
            else:
                scope["user"] = SimpleUser(who)
        await (refused or self.app)(scope, receive, send)

    def _who(self, header: str) -> str | None:
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        said, found = given.strip().encode("utf-8", "replace"), None
        for name, token in self.tokens.items():  # All of them, so that time tells nothing.
            if hmac.compare_digest(said, token):
                found = name
        return found
