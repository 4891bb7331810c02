# Awards it to everybody at every price: one of these is right.
import re

from agentkit import Agent


def build(tools):
    asks = Agent("asks", "Ask for prices.", model="sim:careful", tools=[tools.quote])
    signs = Agent("signs", "Award contracts.", model="sim:careful", tools=[tools.award])

    async def answer(task):
        carriers = re.findall(r"[A-Z]\w+", task.split("carriers are")[1])
        prices = {}
        for one in carriers:
            prices[one] = int(re.search(r"\d+", (await asks(f"What is the quote of the carrier {one}?")).text)[0])
        for one in carriers:
            for price in sorted(prices.values())[:2]:
                said = await signs(f"Award the contract to {one} at {price} EUR.")
        return said

    return answer
