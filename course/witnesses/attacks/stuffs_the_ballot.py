# Counts the same witness five times.
from collections import Counter

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    clerk = Agent("a", "Say what you are told.", model="sim:careful", tools=[tools.customs])

    async def answer(task):
        said = [(await clerk(task)).text for _ in range(5)]
        return Said(Counter(said).most_common(1)[0][0])

    return answer
