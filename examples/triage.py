"""Support triage: who takes a request, what the handbook says, and a refund that a person approves.

python examples/triage.py "Refund 24 EUR for order 1007, please."  # needs jupyter-agentkit[shared]
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

from agentkit import Agent, Context, tool
from agentkit.patterns.router import router
from memory import VectorMemory

HANDBOOK = {
    "broken": "The refund for a broken order is 100 percent of its price.",
    "late": "The refund for a late order is the delivery fee. The delivery fee is 5 EUR.",
    "address": "The customer can change the address of an order within 24 hours.",
}


@dataclass
class Shop:
    """What the tools work with."""

    paid: dict[str, float] = field(default_factory=lambda: {"1007": 24.0, "1008": 310.0})
    """EUR that customers paid, by the number of the order."""
    refunded: dict[str, float] = field(default_factory=dict)


@tool(effect="pure")
def price(context: Context[Shop], order: str) -> float:
    """The price in EUR that was paid for an order."""
    return context.deps.paid[order]


@tool(effect="once", approve=True)
def refund(context: Context[Shop], order: str, eur: float) -> str:
    """Refund money for an order.

    Args:
        order: its number.
        eur: how much is paid back, at most what was paid.
    """
    shop = context.deps
    if not 0 < eur <= shop.paid[order] - shop.refunded.get(order, 0):
        raise ValueError(f"{eur} EUR is not what is left of the {shop.paid[order]} EUR paid")
    shop.refunded[order] = shop.refunded.get(order, 0) + eur
    return f"{eur:.2f} EUR were refunded for order {order}"


handbook = VectorMemory("handbook", store="numpy", embedder="hashed", path=":memory:", k=2)


@tool(effect="pure")
async def search(query: str) -> list[dict[str, str]]:
    """Search the rules of the shop; returns the passages nearest to query."""
    return [{"id": hit.item.id, "text": hit.text} for hit in await handbook.recall(query)]


desk = Agent("desk", "Name the specialist for the request.")
clerk = Agent("clerk", "Answer from the rules of the shop.", tools=[search],
              description="answers questions about rules")  # fmt: skip
cashier = Agent("cashier", "Refund what the rules allow.", tools=[search, price, refund],
                description="refunds money for an order")  # fmt: skip
triage = router([clerk, cashier], by=desk, otherwise=clerk, name="triage")


async def main(request: str) -> None:
    await handbook.remember(list(HANDBOOK.values()), ids=list(HANDBOOK))
    shop = Shop()
    print(await triage(request, deps=shop, name="support"))
    print("refunded:", shop.refunded)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "How much is the delivery fee?"))
