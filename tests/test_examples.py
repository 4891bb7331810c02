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
from tests.warm import AGENTKIT

FOLDER = ROOT / "examples"
ENV = os.environ | {"PYTHONPATH": f"{ROOT}:{FOLDER}"}
MEDIAN = "def median(numbers):\n    return sorted(numbers)[len(numbers) // 2]\n"
PROGRAMS = sorted(FOLDER.glob("[!t]*.py"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_program_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80


def test_the_programs_and_their_tests_are_typed_strictly(tmp_path: Path, mypy_cache: Path) -> None:
    names = [str(path) for path in sorted(FOLDER.glob("*.py"))]
    # As of an installed package, what is wrong inside of it is not reported.
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(mypy_cache)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *names],
        cwd=tmp_path, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_programs_pass_their_own_tests(tmp_path: Path) -> None:
    tests = map(str, sorted(FOLDER.glob("test_*.py")))
    words = ("-m", "pytest", "-q", "--rootdir", str(FOLDER), *PLUGINS, *tests)
    done = AGENTKIT.run(*words, cwd=tmp_path, env=ENV)
    assert done.returncode == 0 and "9 passed" in done.stdout, done.stdout


AGREES = """
import asyncio, sys, triage
from agentkit import set_person
async def yes(question):
    print("asked:", question.text)
    return "yes"
set_person(yes)
asyncio.run(triage.main(sys.argv[1]))
"""


def started(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the examples on the simulated endpoint."""
    env = ENV | {
        "AGENTKIT_LOG": f"sqlite:///{folder}/log.db",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return AGENTKIT.run(*command, cwd=folder, env=env)


def test_the_simulated_model_triages_and_refunds_what_a_person_agreed_to(tmp_path: Path) -> None:
    done = started(tmp_path, str(FOLDER / "triage.py"))
    assert done.stdout == "The delivery fee is 5 EUR.\nrefunded: {}\n", done.stdout + done.stderr
    request = "Refund 24 EUR for order 1007, please."
    done = started(tmp_path, "-c", AGREES, request)
    assert 'asked: May cashier call refund(order="1007", eur=24.0)?' in done.stdout, done.stderr
    assert done.stdout.endswith("refunded: {'1007': 24.0}\n")
    done = started(tmp_path, str(FOLDER / "triage.py"), request)
    assert done.stdout.endswith("refunded: {}\n"), "nobody is there who could agree"


def test_the_simulated_model_repairs_nothing_and_the_program_says_so(tmp_path: Path) -> None:
    folder = broken(tmp_path)
    done = started(tmp_path, str(FOLDER / "repair.py"), str(folder))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("not repaired: ") and "assert 3 == 2.5" in done.stdout
    assert (folder / "median.py").read_text(encoding="utf-8") == MEDIAN


def test_two_sites_go_on_while_their_line_is_cut_and_each_order_is_told_of_once(
    tmp_path: Path,
) -> None:
    done = started(tmp_path, str(FOLDER / "sites.py"))
    first, second = done.stdout.splitlines()
    before = int(first.partition(" ")[0])
    assert 2 <= before < 12 and first.endswith("then 12"), done.stdout + done.stderr
    assert second == "each once: True; 20 local asks meanwhile"
    assert "Traceback" not in done.stderr, done.stderr


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
    done = AGENTKIT.run(*command[1:], cwd=tmp_path, env=env)
    assert done.stdout.startswith("60 notices; the last: "), done.stdout + done.stderr
    assert "159" in done.stdout
    log = open_log(str(path), write=False)
    (run,) = log.runs()
    asks = [event for event in log.read(run.id) if event.kind == "step.started"]
    assert run.status == "ok" and sum(one.step == "model" for one in asks) <= 60 + 3
    log.close()


def broken(folder: Path) -> Path:
    """A program with a fault that its tests find."""
    place = folder / "program"
    place.mkdir()
    (place / "median.py").write_text(MEDIAN, encoding="utf-8")
    test = (
        "from median import median\n\n\ndef test_four():\n    assert median([4, 1, 3, 2]) == 2.5\n"
    )
    (place / "test_median.py").write_text(test, encoding="utf-8")
    return place


def calls(path: Path) -> int:
    """The model calls that a log has so far."""
    if not path.exists():
        return 0
    log = open_log(str(path), write=False)
    try:
        return sum(run.calls for run in log.runs())
    finally:
        log.close()
