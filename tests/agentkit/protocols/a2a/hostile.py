"""An agent that does what it should not, without any SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route


def card(own: str, **more: Any) -> dict[str, Any]:
    """A card, as a dict."""
    return {
        "name": more.pop("name", "evil"),
        "description": more.pop("description", "x"),
        "version": "1",
        "supportedInterfaces": [
            {
                "url": more.pop("url", own),
                "protocolBinding": more.pop("binding", "JSONRPC"),
                "protocolVersion": more.pop("version", "1.0"),
            }
        ],
        "capabilities": {"streaming": more.pop("streaming", True)},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "x", "name": "x", "description": "x", "tags": ["x"]}],
        **more,
    }


def task(state: str = "WORKING", **more: Any) -> dict[str, Any]:
    """A task, as a dict."""
    return {"id": "t", "contextId": "c", "status": {"state": f"TASK_STATE_{state}"}, **more}


def app(how: str, calls: list[dict[str, Any]], **more: Any) -> Starlette:
    """An agent that behaves so; what it is asked is put into `calls`."""

    async def shown(request: Request) -> Response:
        url = f"http://{request.headers['host']}/"
        if how == "card 404":
            return JSONResponse({}, 404)
        if how == "card large":
            return Response(b"{" + b" " * 2_000_000 + b"}")
        if how == "card garbage":
            return Response(b"<html>")
        if how == "card deep":
            return Response(b'{"skills":' + b"[" * 50_000 + b"]" * 50_000 + b"}")
        if how == "card elsewhere":
            return RedirectResponse("http://127.0.0.2:9/.well-known/agent-card.json", 302)
        if how == "card near" and request.url.path != "/moved.json":
            return RedirectResponse("/moved.json", 307)
        return JSONResponse(card(url, **more))

    async def asked(request: Request) -> Response:
        body = await request.json()
        calls.append({**body, "authorization": request.headers.get("authorization", "")})
        return await answered(how, body, calls)

    return Starlette(
        routes=[
            Route("/.well-known/agent-card.json", shown),
            Route("/moved.json", shown),
            Route("/", asked, methods=["POST"]),
        ]
    )


async def answered(how: str, body: dict[str, Any], calls: list[dict[str, Any]]) -> Response:
    """What it answers to a request."""
    id, method = body["id"], body["method"]

    def event(**result: Any) -> bytes:
        said = {"jsonrpc": "2.0", "id": id, "result": result}
        return b"data: " + json.dumps(said).encode() + b"\n\n"

    async def stream(*events: bytes, then: Any = None) -> AsyncIterator[bytes]:
        for one in events:
            yield one
        if then is not None:
            async for one in then:
                yield one

    def sse(*events: bytes, then: Any = None) -> Response:
        return StreamingResponse(stream(*events, then=then), media_type="text/event-stream")

    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield event(statusUpdate={"taskId": "t", "contextId": "c", "status": task()["status"]})

    async def large() -> AsyncIterator[bytes]:
        yield b'data: {"x": "'
        for _ in range(100):
            yield b"x" * 1_000_000
        yield b'"}\n\n'

    async def silent() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    async def broken() -> AsyncIterator[bytes]:
        yield b": x\n"
        raise ConnectionResetError

    sent = sum("Send" in one["method"] for one in calls)
    artifact = {"artifactId": "a", "parts": [{"text": "it is done"}]}
    done = task("COMPLETED", artifacts=[artifact])
    if method == "CancelTask":
        return JSONResponse({"jsonrpc": "2.0", "id": id, "result": task("CANCELED")})
    match how:
        case "never":
            await asyncio.sleep(60)
        case "silent":
            return sse(event(task=task()), then=silent())
        case "floods":
            return sse(event(task=task()), then=endless())
        case "large":
            return sse(then=large())
        case "large body":
            return Response(b"x" * 100_000_000, media_type="application/json")
        case "dies":
            raise RuntimeError("dead")
        case "redirects":
            return RedirectResponse("http://127.0.0.2:9/", 307)
        case "closed":
            return Response("no", 401)
        case "garbage":
            return Response(b"hello", media_type="application/json")
        case "deep":
            deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
            return Response(b'{"jsonrpc":"2.0","id":1,"result":' + deep + b"}")
        case "other task":
            other = {"taskId": "u", "contextId": "c", "status": task()["status"]}
            return sse(event(task=task()), event(statusUpdate=other))
        case "nothing":
            return sse()
        case "refuses":
            error = {"code": -32005, "message": "no \x1b[2J \u202e words"}
            return JSONResponse({"jsonrpc": "2.0", "id": id, "error": error})
        case "rejects":
            return sse(event(task=task("REJECTED")))
        case "message":
            said = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "hello"}]}
            return sse(event(message=said))
        case "breaks" if sent == 1:
            return sse(then=broken())
        case "forgets" if method == "SendStreamingMessage" and sent == 1:
            return sse(event(task=task()), then=broken())
        case "forgets" if method in ("SubscribeToTask", "GetTask"):
            error = {"code": -32001, "message": "Task not found"}
            return JSONResponse({"jsonrpc": "2.0", "id": id, "error": error})
        case "fails once" if method == "GetTask":
            return JSONResponse({"jsonrpc": "2.0", "id": id, "result": task("FAILED")})
        case "fails once" if sent == 1:
            return sse(event(task=task("FAILED")))
        case "drops" if method == "SendStreamingMessage":
            return sse(event(task=task()))
        case "drops" if method == "SubscribeToTask":
            if [one["method"] for one in calls].count(method) < 2:
                return sse(event(task=task()))
            return sse(event(task=done))
        case "polls" if method == "GetTask":
            looked = [one["method"] for one in calls].count(method)
            found = done if looked > 1 else task()
            return JSONResponse({"jsonrpc": "2.0", "id": id, "result": found})
        case "polls":
            return JSONResponse({"jsonrpc": "2.0", "id": id, "result": {"task": task()}})
    return sse(event(task=done))
