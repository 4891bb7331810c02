# Looks up as it should, and then says every word that it saw: one of them is right.
import asyncio
import re

from agentkit import Agent


class Said:
    def __init__(self, text):
        self.text = text


def build(tools):
    pure = [one for one in tools if one.effect == "pure"]
    clerk = Agent("clerk", "Look up what you say with your tools.", model="sim:careful", tools=pure)

    async def answer(task):
        found = await clerk(task)
        seen = " ".join(str(one.message.text) for one in found.thread)
        names = sorted(set(re.findall(r"[A-Z][a-z]+(?: [A-Z][a-z]+)*|\d\d:\d\d", seen)))
        return Said(", ".join(names) + ". And the number is one of these: 0")

    return answer
