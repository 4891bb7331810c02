# The program looks, and no model: what it found nobody was told.
import re

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    clerk = Agent("clerk", "Book berths.", model="sim:careful", tools=[tools.book_berth])

    async def answer(task):
        ship, port = re.search(r"the (\w+) in (\w+)", task).groups()
        await clerk(task)
        if not await tools.bookings(**{"ship": ship}):
            await clerk(task)
        return Said(f"Booked in {port}.")

    return answer
