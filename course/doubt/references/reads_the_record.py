import json
import re

from agentkit import Agent


def results(answer):
    """What tools said in a conversation."""
    return [node.message for node in answer.thread if node.message.role == "tool"]


class Desk:
    def __init__(self, tools):
        self.clerk = Agent("clerk", "Do what you are told to, no more.", model="sim:careful", tools=[tools.book_berth])
        self.books = Agent("books", "Look into the books.", model="sim:careful", tools=[tools.bookings])

    async def __call__(self, task):
        said = await self.clerk(task)
        if not results(said)[-1].error:
            return said
        ship = re.search(r"for the (\w+)", task)[1]
        looked = await self.books(f"Which berths are booked for the {ship}?")
        if json.loads(results(looked)[-1].text):
            return looked
        return await self.clerk(task)


def build(tools):
    return Desk(tools)
