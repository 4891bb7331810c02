"""What comes in with a request: who asks, and the body, within bounds."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from agentkit.sim.server.wire import BadRequest

MOST_BYTES = 8 * 2**20
BODY_S = 30.0
"""How long a client may take to send the body of a request."""


def actor_of(request: Request) -> str | None:
    """Who asks; a name that no header can carry as it is comes percent-encoded."""
    name = request.headers.get("x-agentkit-actor")
    return None if name is None else unquote(name)


def fitting(size: int, most: int, field: str) -> None:
    """Refuse what is longer than the model reads; also keeps one client from stalling a class.

    Raises:
        BadRequest: 400, with both numbers.
    """
    if size > most:
        raise BadRequest(
            f"{field}: {size} tokens; this model's maximum context length is {most} tokens. "
            "Send less.",
            field=field,
            code="context_length_exceeded",
        )


async def body_of(request: Request) -> bytes:
    """The raw body.

    Raises:
        BadRequest: 413, larger than MOST_BYTES; 408, not here within BODY_S.
    """
    body = bytearray()
    large = BadRequest(f"The body is larger than {MOST_BYTES} bytes; send less.", status=413)
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
        raise BadRequest(f"The body did not come within {BODY_S:g} s.", status=408) from None
    return bytes(body)


async def parsed(request: Request) -> Any:
    """The JSON body of a request to the fault rules."""
    try:
        return json.loads(await body_of(request))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from error
