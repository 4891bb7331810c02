"""The page beside other kits: it shows parts of programs, and they do what it says of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentkit.sim.server import Server, start
from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "beside"
PROGRAMS = [*sorted(FOLDER.glob("*.py")), ROOT / "examples" / "survey.py"]
PEERS = ROOT / ".venv-compare" / "bin" / "python"
PAID = "1007 24\n"


def test_what_the_page_shows_stands_in_the_programs() -> None:
    page = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    texts = [path.read_text(encoding="utf-8") for path in PROGRAMS]
    assert len(blocks) == 9
    for block in blocks:
        indented = [textwrap.indent(block, " " * n) for n in (0, 4)]
        assert any(one in text for one in indented for text in texts), block


@pytest.fixture(scope="module")
def sim() -> Iterator[Server]:
    with start(speed=1) as server:
        yield server


def command(sim: Server, folder: Path, name: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """What starts a program, and its environment."""
    env = os.environ | {
        "OPENAI_BASE_URL": f"{sim.url}/v1",
        "AGENTKIT_LOG": f"sqlite:///{folder}/log.db",
        "PYTHONPATH": str(ROOT),
    }
    python = sys.executable if name == "refund" else str(PEERS)
    return [python, str(FOLDER / f"{name}.py"), *words], env


def started(sim: Server, folder: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    line, env = command(sim, folder, name, *words)
    return subprocess.run(
        line, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.compare
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "twice"), [("refund", False), ("refund_pydantic_ai", True), ("refund_langgraph", True)]
)
def test_a_refund_whose_record_was_lost(
    name: str, twice: bool, sim: Server, tmp_path: Path
) -> None:
    refused = started(sim, tmp_path, name, "no")
    assert refused.returncode == 0 and not (tmp_path / "paid.txt").exists(), refused.stderr
    for left in (*tmp_path.glob("*.db*"), *tmp_path.glob("*.sqlite*")):
        left.unlink()
    (tmp_path / "die").touch()
    killed = started(sim, tmp_path, name, "yes")
    assert killed.returncode < 0 and (tmp_path / "paid.txt").read_text() == PAID, killed.stderr
    again = started(sim, tmp_path, name, "yes")
    assert (tmp_path / "paid.txt").read_text() == PAID * (1 + twice), again.stderr
    assert twice or "Unsettled: refund(" in again.stderr


@pytest.mark.compare
@pytest.mark.timeout(600)
def test_a_survey_that_is_killed_asks_for_the_rest(sim: Server, tmp_path: Path) -> None:
    """That of agentkit does as well: tests/test_examples.py."""

    def calls() -> int:
        return int(httpx.get(f"{sim.url}/sim/stats", trust_env=False).json()["charged"])

    before = calls()
    line, env = command(sim, tmp_path, "survey_langgraph")
    running = subprocess.Popen(line, cwd=tmp_path, env=env)
    # A busy machine needs a minute to import that kit alone.
    until = time.monotonic() + 300
    while time.monotonic() < until and running.poll() is None and calls() < before + 30:
        time.sleep(0.01)
    running.kill()
    running.wait()
    paid = calls() - before
    assert 30 <= paid < 60
    done = started(sim, tmp_path, "survey_langgraph")
    assert done.stdout.startswith("60 notices; the last: "), done.stderr
    assert "159" in done.stdout
    # What was answered and not yet in a checkpoint is asked for again: not only what was under way.
    assert 60 - paid <= calls() - before - paid < 60
