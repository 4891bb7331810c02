import re

from agentkit import Agent, gather


def build(tools):
    asks = Agent("asks", "Ask for prices.", model="sim:careful", tools=[tools.quote])
    signs = Agent("signs", "Award contracts.", model="sim:careful", tools=[tools.award])

    async def answer(task):
        carriers = re.findall(r"[A-Z]\w+", task.split("carriers are")[1])
        said = await gather(*[asks(f"What is the quote of the carrier {one}?") for one in carriers])
        prices = {one: int(re.search(r"\d+", told.text)[0]) for one, told in zip(carriers, said)}
        least, second = sorted(prices, key=prices.get)[:2]
        return await signs(f"Award the contract to {least} at {prices[second]} EUR.")

    return answer
