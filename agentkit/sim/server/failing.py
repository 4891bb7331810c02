"""What the simulated endpoint says when a request fails, in the dialect of the request."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from agentkit.sim.server import anthropic_wire, openai_wire
from agentkit.sim.server.faults import FaultRule
from agentkit.sim.server.wire import BadRequest, digest

ABOUT = """agentkit's simulated endpoint: a rule-based stand-in, no language model.
POST /v1/chat/completions   POST /v1/embeddings   GET /v1/models           (OpenAI)
POST /v1/responses          storing nothing                                (OpenAI)
POST /v1/messages           POST /v1/messages/count_tokens                 (Anthropic)
They read text. A request with an image, a sound or a file in it is refused (400), as by a
model without eyes; data and text files come as text and are read.
GET|POST|DELETE /sim/faults GET|DELETE /sim/stats
"""
BAD_GATEWAY = """<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><h1>502 Bad Gateway</h1><p>Fault injected by the simulated endpoint.</p></body></html>
"""

log = logging.getLogger("agentkit.sim")


def speaks_anthropic(request: Request) -> bool:
    """Which dialect errors are worded in."""
    return request.url.path.startswith("/v1/messages") or "anthropic-version" in request.headers


def failure(
    request: Request,
    message: str,
    status: int,
    field: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error in the dialect that the request speaks."""
    if speaks_anthropic(request):
        body = anthropic_wire.error(message, status, f"req_{digest(message)[:24]}")
    else:
        body = openai_wire.error(message, status, field, code)
    return JSONResponse(body, status_code=status, headers=headers)


def refusing(request: Request, rule: FaultRule) -> Response:
    """The reply to a request that a fault turns away before anything is performed."""
    if rule.kind == "html":
        return HTMLResponse(BAD_GATEWAY, status_code=502)
    if rule.kind == "500":
        return failure(request, "Internal error (fault injected by the simulation).", 500)
    wait_s = 1.0 if rule.retry_after_s is None else rule.retry_after_s
    message = f"Rate limit reached (fault injected by the simulation); try again in {wait_s:g} s."
    return failure(request, message, 429, headers={"retry-after": f"{wait_s:g}"})


async def refusal_response(request: Request, error: Exception) -> Response:
    """Word a refusal."""
    assert isinstance(error, BadRequest)
    return failure(request, error.message, error.status, error.field, error.code)


async def too_long(request: Request, error: Exception) -> Response:
    """Word that the simulation gave up on a request, so that others are served."""
    message = f"{error} Nobody else is served meanwhile; send a simpler request."
    return failure(request, message, 400, code="too_complex")


async def no_route(request: Request, error: Exception) -> Response:
    """Word an unknown route or a wrong method."""
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path}. It serves:\n{ABOUT}"
    return failure(request, message, error.status_code)


async def broke(request: Request, error: Exception) -> Response:
    """Word a defect of the simulation itself, and log it."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = f"The simulation itself failed: {type(error).__name__}: {error}. See its log."
    return failure(request, message, 500)
