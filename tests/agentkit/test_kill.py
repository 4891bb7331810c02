"""A real process, killed with SIGKILL at random moments, goes on until it is done."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from agentkit.errors import RunTaken
from agentkit.logs.sqlite import SqliteLog
from tests.conftest import ROOT
from tests.teams import begun, check_history, settled
from tests.warm import AGENTKIT, Program

PROGRAM = Path(__file__).with_name("killed.py")


def begin(folder: Path, **environment: str) -> Program | subprocess.Popen[str]:
    """The program, past its imports."""
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"} | environment
    process = AGENTKIT.begin(str(PROGRAM), cwd=folder, env=env)
    assert process.stdout
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def finished(folder: Path) -> str:
    process = begin(folder)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    # Killed while SQLite switches to its write-ahead log or back, a file is like one that was
    # copied without it, and its opener says so.
    assert [one for one in errors.splitlines() if "may be incomplete" not in one] == []
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_it_repeats_nothing_recorded(tmp_path: Path, seed: int) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        folder.mkdir()
    expected = finished(calm)
    chance, kills = random.Random(seed), 0
    for _ in range(5):
        process = begin(rough)
        try:
            process.wait(chance.uniform(0.02, 0.12))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate(timeout=20)
    assert kills
    assert finished(rough) == expected
    log = SqliteLog(rough / "killed.db")
    assert [one for one in log.verify() if "may be incomplete" not in one] == []
    events = log.read("run")
    log.close()
    check_history(events)
    counts = Counter((rough / "counts.txt").read_text().splitlines())
    assert all(count == 1 for line, count in counts.items() if line.startswith("pay"))
    attempts = Counter(step.key for step in begun(events))
    done = Counter(line.split()[0] for line in counts.elements())
    assert done["model"] <= sum(1 for s in begun(events) if s.step == "model")
    doubtful = sum(attempts.values()) - len(attempts)
    assert sum(counts.values()) <= len(settled(events)) + doubtful
    calm_counts = Counter((calm / "counts.txt").read_text().splitlines())
    assert {c for c in counts if c[0] != "m"} == {c for c in calm_counts if c[0] != "m"}


def test_a_run_is_not_taken_from_a_living_process(tmp_path: Path) -> None:
    process = begin(tmp_path, PAY_S="60")  # it lives, however long this process is not let run
    try:
        while "pay" not in (tmp_path / "counts.txt").read_text():
            assert process.poll() is None
        log = SqliteLog(tmp_path / "killed.db")
        with pytest.raises(RunTaken, match=str(process.pid)):
            log.claim("run")
    finally:
        process.kill()
        process.communicate()
    assert log.claim("run").epoch == 2
    log.close()
