# The program asks them all, and a model is told what it found.
import re
from collections import Counter

from agentkit import Agent


def build(tools):
    clerk = Agent("a", "Repeat what you are told.", model="sim:careful")

    async def answer(task):
        ship, found = re.search(r"the (\w+)", task)[1], []
        for one in tools:
            try:
                found.append((await one(**{"ship": ship}))["berth"])
            except Exception:
                pass
        berth = Counter(found).most_common(1)[0][0]
        said = await clerk(f"The berth of the {ship} is {berth}. {task}")
        return said if str(berth) in said.text else type("Said", (), {"text": str(berth)})()

    return answer
