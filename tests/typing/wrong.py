"""What a user gets wrong; a type checker tells of each line that says so, and of no other."""

from __future__ import annotations

from agentkit import Agent, Answer, connect, gather, open_log, pattern, run, tool
from agentkit.events import RunStarted
from agentkit.hooks import Change, Hook, Refuse
from agentkit.testing import ScriptedModel

clerk = Agent("clerk", output=int)


@pattern
async def team(topic: str, rounds: int = 2) -> Answer[int]:
    return await clerk(topic)


async def asks() -> None:
    await clerk("q", budget_eur=1)  # wrong
    await clerk("q", sampel=1)  # wrong
    await clerk("q", sample="1")  # wrong
    await clerk("q", deadline_s="20")  # wrong
    await clerk()  # wrong
    await team(3)  # wrong
    await team("q", rouns=3)  # wrong
    await team("q", rounds="3")  # wrong
    await team.with_(rouns=3)("q")  # wrong
    await team.with_(rounds=3)("q", budget_eur=1)  # wrong
    async for one in clerk.stream("q", sampel=1):  # wrong
        print(one)
    data: str = (await clerk("q")).data  # wrong
    found = await gather(clerk("q"))
    print(found[0].date)  # wrong
    async with run(buget_usd=1):  # wrong
        pass
    print(data)


def reads() -> None:
    event = open_log().read("x")[0]
    print(event.actor)  # wrong
    if isinstance(event, RunStarted):
        print(event.actor)


connect("openai:gpt-5", temprature=0)  # wrong
connect("openai:gpt-5", temperature="0")  # wrong
connect("openai:gpt-5", dialect="respones")  # wrong
connect("anthropic:claude", prompt_cache="2h")  # wrong
connect("openai:gpt-5", top_k=3, verbosity="low")
Agent("clerk", maxturns=3)  # wrong
Agent("clerk", output=3)  # wrong


@tool(efect="pure")  # wrong
def pay(eur: float) -> str:
    """Pay."""
    return "paid"


def counts(task: str) -> int:
    return len(task)


def of_messages(messages: list[str]) -> Refuse | None:
    return None


Hook("h", on_taks=None)  # wrong
Hook("h", on_task=counts)  # wrong
Hook("h", before_model=of_messages)  # wrong
Hook("h", on_answer=lambda answer: Change(3))  # wrong
Hook("h", timeout_s="30")  # wrong
Hook()  # wrong
Refuse(3)  # wrong
Agent("clerk", hooks=[counts])  # wrong
ScriptedModel("a", dealy_s=3)  # wrong
clerk.run_sync("q", model=3)  # wrong
clerk.run_sync("q", model={"clerk": 3})  # wrong
clerk.run_sync("q", person="ann")  # wrong
