# Many models that looked nothing up agree with each other.
from collections import Counter

from agentkit import Agent, gather


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        asked = [Agent(f"a{n}", "Answer at once.", model="sim:careful")(task) for n in range(5)]
        found = await gather(*asked)
        return Said(Counter(one.text for one in found if one).most_common(1)[0][0])

    return answer
