"""The simulated endpoint as a starlette app: routes, errors in each dialect, faults, books."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import BeforeValidator, Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from agentkit.sim.brain import embedding
from agentkit.sim.brain.temperaments import TEMPERAMENTS, tokens
from agentkit.sim.brain.thought import Ask, Say
from agentkit.sim.server import anthropic_wire, openai_wire
from agentkit.sim.server.anthropic_body import CountBody, MessagesBody
from agentkit.sim.server.catalog import bare, known, model_row
from agentkit.sim.server.delivery import HangUp, Mishap, Pace, streamed, whole
from agentkit.sim.server.desk import Desk, sign_of
from agentkit.sim.server.failing import ABOUT, broke, no_route, refused, refusing, too_long
from agentkit.sim.server.faults import LOSING, REFUSING, Faults, Rule, Sign, read_rules
from agentkit.sim.server.openai_body import ChatBody, as_list
from agentkit.sim.server.patience import TooLong, at_most
from agentkit.sim.server.wire import Refused, Reply, Strict, Wanted, digest, read_body

MOST_BYTES = 8 * 2**20
BODY_S = 30.0
"""How long a client may take to send the body of a request."""
STALL_S = 600.0
EMBEDDING_MS = 10.0
CONTEXT_TOKENS = 128_000


class EmbeddingsBody(Strict):
    """The body of POST /v1/embeddings."""

    model: str
    input: Annotated[list[str], BeforeValidator(as_list)] = Field(min_length=1, max_length=2048)
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=8, le=embedding.MOST_DIMENSIONS)


@dataclass(frozen=True)
class Dialect:
    """What differs between the two chat routes."""

    read: Callable[[bytes, int], Wanted]
    answer: Callable[[Reply, Wanted], dict[str, Any]]
    frames: Callable[[Reply, Wanted], Any]


OPENAI = Dialect(
    read=lambda raw, seed: openai_wire.wanted(read_body(raw, ChatBody), seed),
    answer=lambda reply, wanted: openai_wire.whole(reply),
    frames=lambda reply, wanted: openai_wire.frames(reply, wanted.include_usage),
)
ANTHROPIC = Dialect(
    read=lambda raw, seed: anthropic_wire.wanted(read_body(raw, MessagesBody), seed),
    answer=lambda reply, wanted: anthropic_wire.whole(reply),
    frames=lambda reply, wanted: anthropic_wire.frames(reply),
)


def refuse_to_hang_up(scope: Scope) -> None:
    """Without a server there is no connection to close; the break shows as this error."""
    raise ConnectionAbortedError("the simulated endpoint dropped the connection")


def make_app(
    respond: Callable[[Ask], Say],
    *,
    seed: int = 7,
    speed: float = 1.0,
    hang_up: HangUp = refuse_to_hang_up,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Build the app.

    Args:
        respond: the brain; called in the event loop, so it must be quick.
        seed: used when a request names none; also seeds the faults' dice.
        speed: factor on all model latency: 1 as stated, 0.1 ten times faster, 0 no waiting.
        hang_up: closes the connection that a request came on, for faults.
        clock: Unix seconds.
    """
    faults = Faults(seed)
    desk = Desk(respond, faults, clock)

    def chat(dialect: Dialect) -> Callable[[Request], Awaitable[ASGIApp]]:
        async def answer(request: Request) -> ASGIApp:
            start_s = asyncio.get_running_loop().time()
            raw = await body_of(request)
            with at_most():
                wanted = dialect.read(raw, seed)
            kind = known(wanted.ask.model)
            fitting(wanted.tokens_in, CONTEXT_TOKENS, "messages")
            sign = sign_of(wanted, actor_of(request), kind)
            refusal = counted(sign)
            if refusal is not None:
                return refusing(request, refusal)
            key = request.headers.get("idempotency-key")
            with at_most():
                reply = desk.perform(wanted, sign, key)
                twice = drawn(("duplicate",), sign) is not None
                if twice:
                    reply = desk.perform(wanted, sign, key)
            return delivered(dialect, wanted, reply, sign, start_s, twice)

        return answer

    def delivered(
        dialect: Dialect, wanted: Wanted, reply: Reply, sign: Sign, start_s: float, twice: bool
    ) -> ASGIApp:
        kind = TEMPERAMENTS[sign.model]
        pace, loss = fate(sign, kind.first_token_ms, kind.token_ms)
        mishap = Mishap(loss, twice)
        if wanted.stream:
            return streamed(dialect.frames(reply, wanted), pace, mishap, start_s, hang_up)
        body = json.dumps(dialect.answer(reply, wanted), ensure_ascii=False)
        encoded = body.encode("utf-8", "replace")
        return whole(encoded, reply.tokens_out, pace, mishap, start_s, hang_up)

    def counted(sign: Sign) -> Rule | None:
        """Count the call; the fault that turns it away, if any."""
        for account in desk.stats.accounts(sign):
            account.calls += 1
        return drawn(REFUSING, sign)

    def fate(sign: Sign, first_ms: float, token_ms: float) -> tuple[Pace, str | None]:
        """When the reply is due, and how it is lost, if it is."""
        lost = drawn(LOSING, sign)
        slow = drawn(("slow",), sign)
        factor = speed * ((slow.factor or 10.0) if slow else 1.0)
        hold_s = (slow.delay_s or 0.0) if slow else 0.0
        loss = lost.kind if lost else None
        if lost is not None and lost.kind == "stall":
            hold_s += STALL_S if lost.delay_s is None else lost.delay_s
            loss = None
        return Pace(first_ms / 1000 * factor, token_ms / 1000 * factor, hold_s), loss

    def drawn(kinds: tuple[Any, ...], sign: Sign) -> Rule | None:
        rule = faults.draw(kinds, sign)
        if rule is not None:
            desk.stats.faults[rule.kind] += 1
        return rule

    async def embeddings(request: Request) -> ASGIApp:
        start_s = asyncio.get_running_loop().time()
        body = read_body(await body_of(request), EmbeddingsBody)
        if bare(body.model) != embedding.NAME:
            raise Refused(
                f"There is no embedding model {body.model!r}; the simulation has "
                f"'sim:{embedding.NAME}'.",
                field="model",
                status=404,
                code="model_not_found",
            )
        asked = digest(body.input, body.dimensions)
        sign = Sign(actor_of(request), embedding.NAME, asked)
        sizes = [tokens(text) for text in body.input]
        for place, size in enumerate(sizes):
            fitting(size, embedding.MOST_TOKENS, f"input.{place}")
        refusal = counted(sign)
        if refusal is not None:
            return refusing(request, refusal)
        size = sum(sizes)
        desk.embed(sign, request.headers.get("idempotency-key"), size)
        packing = embedding.packed if body.encoding_format == "base64" else list[float]
        rows = []
        for place, text in enumerate(body.input):
            vector = embedding.embed(text, body.dimensions or embedding.DIMENSIONS)
            rows.append({"object": "embedding", "index": place, "embedding": packing(vector)})
            await asyncio.sleep(0)
        usage = {"prompt_tokens": size, "total_tokens": size}
        answer = {"object": "list", "data": rows, "model": body.model, "usage": usage}
        pace, loss = fate(sign, EMBEDDING_MS, 0.0)
        return whole(json.dumps(answer).encode(), 0, pace, Mishap(loss), start_s, hang_up)

    async def count_tokens(request: Request) -> Response:
        raw = await body_of(request)
        with at_most():
            body = read_body(raw, CountBody)
            known(body.model)
            ask = anthropic_wire.ask_of(body, seed)
            return JSONResponse({"input_tokens": openai_wire.tokens_of(ask)})

    async def models(request: Request) -> Response:
        rows = [model_row(name) for name in [*TEMPERAMENTS, embedding.NAME]]
        ends = {"has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}
        return JSONResponse({"object": "list", "data": rows, **ends})

    async def model(request: Request) -> Response:
        name = bare(request.path_params["name"])
        return JSONResponse(model_row(name if name == embedding.NAME else known(name)))

    async def faults_of(request: Request) -> Response:
        if request.method == "POST":
            faults.add(read_rules(await parsed(request)))
        if request.method == "DELETE":
            name = request.path_params.get("id")
            if not faults.clear(name) and name is not None:
                raise Refused(f"There is no fault rule {name!r}.", field="id", status=404)
        return JSONResponse({"rules": faults.listing()})

    async def stats(request: Request) -> Response:
        if request.method == "DELETE":
            desk.stats = type(desk.stats)()
        return JSONResponse({"seed": seed, "speed": speed, **desk.stats.listing()})

    async def about(request: Request) -> Response:
        return PlainTextResponse(ABOUT)

    return Starlette(
        routes=[
            Route("/", about),
            Route("/v1/chat/completions", chat(OPENAI), methods=["POST"]),
            Route("/v1/messages", chat(ANTHROPIC), methods=["POST"]),
            Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
            Route("/v1/models", models),
            Route("/v1/models/{name}", model),
            Route("/sim/faults", faults_of, methods=["GET", "POST", "DELETE"]),
            Route("/sim/faults/{id}", faults_of, methods=["DELETE"]),
            Route("/sim/stats", stats, methods=["GET", "DELETE"]),
        ],
        exception_handlers={
            Refused: refused,
            TooLong: too_long,
            HTTPException: no_route,
            Exception: broke,
        },
    )


def actor_of(request: Request) -> str | None:
    """Who asks; a name that no header can carry as it is comes percent-encoded."""
    name = request.headers.get("x-agentkit-actor")
    return None if name is None else unquote(name)


def fitting(size: int, most: int, field: str) -> None:
    """Refuse what is longer than the model reads; also keeps one client from stalling a class.

    Raises:
        Refused: 400, with both numbers.
    """
    if size > most:
        raise Refused(
            f"{field}: {size} tokens; this model's maximum context length is {most} tokens. "
            "Send less.",
            field=field,
            code="context_length_exceeded",
        )


async def body_of(request: Request) -> bytes:
    """The raw body.

    Raises:
        Refused: 413, larger than MOST_BYTES; 408, not here within BODY_S.
    """
    body = bytearray()
    large = Refused(f"The body is larger than {MOST_BYTES} bytes; send less.", status=413)
    promised = request.headers.get("content-length", "").lstrip("0")
    if promised.isdecimal() and (len(promised) > 12 or int(promised) > MOST_BYTES):
        raise large
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise large
    except TimeoutError:
        raise Refused(f"The body did not come within {BODY_S:g} s.", status=408) from None
    return bytes(body)


async def parsed(request: Request) -> Any:
    """The JSON body of a request to the fault rules."""
    try:
        return json.loads(await body_of(request))
    except (ValueError, RecursionError) as error:
        raise Refused(f"The body is not valid JSON: {error}.") from error
