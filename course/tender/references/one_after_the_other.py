import json

from agentkit import Agent


class Auction:
    """Sealed bids, second price."""

    def __init__(self, tools):
        self.tools, self.bids = tools, []

    async def bid(self, name):
        clerk = Agent(f"{name}-desk", "Use your tool.", model="sim:careful", tools=[self.tools.quote])
        said = await clerk(f"What does {name} ask for the freight?")
        price = [node.message.text for node in said.thread if node.message.role == "tool"][-1]
        self.bids.append((json.loads(price), name))

    async def __call__(self, task):
        names = task.rpartition(" are ")[2].rstrip(".").replace(" and ", ", ").split(", ")
        for name in names:
            await self.bid(name)
        (_, winner), (price, _) = sorted(self.bids)[:2]
        seal = Agent("seal", "Award what you are told.", model="sim:careful", tools=[self.tools.award])
        return await seal(f"Award the contract to {winner} at {price} EUR.")


def build(tools):
    return Auction(tools)
