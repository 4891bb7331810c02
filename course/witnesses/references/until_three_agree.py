import json
from collections import Counter

from agentkit import Agent


class Berth:
    def __init__(self, number):
        self.text = f"Berth {number}."


class Court:
    def __init__(self, tools):
        self.tools = tools

    async def __call__(self, task):
        said = Counter()
        for one in self.tools:
            heard = await Agent(one.spec.name, "Ask, and say what you hear.", model="sim:careful", tools=[one])(task)
            last = [node.message for node in heard.thread if node.message.role == "tool"][-1]
            if not last.error:
                said[json.loads(last.text)["berth"]] += 1
            for berth, voices in said.items():
                if voices == 3:
                    return Berth(berth)
        raise RuntimeError("they do not agree")


def build(tools):
    return Court(tools)
