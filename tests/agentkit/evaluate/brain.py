"""The simulated endpoint's brain as a model in this process: no server, no waiting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

from agentkit.events import Usage
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.sim.brain.responding import respond
from agentkit.sim.brain.temperaments import temperament, tokens
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall


class Brain:
    """Answers as the simulated endpoint would; counts its calls."""

    def __init__(self, name: str) -> None:
        self.name, self.calls = name, 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        said = [node.message for node in request.thread]
        system = "\n\n".join(m.content for m in said if m.role == "system")
        ask = BrainRequest(
            self.name,
            system,
            tuple(turns(said)),
            tuple(OfferedTool(t.name, t.description, t.parameters) for t in request.tools),
            schema=request.output,
            seed=request.options.seed or 0,
        )
        reply = respond(ask)
        calls = tuple(
            ToolCall(id=f"c{n}", name=c.name, arguments=json.dumps(c.arguments))
            for n, c in enumerate(reply.calls)
        )
        used = Usage(
            tokens_in=sum(tokens(m.content) for m in said), tokens_out=tokens(reply.text), calls=1
        )
        kind = temperament(self.name)
        cost = used.tokens_in * kind.usd_per_million_in + used.tokens_out * kind.usd_per_million_out
        return Reply(
            message=Message(role="assistant", content=reply.text, calls=calls),
            stop="tools" if calls else "stop",
            usage=used,
            cost_usd=cost / 1e6,
            model=self.name,
        )


def turns(said: list[Message]) -> Iterator[DialogTurn]:
    names: dict[str, str] = {}
    for one in said:
        if one.role == "system":
            continue
        calls = tuple(WishedCall(c.name, json.loads(c.arguments), c.id) for c in one.calls)
        names |= {call.id: call.name for call in calls}
        role: Literal["user", "assistant", "tool"] = one.role
        yield DialogTurn(
            role, one.content, calls, one.call_id, names.get(one.call_id or ""), one.error
        )
