"""A supervisor that Ray aborts has a next one; one that ends, is stopped or is killed has none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentkit.fleet import watching
from agentkit.fleet.sidecar import AGAIN
from tests.conftest import ROOT

ENDS = {"again": f"sys.exit({AGAIN})", "abort": "os.abort()", "killed": "os.kill(os.getpid(), 9)"}

CODE = """
import os, sys
with open("starts.txt", "a") as file:
    print(os.environ.get("AGENTKIT_FLEET_PATIENCE", "-"), file=file)
if os.environ.get("AGENTKIT_FLEET_PATIENCE") is None:
    {end}
sys.exit(7)
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_S", 0.01)
    monkeypatch.setattr(watching, "BEGUN_S", -1.0)


def run(end: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", CODE.format(end=ENDS[end])]
    status = watching.watched(command, os.environ)
    return status, Path("starts.txt").read_text().split()


@pytest.mark.parametrize("end", ["again", "abort"])
def test_the_next_one_goes_on_and_waits_for_the_cluster(end: str) -> None:
    assert run(end) == (7, ["-", "600"])


def test_one_that_was_killed_has_no_next_one() -> None:
    assert run("killed") == (128 + 9, ["-"])


def test_one_that_is_aborted_before_it_has_begun_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BEGUN_S", 60.0)
    assert run("abort") == (128 + signal.SIGABRT, ["-"])


@pytest.mark.skipif(os.name != "posix", reason="signals are told to a child there")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_is_for_the_supervisor(name: str, tmp_path: Path) -> None:
    child = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); "
    child += "open('up', 'w').close(); time.sleep(60)"
    code = "import os, sys; from agentkit.fleet.watching import watched\n"
    code += f"sys.exit(watched([sys.executable, '-c', {child!r}], os.environ))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=env) as watcher:
        guard = threading.Timer(60, watcher.kill)
        guard.start()
        while not (tmp_path / "up").exists():
            time.sleep(0.02)
        watcher.send_signal(getattr(signal, name))
        assert watcher.wait(60) == 5
        guard.cancel()


def test_who_is_watched_tells_nobody_else_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(watching.INNER, "1")
    assert watching.is_watched() and watching.INNER not in os.environ
    assert not watching.is_watched()
