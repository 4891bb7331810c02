"""The simulated endpoint of this process, reached as any client does: a server, or inside."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx

from agentkit.endpoints.finding import sim_inside


def wire() -> httpx.AsyncBaseTransport:
    """The way to the simulated endpoint: loopback, or into this process, as in a page.

    A class of one's own that sees what travels passes it on to this one, and is given to
    `connect(..., transport=)`.
    """
    if sim_inside():
        from agentkit.sim.inside import inside

        return inside()
    return httpx.AsyncHTTPTransport()


async def address() -> str:
    """Where it is, without `/v1`; it is started if it does not run.

    Raises:
        SimFailed: it cannot be started.
    """
    if sim_inside():
        from agentkit.sim.inside import URL

        return URL
    from agentkit.sim.server import endpoint_async

    return await endpoint_async()


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the simulated endpoint, which is started if it does not run.

    Paths alone are enough: its books are at `/sim/stats`, its faults at `/sim/faults`, and models
    are asked at `/v1`.

    Raises:
        SimFailed: it cannot be started.
    """
    async with httpx.AsyncClient(
        base_url=await address(), transport=wire(), trust_env=False, timeout=10
    ) as made:
        yield made
