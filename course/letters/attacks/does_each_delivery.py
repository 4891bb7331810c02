# Does each delivery: a letter that comes twice is booked twice.
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
            said = await clerk(letter["text"])
            if "cannot" in said.text:
                await tools.put_aside(**{"letter": letter["id"], "why": "no"})
            else:
                await tools.done(**{"letter": letter["id"]})
        return Said("All done.")

    return answer
