"""Who may ask: requests of other web pages and under foreign host names are turned away.

A page of any origin that is open in the same browser can send simple requests to a server on
loopback, and a name of its own that points to 127.0.0.1 even lets it read the replies (DNS
rebinding). The first shows in the headers Origin and Sec-Fetch-Site, the second in Host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from agentkit.sim.server.failing import failure

HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:@/\s]+)(?::\d{1,5})?")
OWN_SITES = ("same-origin", "none")


class HostGuard:
    """An ASGI app that passes on what comes from this machine's own programs and pages.

    Args:
        app: what is guarded.
        hosts: names under which the server may be asked, besides `localhost`, the loopback
            addresses and the address that a connection came in on.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app = app
        self.hosts = frozenset(name.casefold().rstrip(".") for name in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self.objection(scope) if scope["type"] == "http" else ""
        if reason:
            await failure(Request(scope), reason, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def objection(self, scope: Scope) -> str:
        """Return why a request is refused, or nothing."""
        host = single(scope, b"host")
        name = name_of(host)
        if name is None or not self.serves(name, scope):
            return (
                f"Host {host!r} is not a name of this server; it is asked as localhost or "
                "127.0.0.1. To serve others, start `agentkit sim` with --host and --allow-host."
            )
        origin, site = single(scope, b"origin", ""), single(scope, b"sec-fetch-site", "none")
        own = origin == "" or re.sub(r"^https?://", "", origin or "") == host
        if not own or site not in OWN_SITES:
            return f"A web page of another origin ({origin or site}) may not use this server."
        return ""

    def serves(self, name: str, scope: Scope) -> bool:
        """Return whether a host name is one of this server's."""
        if name == "localhost" or name in self.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        met = (scope.get("server") or ("",))[0]
        return address.is_loopback or name == met


def single(scope: Scope, name: bytes, missing: str | None = None) -> str | None:
    """Return a header that comes once; None where it comes several times."""
    found = [value for key, value in scope["headers"] if key == name]
    if not found:
        return missing
    return found[0].decode("latin-1") if len(found) == 1 else None


def name_of(host: str | None) -> str | None:
    """Return the name in a Host header in small letters, without port and brackets."""
    hit = HOST.fullmatch(host or "")
    return hit.group(1).strip("[]").casefold().rstrip(".") if hit else None
