# Asks everybody as it should, and says all that it heard.
from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        said = [await Agent("a", "Say what you are told.", model="sim:careful", tools=[one])(task) for one in tools]
        return Said(" or ".join(one.text for one in said))

    return answer
