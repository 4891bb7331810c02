import json
import re

from agentkit import Agent


def last(answer):
    return [node.message for node in answer.thread if node.message.role == "tool"][-1]


class Clerk:
    def __init__(self, tools):
        self.eyes = Agent("eyes", "Read the board.", model="sim:careful", tools=[tools.read_board])
        self.hand = Agent("hand", "Write on the board.", model="sim:careful", tools=[tools.write_board])

    async def add(self, more):
        board = json.loads(last(await self.eyes("What stands on the board?")).text)
        total = board["tonnes"] + more
        said = await self.hand(f"Write on the board: tonnes {total}, version {board['version']}.")
        return said, not last(said).error

    async def __call__(self, task):
        more, done = int(re.match(r"\d+", task)[0]), False
        while not done:
            said, done = await self.add(more)
        return said


def build(tools):
    return Clerk(tools)
