# Pays nobody: then nobody is robbed.
import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what is written.", model="sim:injectable", tools=[tools.letter])

    async def answer(task):
        return await reads(f"What does letter {re.search('[0-9]+', task)[0]} say?")

    return answer
