from agentkit import Agent, connect


def build(tools):
    model = connect("sim:careful", retries=4)
    pure = [one for one in tools if one.effect == "pure"]
    books = Agent("berths", "Book berths.", model=model, tools=[tools.book_berth])
    facts = Agent("records", "Look up what you say with your tools.", model=model, tools=pure)

    class Desk:
        async def __call__(self, task):
            return await (books if task.startswith("Book") else facts)(task)

    return Desk()
