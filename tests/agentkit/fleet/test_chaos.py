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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Log, open_log
from agentkit.fleet.embedded import EmbeddedPostgres
from agentkit.testing import Cable
from tests.agentkit.fleet import chaos_team
from tests.agentkit.fleet.chaos import AWAY, COUNTS, Performing, check, until_done
from tests.conftest import ROOT

LEASE_S = 4.0


class Fleet(Performing):
    """Worker processes, and what they did."""

    def __init__(self, folder: Path, url: str, turns: int) -> None:
        super().__init__(folder / "counts.txt", turns)
        self.folder, self.url = folder, url
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
    server = EmbeddedPostgres(folder)
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
