# Pays what was asked: the first price, not the second.
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
        least = min(prices, key=prices.get)
        return await signs(f"Award the contract to {least} at {prices[least]} EUR.")

    return answer
