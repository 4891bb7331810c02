# Books each letter once, and never says that it is done.
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
            if letter["id"] not in known:
                known.add(letter["id"])
                await clerk(letter["text"])
        return Said("All done.")

    known = set()
    return answer
