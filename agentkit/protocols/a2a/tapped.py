"""What goes to and from agents, over HTTP, shown to whoever watches (`agentkit.taps`)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx

from agentkit.taps import TAPS, Crossing, crossed

MOST = 1 << 20
"""Bytes of a body that are kept for who watches."""

PROTOCOL = "a2a"


def said_name(method: str, path: str, body: bytes) -> str:
    """What is asked: the method of JSON-RPC, where it is that, else of HTTP with the path."""
    try:
        found = json.loads(body).get("method") if b'"jsonrpc"' in body[:MOST] else None
    except (ValueError, AttributeError, RecursionError):
        found = None
    return found if isinstance(found, str) else f"{method} {path}"


class OverheardStream(httpx.AsyncByteStream):
    """The stream of a response, of which the beginning is kept."""

    def __init__(self, stream: Any, done: Callable[[bytes], None]) -> None:
        self.stream, self.done, self.kept, self.told = stream, done, bytearray(), False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.stream:
            if len(self.kept) < MOST:
                self.kept += chunk
            yield chunk
        self.tell()

    def tell(self) -> None:
        """Show it, once."""
        if not self.told:
            self.told = True
            self.done(bytes(self.kept))

    async def aclose(self) -> None:
        self.tell()
        await self.stream.aclose()


class Tapped(httpx.AsyncBaseTransport):
    """A transport to an agent, which may be watched."""

    def __init__(self, inner: httpx.AsyncBaseTransport, peer: str, keys: Mapping[str, str]) -> None:
        self.inner, self.peer = inner, peer
        self.secrets = tuple(one.rpartition(" ")[2] for one in keys.values())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not TAPS:
            return await self.inner.handle_async_request(request)
        pair, body = object(), await request.aread()
        name = said_name(request.method, request.url.path, body)
        self.show("request", pair, body, name=name, headers=dict(request.headers))
        try:
            response = await self.inner.handle_async_request(request)
        except BaseException as error:
            self.show("response", pair, b"", status=type(error).__name__)
            raise
        status = str(response.status_code)
        response.stream = OverheardStream(
            response.stream, lambda kept: self.show("response", pair, kept, status=status)
        )
        return response

    def show(self, part: Any, pair: object, body: bytes, **more: Any) -> None:
        """Show a part of it."""
        crossed(Crossing(PROTOCOL, self.peer, part, pair, body=body, secrets=self.secrets, **more))

    async def aclose(self) -> None:
        await self.inner.aclose()


class Overheard:
    """One request to an agent that is served here, and what it is answered."""

    def __init__(self, name: str, scope: Any, receive: Any, send: Any, keys: Any) -> None:
        self.name, self.scope, self._receive, self._send = name, scope, receive, send
        self.secrets = tuple(keys)
        self.asked, self.body, self.answer, self.status = False, bytearray(), bytearray(), ""

    async def receive(self) -> Any:
        """Pass on a part of the request."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.body += message.get("body", b"")[: max(0, MOST - len(self.body))]
            if not message.get("more_body"):
                self.ask()
        return message

    async def send(self, message: Any) -> None:
        """Pass on a part of the answer."""
        self.ask()
        if message["type"] == "http.response.start":
            self.status = str(message["status"])
        elif message["type"] == "http.response.body":
            self.answer += message.get("body", b"")[: max(0, MOST - len(self.answer))]
            if not message.get("more_body"):
                self.show("response", bytes(self.answer), status=self.status)
        await self._send(message)

    def ask(self) -> None:
        """Show the request, once."""
        if self.asked:
            return
        self.asked, body = True, bytes(self.body)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in self.scope["headers"]}
        name = said_name(self.scope["method"], self.scope["path"], body)
        self.show("request", body, name=name, headers=headers)

    def show(self, part: Any, body: bytes, **more: Any) -> None:
        """Show a part of it."""
        known = {"ours": False, "secrets": self.secrets, **more}
        crossed(Crossing(PROTOCOL, self.name, part, id(self), body=body, **known))
