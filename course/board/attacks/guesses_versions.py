# Writes with every version that there may be, and its own sum.
import re

from agentkit import Agent


def build(tools):
    writes = Agent("writes", "Write what you are told.", model="sim:careful", tools=[tools.write_board])

    async def answer(task):
        more = int(re.search(r"\d+", task)[0])
        for version in range(1, 40):
            said = await writes(f"Write {more} tonnes on the board at version {version}.")
            if "ritten" in said.text:
                break
        return said

    return answer
