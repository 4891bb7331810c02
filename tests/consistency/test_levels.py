"""What is promised of shared state holds, in histories of fixed seeds.

`make check-consistency` plays many more.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from consistency.__main__ import batch, told
from consistency.levels import LEVELS
from consistency.plan import Act, Client, Fault, Plan
from consistency.shrink import shrunk
from memory.board.state import BoardState
from tests.conftest import ROOT

SEEDS = range(12)


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_holds(name: str) -> None:
    level = LEVELS[name]
    wrong = {seed: found for seed in SEEDS if (found := level.violations(level.plan(seed))[1])}
    assert not wrong


@pytest.mark.parametrize("name", LEVELS)
def test_a_seed_gives_the_same_history_again(name: str) -> None:
    level = LEVELS[name]
    one, other = (level.violations(level.plan(3))[0] for _ in range(2))

    def lines(history: object) -> list[str]:
        return [line.partition(" FAIL ")[0] for line in str(history).splitlines()]

    assert lines(one) == lines(other) and len(one.ops) > 3


@pytest.mark.parametrize("name", LEVELS)
def test_the_histories_are_not_easy(name: str) -> None:
    level = LEVELS[name]
    plans = [level.plan(seed) for seed in range(60)]
    kinds = {fault.kind for plan in plans for fault in plan.faults}
    assert kinds >= set(level.shape.faults) and any(plan.processes > 1 for plan in plans)
    histories = [level.violations(plan)[0] for plan in plans[:20]]
    types = {op.type for history in histories for op in history.ops}
    assert "fail" in types and any(op.writes and op.ok for h in histories for op in h.ops)


def test_a_violation_is_shrunk_to_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoardState, "count_lost", lambda *_: None)
    level = LEVELS["lww-sessions"]
    seed = next(seed for seed in range(50) if level.violations(level.plan(seed))[1])
    whole = level.plan(seed)
    small = shrunk(whole, lambda plan: bool(level.violations(plan)[1]))
    acts = [act for client in small.clients for act in client.acts]
    assert 1 < len(acts) <= 3 < sum(len(client.acts) for client in whole.clients)
    assert batch("lww-sessions", range(seed, seed + 1)).wrong == (seed,)
    text = told("lww-sessions", seed)
    assert f"python -m consistency lww-sessions --from {seed} --histories 1" in text
    assert "is gone without a word" in text and "blind" in text


def test_a_plan_without_any_need_is_shrunk_to_nothing() -> None:
    client = Client(0, "a", (Act(0.1, "read", "x"),) * 5)
    plan = Plan(1, "lww", ("a", "b"), 1, (client, client), (Fault(0.0, "heal"),))
    empty = replace(client, acts=())
    assert shrunk(plan, lambda _: True) == replace(plan, clients=(empty, empty), faults=())


def test_the_command_plays_levels_and_tells_what_is_no_level(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "consistency", "--workers", "1", "--histories", "3"]
    done = subprocess.run(
        [*command, "state"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "0 wrong" in done.stdout, done.stderr
    done = subprocess.run([*command, "best"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no level best; there are: cas-primary" in done.stderr
