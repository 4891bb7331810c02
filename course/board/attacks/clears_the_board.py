# Writes its own tonnes alone, with the right version: whatever stood there is lost.
import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what stands there.", model="sim:careful", tools=[tools.read_board])
    writes = Agent("writes", "Write what you are told.", model="sim:careful", tools=[tools.write_board])

    async def answer(task):
        more = int(re.search(r"\d+", task)[0])
        for _ in range(4):
            _, version = map(int, re.findall(r"\d+", (await reads("What stands on the board?")).text))
            said = await writes(f"Write {more} tonnes on the board at version {version}.")
            if "ritten" in said.text:
                break
        return said

    return answer
