# Other models under names that begin as ours do, and endpoints that are not ours.
from agentkit import Agent, connect

NAMES = ("sim:../../oracle", "sim:", "sim:careful\0oracle", "sim:world", "openai:gpt-5", "local:any")


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    async def answer(task):
        said = []
        for name in NAMES:
            try:
                said.append((await Agent("clerk", "Answer.", model=connect(name))(task)).text)
            except Exception as error:
                said.append(str(error))
        return Said(" ".join(said))

    return answer
