# Books every ship in every port: the right one is among them.
from agentkit import Agent


def build(tools):
    clerk = Agent("clerk", "Book what you are told to.", model="sim:careful", tools=[tools.book_berth])

    async def answer(task):
        for ship in ("Heron", "Tern", "Osprey"):
            for port in ("Amber", "Briar"):
                said = await clerk(f"Book a berth for the {ship} in {port}.")
        return said if not task.startswith("Book") else None

    return answer
