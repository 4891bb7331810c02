"""The referee of one submission: gives cases, performs tools, passes on model calls, and notes it.

It trusts nothing that comes over its socket. The answer's words are taken as text of bounded
length; everything else of a case is what the referee did itself. The endpoint's controls are out of
reach: only its three ways to ask a model are passed on.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from agentkit.errors import error_text
from agentkit.grading.assignment import Assignment, Case, Seen, ToolUse
from agentkit.tools import tool
from agentkit.values import canonical, jsonable, mended

T = TypeVar("T")

ASK = "/v1/chat/completions"
LARGEST = 1_000_000
"""Bytes of one request."""
SAID = 5_000
"""Letters of an answer."""
REQUESTS = 400
"""Requests of one case, of all kinds."""
PASSED = ("idempotency-key", "x-agentkit-actor")
"""Headers that are passed on."""
MODELS = "sim:"
"""How the models begin that may be asked."""


class Referee:
    """What the sandbox's one socket leads to."""

    def __init__(self, assignment: Assignment, cases: Sequence[Case], url: str) -> None:
        """Make one.

        Args:
            assignment: its limits.
            cases: all of them, in the order in which they are put.
            url: of a simulated endpoint that nobody else uses.
        """
        self.assignment, self.todo = assignment, list(cases)
        self.seen = [Seen(case) for case in cases]
        self.now: Seen | None = None
        self.tools: dict[str, Any] = {}
        """Of the case that is open, by name."""
        self.began = 0.0
        self.up = httpx.AsyncClient(base_url=url, timeout=60)
        self.turn = asyncio.Lock()
        self.busy = 0
        """Requests that are being answered."""

    def app(self) -> Starlette:
        """What is served."""
        return Starlette(
            middleware=[Middleware(RequestCount, referee=self)],
            routes=[
                Route("/next", self.next, methods=["POST"]),
                Route("/answer", self.answer, methods=["POST"]),
                Route("/tool/{name}", self.tool, methods=["POST"]),
                Route(ASK, self.ask, methods=["POST"]),
            ],
        )

    @property
    def untouched(self) -> bool:
        """Whether no case was given yet."""
        return len(self.todo) == len(self.seen)

    async def close(self) -> None:
        self.end("no answer before the end")
        await self.up.aclose()

    def end(self, error: str) -> None:
        """Close the case that is open, if one is."""
        if self.now is not None:
            self.now.error = self.now.error or error
            self.now.seconds = time.monotonic() - self.began
            self.now = None

    async def next(self, _request: Request) -> Response:
        """The next case, and the tools of it; null when there is none."""
        async with self.turn:
            self.end("no answer")
            done = len(self.seen) - len(self.todo)
            if not self.todo:
                return JSONResponse(None)
            case = self.todo.pop(0)
            self.now, self.began = self.seen[done], time.monotonic()
            await self.up.delete("/sim/faults")
            for kind, rate in case.faults.items():
                await self.up.post("/sim/faults", json={"kind": kind, "rate": rate})
            self.tools = {one.__name__: one for one in case.offered()}
            specs = [self.offered(one, case) for one in self.tools.values()]
            return JSONResponse(
                {"task": case.task, "tools": specs, "seconds": self.assignment.case_s}
            )

    def offered(self, function: Any, case: Case) -> dict[str, Any]:
        """A tool as the sandbox is told of it."""
        spec = tool(function).spec
        effect = "once" if spec.name in case.once else "pure"
        return {**spec.model_dump(), "effect": effect}

    def served(self, model: str) -> bool:
        """Whether a model may be asked."""
        return model.startswith(MODELS) and model in (self.assignment.models or {model})

    async def body(self, request: Request) -> dict[str, Any] | None:
        """What was sent, if it is a JSON object of bounded size and the case may ask more."""
        if self.now is not None:
            self.now.requests += 1
            if self.now.requests > REQUESTS:
                return None
        data = bytearray()
        try:
            async for piece in request.stream():
                data += piece
                if len(data) > LARGEST:
                    return None
            found = mended(json.loads(data))
        except (ValueError, RecursionError, ClientDisconnect):
            return None
        return found if isinstance(found, dict) else None

    async def answer(self, request: Request) -> Response:
        """What was answered, as text."""
        said, now = await self.body(request), self.now
        if said is not None and now is not None:
            now.text = str(said.get("text") or "")[:SAID]
            now.error = str(said.get("error") or "")[:SAID]
            self.end("")
        return JSONResponse({})

    async def tool(self, request: Request) -> Response:
        """Perform a tool of the case, here."""
        arguments, now = await self.body(request), self.now
        name = mended(request.path_params["name"])
        known = self.tools if now is not None else {}
        if now is None or arguments is None or name not in known:
            return JSONResponse({"error": f"there is no tool {name[:80]} now"}, 400)
        use = ToolUse(name, arguments)
        try:
            inspect.signature(known[name]).bind(**arguments)
            result = known[name](**arguments)
            result = jsonable(await result if inspect.isawaitable(result) else result)
            use = ToolUse(name, arguments, result)
        except Exception as error:
            use = ToolUse(name, arguments, None, error_text(error)[:300])
        now.tools.append(use)
        return JSONResponse({"error": use.error} if use.error else {"result": use.result})

    async def ask(self, request: Request) -> Response:
        """Pass a model call on; what the endpoint answers is noted."""
        body, now = await self.body(request), self.now
        if body is None or now is None:
            return refusal_response(400, "no case is open, or this is no request")
        if now.calls >= self.assignment.most_calls:
            return refusal_response(
                403, f"{self.assignment.most_calls} model calls are all of a case"
            )
        budget = self.assignment.budget_calls
        if budget and sum(one.calls for one in self.seen) >= budget:
            return refusal_response(403, f"{budget} model calls are all of a submission")
        if not self.served(str(body.get("model", ""))):
            known = ", ".join(self.assignment.models) or f"models {MODELS}..."
            return refusal_response(404, f"only {known} are served")
        given = body.get("seed")
        given = given if isinstance(given, int) else 0
        # A whole reply, of which every call of a tool is known when it is delivered.
        body |= {"stream": False, "seed": (now.case.seed ^ given) & 0x7FFFFFFF}
        body.pop("stream_options", None)
        headers = {name: request.headers[name] for name in PASSED if name in request.headers}
        now.calls += 1  # counted before it is made: those in flight at once are bounded, too
        try:
            found = await self.up.post(ASK, json=body, headers=headers)
        except httpx.HTTPError as error:
            now.calls -= 1
            return refusal_response(502, f"the endpoint broke off: {type(error).__name__}")
        if found.status_code == 200:
            now.wished += wishes(found.content)
        else:
            now.calls -= 1
        kept = {k: v for k, v in found.headers.items() if k in ("content-type", "retry-after")}
        return Response(found.content, found.status_code, kept)


class RequestCount:
    """Keeps how many requests are being answered.

    While the rest of a request is waited for, or a reply is not read, nothing is: whoever sends
    half a request and sleeps waits for himself.
    """

    def __init__(self, app: ASGIApp, referee: Referee) -> None:
        self.app, self.referee = app, referee

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def waited(work: Awaitable[T]) -> T:
            self.referee.busy -= 1
            try:
                return await work
            finally:
                self.referee.busy += 1

        self.referee.busy += 1
        try:
            await self.app(scope, lambda: waited(receive()), lambda one: waited(send(one)))
        finally:
            self.referee.busy -= 1


def refusal_response(status: int, words: str) -> Response:
    """A refusal as an endpoint words it."""
    return JSONResponse({"error": {"message": words, "type": "invalid_request_error"}}, status)


def wishes(body: bytes) -> list[str]:
    """The calls of tools that a reply holds, as `Seen.wished` has them.

    Each is read by itself, as an agent reads it: one that a fault damaged takes none along.
    """
    try:
        calls = json.loads(body)["choices"][0]["message"].get("tool_calls") or []
    except (ValueError, LookupError, TypeError, AttributeError):
        return []  # a fault made it unreadable: the answer cannot have read it either
    return list(filter(None, map(wish, calls if isinstance(calls, list) else [])))


def wish(call: Any) -> str:
    """One call as `Seen.wished` has it; "" where nobody can have read it."""
    try:
        arguments = mended(json.loads(call["function"]["arguments"] or "{}"))
        # Some servers write null for no arguments.
        return canonical([call["function"]["name"], {} if arguments is None else arguments])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
