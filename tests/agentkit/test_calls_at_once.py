"""What a tool does in the run belongs to its call, also when a call beside it is not made again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from agentkit import Agent, opening, tool
from agentkit.events import RunStarted, StepEnded, StepStarted
from agentkit.given import Context
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from tests.fakes import EchoModel, ScriptedModel, call
from tests.teams import prefix_of


class Calling(EchoModel):
    """Calls these whenever it is asked something, and is done when they are."""

    def __init__(self, *calls: ToolCall) -> None:
        super().__init__()
        self.calls = list(calls)

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        asked = request.thread[-1].message.role == "user"
        return await ScriptedModel(self.calls if asked else "Done.")(request, on_text)


class Turns:
    """Lets calls on one after the other, in an order; without one they go as they come."""

    def __init__(self, *order: int) -> None:
        self.left, self.turned = list(order), asyncio.Condition()

    async def begin(self, n: int) -> None:
        async with self.turned:
            await self.turned.wait_for(lambda: not self.left or self.left[0] == n)

    async def end(self) -> None:
        async with self.turned:
            self.left = self.left[1:]
            self.turned.notify_all()


def both(name: str) -> list[ToolCall]:
    return [call(name, f'{{"n": {n}}}', id=f"c{n}") for n in (1, 2)]


def drawing(turns: Turns) -> Agent:
    """Draws twice at once."""

    @tool(effect="pure")
    async def draw(n: int, context: Context[None]) -> str:
        """Draw."""
        await turns.begin(n)
        number = await context.run.random()
        await turns.end()
        return str(number)

    return Agent("clerk", model=Calling(*both("draw")), tools=[draw])


def told(answer: Any) -> list[str]:
    """What the model was told by its calls."""
    return [one.message.text for one in answer.thread if one.message.role == "tool"]


async def killed(log: Log, counts: Any) -> Log:
    """The log of a process that died after the first event that counts."""
    events = log.read("r")
    return await prefix_of(events, next(e.seq for e in events if counts(e)))


def called(event: Any) -> bool:
    return isinstance(event, StepEnded) and event.step == "tool"


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_each_call_draws_a_number_of_its_own_whichever_is_made_again(
    order: tuple[int, int],
) -> None:
    log = MemoryLog()
    first = told(await drawing(Turns(*order))("go", log=log, id="r", seed=7))
    assert first[0] != first[1]
    part = await killed(log, called)
    assert told(await drawing(Turns()).resume("r", log=part)) == first
    assert told(await drawing(Turns()).replay("r", log=log)) == first


def paying(paid: Counter[str], turns: Turns) -> Agent:
    """Has one euro paid twice at once, by an agent that is asked the same each time."""

    @tool(effect="once")
    async def pay(n: int) -> str:
        """Pay."""
        paid["pay"] += 1
        return "paid"

    cashier = Agent("cashier", model=Calling(call("pay", '{"n": 1}')), tools=[pay])

    @tool(effect="idempotent")
    async def have_paid(n: int) -> str:
        """Have it paid."""
        await turns.begin(n)
        text = (await cashier("Pay one euro.")).text
        await turns.end()
        return text

    return Agent("clerk", model=Calling(*both("have_paid")), tools=[have_paid])


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_what_each_call_has_paid_is_paid_once_after_a_crash(order: tuple[int, int]) -> None:
    log, paid = MemoryLog(), Counter[str]()
    await paying(paid, Turns(*order))("go", log=log, id="r")
    assert paid["pay"] == 2
    part = await killed(log, lambda e: called(e) and e.name == "have_paid")
    assert sum(isinstance(e, StepStarted) and e.name == "pay" for e in part.read("r")) == 1
    paid.clear()
    await paying(paid, Turns()).resume("r", log=part)
    assert paid["pay"] == 1


async def test_a_run_of_an_earlier_version_goes_on_under_its_own_keys(monkeypatch: Any) -> None:
    log = MemoryLog()
    monkeypatch.setattr(opening, "KEYS", 1)
    first = told(await drawing(Turns(1, 2))("go", log=log, id="r"))
    monkeypatch.undo()
    start = log.read("r")[0]
    assert isinstance(start, RunStarted) and start.keys == 1
    part = await killed(log, lambda e: isinstance(e, StepEnded) and e.step == "random")
    assert told(await drawing(Turns(1, 2)).resume("r", log=part))[0] == first[0]
    assert told(await drawing(Turns(1, 2)).rerun("r", log=log)) == first
    assert all(e.keys == 1 for one in log.runs() for e in log.read(one.id) if e.seq == 1)
