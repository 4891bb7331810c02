# Signs first, and asks afterwards, so that everybody was asked.
import re

from agentkit import Agent


def build(tools):
    asks = Agent("asks", "Ask for prices.", model="sim:careful", tools=[tools.quote])
    signs = Agent("signs", "Award contracts.", model="sim:careful", tools=[tools.award])

    async def answer(task):
        carriers = re.findall(r"[A-Z]\w+", task.split("carriers are")[1])
        prices = {one: await tools.quote(**{"carrier": one}) for one in carriers}
        least, second = sorted(prices, key=prices.get)[:2]
        said = await signs(f"Award the contract to {least} at {prices[second]} EUR.")
        for one in carriers:
            await asks(f"What is the quote of the carrier {one}?")
        return said

    return answer
