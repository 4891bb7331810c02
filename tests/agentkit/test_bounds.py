"""An ask may be given a time and a number of model calls at once, beside its budget."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import Agent, Context, gather, pattern, run, tool
from agentkit.errors import DeadlinePassed, Overloaded, SetupError, Unsettled
from agentkit.events import RunEnded, RunStarted, ScopeClosed, ScopeOpened, StepEnded, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Message
from agentkit.model import OnText, Reply, Request
from agentkit.reliability.retry import retry
from agentkit.testing import ScriptedModel
from agentkit.testing import call as calls

SOON_S = 0.05


class Gate:
    """A model that answers while its gate is open, and counts how many calls wait for that."""

    name = "gate"

    def __init__(self, shut: bool = True) -> None:
        self.go, self.at_once, self.most, self.calls = asyncio.Event(), 0, 0, 0
        if not shut:
            self.go.set()

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            for _ in range(5):  # long enough that others can begin
                await asyncio.sleep(0)
            await self.go.wait()
        finally:
            self.at_once -= 1
        return Reply(
            message=Message(role="assistant", content=f"done {request.thread[-1].message.text}"),
            usage=Usage(tokens_in=1, tokens_out=1, calls=1),
            cost_usd=1.0,
        )


class Fails:
    """A model whose server asks for patience."""

    name = "fails"

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        raise Overloaded("busy", retry_after_s=30.0)


def begun(log: Any, run_id: str) -> RunStarted:
    return [e for e in log.read(run_id) if isinstance(e, RunStarted)][-1]


async def test_an_ask_that_takes_too_long_says_what_was_done_and_goes_on_from_there() -> None:
    quick, gate = ScriptedModel("one"), Gate()
    first, slow = Agent("first", model=quick), Agent("slow", model=gate)

    @pattern
    async def team(task: str) -> str:
        return f"{await first(task)} {await slow(task)}"

    log = MemoryLog()
    with pytest.raises(DeadlinePassed) as caught:
        await team("q", log=log, deadline_s=SOON_S)
    error = caught.value
    assert (error.done, error.cut, error.doubts) == (1, ["gate of team/slow"], [])
    assert error.deadline_s == SOON_S
    assert "1 model step done" in str(error)
    assert f"resume run {error.run_id}, with a longer deadline_s" in str(error)
    ended = log.read(error.run_id)[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.status, ended.error and ended.error.type) == ("failed", "DeadlinePassed")
    with pytest.raises(DeadlinePassed):  # a resume has the same time again
        await team.resume(error.run_id, log=log)
    gate.go.set()
    answer = await team.resume(error.run_id, log=log, deadline_s=60)
    assert answer.text == "one done q"
    assert begun(log, error.run_id).deadline_s == 60
    assert (await team.replay(error.run_id, log=log)).text == answer.text
    assert len(quick.requests) == 1


async def test_what_may_have_happened_is_said_and_asked_about() -> None:
    paying = asyncio.Event()

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        paying.set()
        await asyncio.Event().wait()
        return "never"

    clerk = Agent("clerk", model=ScriptedModel(calls("pay", eur=3), "paid"), tools=[pay])
    log = MemoryLog()
    with pytest.raises(DeadlinePassed, match="may have happened, and nobody knows") as caught:
        await clerk("pay it", log=log, deadline_s=SOON_S)
    assert paying.is_set()
    assert caught.value.doubts == ['pay({"eur":3})']
    with pytest.raises(Unsettled):
        await clerk.resume(caught.value.run_id, log=log, deadline_s=60)
    answer = await clerk.resume(caught.value.run_id, log=log, settle={"pay": "receipt"})
    assert answer.text == "paid"


async def test_a_team_goes_on_without_an_ask_that_took_too_long_and_replays_so() -> None:
    gate = Gate()
    slow = Agent("slow", model=ScriptedModel(calls("look"), "late"), tools=[looking(gate)])
    other = Agent("other", model=ScriptedModel("instead"))

    @pattern
    async def team(task: str) -> str:
        try:
            return (await slow(task, deadline_s=SOON_S)).text
        except DeadlinePassed:
            return (await other(task)).text

    log = MemoryLog()
    answer = await team("q", log=log)
    assert (answer.text, answer.usage.calls, answer.cost_usd) == ("instead", 2, 0.002)
    opened = [e for e in log.read(answer.run_id) if isinstance(e, ScopeOpened)]
    assert [(one.actor, one.deadline_s) for one in opened] == [
        ("team", None), ("slow", SOON_S), ("other", None),
    ]  # fmt: skip
    closed = [e for e in log.read(answer.run_id) if isinstance(e, ScopeClosed)]
    assert [one.status for one in closed] == ["failed", "ok", "ok"]
    again = await team.replay(answer.run_id, log=log)
    assert (again.text, again.usage, again.cost_usd) == ("instead", answer.usage, answer.cost_usd)
    assert (await team.resume(answer.run_id, log=log)).text == "instead"
    gate.go.set()
    mended = await team.rerun(answer.run_id, log=log)  # a rerun has the time anew
    assert mended.text == "late"


def looking(gate: Gate) -> Any:
    @tool(effect="pure")
    async def look() -> str:
        """Look."""
        await gate.go.wait()
        return "seen"

    return look


async def test_what_an_agent_was_told_of_a_late_ask_stays_so_when_its_run_goes_on() -> None:
    gate, stop = Gate(), asyncio.Event()
    slow = Agent("slow", model=gate)

    @pattern
    async def helper(task: str) -> str:
        try:
            return (await slow(task, deadline_s=SOON_S)).text
        except DeadlinePassed:
            return "nobody knows"

    async def last(request: Request) -> str:
        await stop.wait()
        return "the end"

    lines = (calls("helper", task="x"), last)
    boss = Agent("boss", model=ScriptedModel(*lines), tools=[helper.as_tool()])
    log = MemoryLog()
    asking = asyncio.ensure_future(boss("q", log=log, id="run"))
    await told(log, "nobody knows")
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    gate.go.set()  # now it would answer
    stop.set()
    boss = Agent("boss", model=ScriptedModel("the end"), tools=[helper.as_tool()])
    answer = await boss.resume("run", log=log)
    assert answer.text == "the end"
    assert gate.calls == 1


async def told(log: MemoryLog, text: str) -> None:
    async with asyncio.timeout(5):
        async for event in log.tail("run"):
            if any(node.message.text == text and node.parent for node in event.nodes):
                if event.kind == "step.started":
                    return


async def test_a_block_of_code_has_a_deadline_too() -> None:
    slow, log = Agent("slow", model=Gate()), MemoryLog()
    with pytest.raises(DeadlinePassed, match="The block of code was not done within"):
        async with run(log=log, deadline_s=SOON_S):
            await gather(slow("a"), slow("b"))
    (info,) = log.runs()
    assert info.status == "failed"
    with pytest.raises(DeadlinePassed) as caught:
        async with run(log=log, resume=info.id):
            await gather(slow("a"), slow("b"))
    assert sorted(caught.value.cut) == ["gate of slow", "gate of slow"]


async def test_the_outer_deadline_holds_within_a_longer_one() -> None:
    slow = Agent("slow", model=Gate())
    async with asyncio.timeout(5):
        with pytest.raises(DeadlinePassed, match="The block of code"):
            async with run(log=MemoryLog(), deadline_s=SOON_S):
                await slow("q", deadline_s=60)


async def test_time_up_elsewhere_is_no_deadline() -> None:
    @pattern
    async def team(task: str) -> str:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await team("q", log=MemoryLog(), deadline_s=60)


async def test_a_call_is_not_repeated_after_longer_than_there_is_time() -> None:
    model = Fails()
    clerk = Agent("clerk", model=retry(model, 3))
    async with asyncio.timeout(5):
        with pytest.raises(Overloaded):
            await clerk("q", log=MemoryLog(), deadline_s=10)
    assert model.calls == 1


async def test_a_tool_is_told_how_much_time_is_left() -> None:
    found: list[float | None] = []

    @tool(effect="pure")
    def work(context: Context[None]) -> str:
        """Work."""
        found.append(context.left_s)
        return "done"

    clerk = Agent(
        "clerk", model=ScriptedModel(calls("work"), "a", calls("work"), "b"), tools=[work]
    )
    await clerk("q", log=MemoryLog())
    await clerk("q", log=MemoryLog(), deadline_s=60)
    assert found[0] is None
    assert found[1] is not None
    assert 0 < found[1] <= 60


async def test_so_many_calls_are_under_way_at_once_and_no_more() -> None:
    gate = Gate(shut=False)
    clerk = Agent("clerk", model=gate)

    @pattern
    async def team(task: str) -> int:
        return len(await gather(*[clerk(f"{task}{n}") for n in range(20)]))

    log = MemoryLog()
    assert (await team("q", log=log, concurrency=4)).data == 20
    assert gate.most == 4
    assert begun(log, log.runs()[0].id).concurrency == 4
    gate.most = 0
    async with run(log=log, concurrency=6):
        await gather(team("a", concurrency=2), team("b", concurrency=3), team("c"))
    assert 3 <= gate.most <= 6
    gate.most = 0
    async with run(log=log, concurrency=6):
        await team("a", concurrency=2)
    assert gate.most == 2
    opened = [e for e in log.read(log.runs()[0].id) if isinstance(e, ScopeOpened)]
    assert opened[0].concurrency == 2


async def test_a_call_within_a_call_needs_no_further_place() -> None:
    inner = Agent("inner", model=Gate(shut=False))

    class Asking:
        """A model that asks an agent, as a gateway of a user's own may."""

        name = "asking"

        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            found = await inner("within")
            return Reply(message=Message(role="assistant", content=found.text))

    async with asyncio.timeout(5):
        answer = await Agent("outer", model=Asking())("q", log=MemoryLog(), concurrency=1)
    assert answer.text == "done within"


async def test_agents_that_ask_each_other_by_tools_do_not_wait_for_their_own_place() -> None:
    inner = Agent("inner", model=Gate(shut=False))
    outer = Agent(
        "outer",
        model=ScriptedModel([calls("inner", task="a"), calls("inner", task="b")], "both"),
        tools=[inner.as_tool()],
    )
    async with asyncio.timeout(5):
        assert (await outer("q", log=MemoryLog(), concurrency=1)).text == "both"


async def test_a_run_within_a_run_is_bound_by_both() -> None:
    gate, log = Gate(shut=False), MemoryLog()
    clerk = Agent("clerk", model=gate)

    async def alone(n: int) -> None:
        async with run(log=log, name=str(n)):
            await clerk(str(n))

    async with run(log=log, concurrency=2):
        await asyncio.gather(*map(alone, range(8)))
    assert gate.most == 2


async def test_a_place_is_given_back_by_who_is_cancelled_while_he_waits_or_works() -> None:
    gate = Gate()
    clerk = Agent("clerk", model=gate)
    async with run(log=MemoryLog(), concurrency=1):
        asks = [asyncio.ensure_future(clerk(str(n))) for n in range(3)]
        while not gate.calls:
            await asyncio.sleep(0)
        asks[0].cancel()
        asks[1].cancel()
        gate.go.set()
        async with asyncio.timeout(5):
            found = await asyncio.gather(*asks, return_exceptions=True)
    assert [type(one).__name__ for one in found] == ["CancelledError", "CancelledError", "Answer"]


async def test_recorded_calls_need_no_place() -> None:
    gate, log = Gate(shut=False), MemoryLog()
    clerk = Agent("clerk", model=gate)
    first = await clerk("q", log=log, concurrency=1)
    assert (await clerk.rerun(first.run_id, log=log)).text == first.text
    assert (await clerk.replay(first.run_id, log=log)).text == first.text
    assert gate.calls == 1


@pytest.mark.parametrize("deadline_s", [0, -1, True, float("inf"), float("nan"), "5"])
async def test_a_time_that_is_none_is_refused(deadline_s: Any) -> None:
    log = MemoryLog()
    with pytest.raises(SetupError, match="deadline_s of clerk is"):
        await Agent("clerk", model=Gate())("q", log=log, deadline_s=deadline_s)
    with pytest.raises(SetupError, match="deadline_s of a run is"):
        async with run(log=log, deadline_s=deadline_s):
            pass
    assert log.runs() == []


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5, "5"])
async def test_a_number_at_once_that_is_none_is_refused(concurrency: Any) -> None:
    with pytest.raises(SetupError, match="concurrency of clerk is"):
        await Agent("clerk", model=Gate())("q", log=MemoryLog(), concurrency=concurrency)


async def test_a_pattern_keeps_parameters_of_its_own_by_these_names() -> None:
    @pattern
    async def team(task: str, concurrency: int = 2, deadline_s: float = 1) -> int:
        return concurrency

    log = MemoryLog()
    answer = await team("q", log=log, concurrency=7)
    assert answer.data == 7
    start = begun(log, answer.run_id)
    assert (start.arguments, start.concurrency) == ({"concurrency": 7}, None)


async def test_a_deadline_that_passed_is_recorded_with_what_it_tells(tmp_path: Any) -> None:
    log = SqliteLog(tmp_path / "log.db")
    slow = Agent("slow", model=Gate())

    @pattern
    async def team(task: str) -> str:
        return (await slow(task, deadline_s=SOON_S)).text

    with pytest.raises(DeadlinePassed, match="give slow a longer deadline_s, or catch") as caught:
        await team("q", log=log)
    (failed,) = [
        e for e in log.read(caught.value.run_id) if isinstance(e, ScopeClosed) and e.error
        and isinstance(e.error.facts, dict) and e.error.facts["key"] == e.scope
    ]  # fmt: skip
    assert failed.error and isinstance(failed.error.facts, dict)
    assert failed.error.facts["cut"] == ["gate of team/slow"]
    ends = [e for e in log.read(caught.value.run_id) if isinstance(e, StepEnded)]
    assert [e.status for e in ends] == ["cancelled"]
    with pytest.raises(DeadlinePassed):
        await team.replay(caught.value.run_id, log=log)
    log.close()
