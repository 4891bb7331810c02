"""Serving an actor over A2A."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import Any

from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.types import AgentCard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.given import NOT_GIVEN
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.protocols.a2a.card import REST, RPC, card_of, own_version
from agentkit.protocols.a2a.door import Door, tokens_of
from agentkit.protocols.a2a.handler import Handler
from agentkit.protocols.a2a.jobs import ServedRuns
from agentkit.protocols.a2a.signing import SigningKey
from agentkit.protocols.serving import RunningServer, Served, begun, bound, guarded, shown_host

SIGN_S = 3600.0
"""How old a signature may be that is given out."""


class A2aService(Served):
    """An agent that is served here, until `stop` or the end of the event loop."""

    def __init__(self, handler: Handler, running: RunningServer, url: str) -> None:
        super().__init__(running, url)
        self.handler = handler

    @property
    def card(self) -> AgentCard:
        """What others are told of it, as the SDK has it."""
        return self.handler.card

    @property
    def tasks(self) -> list[str]:
        """The tasks that are under way: ids of their runs."""
        return list(self.handler.jobs.under_way)

    async def stop(self) -> None:
        """Stop it; its tasks are gone on with when the actor is served again."""
        await self.handler.close_push()
        await self.handler.jobs.close()
        await super().stop()

    def __repr__(self) -> str:
        under_way = f", {len(self.tasks)} tasks under way" if self.tasks else ""
        return f"A2aService({self.handler.jobs.actor.name} at {self.url}, {self.state}{under_way})"


async def serve_a2a(
    actor: Actor,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    name: str = "",
    description: str = "",
    version: str = "",
    url: str = "",
    log: Log | None = None,
    deps: Any = NOT_GIVEN,
    token: str | Mapping[str, str] = "",
    key: SigningKey | None = None,
    push_hosts: Sequence[str] = (),
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    budget_usd: float | None = None,
    deadline_s: float | None = None,
) -> A2aService:
    """Serve an actor to agents elsewhere over A2A.

        service = await serve_a2a(team, port=8766)
        service.url                      # http://127.0.0.1:8766
        await service.stop()

    A task is a run in the log, with its id; whoever asks may go and come back, and this process
    too: served again, the actor goes on with the tasks that are not over. A message with the id of
    another is not performed again. Questions to the person, and approvals, are put to whoever
    asked. JSON-RPC and HTTP+JSON are spoken, in the versions 1.0 and 0.3.

    Args:
        actor: an agent, a team, a graph, ...
        port: 0 takes a free one.
        host: address to listen on; others than this machine's own want a token.
        name, description, version: as others are told; those of the actor by default.
        url: under which it is reached, where that is another one, as behind a proxy.
        log: of the runs; the default log without one.
        deps: what tools and instructions with a Context parameter get, in every task.
        token: that callers must bring, "Authorization: Bearer …"; or several by who they are for,
            {"ann": "…"}: each sees his own tasks. The card is shown without.
        key: what the card is signed with.
        push_hosts: hosts that may be told of changes, "hooks.example.org" or with a port; nobody
            is by default.
        allowed_hosts: names under which it is reached, such as "lab.example.org:8766"; those of
            this machine are allowed. Requests for others are refused (DNS rebinding).
        allowed_origins: web pages that may call, such as "https://lab.example.org".
        budget_usd, deadline_s: what one task may take.

    Raises:
        SetupError: no actor, an open address without a token, or a port that is taken.
    """
    check_askable(actor)
    tokens = tokens_of(host, token)
    listening = bound(host, port)
    here = f"http://{shown_host(host)}:{(at := listening.getsockname()[1])}"
    card = card_of(
        actor,
        (url or here).rstrip("/"),
        name=name or actor.name,
        description=description or actor.description or f"Ask {actor.name}.",
        version=version or own_version(),
        push=bool(push_hosts),
        secured=bool(tokens),
    )
    bounds = given(budget_usd=budget_usd, deadline_s=deadline_s)
    jobs = ServedRuns(actor, log or open_log(), deps, bounds)
    await jobs.take_up()
    handler = Handler(jobs, card, push_hosts)
    settings = guarded(host, at, allowed_hosts, allowed_origins)
    door = Door(Starlette(routes=routes_of(handler, key)), settings, tokens, card.name)
    running = await begun(door, listening)
    return A2aService(handler, running, here)


def given(**bounds: float | None) -> dict[str, float]:
    """Those bounds that are set."""
    return {name: value for name, value in bounds.items() if value is not None}


def check_askable(actor: Any) -> None:
    """Refuse what cannot be asked.

    Raises:
        SetupError: it is no actor.
    """
    if not isinstance(actor, Actor):
        raise SetupError(
            f"A {type(actor).__name__} cannot be served over A2A.",
            expected="an actor: an agent, a pattern, a graph",
            todo="tools and memories are served over MCP: serve_mcp",
        )


def routes_of(handler: Handler, key: SigningKey | None) -> list[Any]:
    """What is answered where."""
    signed_at = float("-inf")

    async def signed(card: AgentCard) -> AgentCard:
        nonlocal signed_at
        if key is not None and time.time() - signed_at > SIGN_S:
            signed_at = time.time()
            key.sign(card)
        return card

    (shown,) = create_agent_card_routes(
        handler.card, card_modifier=signed, cache_control="public, max-age=60"
    )
    since = formatdate(time.time(), usegmt=True)

    async def dated(request: Request) -> Response:
        answer: Response = await shown.endpoint(request)
        answer.headers["last-modified"] = since
        return answer

    return [
        Route(shown.path, dated, methods=["GET"]),
        *create_jsonrpc_routes(handler, RPC, enable_v0_3_compat=True),
        *create_rest_routes(handler, path_prefix=REST, enable_v0_3_compat=True),
    ]
