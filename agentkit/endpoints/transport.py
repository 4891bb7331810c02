"""The seam to the network: one shared client per event loop, made at the first call."""

from __future__ import annotations

import asyncio
import atexit
import ipaddress
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import httpx

from agentkit.endpoints.clients import Aiohttp, Client, Httpx
from agentkit.errors import SetupError
from agentkit.garbage import uncollected


class GatedClient(NamedTuple):
    """A client and the gate that bounds the connections open at once."""

    client: Client
    gate: asyncio.Semaphore
    keeper: AsyncGenerator[None, None]


Key = tuple[asyncio.AbstractEventLoop, bool, str | None]
lines: dict[Key, GatedClient] = {}


def open_files() -> int:
    """How many connections this process may hold: half of its file limit, at most 1,000."""
    try:
        import resource

        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    except (ImportError, AttributeError):  # Windows has no such module, a page an empty one
        return 500
    return 1000 if soft == resource.RLIM_INFINITY else max(16, min(1000, soft // 2))


def proxy_for(url: httpx.URL) -> str | None:
    """The proxy the environment names for a URL; never one for this machine itself."""
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; to who connects to it, 0.0.0.0 is one of its names."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return False


def trust(secure: bool) -> ssl.SSLContext | bool:
    """Certificates to trust. A line for plain HTTP trusts nobody and so need not load them."""
    return True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def make(secure: bool, proxy: str | None) -> Client:
    """A client for the running loop."""
    trusted = trust(secure or bool(proxy and proxy.startswith("https:")))
    context = httpx.create_ssl_context(verify=trusted)
    # aiohttp speaks to no SOCKS proxy, and warns where one is told a password.
    if not (proxy and (proxy.startswith("socks") or httpx.URL(proxy).userinfo)):
        try:
            with uncollected():
                import aiohttp
                import httpx_aiohttp  # noqa: F401  # which knows its errors

                from agentkit.endpoints.pool import Pool
        except ImportError:
            pass
        else:
            session = aiohttp.ClientSession(
                connector=Pool(limit=0, ssl=context),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            return Aiohttp(session, proxy)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)

    def transport() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy)

    try:
        return Httpx(transport(), renew=transport)
    except ImportError as error:
        raise SetupError(
            f"the environment names the proxy {httpx.URL(proxy or '').scheme}://..., "
            "and what that needs is not installed",
            todo=f"{error}",
        ) from error


async def keep(key: Key, client: Client) -> AsyncGenerator[None, None]:
    """Close the client when the loop ends: a loop closes its open async generators."""
    try:
        yield
    finally:
        lines.pop(key, None)
        await client.aclose()


async def line_to(secure: bool, proxy: str | None) -> GatedClient:
    """The shared line of the running loop."""
    key = (asyncio.get_running_loop(), secure, proxy)
    line = lines.get(key)
    if line is None:
        forget_closed()
        client = make(secure, proxy)
        keeper = keep(key, client)
        line = GatedClient(client, asyncio.Semaphore(open_files()), keeper)
        lines[key] = line
        await anext(keeper)
    return line


def forget_closed() -> None:
    """Drop lines of loops that were closed without ending their generators."""
    for key, line in list(lines.items()):
        if key[0].is_closed():
            with suppress(StopIteration, StopAsyncIteration):
                # Nothing is left to wait for on a closed loop, so one step ends it.
                line.keeper.aclose().send(None)
            lines.pop(key, None)


@atexit.register
def close_all() -> None:
    """A kernel's loop is never closed; without this its sockets are complained about at exit."""
    for (loop, _, _), line in list(lines.items()):
        if not loop.is_closed() and not loop.is_running():
            loop.run_until_complete(line.keeper.aclose())
    forget_closed()


def line_for(transport: httpx.AsyncBaseTransport) -> GatedClient:
    """A line over a transport that its owner closes, as in a test."""

    async def nothing() -> AsyncGenerator[None, None]:
        yield

    return GatedClient(Httpx(transport), asyncio.Semaphore(open_files()), nothing())
