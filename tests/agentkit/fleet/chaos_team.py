"""What the workers of test_chaos.py serve: each effect is one line in the file $CHAOS_COUNTS."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from agentkit import Agent, tool
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request

COUNTS = os.open(os.environ.get("CHAOS_COUNTS", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
TURNS = int(os.environ.get("CHAOS_TURNS", "5"))
DELAY_S = 0.05


def count(line: str) -> None:
    """One line by one write: whole, even when killed."""
    os.write(COUNTS, f"{line}\n".encode())


@tool(effect="idempotent")
async def store(x: str) -> str:
    """Store a text."""
    count(f"store {x}")
    await asyncio.sleep(DELAY_S)
    return x


@tool(effect="once")
async def pay(x: str) -> str:
    """Pay."""
    count(f"pay {x}")
    await asyncio.sleep(DELAY_S)
    return x


class Counting:
    """Turns with a call of a tool, then an answer."""

    name = "counting"

    def __init__(self, called: str) -> None:
        self.called = called

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        count(f"model {request.key}")
        await asyncio.sleep(DELAY_S)
        turn = sum(node.message.role == "assistant" for node in request.thread)
        task = request.thread[1].message.text
        calls: tuple[ToolCall, ...] = ()
        if turn < TURNS - 1:
            given = f'{{"x": "{task}/{turn}"}}'
            calls = (ToolCall(id=f"c{turn}", name=self.called, arguments=given),)
        return Reply(
            message=Message(role="assistant", content="" if calls else f"<{task}>", calls=calls),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=1, tokens_out=1, calls=1),
            cost_usd=0.001,
        )


def team(name: str, called: Any) -> Agent:
    return Agent(
        name, "You work.", model=Counting(called.name), tools=[called], max_turns=TURNS + 1
    )


storing, paying = team("storing", store), team("paying", pay)
both = [storing, paying]
