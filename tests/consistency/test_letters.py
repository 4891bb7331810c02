"""Queues and streams in random trials, and the checks that find them broken."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import run
from agentkit.logs.memory import MemoryLog
from consistency.checks.letters import Letters, Op, judged
from consistency.letters import played
from memory.errors import StoreUnreachable
from memory.fabrics import fabric
from memory.fabrics.channels import Channel, Group
from memory.fabrics.faults import Faults
from memory.fabrics.local import Local, LocalChannel, LocalLetter, LocalReader

SEEDS = range(30)


def test_what_is_promised_of_letters_holds_on_random_histories() -> None:
    found = {seed: played(seed) for seed in SEEDS}
    assert {seed: told for seed, one in found.items() if (told := judged(one))} == {}
    ops = [op for one in found.values() for op in one.ops]
    assert {one.kind for one in found.values()} == {"queue", "stream"}
    assert len(ops) > 800 and any(one.dead for one in found.values())
    assert any(op.duplicate for op in ops) and any(op.type == "info" for op in ops)


def forgets_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    append = Local.append

    async def appended(self: Local, channel: Any, *given: Any) -> Any:
        self._line(channel).ids.clear()
        return await append(self, channel, *given)

    monkeypatch.setattr(Local, "append", appended)


def keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async def acknowledge(*_given: Any) -> None:
        pass

    monkeypatch.setattr(Local, "acknowledge", acknowledge)


def delivers_at_once_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pick = LocalReader.pick

    def picked(self: LocalReader, stored: dict[int, LocalLetter], now: float) -> int | None:
        return pick(self, stored, now + 0.9)

    monkeypatch.setattr(LocalReader, "pick", picked)


def overtakes(monkeypatch: pytest.MonkeyPatch) -> None:
    pick = LocalReader.pick

    def picked(self: LocalReader, stored: dict[int, LocalLetter], now: float) -> int | None:
        self.in_order = False
        return pick(self, stored, now)

    monkeypatch.setattr(LocalReader, "pick", picked)


def loses_some(monkeypatch: pytest.MonkeyPatch) -> None:
    forget = LocalChannel.forget

    def forgotten(self: LocalChannel, now: float) -> None:
        forget(self, now)
        if len(self.stored) > 2:
            del self.stored[next(iter(self.stored))]

    monkeypatch.setattr(LocalChannel, "forget", forgotten)


@pytest.mark.parametrize(
    "broken", [forgets_ids, keeps_what_is_done, delivers_at_once_again, overtakes, loses_some]
)
def test_what_breaks_a_promise_is_found(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)

    def wrong(seed: int) -> bool:
        try:
            return bool(judged(played(seed)))
        except StoreUnreachable:
            return False

    assert any(wrong(seed) for seed in SEEDS)


def test_a_letter_that_came_again_after_it_was_done_is_told() -> None:
    ops = [Op("send", "sender", id="a", seq=1, type="ok", end=1, upto_s=0)]
    for n, f in enumerate(("take", "ack", "take", "ack")):
        about = {"seq": 1, "delivery": 1 + n // 2, "token": str(n // 2), "type": "ok"}
        ops.append(Op(f, "one", id="a", start=2 * n + 2, end=2 * n + 3, **about))  # type: ignore[arg-type]
    assert any(one.startswith("again: a") for one in judged(Letters(ops=ops)))
    assert judged(Letters(ops=ops[:3])) == []


async def test_partitions_keep_their_letters_whatever_was_read_before() -> None:
    async with fabric() as f, run(log=MemoryLog()):
        days = f.stream("days", partitions=3)
        reader = days.reader("clerk")
        for n in range(3):
            await days.append(n, key=f"key{n}")
            found = await reader.take(0)
            assert found is not None and found.body == n
            await found.ack()
        await days.append("first", key="key1")
        await days.append("second", key="key1")
        found = await reader.take(0)
        assert found is not None and found.body == "first"
        assert await reader.take(0) is None, "the second comes when the first is done"


async def test_a_reader_waits_for_a_letter_that_is_late_and_does_not_ask_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carried = Local(Faults(delay=1.0, delay_s=0.2))
    channel, group = Channel(name="days", kind="stream"), Group(name="clerk", in_order=True)
    await carried.append(channel, "", "a", b"a")
    carried.faults.delay = 0.0
    await carried.append(channel, "", "b", b"b")
    waits = 0
    wait = LocalChannel.wait

    async def waited(self: LocalChannel, seconds: float) -> None:
        nonlocal waits
        waits += 1
        await wait(self, seconds)

    monkeypatch.setattr(LocalChannel, "wait", waited)
    found = await carried.take(channel, group, 5.0)
    assert found is not None and found.data == b"a" and waits < 5
