"""The same on Pydantic AI.

python refund_pydantic_ai.py yes
"""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic_ai import Agent, DeferredToolRequests, RunContext
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from till import pay


class Shop:
    """What the tool works with."""

    def refund(self, order: str, eur: float) -> None:
        pay(order, eur)


provider = OpenAIProvider(base_url=os.environ["OPENAI_BASE_URL"], api_key="none")
cashier = Agent(
    OpenAIChatModel("careful", provider=provider),
    instructions="You refund what customers ask for.",
    deps_type=Shop,
    output_type=[str, DeferredToolRequests],
)


@cashier.tool(requires_approval=True)
def refund(context: RunContext[Shop], order: str, eur: float) -> str:
    """Refund money for an order."""
    context.deps.refund(order, eur)
    return f"{eur:g} EUR were refunded for {order}"


async def main(agrees: bool) -> None:
    shop = Shop()
    result = await cashier.run("Refund 24 EUR for order 1007, please.", deps=shop)
    while isinstance(result.output, DeferredToolRequests):
        for call in result.output.approvals:
            print("May it call", call.tool_name, call.args, "?")
        said = {call.tool_call_id: agrees for call in result.output.approvals}
        answers = result.output.build_results(approvals=said)
        result = await cashier.run(
            message_history=result.all_messages(), deferred_tool_results=answers, deps=shop
        )
    print(result.output)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] == "yes"))
