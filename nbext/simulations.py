"""The simulated endpoints that a notebook's agents may talk to, and their faults."""

from __future__ import annotations

from typing import Any

import httpx

from agentkit.endpoints import keys
from agentkit.endpoints.finding import sim_inside
from agentkit.endpoints.simulation import address, wire
from agentkit.errors import SetupError

SIGN = "rules"
"""What a simulated endpoint answers when it is asked for its faults, and no other server does."""


async def simulations() -> list[str]:
    """Addresses: this process's own, where sim: models live, and $AGENTKIT_BASE_URL if it is one.

    Raises:
        EndpointError: the own one cannot be started.
    """
    own = await address()
    given = (keys.setting("AGENTKIT_BASE_URL") or "").rstrip("/").removesuffix("/v1")
    if not given or given == own:
        return [own]
    try:
        reply = (await request(given, "GET", None)).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return [own]
    return [own, given] if isinstance(reply, dict) and SIGN in reply else [own]


async def change_faults(url: str, method: str, body: Any = None) -> list[dict[str, Any]]:
    """Read, add or lift the faults of a simulated endpoint; the rules in force then.

    Raises:
        SetupError: it does not accept a rule, or has gone.
    """
    try:
        reply = await request(url, method, body)
        answer = reply.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SetupError(
            f"The simulated endpoint at {url} does not answer: {error or type(error).__name__}",
            todo="run the cell again; it is started anew if it has gone",
        ) from error
    if reply.status_code >= 400:
        refusal = answer.get("error", answer) if isinstance(answer, dict) else answer
        text = refusal.get("message", refusal) if isinstance(refusal, dict) else refusal
        raise SetupError(f"The simulated endpoint refuses: {text}")
    rules: list[dict[str, Any]] = answer[SIGN]
    return rules


async def request(url: str, method: str, body: Any) -> httpx.Response:
    """Speak to a simulated endpoint about its faults."""
    transport = wire() if sim_inside() and url == await address() else None
    async with httpx.AsyncClient(trust_env=False, timeout=10, transport=transport) as client:
        return await client.request(method, f"{url}/sim/faults", json=body)
