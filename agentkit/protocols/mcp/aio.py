"""Requests of servers over aiohttp, where it is installed: half of the CPU time of httpcore.

The SDK takes an httpx2 client, so this is a transport of httpx2, and says what fails in its terms.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from agentkit.errors import error_text
from agentkit.protocols.bounds import CONNECT_S
from agentkit.protocols.hosts import Hosts

HEAD = 64 << 10
"""Bytes of one header."""

OURS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that aiohttp would add by itself."""


class Resolver(AbstractResolver):
    """Gives the addresses of a name, all of which have been looked at."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [resolve_result(host, port, one) for one in await self.hosts.resolved(host, port)]

    async def close(self) -> None:
        pass


def resolve_result(host: str, port: int, address: str) -> ResolveResult:
    """An address of a name, as aiohttp has it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=socket.IPPROTO_TCP, flags=0
    )


class Body(httpx2.AsyncByteStream):
    """The body of a response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self.response.content.readany():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise told(error) from error

    async def aclose(self) -> None:
        # A body that was not read to its end is not waited for.
        if self.response.content.at_eof():
            self.response.release()
        else:
            self.response.close()


class Aio(httpx2.AsyncBaseTransport):
    """Sends over a session of aiohttp, to addresses that may be called alone."""

    def __init__(self, hosts: Hosts, tls: ssl.SSLContext) -> None:
        """Open nothing yet.

        Args:
            hosts: who may be called.
            tls: what certificates are checked by.
        """
        self.hosts = hosts
        connector = aiohttp.TCPConnector(
            limit=100, ssl=tls, resolver=Resolver(hosts), use_dns_cache=False
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=OURS,
            max_line_size=HEAD,
            max_field_size=HEAD,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        )
        self._looked_at: set[tuple[str, int]] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self._look_at(request.url)
        body = request.content if isinstance(request.stream, httpx2.ByteStream) else b""
        try:
            response = await self.session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(n.decode("ascii"), v.decode("latin-1")) for n, v in request.headers.raw],
                data=body or None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise told(error) from error
        return httpx2.Response(response.status, headers=response.raw_headers, stream=Body(response))

    async def _look_at(self, url: httpx2.URL) -> None:
        """See to it that an address may be called: aiohttp asks a resolver for names only."""
        place = url.host, url.port or (443 if url.scheme == "https" else 80)
        if place not in self._looked_at and aiohttp.helpers.is_ip_address(url.host):
            await self.hosts.resolved(*place)
            self._looked_at.add(place)

    async def aclose(self) -> None:
        await self.session.close()


def told(error: Exception) -> httpx2.TransportError:
    """What failed, as httpx2 would have it: before anything was sent, or after."""
    early = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
    match error:
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))) if number:
            words = os.strerror(number)
        case aiohttp.ServerDisconnectedError():
            words = "the server ended the connection"
        case aiohttp.ClientPayloadError():
            words = "the answer broke off"
        case aiohttp.ClientResponseError():
            words = error.message
        case _:
            words = error_text(error)
    return httpx2.ConnectError(words) if isinstance(error, early) else httpx2.ReadError(words)
