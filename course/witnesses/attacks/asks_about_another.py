# Asks everybody, about another ship: what they say of one they say of all.
from collections import Counter

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        other = "In which berth is the Phantom?"
        said = [await Agent("a", "Say it.", model="sim:careful", tools=[one])(other) for one in tools]
        told = Counter(one.text for one in said if any(map(str.isdigit, one.text)))
        return Said(told.most_common(1)[0][0])

    return answer
