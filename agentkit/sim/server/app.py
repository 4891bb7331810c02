"""The simulated endpoint as a starlette app: routes, errors in each dialect, faults, books."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from agentkit.sim.brain import embedding
from agentkit.sim.brain.temperaments import TEMPERAMENTS
from agentkit.sim.brain.thought import BrainRequest, Say
from agentkit.sim.server import anthropic_wire, openai_wire, responses_wire
from agentkit.sim.server.anthropic_body import MessagesBody
from agentkit.sim.server.catalog import bare, model_row, temperament_name
from agentkit.sim.server.delivery import HangUp
from agentkit.sim.server.desk import Desk
from agentkit.sim.server.failing import ABOUT, broke, no_route, refusal_response, too_long
from agentkit.sim.server.faults import FaultRules
from agentkit.sim.server.openai_body import ChatBody
from agentkit.sim.server.patience import OutOfPatience
from agentkit.sim.server.responses_body import ResponsesBody
from agentkit.sim.server.service import ChatRoute, EndpointRoutes
from agentkit.sim.server.wire import BadRequest, read_body

OPENAI = ChatRoute(
    read=lambda raw, seed: openai_wire.wanted(read_body(raw, ChatBody), seed),
    answer=lambda reply, wanted: openai_wire.whole(reply),
    frames=lambda reply, wanted: openai_wire.frames(reply, wanted.include_usage),
)
ANTHROPIC = ChatRoute(
    read=lambda raw, seed: anthropic_wire.wanted(read_body(raw, MessagesBody), seed),
    answer=lambda reply, wanted: anthropic_wire.whole(reply),
    frames=lambda reply, wanted: anthropic_wire.frames(reply),
)
RESPONSES = ChatRoute(
    read=lambda raw, seed: responses_wire.wanted(read_body(raw, ResponsesBody), seed),
    answer=lambda reply, wanted: responses_wire.whole(reply),
    frames=lambda reply, wanted: responses_wire.frames(reply),
)


def refuse_to_hang_up(scope: Scope) -> None:
    """Without a server there is no connection to close; the break shows as this error."""
    raise ConnectionAbortedError("the simulated endpoint dropped the connection")


def make_app(
    respond: Callable[[BrainRequest], Say],
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
    faults = FaultRules(seed)
    service = EndpointRoutes(Desk(respond, faults, clock), faults, seed, speed, hang_up)
    return Starlette(
        routes=[
            Route("/", about),
            Route("/v1/chat/completions", service.chat(OPENAI), methods=["POST"]),
            Route("/v1/responses", service.chat(RESPONSES), methods=["POST"]),
            Route("/v1/messages", service.chat(ANTHROPIC), methods=["POST"]),
            Route("/v1/messages/count_tokens", service.count_tokens, methods=["POST"]),
            Route("/v1/embeddings", service.embeddings, methods=["POST"]),
            Route("/v1/models", models),
            Route("/v1/models/{name}", model),
            Route("/sim/faults", service.faults_of, methods=["GET", "POST", "DELETE"]),
            Route("/sim/faults/{id}", service.faults_of, methods=["DELETE"]),
            Route("/sim/stats", service.stats, methods=["GET", "DELETE"]),
        ],
        exception_handlers={
            BadRequest: refusal_response,
            OutOfPatience: too_long,
            HTTPException: no_route,
            Exception: broke,
        },
    )


async def models(request: Request) -> Response:
    """List the models."""
    rows = [model_row(name) for name in [*TEMPERAMENTS, embedding.NAME]]
    ends = {"has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}
    return JSONResponse({"object": "list", "data": rows, **ends})


async def model(request: Request) -> Response:
    """Show one model."""
    name = bare(request.path_params["name"])
    return JSONResponse(model_row(name if name == embedding.NAME else temperament_name(name)))


async def about(request: Request) -> Response:
    """Say what this is, to whoever opens it in a browser."""
    return PlainTextResponse(ABOUT)
