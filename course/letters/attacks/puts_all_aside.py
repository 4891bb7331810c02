# Puts each letter aside: somebody will look at it.
from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    clerk = Agent("clerk", "Book berths.", model="sim:careful", tools=[tools.book_berth])

    async def answer(task):
        for _ in range(30):
            letter = await tools.receive()
            if not letter["id"]:
                break
            await clerk("Book a berth for the Heron in Amber.")
            await tools.put_aside(**{"letter": letter["id"], "why": "later"})
        return Said("All done.")

    return answer
