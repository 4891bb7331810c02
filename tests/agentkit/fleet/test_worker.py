"""Runs that are submitted are performed by workers, each by one, until they have ended."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Log, approve, attach, open_log, pattern, pending, tool
from agentkit.cli import main
from agentkit.errors import (
    AgentkitError,
    Interrupted,
    LogError,
    LogFull,
    LogGone,
    LogNewer,
    LogUnreachable,
    RunTaken,
    SetupError,
    UnknownRun,
)
from agentkit.events import RunEnded, RunStarted
from agentkit.fleet.notes import DeadLettered
from agentkit.fleet.suspects import STOPPED, left_out
from agentkit.fleet.worker import Worker
from agentkit.lease import HANDED, HOST, Lease, owner_name
from agentkit.logs.memory import MemoryLog
from agentkit.logs.postgres import schema
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.offers import SILENT_S, Claimed, Counts, Present
from tests.fakes import EchoModel, FakeClock, ScriptedModel, call

QUICK: dict[str, Any] = {"look_s": 0.02, "backoff_s": 0.01, "drain_s": 2.0}


class Logs:
    """Opens a log anew, as another process would."""

    def __init__(self, where: str) -> None:
        self.where, self.made = where, list[Log]()

    def __call__(self, clock: FakeClock | None = None) -> Log:
        made: Log
        if "://" in self.where:
            made = PostgresLog(address_of(self.where), clock=clock)
        else:
            made = SqliteLog(Path(self.where), clock=clock or time.time)
        self.made.append(made)
        return made


@pytest.fixture(params=["sqlite", "postgres"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logs]:
    postgres = request.param == "postgres"
    made = Logs(request.getfixturevalue("postgres_url") if postgres else str(tmp_path / "fleet.db"))
    yield made
    for log in made.made:
        with contextlib.suppress(LogError):
            log.close()


@contextlib.asynccontextmanager
async def working(log: Log, *actors: Any, **options: Any) -> AsyncIterator[Worker]:
    """A worker in this process."""
    worker = Worker(actors, log, **{**QUICK, **options})
    serving = asyncio.create_task(worker.serve())
    try:
        yield worker
    finally:
        worker.stop()
        await serving


performed: list[str] = []


@pattern
async def hello(task: str) -> str:
    performed.append(task)
    await asyncio.sleep(0.01)
    return f"hi {task}"


@pattern
async def greet(task: str, words: str, times: int = 1) -> str:
    return " ".join([words] * times) + f" {task}"


@pytest.fixture(autouse=True)
def nothing_performed() -> None:
    performed.clear()


async def test_a_submitted_run_is_performed_by_a_worker_and_answered_to_whoever_waits(
    logs: Logs,
) -> None:
    log, other = logs(), logs()
    clerk = Agent("clerk", "You are a clerk.", model=EchoModel())
    run_id = await clerk.submit("tea", log=log, budget_usd=1.0, name="mine")
    assert [e.kind for e in log.read(run_id)] == ["run.started"]
    assert [(i.status, i.name) for i in log.runs()] == [("open", "mine")]
    assert log.work.counts().open == 1
    waiting = asyncio.create_task(attach(run_id, log=log))
    async with working(other, clerk):
        answer = await asyncio.wait_for(waiting, 20)
    assert (answer.text, answer.run_id, answer.actor) == ("echo: tea", run_id, "clerk")
    assert answer.usage.calls == 1 and answer.cost_usd == 0.001
    counts = log.work.counts()
    assert (counts.open, counts.running, counts.done) == (0, 0, 1)
    assert log.verify() == [] and (await attach(run_id, log=other)).text == answer.text


async def test_arguments_types_and_samples_of_an_ask_reach_the_worker(logs: Logs) -> None:
    log = logs()
    first = await greet.submit("Ada", "hello", times=2, log=log)
    typed = await hello.submit("3", output=str, sample=2, log=log)
    async with working(log, greet, hello):
        assert (await attach(first, log=log)).text == "hello hello Ada"
        assert (await attach(typed, log=log, output=str)).data == "hi 3"
    start = log.read(typed)[0]
    assert isinstance(start, RunStarted) and start.sample == 2


async def test_what_cannot_be_submitted_is_refused_before_anything_is_stored(logs: Logs) -> None:
    log = logs()
    for wrong in (
        {"resume": "r"}, {"share": "*"}, {"share": "x" * 999}, {"nonsense": 1}, {"deps": 1},
        {"budget_usd": -1.0}, {"deadline_s": 0}, {"sample": -1}, {"model": "nowhere:x"},
    ):  # fmt: skip
        with pytest.raises(AgentkitError):
            await hello.submit("x", log=log, **wrong)
    for here in ({"deps": 1}, {"context": 1}, {"person": print}, {"model": ScriptedModel("x")}):
        with pytest.raises(SetupError, match=f"submitted cannot be given {next(iter(here))}: a"):
            await hello.submit("x", log=log, **here)
    with pytest.raises(SetupError, match="words is missing"):
        await greet.submit("x", log=log)
    with pytest.raises(LogError, match="several processes"):
        await hello.submit("x", log=MemoryLog())
    assert log.runs() == [] and log.work.counts().open == 0


async def test_what_could_not_be_submitted_is_not_performed_later(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, full = logs(), LogFull("The disk is full.")
    stored, room = log.write, False

    async def written(batch: Any) -> Any:
        if not room:
            raise full
        made = stored(batch)
        return await made if asyncio.iscoroutine(made) else made

    with monkeypatch.context() as patch:
        patch.setattr(log, "write", written)
        with pytest.raises(LogFull):
            await hello.submit("a", log=log, id="refused")
        several = [hello.submit(f"a{n}", log=log, id=f"refused-{n}") for n in range(3)]
        found = await asyncio.gather(*several, return_exceptions=True)
        assert [type(one) for one in found] == [LogFull] * 3
        room = True
        assert await hello.submit("b", log=log, id="mine") == "mine"
    again = await hello.submit("a", log=log, id="refused")
    assert sorted(info.id for info in log.runs()) == ["mine", again]
    assert log.verify() == []


async def test_each_run_is_performed_by_one_of_many_workers(logs: Logs) -> None:
    log = logs()
    ids = [await hello.submit(f"n{n}", log=log) for n in range(40)]
    async with (
        working(logs(), hello, slots=5),
        working(logs(), hello, slots=7),
        working(log, hello, slots=3),
    ):
        answers = await asyncio.gather(*(attach(one, log=log) for one in ids))
    assert [one.text for one in answers] == [f"hi n{n}" for n in range(40)]
    assert sorted(performed) == sorted(f"n{n}" for n in range(40))
    assert log.verify() == []


async def test_a_kernels_own_crashed_run_is_not_taken_by_workers(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    lease = log.begin("mine")
    log.append(lease, RunStarted(run="mine", seq=1, at=1.0, scope="", name="x", actor="hello"))
    await log.flush(lease)
    clock.now += 1000
    assert log.work.claim(["hello"], 10) == []


async def test_priorities_come_first_and_shares_take_turns(logs: Logs) -> None:
    log = logs()
    for n in range(6):
        await hello.submit(f"class-{n}", log=log, share="class")
    for n in range(2):
        await hello.submit(f"ada-{n}", log=log, share="ada")
    await hello.submit("urgent", log=log, share="class", priority=5)
    await greet.submit("other", "x", log=log)
    async with working(log, hello, slots=1):
        while len(performed) < 9:
            await asyncio.sleep(0.01)
    assert performed[0] == "urgent"
    assert performed[1:5] == ["class-0", "ada-0", "class-1", "ada-1"]
    assert log.work.counts().open == 1
    # Who comes later is not behind all that the others have done since, nor before them.
    performed.clear()
    for n in range(3):
        await hello.submit(f"class-{n}", log=log, share="class")
        await hello.submit(f"bea-{n}", log=log, share="bea")
    async with working(log, hello, slots=1):
        while len(performed) < 6:
            await asyncio.sleep(0.01)
    assert sorted(performed[:2]) == ["bea-0", "class-0"]


async def test_a_run_that_fails_again_and_again_is_a_dead_letter_with_the_reason(
    logs: Logs,
) -> None:
    log, tries = logs(), []

    @pattern
    async def bad(task: str) -> str:
        tries.append(task)
        raise ValueError(f"no port {task}")

    run_id = await bad.submit("Amber", log=log)
    async with working(log, bad, attempts=3):
        with pytest.raises(ValueError, match="no port Amber"):
            await attach(run_id, log=log, timeout_s=20)
    assert len(tries) == 3
    (stuck,) = log.work.stuck()
    assert (stuck.id, stuck.state, stuck.attempts) == (run_id, "dead", 3)
    assert "ValueError: no port Amber" in stuck.reason
    assert log.work.retry(run_id) and not log.work.retry(run_id)
    tries.clear()
    async with working(log, bad, attempts=1):
        with pytest.raises(ValueError):
            await attach(run_id, log=log, timeout_s=20)
    assert len(tries) == 1


async def test_a_run_that_kills_its_worker_each_time_is_a_dead_letter(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    run_id = await hello.submit("boom", log=log)
    for _ in range(2):  # claimed by workers that die of it
        assert [one.lease.run for one in log.work.claim(["hello"], 1)] == [run_id]
        clock.now += 100
    assert log.work.counts().expired == 1
    async with working(log, hello, attempts=2):
        with pytest.raises(AgentkitError, match="given up after 2 attempts"):
            await attach(run_id, log=log, timeout_s=20)
    assert performed == []
    notes = [e.note for e in log.read(run_id) if e.kind == "noted"]
    assert any(isinstance(one, DeadLettered) for one in notes)
    assert log.runs()[0].status == "failed" and log.verify() == []


async def test_runs_whose_workers_died_keep_apart_on_their_last_attempt(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    here, together = set[str](), list[set[str]]()

    @pattern
    async def counted(task: str) -> str:
        here.add(task)
        together.append(set(here))
        await asyncio.sleep(0.05)
        here.discard(task)
        return task

    for n in range(4):
        await counted.submit(f"lost {n}", log=log)
    for _ in range(2):  # claimed by workers that die with all of them
        assert len(log.work.claim(["counted"], 4)) == 4
        clock.now += 100
    fresh = [await counted.submit(f"fresh {n}", log=log) for n in range(3)]
    async with working(log, counted, attempts=3, slots=10, look_s=0.01):
        for one in log.runs():
            # A wait of what was given back ends by the clock of the log.
            while log.work.outcomes([one.id]) == {}:
                clock.now += 0.01
                await asyncio.sleep(0.01)
    assert all(sum("lost" in task for task in one) <= 1 for one in together)
    assert any(len(one) > 1 for one in together), "others are performed beside it"
    assert set(log.work.outcomes([one.id for one in log.runs()]).values()) == {"ok"}
    assert len(fresh) == 3 and log.verify() == []


def test_who_is_left_out_beside_a_run_on_its_last_attempt() -> None:
    def one(attempt: int, reason: str = "") -> Claimed:
        return Claimed(Lease("r", "o", 1), attempt, "a", reason)

    new, again, last, other, failed = one(1), one(3), one(5), one(5), one(5, "ValueError: x")
    too_many = one(6)  # is made a dead letter, and performs nothing
    for found, around, out in [
        ([new, again, failed, too_many], [], []),
        ([again, again], [again, new], []),
        ([new, again, last, other], [], [again, other]),
        ([new, failed, again, last], [last], [again, last]),
        ([again, last], [again], [last]),
        ([last], [new, failed, too_many], []),
    ]:
        assert left_out(found, around, 5) == out, (found, around)
    stopped = one(5, STOPPED)
    assert left_out([last, stopped], [], 5) == [stopped]
    assert left_out([one(1), one(1)], [one(1)], 1) == []


async def test_a_wrong_setup_is_given_up_at_once(logs: Logs) -> None:
    log = logs()

    @pattern
    async def unset(task: str) -> str:
        raise SetupError("no key")

    run_id = await unset.submit("x", log=log)
    async with working(log, unset):
        with pytest.raises(SetupError, match="no key"):
            await attach(run_id, log=log, timeout_s=20)
    assert log.work.stuck()[0].attempts == 1


async def test_a_step_in_doubt_waits_for_a_person_and_no_worker_takes_the_run(logs: Logs) -> None:
    log, paying = logs(), asyncio.Event()

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        performed.append(f"pay {eur}")
        paying.set()
        await asyncio.sleep(60)
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 3}')], "done")
    payer = Agent("payer", "x", model=model, tools=[pay])
    run_id = await payer.submit("x", log=log)
    worker = Worker([payer], log, look_s=0.02, drain_s=0.01)
    serving = asyncio.create_task(worker.serve())
    await asyncio.wait_for(paying.wait(), 20)
    worker.stop()
    await serving  # it cut the payment off: nobody knows whether it happened
    async with working(log, payer):
        with pytest.raises(Interrupted, match="waits for a person"):
            await attach(run_id, log=log, timeout_s=20)
    counts = log.work.counts()
    assert (counts.waiting, counts.open, counts.dead) == (1, 0, 0)
    assert (await payer.resume(run_id, log=log, settle={"pay": "paid"})).text == "done"
    assert (await attach(run_id, log=log)).text == "done"
    assert performed == ["pay 3"] and log.work.stuck() == []


async def test_a_question_to_a_person_stops_the_run_until_it_is_answered_from_anywhere(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.fleet.worker.REOPEN_S", 0.05)
    log = logs()

    @tool(effect="once", approve=True)
    async def pay(eur: int) -> str:
        """Pay."""
        performed.append(f"pay {eur}")
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 3}')], "done")
    payer = Agent("payer", "x", model=model, tools=[pay])
    run_id = await payer.submit("x", log=log)
    async with working(logs(), payer):
        while log.work.counts().waiting == 0:
            await asyncio.sleep(0.02)
        assert performed == []
        (question,) = await pending(log)
        await approve(question, by="ann", log=log)
        assert (await attach(run_id, log=log, timeout_s=20)).text == "done"
    assert performed == ["pay 3"]


async def test_a_worker_that_is_stopped_gives_back_what_it_cannot_finish(logs: Logs) -> None:
    log, begun = logs(), asyncio.Event()

    @pattern
    async def slow(task: str) -> str:
        begun.set()
        await asyncio.sleep(60 if len(seen := tries) == 0 else 0)
        return f"slow {task} {seen}"

    tries: list[int] = []
    run_id = await slow.submit("x", log=log)
    worker = Worker([slow], log, look_s=0.02, drain_s=0.1)
    serving = asyncio.create_task(worker.serve())
    await asyncio.wait_for(begun.wait(), 20)
    worker.stop()
    await serving
    assert log.work.counts().open == 1
    assert isinstance(log.read(run_id)[-1], RunEnded)
    tries.append(1)
    (again,) = log.work.claim(["slow"], 1)
    assert again.attempt == 1  # it was not the run's fault
    log.work.give_back(again.lease, counts=False)
    async with working(log, slow):
        assert (await attach(run_id, log=log, timeout_s=20)).text.startswith("slow x")


async def test_a_worker_lets_go_before_its_lease_ends_where_the_log_is_out_of_reach(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, stopped = logs(), asyncio.Event()

    @pattern
    async def long(task: str) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise
        return task

    await long.submit("x", log=log)
    async with working(log, long, lease_s=1.0) as worker:
        while not worker.doing:
            await asyncio.sleep(0.01)

        async def cut(batch: Any) -> Any:
            raise LogUnreachable("cut off")

        with monkeypatch.context() as patched:
            patched.setattr(log, "write", cut)
            await asyncio.wait_for(stopped.wait(), 20)
        assert worker.metrics.counters["let_go"] == 1


async def test_what_was_let_go_is_given_back_as_soon_as_the_log_is_there_again(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, begun = logs(), list[str]()

    @pattern
    async def long(task: str) -> str:
        begun.append(task)
        await asyncio.sleep(60 if len(begun) == 1 else 0)
        return task

    run_id = await long.submit("x", log=log)
    async with working(log, long, lease_s=2.0) as worker:
        while not begun:
            await asyncio.sleep(0.01)

        async def cut(batch: Any) -> Any:
            raise LogUnreachable("cut off")

        with monkeypatch.context() as patched:
            patched.setattr(log, "write", cut)
            while not worker.metrics.counters["let_go"]:
                await asyncio.sleep(0.01)
        back = time.monotonic()
        assert (await attach(run_id, log=log, timeout_s=20)).text == "x"
        # Its writer would hold it for a whole lease from the moment that the log is back.
        assert time.monotonic() - back < 1.8
        assert log.work.stuck() == [] and begun == ["x", "x"]


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(logs: Logs) -> None:
    log = logs()
    code = "import os; print(os.getpid())"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    dead = f"{HOST}:{int(made.stdout)}"
    run_id = asyncio.run(hello.submit("x", log=log))
    (claimed,) = log.work.claim(["hello"], 1)
    session: Any = log._session if isinstance(log, PostgresLog) else log._db  # type: ignore[attr-defined]
    session.execute("UPDATE runs SET owner=? WHERE id=?", (f"{dead}:ab", run_id))
    me = Present(name=owner_name(), since=1.0, slots=4, running=1, actors=("hello",))
    log.work.present(Present(name=f"{dead}:cd", since=1.0, slots=4, running=1))
    log.work.present(me)
    assert log.work.workers() == [me]
    (again,) = log.work.claim(["hello"], 1)
    assert (again.lease.run, again.attempt) == (run_id, 2)
    assert again.lease.epoch == claimed.lease.epoch + 1
    log.work.present(me, gone=True)
    assert log.work.workers() == []


def test_who_has_which_run_is_told_with_what_is_left_of_its_lease(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    ids = [asyncio.run(hello.submit(word, log=log)) for word in ("a", "b", "c")]
    assert log.work.held() == []
    claimed = log.work.claim(["hello"], 2, seconds=4.0)
    clock.now += 1.5
    assert [(one.run, one.owner, one.attempt, one.left_s) for one in log.work.held()] == [
        (one.lease.run, one.lease.owner, 1, 2.5) for one in claimed
    ]
    clock.now += 3.0
    assert [one.left_s for one in log.work.held()] == [-0.5, -0.5]
    assert log.work.give_back(claimed[0].lease)
    assert [one.run for one in log.work.held()] == [ids[1]]


def test_a_clock_that_was_ahead_holds_no_run_back(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    asyncio.run(hello.submit("x", log=log))
    clock.now += 3600.0
    assert len(log.work.claim(["hello"], 1, seconds=4.0)) == 1
    assert log.work.claim(["hello"], 1) == []
    clock.now -= 3600.0
    (again,) = log.work.claim(["hello"], 1, seconds=4.0)
    assert again.attempt == 2
    clock.now += 3.9
    assert log.work.claim(["hello"], 1) == []
    clock.now += 0.2
    (third,) = log.work.claim(["hello"], 1, seconds=4.0)
    # A failed attempt waits as long as it is told to, however far ahead that is.
    assert log.work.give_back(third.lease, wait_s=100.0)
    clock.now += 99.0
    assert log.work.claim(["hello"], 1) == []
    clock.now += 1.5
    assert len(log.work.claim(["hello"], 1)) == 1


def test_a_worker_that_says_nothing_any_more_is_forgotten(logs: Logs) -> None:
    clock = FakeClock()
    log = logs(clock)
    far = Present(name="elsewhere:1:ab", since=1.0, slots=4, running=0, actors=("a", "b"))
    log.work.present(far)
    assert log.work.workers() == [far]
    clock.now += SILENT_S + 1
    log.work.present(me := Present(name=owner_name(), since=1.0, slots=1, running=0))
    assert log.work.workers() == [me]


async def test_who_wakes_up_after_its_lease_performs_nothing_more(logs: Logs) -> None:
    """A process that was stopped, or cut off, from its commit until after its lease."""
    clock = FakeClock()
    log, other = logs(clock), logs(clock)

    @tool(effect="idempotent")
    async def act() -> str:
        """Act."""
        performed.append("acted")
        return "ok"

    class Paused:
        """The model's reply comes when another has the run by now."""

        name = "paused"

        async def __call__(self, request: Any, on_text: Any = None) -> Any:
            clock.now += 100
            other.claim(run_id)
            return await ScriptedModel([call("act")], "done")(request, on_text)

    agent = Agent("clerk", "x", model=Paused(), tools=[act])
    run_id = await agent.submit("x", log=log)
    (claimed,) = log.work.claim(["clerk"], 1)
    HANDED.set({run_id: claimed.lease})
    with pytest.raises(RunTaken):
        await agent.resume(run_id, log=log)
    assert performed == []


async def test_a_lease_that_ended_while_nobody_took_the_run_is_renewed_before_an_effect(
    logs: Logs,
) -> None:
    log = logs()
    seen: list[float] = []

    @tool(effect="idempotent")
    async def act() -> str:
        """Act."""
        seen.append(lease.until - time.monotonic())
        return "ok"

    agent = Agent("clerk", "x", model=ScriptedModel([call("act")], "done"), tools=[act])
    run_id = await agent.submit("x", log=log)
    (claimed,) = log.work.claim(["clerk"], 1)
    lease = claimed.lease
    HANDED.set({run_id: lease})
    flush, stale = log.flush, 0

    async def slept(one: Any) -> None:
        nonlocal stale
        await flush(one)
        if one is lease and not stale:
            stale, lease.until = 1, 0.0  # the laptop slept just then

    log.flush = slept  # type: ignore[method-assign, assignment]
    assert (await agent.resume(run_id, log=log)).text == "done"
    assert stale and seen[0] > 0


async def test_a_migration_while_runs_are_under_way_disturbs_no_worker_of_either_version(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = Logs(postgres_url)
    with monkeypatch.context() as before:
        before.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        old = logs()
    gate = asyncio.Event()

    @pattern
    async def held(task: str) -> str:
        performed.append(task)
        await gate.wait()
        return f"held {task}"

    ids = [await held.submit(f"old {n}", log=old) for n in range(4)]
    worker = Worker([held], old, slots=4, **QUICK)
    # The table that it would say its name in comes with the next version.
    monkeypatch.setattr(worker, "_present", lambda: asyncio.sleep(1))
    # So does the one in which it would look for budgets.
    old._session.execute("CREATE TEMPORARY TABLE budgets (share text)")
    serving = asyncio.create_task(worker.serve())
    while len(performed) < 4:
        await asyncio.sleep(0.01)
    new = await asyncio.to_thread(logs)
    ids += [await held.submit(f"new {n}", log=new) for n in range(4)]
    async with working(new, held):
        while len(performed) < 8:
            await asyncio.sleep(0.01)
        gate.set()
        said = [(await attach(one, log=new, timeout_s=20)).text for one in ids]
    worker.stop()
    await serving
    assert said == [f"held {when} {n}" for when in ("old", "new") for n in range(4)]
    assert new.verify() == [] and worker.metrics.counters["finished"] == 4
    # A later version whose tables only have more leaves the code of today at work.
    for needs, fine in ((len(schema.MIGRATIONS), True), (99, False)):
        new._session.execute("DELETE FROM agentkit WHERE version=99")
        new._session.execute("INSERT INTO agentkit VALUES (99, now(), ?)", (needs,))
        with contextlib.nullcontext() if fine else pytest.raises(LogNewer, match="schema 99"):
            assert logs().has(ids[0])
    for made in logs.made:
        made.close()


@pytest.mark.parametrize("through", ["file", "database"])
async def test_a_backup_is_restored_and_what_was_open_is_performed_there(
    logs: Logs, another_url: Any, tmp_path: Path, through: str
) -> None:
    log = logs()
    ids = [await hello.submit(f"t{n}", log=log, share=f"s{n % 2}") for n in range(4)]
    async with working(log, hello):
        done = [(await attach(one, log=log)).text for one in ids[:2]]
        await attach(ids[3], log=log)
    later = await hello.submit("later", log=log, priority=1)
    (under_way,) = log.work.claim(["hello"], 1)
    backup = str(tmp_path / "backup.db") if through == "file" else another_url()
    assert main(["log", "copy", backup, "--log", logs.where]) == 0
    reader = open_log(backup, write=False)
    head = reader.head()
    reader.close()
    await hello.submit("after the backup", log=log)
    restored = another_url()
    assert main(["log", "copy", restored, "--log", backup]) == 0
    there = Logs(restored)()
    assert there.verify(head) == []
    performed.clear()
    async with working(there, hello):
        assert (await attach(later, log=there, timeout_s=20)).text == "hi later"
        assert [(await attach(one, log=there)).text for one in ids[:2]] == done
    assert performed == ["later"] and under_way.lease.run == later
    assert there.verify(head) == []
    there.close()


async def test_a_run_is_stopped_from_anywhere_and_goes_on_when_it_is_offered_anew(
    logs: Logs,
) -> None:
    log, other = logs(), logs()
    begun, cut = asyncio.Event(), asyncio.Event()

    @pattern
    async def long(task: str) -> str:
        if not begun.is_set():
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cut.set()
                raise
        return f"done {task}"

    run_id = await long.submit("x", log=log)
    async with working(log, long, lease_s=1.0):
        await asyncio.wait_for(begun.wait(), 20)
        assert log.work.outcomes([run_id, "nobody"]) == {}
        assert other.work.stop(run_id, "stopped by ann")
        await asyncio.wait_for(cut.wait(), 20)
        with pytest.raises(Interrupted, match="stopped by ann"):
            await attach(run_id, log=other, timeout_s=20)
        assert other.work.outcomes([run_id]) == {run_id: "stopped"}
        assert (other.work.counts().dead, other.work.counts().stopped) == (0, 1)
        assert not other.work.stop(run_id, "again") and log.work.retry(run_id)
        assert (await attach(run_id, log=other, timeout_s=20)).text == "done x"
        assert other.work.outcomes([run_id]) == {run_id: "ok"}
    assert not log.work.stop(run_id, "too late") and log.verify() == []
    later = await long.submit("y", log=log)
    assert log.work.stop(later, "it costs too much")
    (stuck,) = log.work.stuck()
    assert (stuck.id, stuck.state, stuck.reason) == (later, "stopped", "stopped: it costs too much")
    assert log.work.state(later) == ("stopped", "stopped: it costs too much")


async def test_a_worker_whose_log_was_deleted_ends_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    log, begun = SqliteLog(tmp_path / "here" / "log.db"), asyncio.Event()

    @pattern
    async def long(task: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return task

    await long.submit("x", log=log)
    worker = Worker([long], log, lease_s=1.0, look_s=0.02, drain_s=600.0)
    serving = asyncio.create_task(worker.serve())
    await asyncio.wait_for(begun.wait(), 20)
    shutil.rmtree(tmp_path / "here")
    with pytest.raises(LogGone, match="deleted or moved away"):
        await asyncio.wait_for(serving, 20)  # it waits for no run, of which nothing is recorded
    assert not (tmp_path / "here").exists()
    with contextlib.suppress(LogError):
        log.close()


async def test_a_run_whose_giving_back_hangs_is_taken_over_when_its_lease_ends(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, tries = logs(), list[str]()
    hung = threading.Event()

    @pattern
    async def fails(task: str) -> str:
        tries.append(task)
        if len(tries) == 1:
            raise ValueError("no")
        return f"done {task}"

    def hangs(self: Any, *given: Any, **options: Any) -> bool:
        return not hung.wait(20)  # a connection of which nothing is heard any more

    run_id = await fails.submit("x", log=log)
    async with working(log, fails, lease_s=1.0):
        with monkeypatch.context() as patched:
            patched.setattr(type(log.work), "give_back", hangs)
            while not tries:
                await asyncio.sleep(0.01)
            async with working(logs(), fails):
                assert (await attach(run_id, log=log, timeout_s=15)).text == "done x"
        hung.set()


async def test_a_run_that_failed_as_the_log_was_away_goes_on_at_once(logs: Logs) -> None:
    log, tries = logs(), list[float]()

    @pattern
    async def cut(task: str) -> str:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise LogUnreachable("cut off")
        return task

    run_id = await cut.submit("x", log=log)
    async with working(log, cut, backoff_s=60.0):
        assert (await attach(run_id, log=log, timeout_s=30)).text == "x"
    assert len(tries) == 3


async def test_a_run_that_is_let_go_of_before_it_began_is_not_held(logs: Logs) -> None:
    """As where a claim took longer than its lease, because the server was away."""
    log = logs()
    run_id = await hello.submit("x", log=log)
    worker = Worker([hello], log, slots=1, lease_s=1.0, **QUICK)
    await worker._claim()
    (one,) = worker.doing.values()
    one.task.cancel()  # its coroutine never runs
    await asyncio.gather(one.task, return_exceptions=True)
    await asyncio.sleep(0)
    assert worker.doing == {} and performed == []
    async with working(logs(), hello):
        assert (await attach(run_id, log=log, timeout_s=20)).text == "hi x"


async def test_loops_that_fail_are_started_again(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log, fails = logs(), 3
    claim = type(log.work).claim

    def sometimes(self: Any, *args: Any, **named: Any) -> Any:
        nonlocal fails
        fails -= 1
        if fails >= 0:
            raise ZeroDivisionError if fails else LogUnreachable("away")
        return claim(self, *args, **named)

    monkeypatch.setattr(type(log.work), "claim", sometimes)
    run_id = await hello.submit("x", log=log)
    async with working(log, hello) as worker:
        assert (await attach(run_id, log=log, timeout_s=20)).text == "hi x"
    assert worker.metrics.counters["restarts"] == 3


async def test_health_and_metrics_are_served_on_loopback(logs: Logs) -> None:
    log = logs()
    run_id = await hello.submit("x", log=log)
    async with working(log, hello) as worker:
        await attach(run_id, log=log)
        status, text = await worker.health_page()
        assert status == 200 and "slots" in text
        while worker.doing:
            await asyncio.sleep(0.01)
        status, text = await worker.metrics_page()
    assert "agentkit_runs_finished_total 1\n" in text and "agentkit_log_up 1" in text
    assert all(len(line.split(" ")) == 2 for line in text.splitlines() if line[0] != "#")


async def test_a_log_that_does_not_answer_is_told_in_time_and_asked_once(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logs()
    worker = Worker([hello], log)
    monkeypatch.setattr("agentkit.fleet.health.ANSWER_S", 0.05)
    queue = type(log.work)
    real, frozen, asked = queue.counts, threading.Event(), list[str]()

    def counts(self: Any) -> Counts:
        asked.append("")
        assert frozen.wait(20)
        return real(self)

    monkeypatch.setattr(queue, "counts", counts)
    for _ in range(3):
        status, text = await worker.health_page()
        assert status == 503 and "log down" in text
    assert "agentkit_log_up 0" in (await worker.metrics_page())[1]
    assert len(asked) == 1
    frozen.set()
    async with asyncio.timeout(10):
        while (await worker.health_page())[0] != 200:
            await asyncio.sleep(0.01)


async def test_waiting_ends_after_a_time_and_for_no_run(logs: Logs) -> None:
    log = logs()
    run_id = await hello.submit("x", log=log)
    with pytest.raises(TimeoutError):
        await attach(run_id, log=log, timeout_s=0.1)
    with pytest.raises(UnknownRun):
        await attach("nowhere", log=log)


async def test_attach_waits_for_a_run_of_a_kernel_too(logs: Logs) -> None:
    log = logs()
    clerk = Agent("clerk", "x", model=EchoModel(0.05))
    asking = asyncio.create_task(clerk("tea", log=log, id="mine"))
    while not log.has("mine"):
        await asyncio.sleep(0.01)
    assert (await attach("mine", log=log, timeout_s=20)).text == (await asking).text


@pytest.mark.parametrize("task", [0, 2.5, True, None, ["a", 1], {"port": "Amber", "t": 30}])
async def test_attach_has_the_answer_to_a_task_that_is_no_text(logs: Logs, task: Any) -> None:
    log = logs()
    clerk = Agent("clerk", "x", model=EchoModel(0.0))
    asked = await clerk(task, log=log, id="mine")
    assert (await attach("mine", log=log, timeout_s=20)).text == asked.text


def test_a_worker_that_cannot_be_is_refused(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "a.db"))
    for wrong in ({"slots": 0}, {"attempts": 0}, {"lease_s": 0.1}, {"lease_s": 99.0}):
        with pytest.raises(SetupError):
            Worker([hello], log, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="different names"):
        Worker([hello, hello], log)
    log.close()


TEAM = """
from agentkit import pattern

@pattern
async def hello(task: str) -> str:
    return f"hi {task}"

both = [hello]
"""


def test_the_command_says_what_is_wrong_with_what_it_is_to_serve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    (tmp_path / "team_of_test.py").write_text(TEAM)
    (tmp_path / "broken_of_test.py").write_text("import nothing_of_that_name\n")
    for target, said in {
        "team_of_test.py:nobody": "has no nobody",
        "team_of_test.py:pattern": "something else than actors",
        "nowhere.py:x": "nowhere.py is not there",
        "no_such_module:x": "no_such_module is not there",
        "broken_of_test.py:x": "nothing_of_that_name",
        "team_of_test.py": "names nothing in a module",
    }.items():
        assert main(["worker", target]) == 2
        assert said in capsys.readouterr().err
    assert main(["worker", "team_of_test.py:both", "--until-idle", "--port", "0"]) == 0
    out = capsys.readouterr().out
    assert "working at hello" in out and "/health" in out
    assert main(["fleet", "status"]) == 0 and main(["fleet", "stuck"]) == 0
    assert "expired" in capsys.readouterr().out
