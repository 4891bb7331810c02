"""How a reply travels: paced like a real model's, streamed or whole, and how that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from agentkit.sim.server.wire import Frame

TICK_S = 0.02
"""Words that fall due within one tick travel together: 300 streams at once stay smooth."""

HangUp = Callable[[Scope], None]


@dataclass(frozen=True)
class ReplyPace:
    """When a reply is due: seconds to its first token and per token, after a hold."""

    first_s: float = 0.0
    token_s: float = 0.0
    hold_s: float = 0.0


@dataclass(frozen=True)
class DeliveryFault:
    """What goes wrong on the way: "drop" or "cut" (or nothing), and events sent twice."""

    loss: str | None = None
    twice: bool = False


def head(kind: str, length: int | None = None) -> dict[str, object]:
    """The start of a successful response; a stream has no length."""
    headers = [(b"content-type", kind.encode())]
    if length is None:
        headers.append((b"cache-control", b"no-cache"))
    else:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def gone(receive: Receive) -> None:
    """Return when the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def client_left(receive: Receive, delay_s: float) -> bool:
    """Wait; True when the client hung up first."""
    if delay_s <= 0:
        return False
    leaving = asyncio.ensure_future(gone(receive))
    try:
        done, _ = await asyncio.wait({leaving}, timeout=delay_s)
        return bool(done)
    finally:
        leaving.cancel()


async def lose(scope: Scope, receive: Receive, hang_up: HangUp) -> None:
    """Close the connection from our side and wait until it is closed."""
    hang_up(scope)
    await gone(receive)


def cut_off(hang_up: HangUp) -> ASGIApp:
    """No reply: the connection closes."""

    async def close(scope: Scope, receive: Receive, send: Send) -> None:
        await lose(scope, receive, hang_up)

    return close


def whole(
    body: bytes,
    tokens: int,
    pace: ReplyPace,
    mishap: DeliveryFault,
    start_s: float,
    hang_up: HangUp,
) -> ASGIApp:
    """A reply in one piece, sent when its last token is due."""

    async def send_whole(scope: Scope, receive: Receive, send: Send) -> None:
        due_s = start_s + pace.hold_s + pace.first_s + pace.token_s * tokens
        if await client_left(receive, due_s - asyncio.get_running_loop().time()):
            return
        if mishap.loss == "drop":
            return await lose(scope, receive, hang_up)
        await send(head("application/json", len(body)))
        if mishap.loss == "cut":
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            return await lose(scope, receive, hang_up)
        await send({"type": "http.response.body", "body": body})

    return send_whole


def streamed(
    frames: Iterable[Frame], pace: ReplyPace, mishap: DeliveryFault, start_s: float, hang_up: HangUp
) -> ASGIApp:
    """Server-sent events, each sent when its tokens are due; several that are due go together."""

    async def send_stream(scope: Scope, receive: Receive, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        due_s = start_s + pace.hold_s + pace.first_s
        if await client_left(receive, due_s - clock()):
            return
        if mishap.loss == "drop":
            return await lose(scope, receive, hang_up)
        await send(head("text/event-stream; charset=utf-8"))
        events = numbered(list(frames), mishap)
        waiting: list[str] = []
        for frame in events:
            due_s += frame.tokens * pace.token_s
            if due_s > clock():
                await flush(send, waiting)
                await asyncio.sleep(max(due_s - clock(), TICK_S))
            waiting.append(frame.text)
        await flush(send, waiting)
        if mishap.loss == "cut":
            return await lose(scope, receive, hang_up)
        await send({"type": "http.response.body", "body": b""})

    return send_stream


def numbered(frames: list[Frame], mishap: DeliveryFault) -> list[Frame]:
    """The events with SSE ids; cut after half of the reply, or doubled, as the mishap says."""
    if mishap.loss == "cut":
        said = [place for place, frame in enumerate(frames) if frame.tokens]
        frames = frames[: said[len(said) // 2] + 1 if said else 1]
    events = []
    for place, frame in enumerate(frames):
        event = Frame(f"id: {place}\n{frame.text}", frame.tokens)
        events.append(event)
        if mishap.twice and frame.tokens:
            events.append(Frame(event.text))
    return events


async def flush(send: Send, waiting: list[str]) -> None:
    """Send the waiting events in one piece."""
    if waiting:
        body = "".join(waiting).encode("utf-8", "replace")
        waiting.clear()
        await send({"type": "http.response.body", "body": body, "more_body": True})
