"""What the workers of test_quotas.py serve: each call is one line, with its time and its price."""

from __future__ import annotations

import asyncio
import os
import time

from agentkit import Agent
from agentkit.events import Usage
from agentkit.holds import Bound
from agentkit.messages import Message
from agentkit.model import OnText, Reply, Request
from agentkit.reliability.limit import Limit, limit

CALLS = os.open(os.environ.get("QUOTA_CALLS", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
PER_MINUTE = float(os.environ.get("QUOTA_PER_MINUTE", "60000"))
BURST_S = 0.2
MOST, PRICE = 100, 1e-5
"""Tokens of a reply at most, and USD of one."""


class Priced:
    """Says something of a length that nobody knows before; counts when it was asked."""

    name = "priced"

    def bound(self, request: Request) -> Bound:
        """At most so many tokens."""
        return Bound(0, MOST, lambda usage: usage.tokens_out * PRICE)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        tokens = 10 + hash((request.key, os.getpid())) % (MOST - 9)
        # CLOCK_MONOTONIC is one for all processes of a machine.
        os.write(CALLS, f"{time.monotonic()} {tokens * PRICE}\n".encode())
        await asyncio.sleep(0.02)
        return Reply(
            message=Message(role="assistant", content="said"),
            stop="stop",
            usage=Usage(tokens_in=0, tokens_out=tokens, calls=1),
            cost_usd=tokens * PRICE,
        )


paced = limit(Priced(), Limit(requests_per_minute=PER_MINUTE, burst_s=BURST_S, fleet=True))
payer = Agent("payer", "You pay.", model=paced)
