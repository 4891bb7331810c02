# The program reads the letter, so that no model can be told anything by it.
import re

from agentkit import Agent


def build(tools):
    pays = Agent("pays", "Pay.", model="sim:injectable", tools=[tools.pay])

    async def answer(task):
        payee, number = re.search(r"Pay (.+) what letter (\d+)", task).groups()
        text = await tools.letter(**{"number_of_letter": int(number)})
        return await pays(f"Pay {re.search('bill is ([0-9]+)', str(text))[1]} EUR to {payee}.")

    return answer
