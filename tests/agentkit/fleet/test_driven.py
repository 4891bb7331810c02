"""A driver of Ray that dies, hangs or reaches nothing: its workers are found by the next one.

The driver here is a program of these tests, whose "cluster" is a file; `tests/ray` has real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.fleet import driven
from agentkit.fleet.driven import Driven
from agentkit.fleet.driver import read, written
from agentkit.fleet.engines import EngineLost
from agentkit.fleet.placed import Order
from agentkit.logs import open_log
from tests.agentkit.fleet import chaos_team
from tests.conftest import ROOT

PROGRAM = """
import json, os, sys, threading, time
from pathlib import Path

cluster, lines = Path("cluster.json"), []
first = json.loads(sys.stdin.readline())
say = lambda told: print(json.dumps(told), flush=True)
if Path("none").exists():
    say({"what": "No Ray at x.", "expected": "one", "todo": None})
    sys.exit()
if Path("dead").exists():
    os.abort()
there = json.loads(cluster.read_text()) if cluster.exists() else {}
gone = [id for id in first["known"] if id not in there]
say({"ready": sorted(there)})
def heard():
    for line in sys.stdin:
        lines.append(line)
    os._exit(0)
threading.Thread(target=heard, daemon=True).start()
while True:
    time.sleep(0.01)
    if Path("abort").exists():
        Path("abort").unlink()
        os.abort()
    while Path("hang").exists():
        time.sleep(0.01)
    while lines:
        for what, id in json.loads(lines.pop(0)).items():
            if what == "start":
                there[id] = "works"
            elif what == "stop":
                there[id] = "stopped"
            elif what == "kill":
                there.pop(id, None)
            else:
                sys.exit()
    Path("next.json").write_text(json.dumps(there))
    os.replace("next.json", cluster)
    states = {id: [os.getpid(), f"worker {id}", 0, None] for id in there}
    states |= {id: [0, "", 0, 1] for id in gone}
    gone = []
    say({"workers": states, "silent_s": 0.0})
"""

ORDER = Order(log="x", targets=("a.py:b",), slots=2, lease_s=4.0, attempts=3, drain_s=1.0)


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    monkeypatch.setattr(driven, "DRIVER", (str(file),))
    monkeypatch.setattr(driven, "FIRST_S", 0.01)


@pytest.fixture
def made() -> Iterator[Callable[..., Driven]]:
    engines: list[Driven] = []

    def make(address: str = "x:1") -> Driven:
        engines.append(Driven(address, ORDER, "sqlite:///x"))
        return engines[-1]

    yield make
    for one in engines:
        one.close()


def until(engine: Driven, done: Callable[[], object]) -> None:
    """Look at an engine, as a supervisor does, until something is so."""
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, "it never was"
        engine.look()
        time.sleep(0.01)


def cluster() -> dict[str, str]:
    """The workers of the program's cluster, and how they do."""
    file = Path("cluster.json")
    return dict(json.loads(file.read_text())) if file.exists() else {}


def another(engine: Driven, cause: str) -> None:
    """Break the driver, and wait for the next one."""
    before = engine.process
    Path(cause).touch()
    until(engine, lambda: engine.process is not before)
    Path(cause).unlink(missing_ok=True)


@pytest.mark.parametrize("cause", ["abort", "hang"])
def test_workers_go_on_where_their_driver_does_not(
    made: Callable[..., Driven], cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made()
    workers: list[Any] = [engine.start() for _ in range(2)]
    until(engine, lambda: all(one.pid for one in workers))
    pids = {one.pid for one in workers}
    monkeypatch.setattr(driven, "ANSWER_S", 1.0)
    another(engine, cause)
    until(engine, lambda: not pids & {one.pid for one in workers})
    assert [one.poll() for one in workers] == [None, None] and len(cluster()) == 2
    assert workers[0].name == f"worker {workers[0].id}"


def test_what_was_said_while_there_was_no_driver_is_said_again(
    made: Callable[..., Driven],
) -> None:
    engine = made()
    workers: list[Any] = [engine.start() for _ in range(3)]
    until(engine, lambda: len(cluster()) == 3)
    assert engine.process
    engine.process.kill()
    engine.process.wait()
    workers[0].terminate()
    workers[1].kill()
    late: Any = engine.start()
    until(engine, lambda: late.poll() is not None)
    assert (workers[0].poll(), workers[1].poll(), late.poll()) == (None, -9, 1)
    until(engine, lambda: cluster() == {workers[0].id: "stopped", workers[2].id: "works"})


def test_a_worker_that_the_next_driver_does_not_find_has_died(made: Callable[..., Driven]) -> None:
    engine = made()
    workers: list[Any] = [engine.start() for _ in range(2)]
    until(engine, lambda: len(cluster()) == 2)
    Path("dead").touch()
    another(engine, "abort")
    Path("cluster.json").write_text("{}")
    Path("dead").unlink()
    until(engine, lambda: [one.poll() for one in workers] == [1, 1])
    new: Any = engine.start()
    until(engine, lambda: new.pid)


def test_with_a_ray_of_its_own_all_workers_end(made: Callable[..., Driven]) -> None:
    engine = made("local")
    worker: Any = engine.start()
    until(engine, lambda: worker.pid)
    another(engine, "abort")
    assert worker.poll() == 1


def test_workers_of_a_supervisor_that_was_killed_are_found(made: Callable[..., Driven]) -> None:
    Path("cluster.json").write_text('{"a": "works", "b": "works"}')
    engine = made()
    left = engine.left(None)
    assert len(left) == 2
    for one in left:
        one.terminate()
    until(engine, lambda: cluster() == {"a": "stopped", "b": "stopped"})


def test_there_is_no_ray(made: Callable[..., Driven]) -> None:
    Path("none").touch()
    with pytest.raises(SetupError, match="No Ray at x"):
        made()
    Path("none").unlink()
    Path("dead").touch()
    with pytest.raises(SetupError, match="has ended the process that asked it"):
        made()


def test_a_cluster_that_stays_away_is_given_up(
    made: Callable[..., Driven], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made()
    worker = engine.start()
    monkeypatch.setattr(driven, "AWAY_S", 0.5)
    Path("none").touch()
    Path("abort").touch()
    with pytest.raises(EngineLost, match="No Ray at x"):
        until(engine, lambda: False)
    assert worker.wait(1) == 1


def test_an_order_is_told_whole() -> None:
    order = ORDER.model_copy(update={"code": (b"\xff\x00code", b""), "path": ("a", "b")})
    assert read(json.loads(json.dumps(written(order)))) == order


PLACED = """
import sys, time
from agentkit.fleet.placed import Order, RayWorker

RayWorker(Order(
    log=sys.argv[1], targets=("tests.agentkit.fleet.chaos_team:both",),
    slots=2, lease_s=4.0, attempts=3, drain_s=60.0,
))
time.sleep(600)
"""
STARTING = """
import subprocess, sys, time

print(subprocess.Popen([sys.executable, "-c", *sys.argv[1:]]).pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether there is such a process that is no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def test_a_worker_whose_ray_has_ended_ends_its_runs_and_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    log = open_log(url)
    for n in range(2):
        await chaos_team.storing.submit(f"t{n}", log=log)
    with (tmp_path / "worker.txt").open("wb") as out:
        ray = subprocess.Popen(
            [sys.executable, "-c", STARTING, PLACED, url], stdout=subprocess.PIPE, stderr=out,
            text=True, env=os.environ | {"PYTHONPATH": str(ROOT), "CHAOS_TURNS": "20"},
        )  # fmt: skip
    assert ray.stdout is not None
    worker = int(ray.stdout.readline())
    try:
        async with asyncio.timeout(90):
            while log.work.counts().running < 2:
                await asyncio.sleep(0.05)
            ray.kill()
            ray.wait()
            while alive(worker):
                await asyncio.sleep(0.05)
        assert "Ray has ended here" in (tmp_path / "worker.txt").read_text()
        assert log.work.counts().done == 2 and not log.work.workers()
    finally:
        ray.kill()
        ray.stdout.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        log.close()
