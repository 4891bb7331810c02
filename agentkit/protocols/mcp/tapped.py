"""What goes to and from servers and clients, shown to whoever watches (`agentkit.taps`)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from pydantic import BaseModel

from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.pace import ConnectionPace
from agentkit.taps import TAPS, Crossing, crossed


class Ends:
    """One connection with a server, as far as watching it needs."""

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        values = [*address.headers.values(), *address.env.values()]
        self.secrets = tuple(one for value in values for one in (value, value.rpartition(" ")[2]))

    def show(self, item: Any, sent: bool) -> None:
        """Show a message of the session; what is none is an error of the transport."""
        message = getattr(item, "message", None)
        match message:
            case JSONRPCRequest() | JSONRPCNotification():
                asked = isinstance(message, JSONRPCRequest)
                self.tell(
                    "request" if asked else "notice",
                    (sent, message.id) if isinstance(message, JSONRPCRequest) else None,
                    message.params,
                    name=message.method,
                    ours=sent,
                )
            case JSONRPCResponse():
                failed = message.result.get("isError") is True
                status = "error" if failed else "ok"
                self.tell("response", (not sent, message.id), message.result, status=status)
            case JSONRPCError():
                self.tell("response", (not sent, message.id), message.error, status="error")

    def tell(self, part: Any, pair: Any, body: Any, **more: Any) -> None:
        """Show a part of it."""
        key = None if pair is None else (id(self), *pair)
        crossed(
            Crossing("mcp", self.name, part, key, body=plain(body), secrets=self.secrets, **more)
        )


def plain(body: Any) -> Any:
    """JSON values of what the SDK has as a model."""
    if isinstance(body, BaseModel):
        return body.model_dump(mode="json", by_alias=True, exclude_none=True)
    return body


class TappedStream:
    """A stream of the SDK's, with somebody who may look on."""

    def __init__(self, inner: Any, ends: Ends, pace: ConnectionPace) -> None:
        self.inner, self.ends, self.pace = inner, ends, pace

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def __aenter__(self) -> Any:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self.inner.__aexit__(*error)

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        return await self._taken(await self.inner.__anext__())

    async def receive(self) -> Any:
        return await self._taken(await self.inner.receive())

    async def _taken(self, item: Any) -> Any:
        if wait_s := self.pace.taken():
            await asyncio.sleep(wait_s)
        if TAPS:
            self.ends.show(item, sent=False)
        return item

    async def send(self, item: Any) -> None:
        if isinstance(getattr(item, "message", None), JSONRPCRequest):
            self.pace.sent()
        if TAPS:
            self.ends.show(item, sent=True)
        await self.inner.send(item)


@contextlib.asynccontextmanager
async def tapped(transport: Any, ends: Ends) -> AsyncIterator[Any]:
    """The streams of a transport, which may be watched, and are not read faster than is good."""
    async with transport as streams:
        (read, write, *rest), pace = streams, ConnectionPace()
        yield (TappedStream(read, ends, pace), TappedStream(write, ends, pace), *rest)


class ServerTap:
    """Of a server of ours: each message of its clients, and what it is answered."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        if not TAPS:
            return await call_next(ctx)
        asked = ctx.request_id is not None
        pair = object() if asked else None
        headers = dict(getattr(ctx.request, "headers", None) or {})

        def show(part: Any, body: Any, **more: Any) -> None:
            name = ctx.method
            crossed(Crossing("mcp", self.name, part, pair, name, plain(body), ours=False, **more))

        show("request" if asked else "notice", ctx.params, headers=headers)
        try:
            result = await call_next(ctx)
        except BaseException as error:
            if asked:
                found = getattr(error, "error", None)
                body = plain(found) if found is not None else {"error": type(error).__name__}
                show("response", body, status="error")
            raise
        if asked:
            failed = getattr(result, "is_error", False)
            show("response", result, status="error" if failed else "ok")
        return result
