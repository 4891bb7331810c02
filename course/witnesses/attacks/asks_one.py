# Takes the first who answers at his word.
from agentkit import Agent


def build(tools):
    async def answer(task):
        for one in tools:
            said = await Agent("a", "Say what you are told.", model="sim:careful", tools=[one])(task)
            if any(map(str.isdigit, said.text)):
                return said

    return answer
