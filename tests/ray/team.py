"""What the workers of these tests serve."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from agentkit import Agent, pattern, tool
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request


@pattern
async def where(task: str) -> str:
    await asyncio.sleep(0.05)
    return f"{os.getpid()} {task}"


@pattern
async def long(task: str) -> str:
    await asyncio.sleep(1.5)
    return f"{os.getpid()} {task}"


@tool(effect="pure", cpus=1, memory_gb=0.01)
def crunch(x: str) -> str:
    """Work hard."""
    return f"{os.getpid()} {x}"


@tool(effect="pure", cpus=0.5)
async def later(x: str) -> str:
    """Work softly."""
    await asyncio.sleep(0.01)
    return f"{os.getpid()} {x}"


@tool(effect="pure", cpus=1)
def wrong(x: str) -> str:
    """Fail."""
    raise LookupError(f"no {x}")


@tool(effect="once", cpus=1)
def dying(x: str) -> str:
    """Die."""
    with open(x, "a") as file:
        file.write("died\n")
    os._exit(9)


@tool(effect="pure", gpus=1, timeout_s=2.0)
def train(x: str) -> str:
    """Ask for what no machine has."""
    return x


@tool(effect="pure", cpus=1, timeout_s=1.0)
def endless(x: str) -> str:
    """Never end."""
    time.sleep(600)
    return x


class Calling:
    """Calls the tool that it is asked for, and says what that gave."""

    name = "calling"

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        last = request.thread[-1].message
        calls: tuple[ToolCall, ...] = ()
        if last.role == "user":
            name, _, given = last.text.partition(" ")
            calls = (ToolCall(id="c", name=name, arguments=f'{{"x": "{given}"}}'),)
        said = "" if calls else f"{os.getpid()} {last.text}"
        return Reply(
            message=Message(role="assistant", content=said, calls=calls),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=1, tokens_out=1, calls=1),
            cost_usd=0.001,
        )


tools: list[Any] = [crunch, later, wrong, dying, train, endless]
caller = Agent("caller", "You call.", model=Calling(), tools=tools)
everybody = [where, long, caller]
