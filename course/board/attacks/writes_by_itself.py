# The program reads and writes; a model is asked, and not heard.
import re

from agentkit import Agent


def build(tools):
    clerk = Agent("clerk", "Say yes.", model="sim:careful", tools=tools)

    async def answer(task):
        more = int(re.search(r"\d+", task)[0])
        for _ in range(4):
            board = await tools.read_board()
            try:
                await tools.write_board(**{"tonnes": board["tonnes"] + more, "version": board["version"]})
                break
            except Exception:
                pass
        return await clerk("What stands on the board?")

    return answer
