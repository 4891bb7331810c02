"""Workers and asks over a queue, in process and on NATS JetStream."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from agentkit import Agent, Answer, gather, pattern, run, tool
from agentkit.errors import BadOutput, Overloaded, SetupError, StoreError, TimedOut
from agentkit.events import Noted, StepEnded
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from memory.fabrics.faults import Faults
from tests.fakes import ScriptedModel
from tests.memory.fabrics.conftest import Opened


@pattern
async def clerk(task: object) -> str:
    """Does as it is told."""
    return f"{task}: done"


async def test_an_ask_through_a_queue_is_answered_by_a_worker(opened: Opened) -> None:
    model = ScriptedModel("It weighs 4 t.")
    weigher, log, theirs = Agent("weigher", model=model), MemoryLog(), MemoryLog()
    async with opened().worker("scales", weigher, log=theirs):
        answer = await opened().actor("scales")("weigh the Amber", log=log)
    assert answer.text == "It weighs 4 t."
    assert (answer.usage.tokens_in, answer.cost_usd) == (10, 0.001)
    notes = {e.topic: e.data for e in log.read(answer.run_id) if isinstance(e, Noted)}
    there = notes["answered"]["run"]
    asked = {e.topic: e.data for e in theirs.read(there) if isinstance(e, Noted)}["asked_by"]
    assert (notes["answered"]["by"], asked["from"]["run"]) == ("weigher", answer.run_id)
    assert asked["from"]["actor"] == "scales"


async def test_a_typed_ask_gets_its_type_or_a_typed_error(opened: Opened) -> None:
    @pattern
    async def weigher(task: str) -> int | str:
        return 4 if task == "Amber" else "heavy"

    async with opened().worker("scales", weigher):
        scales = opened().actor("scales")
        assert (await scales("Amber", output=int)).data == 4
        with pytest.raises(BadOutput):
            await scales("Coral", output=int)


async def test_what_is_wrong_with_an_answer_comes_over_a_queue(opened: Opened) -> None:
    """It was given up, cut, or something in it may have happened: the asker is told."""

    @tool(effect="once", timeout_s=0.05)
    async def lift() -> None:
        """Lift the load."""
        await asyncio.sleep(60)

    calls = [ToolCall(id="c", name="lift", arguments="{}")]
    weigher = Agent("weigher", model=ScriptedModel(calls, "Lifted."), tools=[lift])

    @pattern
    async def hasty(task: str) -> Answer:
        lifted = await weigher(task)
        return lifted.model_copy(update={"missing": ("a second look (no rounds left)",)})

    log = MemoryLog()
    async with opened().worker("scales", hasty):
        answer = await opened().actor("scales")("weigh the Amber", log=log)
    certainty = "certainty whether lift({}) happened"
    assert answer.missing == ("a second look (no rounds left)", certainty)
    again = await opened().actor("scales").resume(answer.run_id, log=log)
    assert again.missing == answer.missing


async def test_a_conversation_goes_on_over_a_queue(opened: Opened) -> None:
    model = ScriptedModel("Four tonnes.", "Yes.")
    async with opened().worker("scales", Agent("weigher", model=model)):
        scales = opened().actor("scales")
        async with run():
            first = await scales("weigh the Amber")
            await scales("Are you sure?", after=first)
    said = [node.message.content for node in model.requests[1].thread]
    assert said == ["weigh the Amber", "Four tonnes.", "Are you sure?"]


async def test_many_asks_are_spread_over_the_workers(opened: Opened) -> None:
    busy, most = 0, 0

    @pattern
    async def slow(task: str) -> str:
        nonlocal busy, most
        busy, most = busy + 1, max(most, busy + 1)
        await asyncio.sleep(0.1)
        busy -= 1
        return task.upper()

    f = opened()
    async with f.worker("shouts", slow, count=3) as crew, run():
        answers = await gather(*(f.actor("shouts")(word) for word in "abcdef"))
    assert [answer.text for answer in answers] == list("ABCDEF")
    assert most == 3
    assert sum(one.served.done for one in crew) == 6


async def test_what_a_worker_raises_reaches_the_asker(opened: Opened) -> None:
    tries = 0

    @pattern
    async def broken(task: str) -> str:
        nonlocal tries
        tries += 1
        if task == "ours":
            raise SetupError("There is no such ship.", todo="look again")
        raise ZeroDivisionError("1/0")

    async with opened().worker("jobs", broken):
        with pytest.raises(SetupError, match="no such ship") as caught:
            await opened().actor("jobs")("ours")
        assert caught.value.todo == "look again"
        with pytest.raises(Exception, match="1/0"):
            await opened().actor("jobs")("foreign")
    assert tries == 2


async def test_trouble_of_an_endpoint_is_tried_again_by_another_delivery(opened: Opened) -> None:
    model = ScriptedModel(Overloaded("busy"), "done")
    async with opened().worker("jobs", Agent("clerk", model=model)) as (worker,):
        assert (await opened().actor("jobs")("go")).text == "done"
    assert (worker.served.put_back, worker.served.redelivered) == (1, 1)


async def test_without_a_worker_an_ask_times_out_and_a_resume_finds_the_answer(
    opened: Opened,
) -> None:
    log, f = MemoryLog(), opened()
    with pytest.raises(TimedOut, match=r"0\.1 s"):
        await f.actor("jobs", timeout_s=0.1)("go", log=log, id="r1")
    served = await f.serve("jobs", clerk, limit=1)
    assert (await f.actor("jobs").resume("r1", log=log)).text == "go: done"
    assert served.done == 1
    assert (await f.serve("jobs", clerk, idle_s=0.1)).done == 0


async def test_a_task_of_a_worker_that_was_stopped_is_done_by_the_next_and_paid_once(
    opened: Opened,
) -> None:
    log, f = MemoryLog(), opened()
    model = ScriptedModel("weighed", "cleared")
    first, second = Agent("weigher", model=model), Agent("clearer", model=model)
    reached, go_on = asyncio.Event(), asyncio.Event()

    @pattern
    async def team(task: str) -> Answer:
        await first(task)
        reached.set()
        await go_on.wait()
        return await second(task)

    queue = f.queue("jobs", ack_wait_s=1)
    asking = asyncio.create_task(f.actor(queue)("Amber"))
    async with f.worker(queue, team, log=log):
        await asyncio.wait_for(reached.wait(), 5)
    go_on.set()
    async with f.worker(queue, team, log=log) as (other,):
        assert (await asking).text == "cleared"
    assert len(model.requests) == 2
    assert (other.served.redelivered, other.served.done) == (1, 1)


async def test_a_worker_that_takes_its_time_keeps_its_task(opened: Opened) -> None:
    starts = 0

    @pattern
    async def slow(task: str) -> str:
        nonlocal starts
        starts += 1
        await asyncio.sleep(0.8)
        return "at last"

    f = opened()
    queue = f.queue("jobs", ack_wait_s=0.3)
    async with f.worker(queue, slow, count=2):
        assert (await f.actor(queue)("go")).text == "at last"
    assert starts == 1


async def test_a_task_nobody_can_do_ends_with_the_dead_and_the_asker_is_told(
    opened: Opened,
) -> None:
    f = opened()
    queue = f.queue("jobs", ack_wait_s=0.05, max_deliveries=2)
    asking = asyncio.create_task(f.actor(queue)("poison"))
    for _ in range(2):
        assert await queue.take(20) is not None
    async with f.worker(queue, clerk) as (worker,):
        with pytest.raises(StoreError, match="delivered 2 times"):
            await asking
    assert worker.served.done == 0
    assert [one["letter"]["body"]["task"] for one in await queue.dead()] == ["poison"]


async def test_a_plain_letter_in_the_queue_is_a_task_too(opened: Opened) -> None:
    f = opened()
    await f.queue("jobs").put("sweep")
    served = await f.serve("jobs", clerk, limit=1)
    assert (served.done, await f.queue("jobs").size()) == (1, 0)


@pytest.mark.parametrize("seed", range(4))
async def test_workers_that_crash_lose_no_task_and_pay_none_twice(
    opened: Opened, request: pytest.FixtureRequest, seed: int
) -> None:
    if "nats" in request.node.callspec.id:
        pytest.skip("faults are drawn in process only")
    f, log = opened(faults=Faults(crash=0.4, duplicate=0.2, drop=0.2, seed=seed)), MemoryLog()
    done: list[str] = []

    @pattern
    async def worker(task: str) -> str:
        async with run_step(task, done):
            return task.upper()

    queue = f.queue("jobs", ack_wait_s=0.05, max_deliveries=50)
    async with f.worker(queue, worker, count=3, log=log) as crew, run():
        answers = await gather(*(f.actor(queue)(word) for word in "abcdefgh"))
    assert [answer.text for answer in answers] == list("ABCDEFGH")
    assert sorted(done) == list("abcdefgh")
    assert sum(one.served.crashed for one in crew) > 0


@contextlib.asynccontextmanager
async def run_step(task: str, done: list[str]):  # type: ignore[no-untyped-def]
    """An effect that counts how often it is performed."""
    from memory.steps import step

    async def perform(_key: str) -> None:
        done.append(task)

    await step("book", task, perform, effect="idempotent")
    yield


async def test_an_ask_that_failed_is_sent_anew_by_a_resume(opened: Opened) -> None:
    log, f = MemoryLog(), opened()
    healthy = False

    @pattern
    async def moody(task: str) -> str:
        if not healthy:
            raise SetupError("There is no key.")
        return "fine"

    async with f.worker("jobs", moody):
        with pytest.raises(SetupError):
            await f.actor("jobs")("go", log=log, id="r1")
        healthy = True
        assert (await f.actor("jobs").resume("r1", log=log)).text == "fine"
    steps = [e.status for e in log.read("r1") if isinstance(e, StepEnded)]
    assert steps == ["failed", "ok"]


async def test_an_answer_too_large_to_travel_is_told_and_ends_no_worker(opened: Opened) -> None:
    @pattern
    async def printer(task: str) -> str:
        return "x" * 2_000_000 if task == "all" else "one page"

    async with opened().worker("printer", printer):
        asked = opened().actor("printer", timeout_s=20)
        with pytest.raises(SetupError, match="at most 1,048,"):
            await asked("all")
        assert (await asked("one")).text == "one page"


async def test_words_that_cannot_travel_as_they_are_end_no_worker(opened: Opened) -> None:
    @pattern
    async def printer(task: str) -> str:
        if task == "fail":
            raise SetupError("\ud800 no paper" + "x" * 2_000_000)
        return "half \ud83d of a sign"

    async with opened().worker("printer", printer):
        asked = opened().actor("printer", timeout_s=20)
        assert (await asked("print")).text == "half \ufffd of a sign"
        with pytest.raises(SetupError, match="\ufffd no paperxxx.* more characters"):
            await asked("fail")
        assert (await asked("again")).text == "half \ufffd of a sign"
