"""Streams of events that end with their own server, and with no other.

sse_starlette ends every stream of a process once any server of uvicorn in it was told to end by a
signal, and keeps that for good; it also believes whichever server holds the signal's handler,
which may have ended long ago. In a kernel, where servers come and go, each later server would
answer with streams that break off. So a stream of ours waits for the end of its own server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from sse_starlette.sse import EventSourceResponse

ENDING: ContextVar[asyncio.Event | None] = ContextVar("agentkit.ending", default=None)
"""Set once the server ends whose request this code answers; None in servers of others."""

theirs: Callable[[], Awaitable[None]] = EventSourceResponse._listen_for_exit_signal


async def ended() -> None:
    """Wait until the server of this request ends."""
    ending = ENDING.get()
    if ending is None:
        await theirs()
    else:
        await ending.wait()


EventSourceResponse._listen_for_exit_signal = staticmethod(ended)  # type: ignore[method-assign]


def ending_with(app: Any, ending: asyncio.Event) -> Any:
    """An ASGI application whose streams end once the event is set."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        ENDING.set(ending)
        under_way = False

        async def sent(message: Any) -> None:
            nonlocal under_way
            under_way = scope["type"] == "http" and message.get("more_body", "status" in message)
            await send(message)

        await app(scope, receive, sent)
        if under_way and ending.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return answer
