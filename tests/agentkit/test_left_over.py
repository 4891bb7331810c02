"""What earlier attempts at a run left: an answer says what all of them cost and left in doubt."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from agentkit import NOT_DONE, Actor, Agent, Answer, gather, pattern, tool
from agentkit.errors import BudgetSpent, TimedOut, Unsettled
from agentkit.events import Noted, StepEnded, StepStarted, Usage
from agentkit.holds import Bound
from agentkit.logs.memory import MemoryLog
from agentkit.model import OnText, Reply, Request
from agentkit.reliability.retry import retry
from agentkit.scope import lacking
from tests.fakes import EchoModel, ScriptedModel, call
from tests.teams import prefix_of


class Priced(EchoModel):
    """Says beforehand what a call may cost, and stalls until it is told to go on."""

    def __init__(self, stalls: int = 0) -> None:
        super().__init__()
        self.stalls = stalls
        self.under_way = asyncio.Event()

    def bound(self, request: Request) -> Bound:
        return Bound(
            tokens_in=3, tokens_out=7, price=lambda u: 0.001 * (u.tokens_in + u.tokens_out)
        )

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        if self.stalls:
            self.stalls -= 1
            self.under_way.set()
            await asyncio.get_running_loop().create_future()
        return await super().__call__(request, on_text)


async def stopped(actor: Actor, log: MemoryLog, under_way: asyncio.Event) -> None:
    task = asyncio.ensure_future(actor("go", log=log, id="run"))
    async with asyncio.timeout(5):
        await under_way.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def sums(log: MemoryLog) -> tuple[Usage, float]:
    ends = [e for e in log.read("run") if isinstance(e, StepEnded) and e.usage is not None]
    usage = Usage()
    for end in ends:
        usage += end.usage or Usage()
    return usage, sum(end.cost_usd or 0.0 for end in ends)


async def check_all_alike(actor: Actor, log: MemoryLog, answer: Answer) -> None:
    """The answer, the run's line, a replay and the finished run say the same of what it took."""
    usage, cost = sums(log)
    again = await actor.resume("run", log=log)
    replayed = await actor.replay("run", log=log)
    for one in (answer, again, replayed):
        assert one.usage == usage
        assert one.cost_usd == pytest.approx(cost)
        assert set(one.doubts) == set(answer.doubts)
    assert log.runs()[0].cost_usd == pytest.approx(cost)


async def test_a_resumed_answer_says_what_a_call_cost_that_was_cut_in_flight() -> None:
    log, model = MemoryLog(), Priced(stalls=1)
    agent = Agent("clerk", "x", model=model)

    async def ask(task: str) -> str:
        return (await agent(task)).text

    team = pattern(ask, name="team")
    await stopped(team, log, model.under_way)
    answer = await team.resume("run", log=log)
    assert answer.usage.calls == 2
    assert answer.cost_usd == pytest.approx(0.001 + 0.010)
    await check_all_alike(team, log, answer)


async def test_the_loser_of_a_join_is_in_the_bill_of_a_replay_too() -> None:
    log, late = MemoryLog(), Priced()
    quick, slow = Agent("quick", "x", model=Priced()), Agent("slow", "x", model=late)

    async def both(task: str) -> str:
        async def chain() -> Answer:
            first = await slow(task)
            late.stalls = 1
            return await slow(first.text)

        async def waits() -> Answer:
            await late.under_way.wait()
            return await quick(task)

        return (await gather(chain(), waits(), join="first"))[0].text

    team = pattern(both, name="team")
    answer = await team("go", log=log, id="run")
    assert answer.usage.calls == 3
    late.under_way.set()
    await check_all_alike(team, log, answer)


async def test_a_call_that_was_said_not_to_have_happened_is_in_no_doubt_any_more() -> None:
    log, under_way, stalls = MemoryLog(), asyncio.Event(), [True]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        if stalls.pop() if stalls else False:
            under_way.set()
            await asyncio.get_running_loop().create_future()
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 1}')], "Paid.")
    clerk = Agent("clerk", "x", model=model, tools=[pay])

    await stopped(clerk, log, under_way)
    with pytest.raises(Unsettled):
        await clerk.resume("run", log=log)
    answer = await clerk.resume("run", log=log, settle={"pay": NOT_DONE})
    assert answer.doubts == ()
    assert (await clerk.resume("run", log=log)).doubts == ()


async def test_a_doubt_of_an_ask_that_is_not_gone_through_again_is_told_by_a_replay() -> None:
    log = MemoryLog()

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        await asyncio.get_running_loop().create_future()
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 1}')], "Paid.")
    clerk, other = (
        Agent("clerk", "x", model=model, tools=[pay]),
        Agent("other", "x", model=EchoModel()),
    )

    async def hurry(task: str) -> str:
        found = await gather(clerk(task), other(task), join="quorum:1", deadline_s=5)
        return str(found[0].text)

    team = pattern(hurry, name="team")
    answer = await team("go", log=log, id="run")
    assert answer.doubts == ('pay({"eur":1})',)
    await check_all_alike(team, log, answer)


async def test_a_pattern_that_went_on_after_a_budget_refused_a_call_can_be_replayed() -> None:
    log = MemoryLog()
    agent = Agent("clerk", "x", model=EchoModel())

    async def thrifty(task: str) -> str:
        said = []
        try:
            for n in range(3):
                said.append((await agent(f"{task} {n}")).text)
        except BudgetSpent as error:
            said.append(str(error))
        return " / ".join(said)

    team: Any = pattern(thrifty, name="team")
    answer = await team("go", log=log, id="run", budget_calls=1)
    assert "1 of 1 calls" in answer.text
    assert (await team.replay("run", log=log)).text == answer.text


async def test_what_was_asked_with_a_doubt_is_asked_again_after_a_person_spoke_of_it() -> None:
    log, under_way, stalls = MemoryLog(), asyncio.Event(), [True]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        await asyncio.get_running_loop().create_future()
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 1}')])
    payer, quick = (
        Agent("payer", "x", model=model, tools=[pay]),
        Agent("quick", "x", model=EchoModel()),
    )

    async def hurry(task: str) -> str:
        async def late() -> Answer:
            while not any(isinstance(e, StepStarted) and e.name == "pay" for e in log.read("run")):
                await asyncio.sleep(0.01)
            return await quick(task)

        return str((await gather(payer(task), late(), join="first"))[0].text)

    async def wait(task: str) -> str:
        if stalls:
            stalls.clear()
            under_way.set()
            await asyncio.get_running_loop().create_future()
        return task

    team = (pattern(hurry) >> pattern(wait)).named("team")
    await stopped(team, log, under_way)
    with pytest.raises(Unsettled):
        await team.resume("run", log=log)
    answer = await team.resume("run", log=log, settle={"pay": NOT_DONE})
    assert "may have happened" in answer.text and answer.doubts == ()
    assert (await team.replay("run", log=log)).doubts == ()


async def test_what_is_missing_in_what_a_tool_was_told_is_missing_when_it_is_not_called_again() -> (
    None
):
    log = MemoryLog()

    async def part(task: str) -> str:
        lacking("the last page")
        return "all but the last page"

    reader = pattern(part, name="reader")

    @tool(effect="pure")
    async def read(n: int) -> str:
        """Read."""
        return str((await reader("read")).text)

    model = ScriptedModel([call("read", '{"n": 1}')], "Read.")
    clerk = Agent("clerk", "x", model=model, tools=[read])
    answer = await clerk("go", log=log, id="run")
    assert answer.missing == ("reader: the last page",)
    assert (await clerk.replay("run", log=log)).missing == answer.missing
    assert (await clerk.resume("run", log=log)).missing == answer.missing


async def test_a_doubt_that_is_newer_than_what_a_person_said_is_told() -> None:
    log, under_way, stalls = MemoryLog(), asyncio.Event(), [True]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        if stalls:
            stalls.clear()
            under_way.set()
            await asyncio.get_running_loop().create_future()
        raise ConnectionResetError

    paying = ScriptedModel([call("pay", '{"eur": 1}')], "I do not know.")
    payer = Agent("payer", "x", model=paying, tools=[pay])

    @tool(effect="pure")
    async def settle(n: int) -> str:
        """Have it paid."""
        return str((await payer("pay")).text)

    model = ScriptedModel([call("settle", '{"n": 1}')], "Perhaps.")
    clerk = Agent("clerk", "x", model=model, tools=[settle])
    await stopped(clerk, log, under_way)
    with pytest.raises(Unsettled):
        await clerk.resume("run", log=log)
    answer = await clerk.resume("run", log=log, settle={"pay": NOT_DONE})
    assert answer.doubts == ('pay({"eur":1})',)
    assert (await clerk.replay("run", log=log)).doubts == answer.doubts
    assert (await clerk.resume("run", log=log)).doubts == answer.doubts


async def test_a_call_that_a_crash_cut_off_is_entered_before_it_is_made_again() -> None:
    log, model = MemoryLog(), Priced()
    clerk = Agent("clerk", "x", model=model)
    await clerk("go", log=log, id="run", budget_calls=1)
    events = log.read("run")
    part = await prefix_of(events, next(e.seq for e in events if isinstance(e, StepStarted)))
    with pytest.raises(BudgetSpent):
        await clerk.resume("run", log=part)
    assert len(model.keys) == 1
    assert part.runs()[0].calls == 1
    assert (await clerk.resume("run", log=part, budget_calls=2)).usage.calls == 2


async def test_attempts_that_failed_before_a_crash_are_entered_too() -> None:
    log = MemoryLog()

    class Failing(Priced):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            if not self.keys:
                self.keys.append(request.key)
                raise TimedOut("It is silent.")
            return await super().__call__(request, on_text)

    model = Failing()
    clerk = Agent("clerk", "x", model=retry(model, base_s=0))
    await clerk("go", log=log, id="run", budget_calls=2)
    assert len(model.keys) == 2
    events = log.read("run")
    part = await prefix_of(events, next(e.seq for e in events if isinstance(e, Noted)))
    with pytest.raises(BudgetSpent):
        await clerk.resume("run", log=part)
    assert len(model.keys) == 2
    assert part.runs()[0].calls == 2
