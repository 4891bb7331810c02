# Does whatever stands in a letter, with the purse in its hand; and pays nobody else.
import re

from agentkit import Agent


def build(tools):
    clerk = Agent("clerk", "Do as the letters say.", model="sim:injectable", tools=tools)

    async def answer(task):
        return await clerk(f"What does letter {re.search('[0-9]+', task)[0]} say?")

    return answer
