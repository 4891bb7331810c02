"""The delivery guarantees under any schedule of crashes, in process and on NATS JetStream."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentkit import open_log, run
from memory.errors import StoreUnreachable
from memory.fabrics import fabric
from memory.fabrics.channels import Channel, Group
from memory.fabrics.core import Fabric
from memory.fabrics.faults import Faults
from memory.fabrics.letters import Letter, decoded
from memory.fabrics.local import Local
from memory.fabrics.post import Post, dead
from memory.fabrics.virtual import simulated
from tests.fakes import FakeClock

Fate = st.sampled_from(["ack", "ack", "nak", "crash", "late"])
"""What a reader does with a letter: the last two say nothing before `ack_wait_s` is over."""

QUICK = settings(max_examples=25, deadline=None, database=None)
FEW = settings(
    max_examples=6, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
ACK_WAIT_S = 0.1  # a pause of a busy machine shall not look like a death


def on_nats(url: str, check: Callable[[Fabric], Awaitable[None]]) -> None:
    async def body() -> None:
        async with fabric(url, namespace=f"test-{uuid4().hex[:8]}") as f:
            await check(f)

    asyncio.run(body())


def loses_nothing(ids: list[int], fates: list[str], readers: int) -> Callable[..., Awaitable[None]]:
    """Every letter sent is done, however readers die; sent twice, it is done for once."""

    async def check(f: Fabric) -> None:
        post, channel = f.post, Channel(name="jobs", kind="queue")
        group = Group(ack_wait_s=ACK_WAIT_S, max_deliveries=1000)
        for id in ids:
            await post.send(channel, Letter(id=f"letter-{id}", body=id))
        done: Counter[int] = Counter()
        script = iter(fates)

        async def read() -> None:
            while len(done) < len(set(ids)):
                got = await post.receive(channel, group, ACK_WAIT_S)
                if got.letter is None:
                    continue
                fate = next(script, "ack")
                if fate == "late":
                    await asyncio.sleep(ACK_WAIT_S * 1.5)
                if fate in ("ack", "late"):
                    # The effect has the letter's id, so that doing it again changes nothing.
                    done[got.letter.body] += 1
                if fate != "crash":
                    kind = "nak" if fate == "nak" else "ack"
                    await f.transport.acknowledge(channel, group, got.token, kind, 0.0)  # type: ignore[arg-type]

        async with asyncio.timeout(20):
            await asyncio.gather(*(read() for _ in range(readers)))
        assert set(done) == set(ids)
        assert await f.transport.size(channel) == 0

    return check


SCHEDULES = (
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.lists(Fate, max_size=12),
    st.integers(1, 3),
)


@QUICK
@given(*SCHEDULES)
def test_in_process_nothing_is_lost(ids: list[int], fates: list[str], readers: int) -> None:
    asyncio.run(loses_nothing(ids, fates, readers)(fabric("local")))  # type: ignore[arg-type]


@FEW
@given(*SCHEDULES)
def test_on_nats_nothing_is_lost(
    broker: object, ids: list[int], fates: list[str], readers: int
) -> None:
    on_nats(broker.url, loses_nothing(ids, fates, readers))  # type: ignore[attr-defined]


def keeps_order(keys: list[str], fates: list[str], readers: int) -> Callable[..., Awaitable[None]]:
    """The letters of one key are handed out in order, and the next one only after an ack."""

    async def check(f: Fabric) -> None:
        post, channel = f.post, Channel(name="orders", kind="stream", partitions=3)
        group = Group(name="billing", ack_wait_s=ACK_WAIT_S, max_deliveries=1000, in_order=True)
        for n, key in enumerate(keys):
            await post.send(channel, Letter(id=str(n), key=key, body=n))
        acked: dict[str, list[int]] = defaultdict(list)
        handed: dict[str, list[int]] = defaultdict(list)
        script = iter(fates)

        async def read() -> None:
            while sum(map(len, acked.values())) < len(keys):
                got = await post.receive(channel, group, ACK_WAIT_S)
                if got.letter is None:
                    continue
                key, n = got.letter.key, got.letter.body
                handed[key].append(n)
                fate = next(script, "ack")
                if fate == "late":
                    await asyncio.sleep(ACK_WAIT_S * 1.5)
                if fate == "crash":
                    continue
                if fate != "nak" and n not in acked[key]:
                    acked[key].append(n)
                kind = "nak" if fate == "nak" else "ack"
                await f.transport.acknowledge(channel, group, got.token, kind, 0.0)  # type: ignore[arg-type]

        async with asyncio.timeout(20):
            await asyncio.gather(*(read() for _ in range(readers)))
        for key in set(keys):
            sent = [n for n, one in enumerate(keys) if one == key]
            assert acked[key] == sent
            assert handed[key] == sorted(handed[key])

    return check


ORDERS = (
    st.lists(st.sampled_from(["Amber", "Coral", "Dover", "Elm"]), min_size=1, max_size=9),
    st.lists(Fate, max_size=10),
    st.integers(1, 3),
)


@QUICK
@given(*ORDERS)
def test_in_process_the_letters_of_a_key_keep_their_order(
    keys: list[str], fates: list[str], readers: int
) -> None:
    asyncio.run(keeps_order(keys, fates, readers)(fabric("local")))  # type: ignore[arg-type]


@FEW
@given(*ORDERS)
def test_on_nats_the_letters_of_a_key_keep_their_order(
    broker: object, keys: list[str], fates: list[str], readers: int
) -> None:
    on_nats(broker.url, keeps_order(keys, fates, readers))  # type: ignore[attr-defined]


class InProcess:
    """A queue in process whose time is ours: schedules without waiting."""

    def __init__(self, faults: Faults, dedup_s: float) -> None:
        self.clock = FakeClock(0.0)
        self.local = Local(faults, self.clock)
        self.post = Post(self.local, retry_s=0.0)
        self.channel = Channel(name="jobs", kind="queue", dedup_s=dedup_s)
        self.group = Group(ack_wait_s=10.0, max_deliveries=4)

    async def send(self, id: str) -> None:
        """Until there is a receipt."""
        data = Letter(id=id, body=id).encoded()
        while True:
            try:
                await self.local.append(self.channel, "", id, data)
            except StoreUnreachable:
                continue
            return

    async def drain(self) -> Counter[str]:
        """Everything that is left, as often as it comes."""
        found: Counter[str] = Counter()
        for _ in range(5):
            while held := await self.local.take(self.channel, self.group, 0.0):
                letter = decoded(held.data)
                assert letter is not None
                found[letter.id] += 1
                await self.local.acknowledge(self.channel, self.group, held.token, "ack", 0.0)
            self.clock.now += 11.0
        return found


@settings(max_examples=200, deadline=None, database=None)
@example(0.5, 0.5, 0.0, 0.0, 43, ["take"] * 5)  # the receipt of a dead letter is lost
@given(
    st.floats(0, 0.8), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 99),
    st.lists(st.sampled_from(["take", "ack", "nak", "crash", "wait"]), max_size=40),
)  # fmt: skip
def test_with_every_fault_at_once_each_letter_is_stored_once_and_none_is_lost(
    drop: float, duplicate: float, delay: float, reorder: float, seed: int, script: list[str]
) -> None:
    async def body() -> None:
        faults = Faults(drop, duplicate, delay, reorder, delay_s=3.0, seed=seed)
        queue = InProcess(faults, dedup_s=1e6)
        ids = [f"letter-{n}" for n in range(5)]
        for id in ids:
            await queue.send(id)
        assert await queue.local.size(queue.channel) == 5
        held, done = [], set()
        for what in script:
            if what == "take":
                try:
                    got = await queue.post.receive(queue.channel, queue.group, 0.0)
                except StoreUnreachable:  # in moving a letter aside: like a reader's death in it
                    continue
                held += [got] if got.letter else []
            elif what == "wait":
                queue.clock.now += 4.0
            elif held:
                got = held.pop()
                if what != "crash":
                    if what == "ack":
                        done.add(got.letter.id)
                    await queue.local.acknowledge(queue.channel, queue.group, got.token, what, 0.0)
        queue.local.faults = Faults()
        queue.clock.now += 11.0
        lost = set(ids) - done - set(await queue.drain())
        given_up = set()
        start = 1
        while buried := await queue.local.next(dead(queue.channel), start, None, 0.0):
            given_up.add(decoded(buried.data).body["letter"]["id"])
            start = buried.seq + 1
        assert lost <= given_up

    asyncio.run(body())


async def test_without_deduplication_a_lost_receipt_doubles_the_letter() -> None:
    queue = InProcess(Faults(drop=0.5, seed=3), dedup_s=0.0)
    for n in range(20):
        await queue.send(str(n))
    queue.local.faults = Faults()
    found = await queue.drain()
    assert set(found) == {str(n) for n in range(20)}
    assert max(found.values()) > 1


async def test_a_letter_older_than_the_memory_for_ids_is_stored_again() -> None:
    queue = InProcess(Faults(), dedup_s=60.0)
    await queue.send("bill-7")
    queue.clock.now += 59.0
    await queue.send("bill-7")
    assert await queue.local.size(queue.channel) == 1
    queue.clock.now += 2.0
    await queue.send("bill-7")
    assert await queue.local.size(queue.channel) == 2


@pytest.mark.parametrize("fault", ["drop", "duplicate", "delay", "reorder"])
async def test_a_fault_on_a_topic_shows_and_comes_again_with_its_seed(fault: str) -> None:
    async def heard(seed: int) -> list[int]:
        options = {fault: 0.5, "delay_s": 0.2, "seed": seed}
        f = fabric("local", faults=Faults(**options))  # type: ignore[arg-type]
        in_memory = run("ticks", log=open_log("memory:"))
        async with in_memory, f.subscribe("ticks", dedup=False) as ticks:
            for n in range(12):
                await f.publish("ticks", n)
            found = []
            while letter := await ticks.take(0.5):
                found.append(letter.body)
        return found

    # On a virtual clock, so that all twelve are published before the first late one comes.
    first, again, other = [await simulated(lambda seed=seed: heard(seed)) for seed in (1, 1, 2)]
    assert first == again != other
    assert first != list(range(12))
    assert set(first) < set(range(12)) if fault == "drop" else set(first) == set(range(12))
