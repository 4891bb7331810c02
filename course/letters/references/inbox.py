from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    clerk = Agent("clerk", "Book berths.", model="sim:careful", tools=[tools.book_berth])

    async def answer(task):
        known = {}  # what was done, by the letter's id
        while True:
            letter = await tools.receive()
            id_ = letter["id"]
            if not id_:
                return Said(f"{len(known)} letters worked off.")
            if id_ not in known:
                said = await clerk(letter["text"])
                known[id_] = "booked" in said.text and "cannot" not in said.text
            if known[id_]:
                await tools.done(**{"letter": id_})
            else:
                await tools.put_aside(**{"letter": id_, "why": "nobody can do it"})

    return answer
