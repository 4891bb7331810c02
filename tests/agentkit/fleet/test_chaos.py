"""Workers are killed, frozen and cut off, the server crashes: nothing is lost or done twice.

A small one in the default suite; `make test-chaos` has the large ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import NOT_DONE, Log, open_log
from agentkit.errors import LogError, Unsettled
from agentkit.events import RunEnded, RunStarted, StepEnded, StepStarted
from agentkit.fleet.embedded import Embedded
from agentkit.testing import Cable
from tests.agentkit.fleet import chaos_team
from tests.conftest import ROOT

LEASE_S = 4.0


class Fleet:
    """Worker processes, and what they did."""

    def __init__(self, folder: Path, url: str, turns: int) -> None:
        self.folder, self.url, self.turns = folder, url, turns
        self.counts = folder / "counts.txt"
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, url: str = "", slots: int = 40) -> subprocess.Popen[bytes]:
        env = {"CHAOS_COUNTS": str(self.counts), "CHAOS_TURNS": str(self.turns)}
        command = ["-m", "agentkit", "worker", "tests.agentkit.fleet.chaos_team:both"]
        options = ["--log", url or self.url, "--lease", str(LEASE_S), "--slots", str(slots)]
        with (self.folder / f"worker-{len(self.workers)}.txt").open("wb") as out:
            made = subprocess.Popen(
                [sys.executable, *command, *options, "--attempts", "9", "--drain", "2"],
                cwd=self.folder, stdout=out, stderr=out, start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
            )  # fmt: skip
        self.workers.append(made)
        return made

    def stop(self) -> None:
        for one in self.workers:
            with contextlib.suppress(ProcessLookupError):
                one.send_signal(signal.SIGCONT)
                one.terminate()
        for one in self.workers:
            try:
                one.wait(20)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait(10)

    def performed(self) -> Counter[str]:
        return Counter(self.counts.read_text().splitlines()) if self.counts.exists() else Counter()


async def until_done(log: Log, runs: int, limit_s: float, person: bool = False) -> None:
    """Wait for the end of all; as a person, say of payments in doubt whether they happened."""
    end = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(LogError):
            counts = await asyncio.to_thread(lambda: log.work.counts())
            if counts.done == runs:
                return
            if person and counts.waiting:
                await settle(log)
        assert time.monotonic() < end, (log.work.counts(), log.work.stuck()[:3])
        await asyncio.sleep(0.3)


COUNTS: list[Path] = []


async def settle(log: Log) -> None:
    done = COUNTS[0].read_text()
    for one in log.work.stuck():
        if one.state != "waiting":
            continue
        events = log.read(one.id)
        ended = {e.key for e in events if isinstance(e, StepEnded) and e.status == "ok"}
        doubts = {
            e.key: e.request["x"]
            for e in events
            if isinstance(e, StepStarted) and e.name == "pay" and e.key not in ended
        }
        said = {k: x if f"pay {x}\n" in done else NOT_DONE for k, x in doubts.items()}
        with contextlib.suppress(Unsettled, LogError):
            await chaos_team.paying.resume(one.id, log=log, settle=said)


AWAY: list[float] = []
"""From when until when the server was away."""


def without_outage(before: float, after: float) -> float:
    """Seconds between two times in which the log could be reached: nobody can act on another's."""
    down, up = AWAY or (0.0, 0.0)
    return after - before - max(0.0, min(after, up) - max(before, down))


def check(log: Log, fleet: Fleet, ids: list[str], tool: str) -> dict[str, Any]:
    """All runs ended once with their answers; what is recorded was not performed again."""
    performed = fleet.performed()
    begun, takeovers = Counter[str](), []
    for run_id in ids:
        events = log.read(run_id)
        ends = [e for e in events if isinstance(e, RunEnded) and e.status == "ok"]
        assert len(ends) == 1 and events[-1] is ends[0], run_id
        results: Counter[str] = Counter()
        for before, event in zip(events, events[1:], strict=False):
            if isinstance(event, RunStarted) and not isinstance(before, RunStarted | RunEnded):
                takeovers.append((before.at, event.at))
            if isinstance(event, StepStarted):
                assert event.key not in results, "a recorded step was begun again"
                model = event.step == "model"
                begun["model" if model else f"{event.name} {event.request['x']}"] += 1
            if isinstance(event, StepEnded) and event.status == "ok":
                results[event.key] += 1
        assert len(results) == 2 * fleet.turns - 1 and set(results.values()) == {1}
    assert log.verify() == []
    models = [n for what, n in performed.items() if what.startswith("model ")]
    called = {what: n for what, n in performed.items() if not what.startswith("model ")}
    more = {what: n for what, n in {**called, "model": sum(models)}.items() if n > begun[what]}
    assert not more, "performed without a record"
    assert tool != "pay" or {n for what, n in performed.items() if what[:4] == "pay "} == {1}
    whole = sorted(after - before for before, after in takeovers)
    took = sorted(without_outage(*one) for one in takeovers)
    p95 = int(len(took) * 0.95)
    return {
        "runs": len(ids),
        "steps": sum(performed.values()),
        "asked twice": f"{sum(n - 1 for n in models) / len(models):.2%}",
        "takeovers": len(takeovers),
        "takeover p95 s": f"{took[p95]:.1f}, with the outage {whole[p95]:.1f}" if took else "",
    }


@pytest.fixture
def fleet(tmp_path: Path, postgres_url: str) -> Iterator[Fleet]:
    made = Fleet(tmp_path, postgres_url, turns=3)
    COUNTS[:] = [made.counts]
    yield made
    made.stop()


async def submitted(log: Log, runs: int, team: Any) -> list[str]:
    return [await team.submit(f"t{n}", log=log) for n in range(runs)]


async def test_what_a_killed_worker_had_others_go_on_with(fleet: Fleet) -> None:
    log = open_log(fleet.url)
    ids = await submitted(log, 16, chaos_team.storing)
    victim = fleet.start(slots=10)
    while not any("store" in what for what in fleet.performed()):
        await asyncio.sleep(0.02)
    victim.kill()
    fleet.start()
    await until_done(log, 16, 60)
    # The lease of a process that is known to be dead is not waited for on the same machine.
    assert check(log, fleet, ids, "store")["runs"] == 16
    log.close()


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["storing", "paying"])
async def test_all_runs_end_whatever_happens_to_workers_server_and_network(
    tmp_path: Path, name: str
) -> None:
    runs = int(os.environ.get("CHAOS_RUNS", "400"))
    folder = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
    server = Embedded(folder)
    url = f"{server.url}&schema=chaos"
    cable = Cable(url).open()
    fleet, log = Fleet(tmp_path, url, turns=5), open_log(url)
    COUNTS[:] = [fleet.counts]
    team = chaos_team.storing if name == "storing" else chaos_team.paying
    ids = await submitted(log, runs, team)
    began = time.monotonic()
    try:
        killed, frozen, _, _ = fleet.start(), fleet.start(), fleet.start(), fleet.start(cable.url)
        while sum(fleet.performed().values()) < runs:
            await asyncio.sleep(0.1)
        killed.kill()
        await asyncio.sleep(1)
        frozen.send_signal(signal.SIGSTOP)
        cable.cut()
        await asyncio.sleep(2)
        AWAY[:] = [time.time()]
        server.stop(at_once=True)
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        AWAY.append(time.time())
        fleet.start()
        await asyncio.sleep(1.5 * LEASE_S)
        frozen.send_signal(signal.SIGCONT)
        cable.mend()
        await until_done(log, runs, 600, person=name == "paying")
        took = time.monotonic() - began
        told = check(log, fleet, ids, "pay" if name == "paying" else "store")
        print(f"\n{name}: {told}, all ended after {took:.1f} s")
    finally:
        cable.mend()
        await asyncio.to_thread(fleet.stop)
        cable.close()
        log.close()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
