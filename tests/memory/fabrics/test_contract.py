"""What every fabric promises, in process and on NATS JetStream."""

from __future__ import annotations

import asyncio

import pytest

from agentkit import run
from agentkit.errors import SetupError
from agentkit.events import Noted, StepStarted
from agentkit.logs.memory import MemoryLog
from memory.errors import QueueFull
from memory.fabrics.delivery import Delivery
from tests.memory.fabrics.conftest import Opened


async def taken(reader: object, count: int, timeout_s: float = 2.0) -> list[Delivery]:
    """So many letters, each acked."""
    found = []
    for _ in range(count):
        letter = await reader.take(timeout_s)  # type: ignore[attr-defined]
        assert letter is not None, f"only {len(found)} of {count} came"
        await letter.ack()
        found.append(letter)
    return found


def topics(log: MemoryLog, run_id: str) -> list[str]:
    return [e.topic for e in log.read(run_id) if isinstance(e, Noted)]


async def test_a_queue_hands_each_letter_to_one_reader_in_order(opened: Opened) -> None:
    jobs, other = opened().queue("jobs"), opened().queue("jobs")
    for n in range(6):
        await jobs.put({"n": n})
    first = [
        letter for _ in range(3) for reader in (jobs, other) for letter in [await reader.take(2)]
    ]
    assert [letter.body["n"] for letter in first if letter] == [0, 1, 2, 3, 4, 5]
    assert await jobs.size() == 6
    for letter in first:
        assert letter is not None
        await letter.ack()
    assert await jobs.size() == 0
    assert await jobs.take(0.05) is None


async def test_what_is_not_acked_in_time_goes_to_another_reader(opened: Opened) -> None:
    jobs = opened().queue("jobs", ack_wait_s=0.2)
    await jobs.put("weigh the Amber")
    lost = await jobs.take(2)
    again = await jobs.take(2)
    assert lost is not None and again is not None
    assert (again.body, again.id, again.delivery) == (lost.body, lost.id, 2)
    await again.ack()
    assert await jobs.take(0.4) is None


async def test_an_ack_may_be_said_twice_and_late(opened: Opened) -> None:
    jobs = opened().queue("jobs", ack_wait_s=0.1)
    await jobs.put(1)
    letter = await jobs.take(2)
    again = await jobs.take(2)
    assert letter is not None and again is not None
    await letter.ack()
    await letter.ack()
    await again.nak()
    assert await jobs.take(0.3) is None


async def test_more_time_keeps_a_letter(opened: Opened) -> None:
    jobs = opened().queue("jobs", ack_wait_s=0.5)
    await jobs.put(1)
    letter = await jobs.take(2)
    assert letter is not None
    for _ in range(4):
        assert await jobs.take(0.25) is None
        await letter.extend()
    await letter.ack()
    assert await jobs.size() == 0


async def test_a_letter_put_back_comes_again_at_once_or_when_said(opened: Opened) -> None:
    jobs = opened().queue("jobs")
    await jobs.put(1)
    letter = await jobs.take(2)
    assert letter is not None
    await letter.nak()
    letter = await jobs.take(2)
    assert letter is not None and letter.delivery == 2
    await letter.nak(delay_s=0.3)
    assert await jobs.take(0.1) is None
    assert (await taken(jobs, 1))[0].delivery == 3


async def test_a_letter_that_nobody_acks_ends_with_the_dead(opened: Opened) -> None:
    jobs = opened().queue("jobs", ack_wait_s=0.1, max_deliveries=2)
    await jobs.put("poison")
    await jobs.put("bread")
    log = MemoryLog()
    async with run(log=log) as current:
        seen = []
        while letter := await jobs.take(0.5):
            seen.append((letter.body, letter.delivery))
            if letter.body == "bread":
                await letter.ack()
    assert sorted(seen) == [("bread", 1), ("poison", 1), ("poison", 2)]
    (dead,) = await jobs.dead()
    assert (dead["letter"]["body"], dead["deliveries"]) == ("poison", 2)
    assert await jobs.size() == 0
    assert topics(log, current.id) == ["redelivered", "dead_letter"]


async def test_a_letter_put_back_for_the_last_time_is_dead_at_once(opened: Opened) -> None:
    jobs = opened().queue("jobs", max_deliveries=1)
    await jobs.put("poison")
    letter = await jobs.take(2)
    assert letter is not None
    await letter.nak()
    assert [one["letter"]["body"] for one in await jobs.dead()] == ["poison"]
    assert await jobs.size() == 0


async def test_two_letters_of_one_id_are_one(opened: Opened) -> None:
    jobs = opened().queue("jobs")
    first, second = await jobs.put("pay", id="bill-7"), await jobs.put("pay", id="bill-7")
    assert (first.duplicate, second.duplicate, first.seq) == (False, True, second.seq)
    await taken(jobs, 1)
    third = await jobs.put("pay", id="bill-7")
    assert third.duplicate
    assert await jobs.take(0.1) is None


async def test_without_deduplication_a_letter_comes_twice(opened: Opened) -> None:
    jobs = opened().queue("jobs", dedup_s=0)
    await jobs.put("pay", id="bill-7")
    await jobs.put("pay", id="bill-7")
    assert len(await taken(jobs, 2)) == 2


async def test_a_full_queue_refuses_or_lets_the_sender_wait(opened: Opened) -> None:
    f = opened()
    strict = f.queue("strict", limit=2, when_full="refuse")
    await strict.put(1)
    await strict.put(2)
    with pytest.raises(QueueFull, match="strict"):
        await strict.put(3)
    assert await strict.size() == 2
    patient = f.queue("patient", limit=1, when_full="wait", wait_s=5)
    await patient.put(1)
    waiting = asyncio.create_task(patient.put(2))
    await taken(patient, 1)
    assert (await waiting).seq == 2
    impatient = f.queue("impatient", limit=1, wait_s=0.1)
    await impatient.put(1)
    with pytest.raises(QueueFull, match=r"0\.1 s"):
        await impatient.put(2)


async def test_a_wait_at_a_full_queue_is_noted(opened: Opened) -> None:
    jobs, log = opened().queue("jobs", limit=1), MemoryLog()
    async with run(log=log) as current:
        await jobs.put(1)
        waiting = asyncio.create_task(jobs.put(2))
        letter = await jobs.take(2)
        while not any(getattr(e, "request", None) == {"body": 2, "id": None, "key": ""}
                      for e in log.read(current.id)):  # fmt: skip
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert letter is not None
        await letter.ack()
        assert (await waiting).waited_s > 0
    assert topics(log, current.id) == ["waited"]


async def test_a_stream_that_drops_keeps_the_newest(opened: Opened) -> None:
    ticker = opened().stream("ticker", limit=3, when_full="drop")
    for n in range(5):
        await ticker.append(n)
    assert [(one.seq, one.body) for one in await ticker.read()] == [(3, 2), (4, 3), (5, 4)]


async def test_a_stream_is_read_from_any_place_and_by_key(opened: Opened) -> None:
    orders = opened().stream("orders", partitions=3)
    for n, ship in enumerate(["Amber", "Coral", "Amber", "über See. >", "Amber", ""], 1):
        assert (await orders.append(n, key=ship)).seq == n
    assert [one.body for one in await orders.read()] == [1, 2, 3, 4, 5, 6]
    assert [one.body for one in await orders.read(4)] == [4, 5, 6]
    assert [one.body for one in await orders.read(2, limit=2)] == [2, 3]
    assert [one.body for one in await orders.read(2, key="Amber")] == [3, 5]
    assert [one.key for one in await orders.read(key="über See. >")] == ["über See. >"]
    assert [one.body for one in await orders.read(key="")] == [6]
    assert await orders.read(7) == []


async def test_reading_waits_for_what_is_not_there_yet(opened: Opened) -> None:
    orders = opened().stream("orders")
    reading = asyncio.create_task(orders.read(key="late", timeout_s=5))
    await orders.append("other", key="early")
    await orders.append("it", key="late")
    assert [one.body for one in await reading] == ["it"]


async def test_a_durable_reader_goes_on_where_the_last_one_stopped(opened: Opened) -> None:
    orders = opened().stream("orders")
    for n in range(4):
        await orders.append(n)
    first = await taken(orders.reader("billing"), 2)
    later = await taken(opened().stream("orders").reader("billing"), 2)
    assert [one.body for one in first + later] == [0, 1, 2, 3]
    audit = await taken(orders.reader("audit", start=3), 2)
    assert [one.body for one in audit] == [2, 3]
    assert await orders.size() == 4


async def test_a_reader_gets_the_next_of_a_key_only_after_an_ack(opened: Opened) -> None:
    orders = opened().stream("orders", partitions=2)
    keys = ["Amber", "Dover"]
    assert {orders.channel.partition(key) for key in keys} == {0, 1}
    for n in range(2):
        for key in keys:
            await orders.append(n, key=key)
    reader = orders.reader("billing", ack_wait_s=5)
    first, second = await reader.take(2), await reader.take(2)
    assert first is not None and second is not None
    assert {(first.key, first.body), (second.key, second.body)} == {("Amber", 0), ("Dover", 0)}
    assert await reader.take(0.1) is None
    await second.ack()
    third = await reader.take(2)
    assert third is not None and (third.key, third.body) == (second.key, 1)
    await first.nak()
    again = await reader.take(2)
    assert again is not None and (again.key, again.body) == (first.key, 0)


async def test_everybody_who_listens_hears_what_is_published(opened: Opened) -> None:
    f, other = opened(), opened()
    await f.publish("harbour.arrivals.amber", "too early")
    async with (
        f.subscribe("harbour.arrivals.*") as ships,
        await other.subscribe("harbour.>") as everything,
        await other.subscribe("harbour.arrivals.coral") as coral,
    ):
        await f.publish("harbour.arrivals.amber", {"tonnes": 4})
        heard = [await ships.take(2), await everything.take(2)]
        assert [one.body for one in heard if one] == [{"tonnes": 4}] * 2
        assert await coral.take(0.05) is None
        assert await ships.take(0.05) is None


async def test_a_slow_subscriber_loses_the_oldest_and_is_told(opened: Opened) -> None:
    f, log = opened(), MemoryLog()
    async with run(log=log) as current, await f.subscribe("ticks", pending=2) as ticks:
        for n in range(5):
            await f.publish("ticks", n)
        async with asyncio.timeout(5):
            while ticks.inbox.missed < 3:
                await asyncio.sleep(0.005)
        heard = [await ticks.take(2), await ticks.take(2)]
    assert [one.body for one in heard if one] == [3, 4]
    notes = [e.data for e in log.read(current.id) if isinstance(e, Noted)]
    assert [(one["subject"], one["count"]) for one in notes] == [("ticks", 3)]


async def test_letters_are_looped_over_until_it_is_closed_or_quiet(opened: Opened) -> None:
    f = opened()
    async with f.subscribe("ticks") as ticks:
        for n in range(3):
            await f.publish("ticks", n)
        assert [one.body async for one in ticks.letters(idle_s=0.3)] == [0, 1, 2]
        heard: list[object] = []

        async def listens() -> None:
            async for one in ticks:
                heard.append(one.body)

        listening = asyncio.create_task(listens())
        async with asyncio.timeout(10):
            for n in (3, 4):
                await f.publish("ticks", n)
            while len(heard) < 2:
                await asyncio.sleep(0.005)
            await ticks.close()
            await listening
    assert heard == [3, 4]
    async with ticks:  # opened again, it hears again
        await f.publish("ticks", 5)
        async for one in ticks:
            assert one.body == 5
            await ticks.close()


async def test_a_letter_tells_which_step_sent_it(opened: Opened) -> None:
    jobs, log = opened().queue("jobs"), MemoryLog()
    async with run(log=log) as current:
        await jobs.put(1)
        letter = await jobs.take(2)
    assert letter is not None and letter.trace is not None
    assert (letter.trace.run, letter.trace.actor) == (current.id, "you")
    keys = {e.key for e in log.read(current.id) if e.kind == "step.ended" and e.name == "jobs.put"}
    assert keys == {letter.trace.step}


async def test_bad_input_is_refused_and_nothing_is_sent(opened: Opened) -> None:
    f = opened()
    jobs = f.queue("jobs")
    with pytest.raises(SetupError, match="cannot be sent"):
        await jobs.put({"now": object()})
    with pytest.raises(SetupError, match="bytes"):
        await jobs.put("x" * 1_048_577)
    with pytest.raises(SetupError, match="subject"):
        await f.publish("harbour.*", 1)
    with pytest.raises(SetupError, match="subject"):
        await f.subscribe("a b")
    for bad in ({"name": "a.b"}, {"name": "a", "limit": 0}, {"name": "a", "ack_wait_s": 0}):
        with pytest.raises(SetupError):
            f.queue(**bad)
    assert await jobs.size() == 0
    letter = (await jobs.put(1), await jobs.take(2))[1]
    assert letter is not None


async def test_a_letter_that_was_only_read_cannot_be_acked(opened: Opened) -> None:
    orders = opened().stream("orders")
    await orders.append(1)
    (letter,) = await orders.read()
    with pytest.raises(SetupError, match="not taken"):
        await letter.ack()


async def test_one_name_with_two_settings_is_refused(opened: Opened) -> None:
    f = opened()
    await f.queue("jobs", limit=5).put(1)
    with pytest.raises(SetupError, match="other settings"):
        await f.queue("jobs", limit=6).put(2)
    assert await f.queue("jobs", limit=5).size() == 1


async def test_what_is_no_letter_is_set_aside(opened: Opened) -> None:
    f = opened()
    jobs = f.queue("jobs")
    await f.transport.append(jobs.channel, "", "foreign", b"\xffnot JSON")
    await jobs.put("fine")
    assert [one.body for one in await taken(jobs, 1)] == ["fine"]
    (dead,) = await jobs.dead()
    assert (dead["letter"], dead["text"]) == (None, "�not JSON")


async def test_a_subscription_awaited_and_entered_is_one_step(opened: Opened) -> None:
    f, log = opened(), MemoryLog()
    async with run(log=log) as current, await f.subscribe("ticks") as ticks:
        await f.publish("ticks", 1)
        heard = await ticks.take(2)
    assert heard is not None and heard.body == 1
    steps = [e.name for e in log.read(current.id) if isinstance(e, StepStarted)]
    assert steps.count("fabric.subscribe") == 1


async def test_the_largest_letter_can_be_dead_and_the_work_goes_on(opened: Opened) -> None:
    async with run(), opened() as f:
        jobs = f.queue("jobs", ack_wait_s=0.1, max_deliveries=1)
        most = f.transport.max_bytes - 240
        await jobs.put("x" * most, id="big")
        assert await jobs.take(2.0) is not None
        await asyncio.sleep(0.2)
        await jobs.put("small", id="small")
        taken = await jobs.take(5.0)
        assert taken is not None and taken.id == "small"
        (dead,) = await jobs.dead()
        assert dead["letter"] is None and len(dead["text"]) == f.transport.max_bytes // 8
        assert "never acked" in dead["reason"] and "the beginning is kept" in dead["reason"]


async def test_where_no_dead_letter_can_be_stored_the_work_goes_on(opened: Opened) -> None:
    log = MemoryLog()
    async with run(log=log) as r, opened() as f:
        await f.stream("jobs-dead", limit=1).append("somebody else's")
        jobs = f.queue("jobs", ack_wait_s=0.1, max_deliveries=1)
        await jobs.put("first")
        assert await jobs.take(2.0) is not None
        await asyncio.sleep(0.2)
        await jobs.put("second")
        taken = await jobs.take(5.0)
        assert taken is not None and taken.body == "second"
    (told,) = [e.data for e in log.read(r.id) if isinstance(e, Noted) and e.topic == "dead_letter"]
    assert "cannot be moved to the dead letters" in told["reason"]
