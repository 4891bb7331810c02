"""A gateway before an endpoint that gives a signed receipt for every reply.

It passes one thing on, OpenAI's Chat Completions, and nothing that could go unsigned. What it sends
is what it read: a body with a key twice cannot be one thing to it and another to the endpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from agentkit.endpoints.dialect import ErrorInReply
from agentkit.endpoints.openai import Collector, read
from agentkit.endpoints.shapes import Malformed
from agentkit.endpoints.sse import Events
from agentkit.errors import SetupError
from agentkit.grading.receipts import CallReceipt, receipt, student_of
from agentkit.model import Reply
from agentkit.values import mended

ASK = "/chat/completions"
LARGEST = 16_000_000
"""Bytes of one request."""
PASSED = ("idempotency-key", "x-agentkit-actor")
BACK = ("content-type", "retry-after")
"""Headers that are passed on, there and back."""
LONGEST_S = 600.0
SALT = "receipt"
"""For ids of calls that a server left out; receipts tell none."""


class ReceiptBook:
    """Receipts in a file, a line of JSON each, numbered."""

    def __init__(self, path: str | Path, secret: bytes) -> None:
        """Go on with a book, or begin one, which its owner alone may read.

        Raises:
            SetupError: what stands there was not signed by this secret.
        """
        self.path, self.secret, self.n = Path(path), secret, 0
        self.path.touch(mode=0o600)
        for one in self.read():
            if not one.genuine(secret):
                raise SetupError(
                    f"Receipt {one.n} in {path} was signed by another secret, or changed.",
                    expected="the secret that the book was begun with, or a new book",
                )
            self.n = max(self.n, one.n)
        with self.path.open("rb+") as file:  # half a line, as a crash leaves it, is ended
            if file.seek(0, 2) and file.seek(-1, 2) is not None and file.read(1) != b"\n":
                file.write(b"\n")

    def read(self, student: str = "") -> list[CallReceipt]:
        """Receipts, of one student or all."""
        found = []
        for line in self.path.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                found.append(CallReceipt.model_validate_json(line))
        return [one for one in found if student in ("", one.student)]

    def enter(self, student: str, body: dict[str, Any], reply: Reply) -> None:
        """Sign a reply. It is on the disk before whoever asked has all of it."""
        self.n += 1
        made = receipt(self.n, time.time(), student, body, reply).signed(self.secret)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(made.model_dump_json() + "\n")


class Gateway:
    """What is served."""

    def __init__(
        self,
        book: ReceiptBook,
        upstream: str,
        key: Callable[[str], str | None],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make one.

        Args:
            book: for receipts.
            upstream: the endpoint's address, such as "http://127.0.0.1:8001/v1".
            key: the endpoint's key for a student; None where there is none.
            transport: in place of the network.
        """
        self.book, self.key = book, key
        self.up = httpx.AsyncClient(
            base_url=upstream, timeout=httpx.Timeout(LONGEST_S), transport=transport
        )

    def app(self) -> Starlette:
        """The app: asks under /v1, and a student's own receipts."""
        return Starlette(
            routes=[
                Route(f"/v1{ASK}", self.ask, methods=["POST"]),
                Route("/receipts", self.receipts, methods=["GET"]),
            ]
        )

    def student(self, request: Request) -> str:
        """Who asks; "" for nobody known."""
        return student_of(self.book.secret, request.headers.get("authorization", "")[7:])

    async def receipts(self, request: Request) -> Response:
        """A student's receipts, to hand in beside a log."""
        if not (student := self.student(request)):
            return refusal_response(401, "this key is nobody's")
        found = await asyncio.to_thread(self.book.read, student)
        return PlainTextResponse("".join(f"{one.model_dump_json()}\n" for one in found))

    async def ask(self, request: Request) -> Response:
        """Pass a call on, and sign what comes back."""
        if not (student := self.student(request)):
            return refusal_response(401, "this key is nobody's")
        try:
            body = await whole(request)
        except (ValueError, RecursionError, ClientDisconnect):
            return refusal_response(
                400, f"this is no JSON object of at most {LARGEST:,} bytes in UTF-8"
            )
        headers = {name: request.headers[name] for name in PASSED if name in request.headers}
        if key := self.key(student):
            headers["authorization"] = f"Bearer {key}"
        sent = self.up.build_request("POST", ASK, json=body, headers=headers)
        try:
            found = await self.up.send(sent, stream=True)
        except httpx.HTTPError as error:
            return refusal_response(502, f"the endpoint broke off: {type(error).__name__}")
        kept = {name: found.headers[name] for name in BACK if name in found.headers}
        if found.status_code == 200 and body.get("stream"):
            pieces = self.streamed(found, student, body)
            return StreamingResponse(pieces, headers=kept)
        return await self.told(found, student, body, kept)

    async def told(
        self, found: httpx.Response, student: str, body: dict[str, Any], kept: Mapping[str, str]
    ) -> Response:
        """Pass on what came in one piece; what no client can read is not signed."""
        try:
            data = await found.aread()
        except httpx.HTTPError as error:
            return refusal_response(502, f"the endpoint broke off: {type(error).__name__}")
        finally:
            await found.aclose()
        if found.status_code == 200:
            with contextlib.suppress(Malformed, ErrorInReply, ValueError, RecursionError):
                self.book.enter(student, body, read(json.loads(data), SALT).reply)
        return Response(data, found.status_code, dict(kept))

    async def streamed(
        self, found: httpx.Response, student: str, body: dict[str, Any]
    ) -> AsyncIterator[bytes]:
        """Pass on pieces as they come; the last is held back until the reply is signed."""
        events, collector, last = Events(), Collector(SALT), b""
        try:
            async for piece in found.aiter_bytes():
                if last:
                    yield last
                last = piece
                with contextlib.suppress(Malformed, ErrorInReply, ValueError, RecursionError):
                    [collector.take(event.data) for event in events.feed(piece)]
            with contextlib.suppress(Malformed, ErrorInReply, ValueError, RecursionError):
                [collector.take(event.data) for event in events.end()]
                if whole_reply := collector.read():
                    self.book.enter(student, body, whole_reply.reply)
            yield last
        finally:
            await found.aclose()

    async def close(self) -> None:
        await self.up.aclose()


async def whole(request: Request) -> dict[str, Any]:
    """What was sent.

    Raises:
        ValueError, RecursionError, ClientDisconnect: it is no JSON object of bounded size.
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > LARGEST:
            raise ValueError("too large")
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("no object")
    for name in ("messages", "tools"):
        if not isinstance(found.get(name) or [], list):
            raise ValueError(f"{name} is no list")
    if mended(found) != found:
        raise ValueError("it has NaN, an infinity, or half a surrogate pair")
    return found


def refusal_response(status: int, words: str) -> Response:
    """A refusal as an endpoint words it."""
    return JSONResponse({"error": {"message": words, "type": "invalid_request_error"}}, status)
