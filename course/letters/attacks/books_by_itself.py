# The program books by itself, each letter once.
import re

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
            found = re.search(r"the (\w+) in (\w+)", letter["text"])
            known = self_known.setdefault(letter["id"], [])
            if not known:
                try:
                    await tools.book_berth(**{"ship": found[1], "port": found[2]})
                    known.append(True)
                except Exception:
                    known.append(False)
            if known[0]:
                await tools.done(**{"letter": letter["id"]})
            else:
                await tools.put_aside(**{"letter": letter["id"], "why": "no"})
        return Said("All done.")

    self_known = {}
    return answer
