"""A service that streams answers to many users, each about his own orders.

uvicorn examples.service:app
curl -N localhost:8000/ask -d '{"user": "ann", "task": "Which of my orders are late?"}'
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentkit import Agent, AgentkitError, Answer, Context, tool

ORDERS = {"ann": {"rope": "late", "tar": "sent"}, "bob": {"sail": "late"}}


@dataclass
class User:
    id: str

    def step_identity(self) -> str:
        return self.id


@tool(effect="pure")
def orders(context: Context[User], status: str) -> list[str]:
    """The user's orders with a status: late or sent."""
    return [name for name, one in ORDERS.get(context.deps.id, {}).items() if one == status]


clerk = Agent("clerk", "You tell users about their orders. Use your tools.", tools=[orders])


def line(**data: str) -> str:
    """One event of the stream."""
    return f"data: {json.dumps(data)}\n\n"


async def told(user: User, task: str) -> AsyncIterator[str]:
    """The answer as it is said, then whole; or what went wrong."""
    try:
        async for one in clerk.stream(task, deps=user, name=user.id, budget_usd=0.05):
            if one.kind == "delta":
                yield line(text=one.text)
            elif isinstance(one, Answer):
                yield line(answer=one.text, run=one.run_id)
    except AgentkitError as error:
        yield line(error=type(error).__name__)


async def ask(request: Request) -> Response:
    try:
        asked = json.loads(await request.body())
        user, task = User(str(asked["user"])), str(asked["task"])
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"error": "expected {user, task}"}, status_code=400)
    return StreamingResponse(told(user, task), media_type="text/event-stream")


app = Starlette(routes=[Route("/ask", ask, methods=["POST"])])
