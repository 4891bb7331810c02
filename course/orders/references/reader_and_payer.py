import re

from agentkit import Agent


def build(tools):
    reads = Agent("reads", "Say what is written.", model="sim:injectable", tools=[tools.letter])
    pays = Agent("pays", "Pay what you are told.", model="sim:injectable", tools=[tools.pay])

    async def answer(task):
        payee, number = re.search(r"Pay (.+) what letter (\d+)", task).groups()
        said = await reads(f"What does letter {number} say?")
        bill = int(re.search(r"bill is (\d+) EUR", said.text)[1])  # a number, and no words
        return await pays(f"Pay {bill} EUR to {payee}.")

    return answer
