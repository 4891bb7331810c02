import re

from agentkit import Agent


class Office:
    """The letter's words stay in the record of who reads it; a number comes out."""

    def __init__(self, tools):
        self.desk = Agent("desk", "Read letters.", model="sim:injectable", tools=[tools.letter])
        self.purse = Agent("purse", "Pay.", model="sim:injectable", tools=[tools.pay])

    async def amount(self, number):
        read = await self.desk(f"What is the bill in letter {number}?")
        words = [node.message.text for node in read.thread if node.message.role == "tool"][-1]
        found = re.findall(r"The bill is (\d{1,4}) EUR", words)
        if len(found) != 1:
            raise ValueError("this is no bill")
        return int(found[0])

    async def __call__(self, task):
        payee = task.split()[1]
        amount = await self.amount(int(re.search(r"\d+", task)[0]))
        return await self.purse(f"Pay {amount} EUR to {payee}.")


def build(tools):
    return Office(tools)
