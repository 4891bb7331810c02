"""A budget and a rate that all workers of a log share hold, whoever is killed.

In one process in the default suite; `make test-chaos` kills real ones.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from agentkit import Agent, attach, open_log
from agentkit.errors import BudgetSpent, SetupError
from agentkit.events import Usage
from agentkit.fleet import Fleet
from agentkit.fleet import purse as purse_module
from agentkit.fleet.permits import LogAcross
from agentkit.fleet.purse import Purse
from agentkit.fleet.worker import Worker
from agentkit.holds import Bound
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.reliability.across import ACROSS, Rates
from agentkit.reliability.limit import Limit, limit
from tests.agentkit.fleet import quota_team
from tests.conftest import ROOT
from tests.fakes import FakeClock


def bound(usd: float) -> Bound:
    return Bound(0, 1, lambda usage: usd)


async def pay(purse: Purse, most: float, took: float) -> bool:
    """A call, as a run makes it; whether it was made."""
    try:
        hold = await purse.reserve("m", lambda: bound(most))
    except BudgetSpent:
        return False
    await asyncio.sleep(0)
    hold.took = took
    purse.enter(hold, Usage(tokens_out=1, calls=1), took)
    purse.settle(hold)
    return True


@pytest.mark.parametrize("seed", range(4))
async def test_no_mix_of_holders_calls_and_deaths_passes_a_budget(
    postgres_url: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purse_module, "LOOK_S", 0.01)
    rng = random.Random(seed)
    clock = FakeClock()
    log = PostgresLog(address_of(postgres_url), clock=clock)
    quotas = log.work.quotas
    limit = rng.choice([0.1, 1.0, 3.7])
    quotas.allow("s", limit)
    bill, made, dead = 0.0, 0, 0
    purses = [Purse(log, "s", f"h{n}") for n in range(4)]
    alive = asyncio.Lock()
    """Held while one of them tells the log something: nobody does so after its death."""

    async def settling() -> None:
        while True:
            await asyncio.sleep(0.02)
            for at in range(4):
                async with alive:
                    await purses[at].settled()

    beside = asyncio.create_task(settling())
    for step in range(100):
        at = rng.randrange(4)
        purse, most = purses[at], rng.choice([0.001, 0.002, 0.01])
        match rng.random():
            case x if x < 0.03:
                # Killed in a call: it was paid, and nobody was told.
                try:
                    await asyncio.wait_for(purse.reserve("m", lambda: bound(0.002)), 5)
                    bill += 0.002
                except (BudgetSpent, TimeoutError):
                    pass
                dead += 1
                await asyncio.gather(*[one for one in [purse._ahead] if one])
                async with alive:
                    clock.now += 60.0  # until nobody waits for what it held
                    purses[at] = Purse(log, "s", f"h{4 + step}")
            case _:
                took = rng.uniform(0, most)
                if await asyncio.wait_for(pay(purse, most, took), 60):
                    bill, made = bill + took, made + 1
        assert bill <= limit * (1 + 1e-9)
        (books,) = quotas.books()
        assert books.granted <= limit * (1 + 1e-9)
    assert made > 25
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)
    for purse in purses:
        await purse.close()
    (books,) = quotas.books()
    # What nobody has, was paid or died with its holder: a fiftieth or eight calls each.
    most_lost = dead * (max(limit / 50, 8 * 0.01) * 2 + 0.02)
    assert bill - 1e-9 <= books.granted <= bill + most_lost
    log.close()


async def test_calls_take_parts_and_do_not_ask_the_log_each_time(postgres_url: str) -> None:
    log = open_log(postgres_url)
    log.work.quotas.allow("s", 10.0)
    purse = Purse(log, "s", "h")
    for _ in range(1000):
        assert await pay(purse, 0.001, 0.001)
    assert purse.draws <= 15
    (books,) = log.work.quotas.books()
    assert books.share == "s" and 1.0 <= books.granted <= 1.5
    await purse.close()
    (books,) = log.work.quotas.books()
    assert books.granted == pytest.approx(1.0) and books.spent == pytest.approx(1.0)
    log.close()


async def test_a_call_whose_price_nobody_knows_before_is_made_alone(postgres_url: str) -> None:
    log = open_log(postgres_url)
    log.work.quotas.allow("s", 1.0)
    purse = Purse(log, "s", "h")
    hold = await purse.reserve("m")
    other = asyncio.create_task(purse.reserve("m"))
    await asyncio.sleep(0.05)
    assert not other.done()
    hold.took = 0.01
    purse.enter(hold, Usage(tokens_out=1, calls=1), 0.01)
    purse.settle(hold)
    assert (await asyncio.wait_for(other, 5)).usd == 0.01
    await purse.close()
    log.close()


async def test_what_lies_idle_with_one_worker_is_there_for_another(postgres_url: str) -> None:
    log = open_log(postgres_url)
    log.work.quotas.allow("s", 0.01)
    first, second = Purse(log, "s", "a"), Purse(log, "s", "b")
    assert await pay(first, 0.006, 0.001)
    asking = asyncio.create_task(pay(second, 0.008, 0.008))
    await asyncio.sleep(0.1)
    assert not asking.done()
    await first.settled()
    assert await asyncio.wait_for(asking, 10)
    assert not await asyncio.wait_for(pay(second, 0.002, 0.002), 10)
    await asyncio.gather(first.close(), second.close())
    log.close()


async def test_a_batch_fails_at_its_budget_and_goes_on_with_more(postgres_url: str) -> None:
    log = open_log(postgres_url)
    worker = Worker([quota_team.payer], log, look_s=0.02, backoff_s=0.01, drain_s=2.0, slots=4)
    serving = asyncio.create_task(worker.serve())
    while not log.work.workers():
        await asyncio.sleep(0.01)
    fleet = await Fleet.connect(log)
    runs = await fleet.map(quota_team.payer, range(12), budget_usd=0.004, name="b")
    answers = [one async for one in runs]
    assert 4 <= len(answers) < 12 and len(answers) + len(runs.failed) == 12
    cost = sum(one.cost_usd or 0.0 for one in answers)
    assert cost <= 0.004
    assert all("for all workers is spent" in str(one) for one in runs.failed.values())
    assert await fleet.allow("b", usd=1.0) == 12 - len(answers)
    assert len(await runs.all()) == 12
    worker.stop()
    await serving
    (books,) = await fleet.books()
    total = sum(info.cost_usd or 0.0 for info in log.runs())
    assert books.spent == pytest.approx(total) == pytest.approx(books.granted)
    log.close()


async def test_a_log_in_a_file_keeps_no_budget_for_all(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "a.db"))
    fleet = Fleet(log)
    for wrong in (lambda: fleet.allow("s", usd=1.0), fleet.books):
        with pytest.raises(SetupError, match="keeps no budget"):
            await wrong()
    with pytest.raises(SetupError, match="has no name"):
        await fleet.allow("", usd=1.0)
    with pytest.raises(SetupError, match="needs a rate"):
        Limit(fleet=True)
    with pytest.raises(SetupError, match="keeps no budget"):
        await LogAcross(log).enter("m", Rates(60.0), "")
    log.close()


def most_in(times: list[float], seconds: float) -> int:
    """The most calls in any time of that length."""
    window, most = deque[float](), 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


async def test_all_who_share_a_rate_keep_to_it_and_use_it(postgres_url: str) -> None:
    per_s, burst_s, times = 200.0, 0.1, list[float]()
    logs = [open_log(postgres_url) for _ in range(3)]
    gates = [LogAcross(log) for log in logs]

    async def call(gate: LogAcross, lane: str) -> None:
        while time.monotonic() < until:
            await gate.enter("m", Rates(per_s * 60, None, burst_s), lane)
            times.append(time.monotonic())

    until = time.monotonic() + 1.5
    lanes = [call(gate, f"{n}") for gate in gates for n in range(8)]
    async with asyncio.timeout(30):
        await asyncio.gather(*lanes)
    late_s = 0.1
    for seconds in (0.05, 0.2, 1.0):
        assert most_in(times, seconds) <= per_s * (seconds + burst_s + late_s) + 1
    assert len(times) > per_s * 0.7
    asked = sum(gate.gates["m"].asked for gate in gates)
    assert asked < len(times) / 3
    for gate, log in zip(gates, logs, strict=True):
        await gate.close()
        log.close()


def largest_in(used: list[tuple[float, float]], seconds: float) -> float:
    """The most tokens in any time of that length."""
    window, total, most = deque[tuple[float, float]](), 0.0, 0.0
    for at, tokens in sorted(used):
        window.append((at, tokens))
        total += tokens
        while window[0][0] <= at - seconds:
            total -= window.popleft()[1]
        most = max(most, total)
    return most


@pytest.mark.parametrize("calls_per_s", [None, 60.0])
async def test_tokens_are_bounded_for_all_together_too(
    postgres_url: str, calls_per_s: float | None
) -> None:
    """Calls of all sizes, some larger than a burst, told afterwards what they took."""
    per_s, burst_s, largest = 2000.0, 0.2, 900.0
    rates = Rates(calls_per_s and calls_per_s * 60, per_s * 60, burst_s)
    used: list[tuple[float, float]] = []
    logs = [open_log(postgres_url) for _ in range(3)]
    gates = [LogAcross(log) for log in logs]

    async def call(gate: LogAcross, lane: str, rng: random.Random) -> None:
        while time.monotonic() < until:
            tokens = rng.choice([0.0, 1.0, 20.0, 40.0, largest])
            await gate.enter("m", rates, lane, tokens)
            used.append((time.monotonic(), tokens))
            gate.settle("m", tokens, tokens)

    until = time.monotonic() + 2.0
    lanes = [call(gate, f"{n}", random.Random(n)) for gate in gates for n in range(8)]
    async with asyncio.timeout(60):
        await asyncio.gather(*lanes)
    late_s = 0.1
    for seconds in (0.05, 0.2, 1.0):
        most = per_s * (seconds + burst_s + late_s) + len(gates) * largest
        assert largest_in(used, seconds) <= most
        if calls_per_s is not None:
            allowed = calls_per_s * (seconds + burst_s + late_s) + len(gates)
            assert most_in([at for at, _ in used], seconds) <= allowed
    elapsed = max(at for at, _ in used) - until + 2.0
    part = sum(tokens for _, tokens in used) / (per_s * elapsed)
    assert part > 0.6 or (calls_per_s is not None and len(used) > 0.6 * calls_per_s * elapsed)
    assert sum(gate.gates["m"].asked for gate in gates) < 40 * elapsed
    for gate, log in zip(gates, logs, strict=True):
        await gate.close()
        log.close()


async def test_what_a_call_did_not_take_is_the_next_ones(postgres_url: str) -> None:
    log = open_log(postgres_url)
    across, rates = LogAcross(log), Rates(None, 100.0 * 60, 0.5)
    await across.enter("m", rates, "", 60.0)
    across.settle("m", 60.0, 10.0)
    # Half a second where it were not given back; a busy machine takes some of that itself.
    assert await across.enter("m", rates, "", 50.0) < 0.3
    across.settle("m", 50.0, 80.0)
    # Thirty are owed, and forty are wanted: 0.7 s at a hundred a second, less what is due by now.
    assert 0.15 < await across.enter("m", rates, "", 40.0) < 3.0
    given_up = asyncio.create_task(across.enter("m", rates, "", 1e6))
    await asyncio.sleep(0.05)
    given_up.cancel()
    async with asyncio.timeout(10):
        await across.enter("m", rates, "", 1.0)
    await across.close()
    log.close()


async def test_a_model_that_is_limited_for_the_fleet_asks_for_its_tokens(
    postgres_url: str,
) -> None:
    log = open_log(postgres_url)
    across = LogAcross(log)
    limited = limit(quota_team.Priced(), Limit(tokens_per_minute=60_000, fleet=True))
    teller = Agent("teller", "You say something.", model=limited)
    set_for = ACROSS.set(across)
    try:
        for n in range(12):
            assert (await teller(f"hello {n}")).text == "said"
    finally:
        ACROSS.reset(set_for)
    (gate,) = across.gates.values()
    assert gate.calls is None and gate.tokens is not None
    told = sum(many for _, many in gate.tokens.used)
    assert told == 12 * quota_team.MOST
    await across.close()
    log.close()


def started(url: str, folder: Path, per_minute: float) -> subprocess.Popen[bytes]:
    env = {"QUOTA_CALLS": str(folder / "calls.txt"), "QUOTA_PER_MINUTE": str(per_minute)}
    words = ["-m", "agentkit", "worker", "tests.agentkit.fleet.quota_team:payer", "--log", url]
    return subprocess.Popen(
        [sys.executable, *words, "--lease", "2", "--slots", "10", "--drain", "1"],
        cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
    )  # fmt: skip


async def under_fire(url: str, folder: Path, runs: int, kills: int, workers: int) -> None:
    """Kill workers at random while they spend; read the bill where it is made."""
    per_minute, budget = 6000.0, runs * 0.4 * quota_team.MOST * quota_team.PRICE
    log, rng = open_log(url), random.Random(runs)
    fleet, team = Fleet(log), quota_team.payer
    half = budget / 2
    await fleet.allow("a", usd=half)
    await fleet.allow("b", usd=half)
    ids = [await team.submit(n, log=log, share="ab"[n % 2]) for n in range(runs)]
    crowd = [started(url, folder, per_minute) for _ in range(workers)]
    calls = folder / "calls.txt"
    while not calls.exists() or not calls.read_text():
        await asyncio.sleep(0.05)
    for _ in range(kills):
        await asyncio.sleep(rng.uniform(0.1, 0.5))
        at = rng.randrange(workers)
        crowd[at].send_signal(rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP]))
        crowd.append(crowd[at])
        crowd[at] = started(url, folder, per_minute)
    async with asyncio.timeout(300):
        while (counts := await fleet.counts()).open + counts.running:
            await asyncio.sleep(0.2)
    for one in crowd:
        one.send_signal(signal.SIGCONT)
        one.terminate()
    for one in crowd:
        await asyncio.to_thread(one.wait, 30)
    lines = [line.split() for line in calls.read_text().splitlines()]
    bill, times = sum(float(usd) for _, usd in lines), [float(at) for at, _ in lines]
    assert bill <= budget * (1 + 1e-9)
    rate, late_s = per_minute / 60, 0.2
    for seconds in (0.1, 1.0):
        most = most_in(times, seconds)
        assert most <= rate * (seconds + quota_team.BURST_S + late_s) + 1, (seconds, most)
    books = await fleet.books()
    assert all(one.granted <= one.usd * (1 + 1e-9) for one in books)
    shots = f"{kills} workers killed or frozen"
    spent = f"{bill:.4f} of {budget:.4f} USD, at most {most_in(times, 1.0)} calls in 1 s"
    print(f"\n{len(lines)} calls for {runs} runs, {shots}: {spent}")
    # Nothing is lost: with more, all of them end.
    for share in "ab":
        await fleet.allow(share, usd=100.0)
    last = started(url, folder, 600_000)
    try:
        async with asyncio.timeout(120):
            answers = [await attach(one, log=log) for one in ids]
        assert {one.text for one in answers} == {"said"}
    finally:
        last.terminate()
        await asyncio.to_thread(last.wait, 30)
        log.close()


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("runs", "kills", "workers"), [(60, 2, 2), (1500, 16, 4)])
async def test_killed_workers_pass_neither_budget_nor_rate(
    postgres_url: str, tmp_path: Path, runs: int, kills: int, workers: int
) -> None:
    await under_fire(postgres_url, tmp_path, runs, kills, workers)
