"""A refund that a person approves, on agentkit.

python refund.py yes
"""

from __future__ import annotations

import asyncio
import sys

from till import pay

from agentkit import Agent, open_log, set_person, tool
from agentkit.person import Question


@tool(effect="once", approve=True)
def refund(order: str, eur: float) -> str:
    """Refund money for an order."""
    pay(order, eur)
    return f"{eur:g} EUR were refunded for {order}"


cashier = Agent("cashier", "You refund what customers ask for.", tools=[refund])


async def person(question: Question) -> str:
    print(question.text)
    return sys.argv[1]


async def main() -> None:
    set_person(person)
    cut_off = [one.id for one in open_log().runs() if one.status != "ok"]
    if cut_off:
        print(await cashier.resume(cut_off[0]))
        return
    print(await cashier("Refund 24 EUR for order 1007, please."))


if __name__ == "__main__":
    asyncio.run(main())
