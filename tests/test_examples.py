"""The programs in examples/: short, strictly typed, and they do what they say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentkit import open_log
from tests.conftest import ROOT
from tests.test_how_to import PLUGINS

FOLDER = ROOT / "examples"
ENV = os.environ | {"PYTHONPATH": f"{ROOT}:{FOLDER}"}
PROGRAMS = sorted(FOLDER.glob("[!t]*.py"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_program_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80


def test_the_programs_and_their_tests_are_typed_strictly(tmp_path: Path) -> None:
    names = [str(path) for path in sorted(FOLDER.glob("*.py"))]
    # As of an installed package, what is wrong inside of it is not reported.
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *names],
        cwd=tmp_path, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_service_passes_its_own_tests(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(FOLDER), *PLUGINS,
         str(FOLDER / "test_service.py")],
        cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_survey_that_is_killed_goes_on_and_pays_for_the_rest(tmp_path: Path) -> None:
    command, path = [sys.executable, str(FOLDER / "survey.py")], tmp_path / "survey.db"
    env = ENV | {"AGENTKIT_LOG": f"sqlite:///{path}"}
    running = subprocess.Popen(command, cwd=tmp_path, env=env)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and calls(path) < 6:
            time.sleep(0.02)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    paid = calls(path)
    assert 6 <= paid < 60, "killed half way"
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.startswith("60 notices; the last: "), done.stdout + done.stderr
    assert "159" in done.stdout
    log = open_log(str(path), write=False)
    (run,) = log.runs()
    asks = [event for event in log.read(run.id) if event.kind == "step.started"]
    assert run.status == "ok" and sum(one.step == "model" for one in asks) <= 60 + 3
    log.close()


def calls(path: Path) -> int:
    """The model calls that a log has so far."""
    if not path.exists():
        return 0
    log = open_log(str(path), write=False)
    try:
        return sum(run.calls for run in log.runs())
    finally:
        log.close()
