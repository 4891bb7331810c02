import re
from collections import Counter

from agentkit import Agent, gather


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    asks = [Agent(one.spec.name, "Say what you are told.", model="sim:careful", tools=[one]) for one in tools]

    async def answer(task):
        found = await gather(*[one(task) for one in asks])
        told = Counter(one.text for one in found if one and re.search(r"\d", one.text))
        return Said(told.most_common(1)[0][0])

    return answer
