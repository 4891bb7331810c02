"""The HTTP client that agents elsewhere are reached by: bounded, and it goes nowhere else."""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpcore
import httpx

from agentkit.amounts import size
from agentkit.errors import AgentkitError, error_text
from agentkit.protocols.a2a.tapped import Tapped
from agentkit.protocols.bounds import CONNECT_S, LARGEST
from agentkit.protocols.dialing import checked_pool
from agentkit.protocols.errors import (
    PeerAbsent,
    PeerDenied,
    PeerProtocolError,
    PeerRejected,
    PeerUnreachable,
)
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.hosts import Hosts, place_of, proxy_for, same_place

REDIRECTS = (301, 302, 303, 307, 308)
FOLLOWED = 3
"""Redirects of one request, all to the same server."""

GONE = (408, 502, 503, 504)
"""Statuses by which a server, or one between, says that it did not wait for the end."""

SHOWN = 500
"""Characters that are shown of what a server said of an error."""


class BoundedStream(httpx.AsyncByteStream):
    """The stream of a response, refused beyond what is taken: in all, or of one event."""

    def __init__(self, stream: Any, where: str, events: bool, most: int) -> None:
        self.stream, self.where, self.events, self.most = stream, where, events, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held = 0
        try:
            async for chunk in self.stream:
                held += len(chunk)
                if held > self.most:
                    raise PeerProtocolError(
                        f"The answer of {self.where} was not taken: it sent more than"
                        f" {size(self.most)}."
                    )
                if self.events and (end := max(chunk.rfind(b"\n\n"), chunk.rfind(b"\n\r\n"))) >= 0:
                    held = len(chunk) - end
                yield chunk
        except httpx.TransportError as error:
            raise broke(self.where, error) from error

    async def aclose(self) -> None:
        await self.stream.aclose()


class Looking(httpx.AsyncBaseTransport):
    """A transport by a proxy, which is asked for no host that may not be called."""

    def __init__(self, inner: httpx.AsyncBaseTransport, hosts: Hosts) -> None:
        self.inner, self.hosts = inner, hosts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.hosts.by_proxy(request.url.host, place_of(str(request.url))[2])
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


class Guarded(httpx.AsyncBaseTransport):
    """A transport that tells what happened in our errors, and follows nobody elsewhere."""

    def __init__(self, inner: httpx.AsyncBaseTransport, where: str, most: int) -> None:
        self.inner, self.where, self.most = inner, where, most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(FOLLOWED + 1):
            response = await self._sent(request)
            status = response.status_code
            if status not in REDIRECTS:
                return await self._checked(response)
            await response.aclose()
            to = str(request.url.join(response.headers.get("location", "")))
            if not same_place(str(request.url), to):
                raise PeerRejected(
                    f"The answer of {self.where} was not taken: it sends on to"
                    f" {clipped(httpx.URL(to).host)}, which was not followed.",
                    expected="an answer from the server that was named, which may have been given"
                    " keys",
                    todo="give the other address, if it is the one that is meant",
                )
            # A body is sent on to the same server alone; a form of old times becomes no GET.
            request = httpx.Request(
                request.method,
                to,
                headers=request.headers,
                content=await request.aread(),
                extensions=request.extensions,
            )
        raise PeerRejected(f"{opening(self.where)} sends from one address to the next, in circles.")

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self.inner.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise PeerAbsent(
                f"{opening(self.where)} cannot be reached:"
                f" {clipped(error_text(error)) or type(error).__name__}.",
                expected="an agent that listens there",
                todo="check the address, and that it runs",
            ) from error
        except httpx.TransportError as error:
            raise broke(self.where, error) from error

    async def _checked(self, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        kind = response.headers.get("content-type", "").lower()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            await response.aclose()
            raise PeerProtocolError(
                f"The answer of {self.where} was not taken: it is packed, which it was asked not"
                " to be."
            )
        events = status < 300 and kind.startswith("text/event-stream")
        response.stream = BoundedStream(response.stream, self.where, events, self.most)
        if status in (401, 403) or status in GONE:
            raise refusal_of_status(self.where, status, await said_in(response))
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def broke(where: str, error: Exception) -> PeerUnreachable:
    """The error of a connection that ended too early."""
    return PeerUnreachable(
        f"The connection with {where} broke: {type(error).__name__} {clipped(error_text(error))}",
        expected="an answer",
    )


def refusal_of_status(where: str, status: int, said: str) -> AgentkitError:
    """The error of a status that says that nobody is let in, or waited."""
    if status in GONE:
        return PeerUnreachable(
            f"{opening(where)} gave up: it answered {status}. {said}", status=status
        )
    return PeerDenied(
        f"{opening(where)} let nobody in: it answered {status}. {said}",
        expected="its token: token='…', or headers={'Authorization': 'Bearer …'}",
        status=status,
    )


async def said_in(response: httpx.Response) -> str:
    """What a server says of an error, in short."""
    try:
        async for chunk in response.aiter_bytes():
            return clipped(chunk[:SHOWN].decode("utf-8", "replace"))
        return ""
    except (httpx.HTTPError, AgentkitError):
        return ""
    finally:
        await response.aclose()


@functools.cache
def tls() -> ssl.SSLContext:
    """What certificates are checked by; reading them takes longer than a request."""
    return httpx.create_ssl_context()


def http_client(
    url: str,
    where: str,
    hosts: Hosts,
    headers: Mapping[str, str],
    most: int = LARGEST,
    *,
    read_s: float | None = None,
    name: str = "",
) -> httpx.AsyncClient:
    """A client for one agent; how long an ask may take is decided by whoever makes it.

    Args:
        url: of the agent.
        where: it, as errors name it.
        hosts: which addresses may be called.
        headers: sent along, to this agent alone.
        most: bytes that are taken of one answer, or of one event of a stream.
        read_s: seconds of silence; None waits.
        name: of the agent, as who watches the wire sees it; its host by default.
    """
    proxy = proxy_for(url)
    made = httpx.AsyncHTTPTransport(verify=tls(), proxy=proxy, trust_env=False)
    inner: httpx.AsyncBaseTransport = made
    if proxy is None:
        made._pool = checked_pool(httpcore, hosts, tls())
    else:
        inner = Looking(made, hosts)
    sent = {"accept-encoding": "identity", "user-agent": "jupyter-agentkit", **headers}
    return httpx.AsyncClient(
        headers=sent,
        timeout=httpx.Timeout(CONNECT_S, read=read_s),
        transport=Tapped(Guarded(inner, where, most), name or httpx.URL(url).host, headers),
        trust_env=False,
    )
