"""What the simulated endpoint does with each kind of request, faults included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from agentkit.sim.brain import embedding
from agentkit.sim.brain.temperaments import TEMPERAMENTS, tokens
from agentkit.sim.server import anthropic_wire, openai_wire
from agentkit.sim.server.anthropic_body import CountBody
from agentkit.sim.server.catalog import bare, temperament_name
from agentkit.sim.server.delivery import DeliveryFault, HangUp, ReplyPace, cut_off, streamed, whole
from agentkit.sim.server.desk import Desk, sign_of
from agentkit.sim.server.failing import refusing
from agentkit.sim.server.faults import (
    LOSING,
    REFUSING,
    FaultRule,
    FaultRules,
    Sign,
    read_rules,
    read_seed,
)
from agentkit.sim.server.intake import actor_of, body_of, fitting, parsed
from agentkit.sim.server.openai_body import as_list
from agentkit.sim.server.patience import limited_work
from agentkit.sim.server.wire import BadRequest, Strict, WireReply, WireRequest, digest, read_body

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
class ChatRoute:
    """What differs between the two chat routes."""

    read: Callable[[bytes, int], WireRequest]
    answer: Callable[[WireReply, WireRequest], dict[str, Any]]
    frames: Callable[[WireReply, WireRequest], Any]


class EndpointRoutes:
    """The routes that perform something, over one desk.

    Args:
        desk: keeps the books, and performs each key once.
        faults: what goes wrong on demand.
        seed: used when a request names none.
        speed: factor on all model latency.
        hang_up: closes the connection that a request came on, for faults.
    """

    def __init__(
        self, desk: Desk, faults: FaultRules, seed: int, speed: float, hang_up: HangUp
    ) -> None:
        self.desk, self.faults = desk, faults
        self.seed, self.speed, self.hang_up = seed, speed, hang_up

    def chat(self, dialect: ChatRoute) -> Callable[[Request], Awaitable[ASGIApp]]:
        """Make the route of a chat dialect."""

        async def answer(request: Request) -> ASGIApp:
            start_s = asyncio.get_running_loop().time()
            raw = await body_of(request)
            with limited_work():
                wanted = dialect.read(raw, self.seed)
            kind = temperament_name(wanted.ask.model)
            fitting(wanted.tokens_in, CONTEXT_TOKENS, "messages")
            sign = sign_of(wanted, actor_of(request), kind)
            refusal = self.count(sign)
            if refusal is not None:
                return self.turned_away(request, refusal)
            key = request.headers.get("idempotency-key")
            with limited_work():
                reply = self.desk.perform(wanted, sign, key)
                twice = self.draw(("duplicate",), sign) is not None
                if twice:
                    reply = self.desk.perform(wanted, sign, key)
            return self.delivered(dialect, wanted, reply, sign, start_s, twice)

        return answer

    def delivered(
        self,
        dialect: ChatRoute,
        wanted: WireRequest,
        reply: WireReply,
        sign: Sign,
        start_s: float,
        twice: bool,
    ) -> ASGIApp:
        """Send a reply at the pace of its model, or lose it as a fault says."""
        kind = TEMPERAMENTS[sign.model]
        pace, loss = self.fate(sign, kind.first_token_ms, kind.token_ms)
        mishap = DeliveryFault(loss, twice)
        if wanted.stream:
            return streamed(dialect.frames(reply, wanted), pace, mishap, start_s, self.hang_up)
        body = json.dumps(dialect.answer(reply, wanted), ensure_ascii=False)
        encoded = body.encode("utf-8", "replace")
        return whole(encoded, reply.tokens_out, pace, mishap, start_s, self.hang_up)

    def count(self, sign: Sign) -> FaultRule | None:
        """Count the call, and return the fault that turns it away, if any."""
        for account in self.desk.stats.accounts(sign):
            account.calls += 1
        return self.draw(REFUSING, sign)

    def turned_away(self, request: Request, rule: FaultRule) -> ASGIApp:
        """Answer a request that a fault keeps from being performed, or none to a cut-off one."""
        if rule.kind == "partition":
            return cut_off(self.hang_up)
        return refusing(request, rule)

    def fate(self, sign: Sign, first_ms: float, token_ms: float) -> tuple[ReplyPace, str | None]:
        """Draw when the reply is due, and how it is lost, if it is."""
        lost = self.draw(LOSING, sign)
        slow = self.draw(("slow",), sign)
        factor = self.speed * ((slow.factor or 10.0) if slow else 1.0)
        hold_s = (slow.delay_s or 0.0) if slow else 0.0
        loss = lost.kind if lost else None
        if lost is not None and lost.kind == "stall":
            hold_s += STALL_S if lost.delay_s is None else lost.delay_s
            loss = None
        return ReplyPace(first_ms / 1000 * factor, token_ms / 1000 * factor, hold_s), loss

    def draw(self, kinds: tuple[Any, ...], sign: Sign) -> FaultRule | None:
        """Draw a fault of these kinds for a call, and count it."""
        rule = self.faults.draw(kinds, sign)
        if rule is not None:
            self.desk.stats.faults[rule.kind] += 1
        return rule

    async def embeddings(self, request: Request) -> ASGIApp:
        """Embed texts."""
        start_s = asyncio.get_running_loop().time()
        body = read_body(await body_of(request), EmbeddingsBody)
        if bare(body.model) != embedding.NAME:
            raise BadRequest(
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
        refusal = self.count(sign)
        if refusal is not None:
            return self.turned_away(request, refusal)
        size = sum(sizes)
        self.desk.embed(sign, request.headers.get("idempotency-key"), size)
        packing = embedding.packed if body.encoding_format == "base64" else list[float]
        rows = []
        for place, text in enumerate(body.input):
            vector = embedding.embed(text, body.dimensions or embedding.DIMENSIONS)
            rows.append({"object": "embedding", "index": place, "embedding": packing(vector)})
            await asyncio.sleep(0)
        usage = {"prompt_tokens": size, "total_tokens": size}
        answer = {"object": "list", "data": rows, "model": body.model, "usage": usage}
        pace, loss = self.fate(sign, EMBEDDING_MS, 0.0)
        return whole(
            json.dumps(answer).encode(), 0, pace, DeliveryFault(loss), start_s, self.hang_up
        )

    async def count_tokens(self, request: Request) -> Response:
        """Count the tokens of a conversation, in the Anthropic dialect."""
        raw = await body_of(request)
        with limited_work():
            body = read_body(raw, CountBody)
            temperament_name(body.model)
            ask = anthropic_wire.ask_of(body, self.seed)
            return JSONResponse({"input_tokens": openai_wire.tokens_of(ask)})

    async def faults_of(self, request: Request) -> Response:
        """List the fault rules, after adding or removing some."""
        if request.method == "POST":
            body = await parsed(request)
            rules, seed = read_rules(body), read_seed(body)
            self.faults.seed = self.faults.seed if seed is None else seed
            self.faults.add(rules)
        if request.method == "DELETE":
            name = request.path_params.get("id")
            if not self.faults.clear(name) and name is not None:
                raise BadRequest(f"There is no fault rule {name!r}.", field="id", status=404)
        return JSONResponse({"rules": self.faults.listing()})

    async def stats(self, request: Request) -> Response:
        """Show the books, after emptying them if told to."""
        if request.method == "DELETE":
            self.desk.stats = type(self.desk.stats)()
        return JSONResponse({"seed": self.seed, "speed": self.speed, **self.desk.stats.listing()})
