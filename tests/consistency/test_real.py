"""Real processes on one log, some of them killed: their histories pass, and faults are found."""

from __future__ import annotations

import subprocess
import sys

from consistency.levels import LEVELS
from tests.conftest import ROOT

FORGETFUL = """
from agentkit.logs.sqlite import SqliteLog
from agentkit.events import StateChanged
write = SqliteLog.write
async def lossy(self, batch):
    kept = []
    for lease, events in batch:
        if any(isinstance(e, StateChanged) for e in events):
            continue
        kept.append((lease, events))
    return [*await write(self, kept), *[part for part in batch if part not in kept]]
SqliteLog.write = lossy
"""
"""A log that says of what it dropped that it is stored."""


def played(*arguments: str, fault: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{fault}\nimport sys\nfrom consistency.real import main\nsys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_histories_of_real_processes_pass() -> None:
    some = ["cas-primary", "lww-sessions", "crdt-causal", "state"]
    done = played("--histories", "1", "--from", "20", *some)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == some
    assert all(int(line.split()[3]) > 5 and line.endswith(" 0 wrong") for line in lines)


def test_every_level_is_played_unless_some_are_named() -> None:
    done = played("--histories", "0")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*LEVELS]


def test_what_is_acknowledged_and_not_stored_is_found() -> None:
    done = played("--histories", "3", "state", fault=FORGETFUL)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "tally is not linearizable" in done.stdout
