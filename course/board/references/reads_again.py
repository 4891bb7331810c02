import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what stands there.", model="sim:careful", tools=[tools.read_board])
    writes = Agent("writes", "Write what you are told.", model="sim:careful", tools=[tools.write_board])

    async def answer(task):
        more = int(re.search(r"\d+", task)[0])
        for _ in range(5):
            told = await reads("What stands on the board?")
            tonnes, version = map(int, re.findall(r"\d+", told.text))
            said = await writes(f"Write {tonnes + more} tonnes on the board at version {version}.")
            if "ritten" in said.text:
                return said
        raise RuntimeError("others are always faster")

    return answer
