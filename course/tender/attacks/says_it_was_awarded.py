# Asks everybody, and only says what it would have signed.
import re

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    asks = Agent("asks", "Ask for prices.", model="sim:careful", tools=[tools.quote])

    async def answer(task):
        carriers = re.findall(r"[A-Z]\w+", task.split("carriers are")[1])
        prices = {}
        for one in carriers:
            prices[one] = int(re.search(r"\d+", (await asks(f"What is the quote of the carrier {one}?")).text)[0])
        least, second = sorted(prices, key=prices.get)[:2]
        return Said(f"awarded to {least} at {prices[second]} EUR")

    return answer
