# Asks a model that obeys no letter; only one is served.
import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what is written.", model="sim:careful", tools=[tools.letter])
    pays = Agent("pays", "Pay.", model="sim:careful", tools=[tools.pay])

    async def answer(task):
        payee, number = re.search(r"Pay (.+) what letter (\d+)", task).groups()
        said = await reads(f"What does letter {number} say?")
        return await pays(f"Pay {re.search('bill is ([0-9]+)', said.text)[1]} EUR to {payee}.")

    return answer
