"""A letter that cannot be stored, read, buried or answered stops nobody who comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agentkit import pattern
from agentkit.errors import AgentkitError, SetupError
from memory.errors import StoreFull, StoreUnreachable
from memory.fabrics import jetstream
from memory.fabrics.core import Fabric
from memory.fabrics.letters import Letter
from memory.fabrics.local import Local
from memory.fabrics.post import SLOW, Post
from memory.fabrics.serving import QueueWorker
from memory.fabrics.virtual import now, played
from tests.memory.fabrics.conftest import Opened


def nested(levels: int) -> Any:
    made: Any = "x"
    for _ in range(levels):
        made = [made]
    return made


async def left_to_die(fabric: Fabric, name: str, put: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """The dead letters after one that nobody acknowledged; what came after it was handed out."""
    queue = fabric.queue(name, ack_wait_s=0.1, max_deliveries=1)
    await put(queue)
    assert await queue.take(2) is not None
    await asyncio.sleep(0.2)
    await queue.put("work", id="work")
    came = []
    async with asyncio.timeout(20):
        while "work" not in came:
            taken = await queue.take(0.3)
            if taken is not None:
                came.append(taken.id)
                await taken.ack()
    assert came == ["work"]
    return await queue.dead()


async def test_a_letter_is_refused_that_nobody_could_read(opened: Opened) -> None:
    """It was taken, and the next reader was told that it was no letter."""
    fabric, queue = opened(), opened().queue("deep")
    for levels in (198, 199, 200, 253, 400):
        with pytest.raises(SetupError, match="nested too deep|depth exceeded"):
            await queue.put(nested(levels))
    with pytest.raises(SetupError, match="no JSON form"):
        await queue.put(10**5000)
    assert await queue.size() == 0
    with pytest.raises(SetupError, match="nested too deep"):
        await fabric.publish("deep", nested(250))


async def test_what_can_be_read_can_be_buried_whole(opened: Opened) -> None:
    """A letter nested as deep as could just be read was among the dead ones, and not to be seen."""
    deepest = 0
    queue = opened().queue("tried")
    for levels in range(150, 210):
        try:
            await queue.put(nested(levels), id=str(levels))
            deepest = levels
        except SetupError:
            break
    assert deepest >= 150
    (dead,) = await left_to_die(opened(), "deepest", lambda q: q.put(nested(deepest)))
    assert dead["letter"]["body"] == nested(deepest)


@pytest.mark.parametrize("key", ["\ud800", "a\nb", "a\0b", "x" * 300_000, "🐙" * 2000, " "])
async def test_any_text_is_a_key_and_an_id(opened: Opened, key: str) -> None:
    """Half of a character as key made every take fail, and a long one ended the connection."""
    (dead,) = await left_to_die(opened(), "keys", lambda q: q.put("b", key=key, id=key[:1000]))
    assert dead["letter"]["body"] == "b"
    stream = opened().stream("kept")
    await stream.append("b", key=key)
    await stream.append("other")
    assert [one.body for one in await stream.read(key=key.replace("\ud800", "\ufffd"))] == ["b"]


async def test_what_is_no_text_is_told_before_anything_is_sent(opened: Opened) -> None:
    queue: Any = opened().queue("typed")
    for wrong in ({"id": 5}, {"key": 5}):
        with pytest.raises(SetupError, match="was given the"):
            await queue.put("b", **wrong)
    with pytest.raises(SetupError, match="too long"):
        await opened().publish("a" * 5000, "b")
    assert await queue.size() == 0


class NoRoom(Local):
    """A broker whose disk has no room for some channels."""

    full = ("jobs-dead", "jobs-replies")

    async def append(self, channel: Any, key: str, id: str, data: bytes) -> tuple[int, bool]:
        if channel.name in self.full:
            raise StoreFull(f"There is no room for {channel.name}.")
        return await super().append(channel, key, id, data)


async def test_a_disk_without_room_for_dead_letters_stops_nobody() -> None:
    async with Fabric(NoRoom()) as fabric:
        queue = fabric.queue("jobs", ack_wait_s=0.05, max_deliveries=1)
        await queue.put("poison")
        assert await queue.take(1) is not None
        await asyncio.sleep(0.1)
        await queue.put("work", id="work")
        got = await fabric.post.receive(queue.channel, queue.group, 1)
        assert got.letter is not None and got.letter.id == "work"
        assert "no room for jobs-dead" in got.buried[0].reason


@pattern(name="clerk")
async def clerk(task: str) -> str:
    if task in ODD:
        raise ODD[task]
    return f"did {task}"


class Odd(BaseException):
    """As of a library that will not be caught."""


ODD: dict[str, BaseException] = {
    "odd": Odd("odd"),
    "group": BaseExceptionGroup("several", [Odd("one")]),
    "cancelled": asyncio.CancelledError("inside"),
}


@pytest.mark.parametrize("task", ODD)
async def test_whatever_a_task_raises_is_told_to_its_asker(opened: Opened, task: str) -> None:
    """Errors that are no `Exception` ended one worker after the other, and nobody was told."""
    fabric = opened()
    queue = fabric.queue("jobs", ack_wait_s=0.5)
    ask = fabric.actor(queue, timeout_s=20)
    async with fabric.worker(queue, clerk):
        with pytest.raises(AgentkitError, match="odd|several|cancelled"):
            await ask(task)
        assert (await ask("next")).text == "did next"


async def test_a_task_whose_id_leaves_no_room_for_an_answer_is_done_with(opened: Opened) -> None:
    fabric = opened()
    queue = fabric.queue("jobs")
    room = fabric.transport.max_bytes
    await queue.size()
    await fabric.post.send(queue.channel, Letter(id="x" * (room * 2 // 3), body="a", reply=True))
    await queue.put("b")
    served = await fabric.serve(queue, clerk, limit=2, idle_s=5)
    assert (served.done, served.failed) == (1, 1)
    # And nobody who is to bury it is stopped by it.
    queue = fabric.queue("again", ack_wait_s=0.1, max_deliveries=1)
    await fabric.post.send(queue.channel, Letter(id="x" * (room * 2 // 3), body="a", reply=True))
    assert await queue.take(2) is not None
    await asyncio.sleep(0.2)
    got = await fabric.post.receive(queue.channel, queue.group, 1)
    assert "cannot be told" in got.buried[0].reason and got.letter is None


async def test_a_worker_goes_on_when_the_broker_was_away_while_it_answered() -> None:
    """It ended, as nobody noticed whose worker ran in the background."""

    class Away(Local):
        away = 0

        async def acknowledge(self, channel: Any, group: Any, token: str, *rest: Any) -> None:
            if self.away and rest[0] == "ack":
                self.away -= 1
                raise StoreUnreachable("It does not answer.")
            await super().acknowledge(channel, group, token, *rest)

    transport = Away()
    async with Fabric(transport, retry_s=0.0) as fabric:
        queue = fabric.queue("jobs", ack_wait_s=0.1)
        transport.away = 1
        await queue.put("a")
        worker = QueueWorker(fabric.post, queue, clerk)
        async with asyncio.timeout(20):
            served = await worker.serve(limit=1)
    assert (served.done, served.put_back, served.redelivered) == (1, 1, 1)


async def test_an_answer_that_has_no_room_now_is_given_later() -> None:
    transport = NoRoom()
    async with Fabric(transport) as fabric:
        queue = fabric.queue("jobs", ack_wait_s=0.1)
        ask = fabric.actor(queue, timeout_s=20)
        async with fabric.worker(queue, clerk) as (worker,):
            asked = asyncio.ensure_future(ask("a"))
            async with asyncio.timeout(20):
                while not worker.served.put_back:
                    await asyncio.sleep(0.01)
            transport.full = ()
            assert (await asked).text == "did a"


def test_a_broker_that_answers_others_is_slow_and_asked_again() -> None:
    """Of many letters sent at once to a slow disk the last were given up as if it were gone."""

    async def tried(others: bool) -> tuple[int, float]:
        post, begun, count = Post(Local(), 2.0), now(), 0

        async def slow() -> None:
            nonlocal count
            count += 1
            await asyncio.sleep(1.0)
            raise StoreUnreachable("No answer in time.")

        async def quick() -> None:
            if others:
                await post.persist(lambda: asyncio.sleep(0.5))

        async def ask() -> None:
            while now() - begun < 60:
                await quick()
                await asyncio.sleep(0.5)

        asking = asyncio.create_task(ask())
        with pytest.raises(StoreUnreachable, match=r"It was tried \d+ times"):
            await post.persist(slow)
        took_s = now() - begun
        asking.cancel()
        return count, took_s

    alone, alone_s = played(lambda: tried(False))
    among, _ = played(lambda: tried(True))
    assert alone <= 3 and alone_s <= 4
    assert SLOW <= among <= SLOW + 2, "and not for ever, where only this one gets no answer"


async def test_of_many_letters_sent_at_once_few_wait_for_a_broker_together(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying, most = 0, 0
    publish = jetstream.JetStreamContext.publish

    async def counted(*given: Any, **options: Any) -> Any:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            return await publish(*given, **options)
        finally:
            flying -= 1

    monkeypatch.setattr(jetstream.JetStreamContext, "publish", counted)
    async with Fabric(jetstream.JetStream(broker.url, "many")) as fabric:
        stream = fabric.stream("many")
        got = await asyncio.gather(*(stream.append(n, id=str(n)) for n in range(100)))
        assert sorted(one.seq for one in got) == list(range(1, 101))
    assert 1 < most <= jetstream.IN_FLIGHT
