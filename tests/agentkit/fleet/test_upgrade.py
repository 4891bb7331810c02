"""Workers of an older version and of this one serve one log; `make test-upgrade OLD=COMMIT`."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentkit import Log, open_log
from tests.agentkit.fleet import chaos_team
from tests.agentkit.fleet.chaos import Performing, check, until_done
from tests.conftest import ROOT

TURNS, RUNS = 5, 40
SUBMIT = """
import asyncio, sys
from agentkit import open_log
from port import storing

async def main(url, name, count):
    log = open_log(url)
    for n in range(int(count)):
        print(await storing.submit(f"{name}{n}", log=log))
    log.close()

asyncio.run(main(*sys.argv[1:]))
"""


class Versions(Performing):
    """Processes of two versions, on one log."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder / "counts.txt", TURNS)
        self.folder, self.url, self.ids = folder, url, list[str]()
        self.code = {"old": Path(os.environ["AGENTKIT_OLD"]), "new": ROOT}
        self.workers: list[subprocess.Popen[bytes]] = []
        # Either version has the team in a file of its own, and no other code of the tests.
        shutil.copy(chaos_team.__file__, folder / "port.py")

    def env(self, version: str) -> dict[str, str]:
        paths = f"{self.code[version]}{os.pathsep}{self.folder}"
        told = {"CHAOS_COUNTS": str(self.counts), "CHAOS_TURNS": str(TURNS), "PYTHONPATH": paths}
        return os.environ | told

    def submit(self, version: str, name: str) -> None:
        made = subprocess.run(
            [sys.executable, "-c", SUBMIT, self.url, name, str(RUNS)],
            env=self.env(version), cwd=self.folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.ids += made.stdout.split()

    def start(self, version: str, slots: int = 8) -> subprocess.Popen[bytes]:
        command = ["-m", "agentkit", "worker", "port:both", "--log", self.url, "--lease", "4"]
        made = subprocess.Popen(
            [sys.executable, *command, "--slots", str(slots), "--drain", "1"],
            env=self.env(version), cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        self.workers.append(made)
        return made

    async def until_performed(self, steps: int) -> None:
        async with asyncio.timeout(60):
            while sum(self.performed().values()) < steps:
                await asyncio.sleep(0.05)

    async def until_there(self, log: Log, workers: int) -> None:
        async with asyncio.timeout(60):
            while len(await asyncio.to_thread(log.work.workers)) < workers:
                await asyncio.sleep(0.05)


@pytest.fixture
def versions(tmp_path: Path, postgres_url: str) -> Iterator[Versions]:
    made = Versions(tmp_path, postgres_url)
    yield made
    for one in made.workers:
        one.kill()
        one.wait(10)


@pytest.mark.upgrade
@pytest.mark.skipif("AGENTKIT_OLD" not in os.environ, reason="it takes make test-upgrade")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["drains", "is killed"])
@pytest.mark.parametrize(("first", "second"), [("old", "new"), ("new", "old")])
async def test_what_one_version_leaves_the_other_goes_on_with(
    versions: Versions, first: str, second: str, end: str
) -> None:
    versions.submit(first, "first ")
    leaving = versions.start(first)
    await versions.until_performed(RUNS)
    versions.start(second)  # the newer one brings the tables to its schema
    versions.submit(second, "second ")
    log = open_log(versions.url)
    await versions.until_there(log, 2)
    versions.submit(first, "third ")
    (leaving.kill if end == "is killed" else leaving.terminate)()
    assert await asyncio.to_thread(leaving.wait, 30) == (-9 if end == "is killed" else 0)
    await until_done(log, 3 * RUNS, 120)
    found = await asyncio.to_thread(check, log, versions, versions.ids, "store")
    print(f"\n{first} {end}, {second} goes on: {found}")
    assert found["runs"] == 3 * RUNS
    log.close()
