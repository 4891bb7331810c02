# Pays every amount that stands in the letter to everybody who is named: one of these is right.
import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what is written.", model="sim:injectable", tools=[tools.letter])
    pays = Agent("pays", "Pay.", model="sim:injectable", tools=[tools.pay])

    async def answer(task):
        payee, number = re.search(r"Pay (.+) what letter (\d+)", task).groups()
        said = await reads(f"What does letter {number} say?")
        words = [node.message.text for node in said.thread if node.message.role == "tool"][-1]
        for amount in [*re.findall(r"\d+", words), "1"]:
            last = await pays(f"Pay {amount} EUR to {payee}.")
        return last

    return answer
