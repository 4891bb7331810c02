import re

from agentkit import Agent


def build(tools):
    model = "sim:careful"
    books = Agent("berths", "Book berths.", model=model, tools=[tools.book_berth])
    looks = Agent("records", "Say what is booked.", model=model, tools=[tools.bookings])

    async def answer(task):
        ship, port = re.search(r"for the (\w+) in (\w+)", task).groups()
        for _ in range(3):
            await books(task)
            found = await looks(f"In which port is a berth booked for the {ship}?")
            if port in found.text:
                return found
        raise RuntimeError("it cannot be booked")

    return answer
