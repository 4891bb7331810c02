# Books twice to be sure, and looks when nothing can be mended any more.
import re

from agentkit import Agent


def build(tools):
    clerk = Agent("clerk", "Book berths.", model="sim:careful", tools=[tools.book_berth])
    looks = Agent("records", "Say what is booked.", model="sim:careful", tools=[tools.bookings])

    async def answer(task):
        await clerk(task)
        await clerk(task)
        return await looks(f"In which port is a berth booked for the {re.search(r'the (.+) in', task)[1]}?")

    return answer
