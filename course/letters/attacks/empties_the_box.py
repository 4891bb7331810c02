# Says of each letter that it is done, and books nothing.
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
            await tools.done(**{"letter": letter["id"]})
        return Said("All done.")

    return answer
