"""What every log promises, checked on each of them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Image
from agentkit.errors import LogUnstorable, RunTaken, UnknownRun
from agentkit.events import Delta, Noted, RunEnded, RunStarted, StepEnded, Usage, uuid7
from agentkit.lease import LEASE_S, Lease
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Message, extend, thread_of
from tests.agentkit.jsonlines import JsonLines
from tests.fakes import FakeClock
from tests.media import png

Make = Callable[[], Log]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Threaded(SqliteLog):
    """As if every write had to wait for something."""

    quick_s = 0.0


class Slow(SqliteLog):
    """As if the disk were slow: after the first write of a loop all are made in the thread."""

    quick_s = 1e-9


@pytest.fixture(params=["memory", "sqlite", "threaded", "slow", "jsonlines", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Log]:
    made: Log
    kinds: dict[str, Callable[..., Log]]
    kinds = {"sqlite": SqliteLog, "threaded": Threaded, "slow": Slow, "jsonlines": JsonLines}
    kind = kinds.get(request.param)
    if request.param == "postgres":
        made = PostgresLog(address_of(request.getfixturevalue("postgres_url")), clock=clock)
    else:
        made = kind(tmp_path / "contract.db", clock=clock) if kind else MemoryLog(clock=clock)
    yield made
    made.close()


def started(run: str, at: float = 1.0, **fields: Any) -> RunStarted:
    return RunStarted(run=run, seq=1, at=at, scope="", name=fields.pop("name", "test"), **fields)


def noted(run: str, seq: int, data: Any = None, **fields: Any) -> Noted:
    return Noted(run=run, seq=seq, at=2.0, scope="s", topic="t", data=data, **fields)


def ended(run: str, seq: int, status: Any = "ok") -> RunEnded:
    return RunEnded(run=run, seq=seq, at=3.0, scope="", status=status)


ANYTHING = (MemoryLog, JsonLines)
"""Logs that hold whatever they are given."""


def huge(run: str, seq: int, tokens: int) -> StepEnded:
    step: dict[str, Any] = {"key": "k", "step": "model", "name": "m", "status": "ok"}
    usage = Usage(tokens_in=tokens)
    return StepEnded(run=run, seq=seq, at=2.0, scope="", usage=usage, **step)


@pytest.mark.parametrize("bad", ["number", "name", "id"])
async def test_what_a_log_cannot_hold_fails_its_own_run_alone(log: Log, bad: str) -> None:
    lost = "lost\ud800" if bad == "id" else "lost"
    name = "half\ud800" if bad == "name" else "whole"
    leases = {one: log.begin(one) for one in ("before", lost, "after")}
    log.append(leases["before"], started("before"))
    # As from code that is not ours: the options of a run are looked at before.
    first = started(lost).model_copy(update={"name": name})
    log.append(leases[lost], first, huge(lost, 2, 2**70 if bad == "number" else 1))
    log.append(leases["after"], started("after"))
    await log.flush(leases["before"])
    await log.flush(leases["after"])
    if not isinstance(log, ANYTHING):
        with pytest.raises(LogUnstorable, match="cannot be recorded in"):
            await log.flush(leases[lost])
        log.append(leases[lost], noted(lost, 3))
        with pytest.raises(LogUnstorable):
            await log.flush(leases[lost])
        assert {one.id for one in log.runs()} == {"before", "after"}
    log.append(leases["after"], noted("after", 2))
    await log.flush(leases["after"])
    assert len(log.read("after")) == 2
    assert log.verify() == []


def test_without_a_loop_it_is_told_to_whoever_appends(log: Log) -> None:
    if isinstance(log, ANYTHING):
        pytest.skip("it holds anything")
    lease = log.begin("lost\ud800")
    with pytest.raises(LogUnstorable):
        log.append(lease, started("lost\ud800"))
    log.append(log.begin("next"), started("next"))
    assert [one.id for one in log.runs()] == ["next"]


@pytest.mark.parametrize("value", [object(), [Image.from_bytes(png())], {1j: 2}], ids=str)
async def test_a_value_without_a_json_form_holds_up_no_other_event(log: Log, value: Any) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    log.append(lease, noted("r", 2, {"it": value}))
    log.append(lease, noted("r", 3, "after"))
    await log.flush(lease)
    assert [e.data for e in log.read("r")[2:]] == ["after"]


async def test_what_was_flushed_is_read_back_in_order(log: Log) -> None:
    lease = log.begin("r")
    events = [started("r"), *[noted("r", n, {"n": n}) for n in range(2, 10)]]
    for event in events:
        log.append(lease, event)
    await log.flush(lease)
    assert log.read("r") == events
    assert log.read("r", after=7) == events[7:]
    assert log.read("r", after=99) == []


async def test_a_reader_sees_its_own_writes_before_any_flush(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    assert [e.seq for e in log.read("r")] == [1]


def test_appending_without_an_event_loop_stores_at_once(log: Log) -> None:
    lease = log.begin("r")
    seen: list[Any] = []
    log.subscribe(seen.extend)
    log.append(lease, started("r"))
    assert seen == log.read("r")


async def test_a_hundred_appends_in_a_tick_are_one_write(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    write = log.write

    def counted(batch: Any) -> Any:
        writes.append(sum(len(events) for _, events in batch))
        return write(batch)

    monkeypatch.setattr(log, "write", counted)
    lease, other = log.begin("r"), log.begin("q")
    log.append(lease, started("r"))
    for n in range(2, 100):
        log.append(lease, noted("r", n))
    log.append(other, started("q"))
    await asyncio.gather(log.flush(lease), log.flush(other))
    assert writes == [100]


async def test_flush_without_anything_pending_does_not_wait(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    await asyncio.wait_for(log.flush(lease), 1)


async def test_subscribers_get_stored_events_of_their_run_and_deltas(log: Log) -> None:
    everything: list[Any] = []
    mine: list[Any] = []
    log.subscribe(everything.extend)
    remove = log.subscribe(mine.extend, "r")
    assert log.listening("r")
    leases = {run: log.begin(run) for run in ("r", "q")}
    for run, lease in leases.items():
        log.append(lease, started(run))
    assert everything == []
    await log.flush(leases["r"])
    log.publish(Delta(run="r", scope="s", key="k", actor="a", text="hel"))
    log.publish(Delta(run="q", scope="s", key="k", actor="a", text="lo"))
    assert [(e.run, e.kind) for e in mine] == [("r", "run.started"), ("r", "delta")]
    assert [e.run for e in everything] == ["r", "q", "r", "q"]
    remove()
    remove()
    log.append(leases["r"], noted("r", 2))
    await log.flush(leases["r"])
    assert len(mine) == 2
    assert len(everything) == 5


async def test_a_bad_subscriber_is_reported_and_harms_nobody(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    good: list[Any] = []

    def bad(items: list[Any]) -> None:
        raise ZeroDivisionError("my view is broken")

    log.subscribe(bad)
    log.subscribe(good.extend)
    lease = log.begin("r")
    log.append(lease, started("r"))
    with caplog.at_level(logging.ERROR, "agentkit"):
        await asyncio.wait_for(log.flush(lease), 5)
        log.publish(Delta(run="r", scope="s", key="k", actor="a", text="x"))
    assert [e.kind for e in good] == ["run.started", "delta"]
    assert len(log.read("r")) == 1
    assert len(caplog.records) == 2
    assert "my view is broken" in caplog.text


async def test_a_subscriber_may_unsubscribe_and_append_while_it_is_told(log: Log) -> None:
    lease = log.begin("r")
    told: list[Any] = []

    def once(items: list[Any]) -> None:
        told.extend(items)
        remove()
        log.append(lease, noted("r", 2))

    remove = log.subscribe(once)
    log.append(lease, started("r"))
    await log.flush(lease)
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2]
    assert [e.seq for e in told] == [1]


async def test_runs_are_listed_newest_first_with_their_sums(log: Log) -> None:
    for number, run in enumerate(["a", "b", "c"]):
        lease = log.begin(run)
        log.append(lease, started(run, at=float(number // 2), name=f"run {run}", actor="clerk"))
        for seq, cost in ((2, 0.5), (3, None if run == "b" else 0.25)):
            log.append(
                lease,
                StepEnded(
                    run=run, seq=seq, at=2.0, scope="s", key=f"k{seq}", step="model", name="m",
                    status="ok", usage=Usage(tokens_in=10, tokens_out=2, calls=1), cost_usd=cost,
                ),
            )  # fmt: skip
        if run == "a":
            log.append(lease, ended(run, 4, "failed"))
    infos = log.runs()
    assert [info.id for info in infos] == ["c", "b", "a"]
    assert [info.status for info in infos] == ["open", "open", "failed"]
    assert [info.cost_usd for info in infos] == [0.75, None, 0.75]
    assert [info.events for info in infos] == [3, 3, 4]
    assert infos[0].model_dump(include={"name", "actor", "calls", "tokens_in", "tokens_out"}) == {
        "name": "run c", "actor": "clerk", "calls": 2, "tokens_in": 20, "tokens_out": 4,
    }  # fmt: skip
    assert infos[2].ended == 3.0
    assert infos[0].ended is None


async def test_runs_of_the_same_moment_are_listed_newest_first(log: Log) -> None:
    for run in ("a", "b", "c"):
        log.append(log.begin(run), started(run, at=1.0))
    assert [info.id for info in log.runs()] == ["c", "b", "a"] == log.ids()
    assert log.ids(begin="b") == ["b"] and log.ids(begin="%") == log.ids(name="nobody's") == []
    assert log.ids(name=log.runs()[0].name) == [
        i.id for i in log.runs() if i.name == log.runs()[0].name
    ]
    assert log.find("last") == "c"


async def test_streams_stand_beside_the_runs_and_are_told_apart_by_their_kind(
    log: Log, clock: FakeClock
) -> None:
    heard: dict[str | None, list[str]] = {"run": [], "stream": [], None: []}
    for what, seen in heard.items():
        log.subscribe(lambda events, seen=seen: seen.extend(e.run for e in events), what=what)  # type: ignore[misc, arg-type]
    stream = log.begin_stream("port")
    log.append(stream, started(stream.run, name="port", what="stream"))
    run = log.begin("port")
    log.append(run, started("port"))
    await log.flush(stream)
    await log.flush(run)
    assert [(one.id, one.what) for one in log.runs()] == [("port", "run")]
    assert [(one.name, one.what) for one in log.runs(streams=True)] == [("port", "stream")]
    assert [log.length(id) for id in (stream.run, "port", "nobody", "\0\udc80")] == [1, 0, 0, 0]
    assert log.find("port") == "port"
    clock.now += LEASE_S + 1
    again = log.claim(stream.run)
    assert (again.what, log.claim("port").what) == ("stream", "run")
    log.append(again, noted(stream.run, 2))
    await log.flush(again)
    assert heard["run"] == ["port"]
    assert heard["stream"] == [stream.run] * 2
    assert log.length(stream.run) == 2
    assert sorted(heard[None]) == sorted(["port", *[stream.run] * 2])
    assert log.verify() == []


def test_a_run_is_found_by_a_piece_of_its_id(log: Log) -> None:
    for run in ("abc-1", "abd-2"):
        log.append(log.begin(run), started(run))
    assert log.find("abd") == log.find("-2") == log.find("abd-2") == "abd-2"
    for wrong in ("zzz", ""):
        with pytest.raises(UnknownRun, match="newest are"):
            log.find(wrong)
    with pytest.raises(UnknownRun, match="2 runs of the log .* begin or end with 'ab'") as told:
        log.find("ab")
    assert {"abc-1", "abd-2"} <= set(told.value.expected.replace(",", "").split())


def test_an_unknown_run_is_an_error_that_names_the_known_ones(log: Log) -> None:
    log.append(log.begin("known"), started("known"))
    for ask in (log.read, log.claim):
        with pytest.raises(UnknownRun, match="known") as caught:
            ask("nowhere")
        assert caught.value.run_id == "nowhere"


def test_a_log_knows_what_it_has_before_any_flush(log: Log) -> None:
    log.append(log.begin("known"), started("known"))
    assert log.has("known") and not log.has("kno") and not log.has("")


def test_an_empty_log_has_no_run(log: Log) -> None:
    assert log.runs() == []
    with pytest.raises(UnknownRun):
        log.find("last")


async def test_a_living_writer_keeps_its_run(log: Log, clock: FakeClock) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    with pytest.raises(RunTaken) as caught:
        log.claim("r")
    assert caught.value.owner == lease.owner
    clock.now += LEASE_S - 1
    log.append(lease)
    await log.flush(lease)
    clock.now += LEASE_S - 1
    with pytest.raises(RunTaken):
        log.claim("r")


async def test_a_new_run_under_the_id_of_another_is_told_that_it_is_there(log: Log) -> None:
    first = log.begin("r")
    log.append(first, started("r"))
    await log.flush(first)
    second = log.begin("r")
    second.owner = "vm:1:elsewhere"
    log.append(second, started("r"))
    with pytest.raises(RunTaken, match="There is a run r already") as caught:
        await log.flush(second)
    assert caught.value.owner == first.owner
    assert log.runs()[0].events == 1


async def test_a_silent_writer_is_replaced_and_fenced_off(log: Log, clock: FakeClock) -> None:
    old = log.begin("r")
    log.append(old, started("r"))
    await log.flush(old)
    clock.now += LEASE_S + 1
    new = log.claim("r")
    assert new.epoch == old.epoch + 1
    log.append(new, noted("r", 2, "new"))
    log.append(old, noted("r", 2, "old"), noted("r", 3, "old"))
    await log.flush(new)
    with pytest.raises(RunTaken):
        await log.flush(old)
    with pytest.raises(RunTaken):
        await log.flush(old)
    assert [(e.seq, getattr(e, "data", None)) for e in log.read("r")] == [(1, None), (2, "new")]
    assert log.runs()[0].events == 2


async def test_the_events_of_a_replaced_writer_reach_no_subscriber(
    log: Log, clock: FakeClock
) -> None:
    seen: list[Any] = []
    log.subscribe(seen.extend)
    old = log.begin("r")
    log.append(old, started("r"))
    await log.flush(old)
    clock.now += LEASE_S + 1
    new = log.claim("r")
    log.append(old, noted("r", 2, "old"))
    log.append(new, noted("r", 2, "new"))
    await log.flush(new)
    assert [e.kind for e in seen] == ["run.started", "noted"]
    assert seen[1].data == "new"


async def test_a_run_that_ended_is_free_at_once(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"), ended("r", 2, "cancelled"))
    assert log.claim("r").epoch == 2


async def test_two_new_runs_of_one_id_do_not_mix(log: Log) -> None:
    one, other = log.begin("r"), log.begin("r")
    log.append(one, started("r", name="one"))
    log.append(other, started("r", name="other"))
    await log.flush(one)
    with pytest.raises(RunTaken):
        await log.flush(other)
    assert [e.name for e in log.read("r")] == ["one"]


async def test_a_conversation_is_the_same_when_read_back(log: Log) -> None:
    thread = thread_of([Message(role="system", content="s"), Message(role="user", content="u\0é")])
    longer = extend(thread, Message(role="assistant", content="x" * 100_000))
    for run, nodes in (("r", thread), ("q", longer)):
        log.append(log.begin(run), started(run), noted(run, 2, nodes=nodes))
    assert log.read("r")[1].nodes == thread
    assert log.read("q")[1].nodes == longer


@pytest.mark.parametrize(
    "data",
    [{"1": [None, True, 1.5, "é\0\u2028"]}, "\U0001f600" * 1000, [], {}, "", 0, False, 10**30],
)
async def test_any_json_is_read_back(log: Log, data: Any) -> None:
    log.append(log.begin("r"), started("r"), noted("r", 2, data))
    assert log.read("r")[1].data == data


async def test_two_hundred_writers_at_once(log: Log) -> None:
    async def work(run: str) -> None:
        lease = log.begin(run)
        log.append(lease, started(run))
        for seq in range(2, 12):
            log.append(lease, noted(run, seq))
            await log.flush(lease)
        log.append(lease, ended(run, 12))
        await log.flush(lease)

    ids = [uuid7() for _ in range(200)]
    await asyncio.gather(*[work(run) for run in ids])
    for run in ids:
        assert [e.seq for e in log.read(run)] == list(range(1, 13))
    assert {info.status for info in log.runs()} == {"ok"}


async def test_cancelling_a_flush_loses_nothing(log: Log) -> None:
    lease = log.begin("r")

    async def begin() -> None:
        log.append(lease, started("r"))
        await log.flush(lease)

    waiting = asyncio.ensure_future(begin())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    log.append(lease, noted("r", 2))
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2]


def test_a_loop_that_ended_before_its_turn_does_not_block_the_next(log: Log) -> None:
    lease = log.begin("r")
    ending = asyncio.new_event_loop()

    async def leave() -> None:
        log.append(lease, started("r"))
        ending.stop()

    task = ending.create_task(leave())
    ending.run_forever()
    assert task.done()

    async def go_on() -> None:
        log.append(lease, noted("r", 2))
        await asyncio.wait_for(log.flush(lease), 5)

    asyncio.run(go_on())
    ending.close()
    assert [e.seq for e in log.read("r")] == [1, 2]


def test_threads_with_loops_of_their_own_share_a_log(log: Log) -> None:
    """What a flush lets through is stored, whichever thread's turn committed it."""
    missing: list[str] = []

    async def work(thread: int) -> None:
        for number in range(40):
            run = f"{thread}-{number}"
            lease = log.begin(run)
            log.append(lease, started(run))
            await asyncio.wait_for(log.flush(lease), 20)
            if stored_now(log, run) != 1:
                missing.append(run)

    def body(thread: int) -> None:
        asyncio.run(work(thread))

    threads = [threading.Thread(target=body, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert not any(one.is_alive() for one in threads)
    assert missing == []
    assert len(log.runs()) == 160


def stored_now(log: Log, run: str) -> int:
    """How many events of a run are stored, without storing what is pending."""
    if isinstance(log, SqliteLog):
        with log.lock:
            query = "SELECT count(*) FROM events JOIN runs ON run=n WHERE id=?"
            return int(log._db.execute(query, (run,)).fetchone()[0])
    if isinstance(log, PostgresLog):
        query = "SELECT count(*) FROM events JOIN runs ON run=n WHERE id=?"
        with log._session.mapped():
            return int(log._session.execute(query, (run,)).fetchone()[0])  # type: ignore[index]
    assert isinstance(log, MemoryLog | JsonLines)
    kept = (log._runs if isinstance(log, MemoryLog) else log.entries).get(run)
    return len(kept.events) if kept else 0


async def test_subscribers_are_called_on_the_loop_that_subscribed(log: Log) -> None:
    told: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()
    here = threading.get_ident()

    def put(items: list[Any]) -> None:
        for item in items:
            told.put_nowait((threading.get_ident(), item))

    log.subscribe(put)

    def elsewhere() -> None:
        async def write() -> None:
            lease: Lease = log.begin("r")
            log.append(lease, started("r"))
            await log.flush(lease)

        asyncio.run(write())

    await asyncio.to_thread(elsewhere)
    thread, event = await asyncio.wait_for(told.get(), 5)
    assert thread == here
    assert event.kind == "run.started"
