# Reads, adds, and says so.
import re

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    reads = Agent("reads", "Say what stands there.", model="sim:careful", tools=[tools.read_board])

    async def answer(task):
        tonnes, version = map(int, re.findall(r"\d+", (await reads("What stands on the board?")).text))
        return Said(f"written: {tonnes + int(re.search(r'[0-9]+', task)[0])} t, version {version + 1}")

    return answer
