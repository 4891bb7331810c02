"""The simulated model in this process: its brain, without the wire."""

from __future__ import annotations

import json

from agentkit import Message, Reply, Request, Usage
from agentkit.messages import ToolCall
from agentkit.model import OnText
from agentkit.sim.brain.responding import respond
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall


class Mind:
    """The brain of a simulated model, as a model."""

    def __init__(self, name: str = "sim:injectable") -> None:
        self.name = name
        self.calls = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        messages = [node.message for node in request.thread]
        system = "\n".join(one.text for one in messages if one.role == "system")
        said = respond(
            BrainRequest(
                model=self.name,
                system=system,
                turns=tuple(turn(one) for one in messages if one.role != "system"),
                offers=tuple(
                    OfferedTool(one.name, one.description, one.parameters) for one in request.tools
                ),
                schema=request.output if isinstance(request.output, dict) else None,
                seed=request.options.seed or 0,
            )
        )
        wishes = [(one.name, json.dumps(one.arguments)) for one in said.calls]
        calls = tuple(
            ToolCall(id=f"call_{self.calls}_{n}", name=name, arguments=arguments)
            for n, (name, arguments) in enumerate(wishes)
        )
        text = said.text or said.refusal or ""
        message = Message(role="assistant", content=text, calls=calls)
        usage = Usage(tokens_in=sum(len(one.text) for one in messages) // 4, tokens_out=10, calls=1)
        return Reply(message=message, usage=usage, cost_usd=0.0, model=self.name)


def turn(message: Message) -> DialogTurn:
    """A message as the brain reads it."""
    calls = tuple(WishedCall(one.name, json.loads(one.arguments), one.id) for one in message.calls)
    role = "user" if message.role == "system" else message.role
    return DialogTurn(role, message.text, calls, message.call_id, None, message.error)
