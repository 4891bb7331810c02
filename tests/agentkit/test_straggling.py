"""Joins that go on without failures, and stragglers that are asked a second time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, Answer, gather, open_log, pattern, tool
from agentkit.errors import EndpointError, SetupError, Unsettled
from agentkit.events import Noted, StepStarted
from agentkit.racing import slowness
from tests.fakes import EchoModel, ScriptedModel, call


class SlowFirst(EchoModel):
    """Answers at once, but never to the first who asks about `slow`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        text = request.thread[-1].message.content
        first = text not in self.asked
        self.asked.append(text)
        if text == "slow" and first:
            await asyncio.get_running_loop().create_future()
        return await super().__call__(request, on_text)


def team_of(model: Any) -> Any:
    worker = Agent("worker", model=model)

    @pattern
    async def team(task: str) -> list[str]:
        words = task.split()
        found = await gather(*[partial(worker, word) for word in words], stragglers="duplicate")
        return [answer.text for answer in found]

    return team


async def test_a_straggler_is_asked_again_and_the_first_answer_counts() -> None:
    model = SlowFirst()
    answer = await asyncio.wait_for(team_of(model)("a b c slow"), 5)
    assert answer.data == ["echo: a", "echo: b", "echo: c", "echo: slow"]
    assert sorted(model.asked) == ["a", "b", "c", "slow", "slow"]
    notes = [e.data for e in open_log().read(answer.run_id) if isinstance(e, Noted)]
    assert notes == [{"asks": [3], "won": [3], "reason": "slower than the others"}]


async def test_a_replay_takes_the_copy_that_won_and_performs_nothing() -> None:
    model = SlowFirst()
    team = team_of(model)
    answer = await asyncio.wait_for(team("a b c slow"), 5)
    again = await asyncio.wait_for(team.replay(answer.run_id), 5)
    assert again.data == answer.data
    anew = await asyncio.wait_for(team.rerun(answer.run_id), 5)
    assert anew.data == answer.data
    assert len(model.asked) == 5
    started = [e for e in open_log().read(anew.run_id) if isinstance(e, StepStarted)]
    assert started == []


async def test_nothing_is_duplicated_while_nobody_is_slow() -> None:
    model = EchoModel()
    await team_of(model)("a b c d")
    assert len(model.keys) == 4


def test_slow_is_half_again_the_median_once_three_quarters_have_answered() -> None:
    assert slowness([1.0, 1.0], 4) == float("inf")
    assert slowness([1.0, 2.0, 3.0], 4) == 3.0
    assert slowness([0.001] * 3, 4) == 0.1


async def test_an_ask_already_made_cannot_be_duplicated() -> None:
    worker = Agent("worker", model=EchoModel())
    with pytest.raises(SetupError, match="cannot be duplicated"):
        await gather(worker("a"), stragglers="duplicate")


async def test_settled_waits_for_all_and_names_those_that_failed() -> None:
    good = Agent("good", model=EchoModel())
    bad = Agent("bad", model=ScriptedModel(EndpointError("down")))

    @pattern
    async def team(task: str) -> str:
        found = await gather(good(task), bad(task), join="settled")
        assert [missing.index for missing in found.missing] == [1]
        return str(found[0].text)

    assert (await team("a")).text == "echo: a"


async def test_settled_fails_when_all_did() -> None:
    bad = Agent("bad", model=ScriptedModel(EndpointError("down"), EndpointError("down")))
    with pytest.raises(EndpointError):
        await gather(bad("a"), bad("b"), join="settled")


async def test_a_step_in_doubt_is_never_one_of_the_missing() -> None:
    async def doubt() -> Answer:
        raise Unsettled("was it sent?")

    async def fine() -> str:
        return "fine"

    with pytest.raises(Unsettled):
        await gather(doubt(), fine(), join="settled")


async def test_a_gather_of_nothing_is_empty() -> None:
    assert list(await gather(join="settled")) == []


async def test_a_refused_gather_leaves_no_ask_behind() -> None:
    worker = Agent("worker", model=EchoModel())
    with pytest.raises(AgentkitError):
        await gather(worker("a"), join="quorum:2")


class Slow:
    """A worker whose payment for the last task takes long."""

    def __init__(self, effect: Any) -> None:
        self.paid: list[int] = []
        self.release = asyncio.Event()

        @tool(effect=effect)
        async def pay(x: int) -> str:
            """Pay."""
            self.paid.append(x)
            if x == 3 and self.paid.count(3) == 1:
                asyncio.get_running_loop().call_later(0.4, self.release.set)
                await self.release.wait()
            return "paid"

        def say(request: Any) -> Any:
            if request.thread[-1].message.role == "tool":
                return "ok"
            return [call("pay", f'{{"x": {request.thread[-1].message.content}}}')]

        model = ScriptedModel(*[say] * 20)
        worker = Agent("worker", model=model, tools=[pay])

        @pattern
        async def team(task: str) -> int:
            asks = [partial(worker, str(n)) for n in range(4)]
            return len(await gather(*asks, stragglers="duplicate"))

        self.team = team


async def test_a_copy_stops_before_what_must_not_happen_twice() -> None:
    slow = Slow("once")
    answer = await asyncio.wait_for(slow.team("go"), 5)
    assert (answer.data, sorted(slow.paid), answer.doubts) == (4, [0, 1, 2, 3], ())
    assert (await slow.team.replay(answer.run_id)).data == 4
    assert len(slow.paid) == 4


async def test_a_copy_may_do_what_does_no_harm_twice() -> None:
    slow = Slow("pure")
    answer = await asyncio.wait_for(slow.team("go"), 5)
    assert (answer.data, sorted(slow.paid)) == (4, [0, 1, 2, 3, 3])


async def test_an_ask_whose_copy_gave_up_fails_as_itself() -> None:
    paid, asked = [], []

    @tool(effect="once")
    def pay() -> str:
        """Pay."""
        paid.append(1)
        return "paid"

    async def worker(task: str) -> Any:
        asked.append(task)
        if task != "slow":
            return task
        if asked.count("slow") == 1:
            await asyncio.sleep(0.3)
            raise EndpointError("down")
        return await Agent("worker", model=ScriptedModel([call("pay")]), tools=[pay])(task)

    @pattern
    async def team(task: str) -> list[str]:
        asks = [partial(worker, word) for word in ("a", "b", "c", "slow")]
        found = await gather(*asks, stragglers="duplicate", join="settled")
        return [one.reason for one in found.missing]

    answer = await asyncio.wait_for(team("go"), 5)
    assert (answer.data, asked.count("slow"), paid) == (["EndpointError: down"], 2, [])
