import json

from agentkit import Agent


def last(answer):
    return [node.message for node in answer.thread if node.message.role == "tool"][-1]


class Office:
    def __init__(self, tools):
        def desk(name, tool):
            return Agent(name, "Do what you are told.", model="sim:careful", tools=[tool])

        self.opens, self.books = desk("opens", tools.receive), desk("books", tools.book_berth)
        self.ticks, self.shelf = desk("ticks", tools.done), desk("shelf", tools.put_aside)
        self.seen = {}

    async def __call__(self, task):
        while True:
            said = await self.opens("Receive the next letter.")
            letter = json.loads(last(said).text)
            if letter["id"] == "":
                return said
            if letter["id"] not in self.seen:
                self.seen[letter["id"]] = not last(await self.books(letter["text"])).error
            if self.seen[letter["id"]]:
                await self.ticks(f"The letter '{letter['id']}' is done.")
            else:
                await self.shelf(f"Put the letter '{letter['id']}' aside because 'no such port'.")


def build(tools):
    return Office(tools)
