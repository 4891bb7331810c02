"""The public surface is what `__all__` says, and importing it is quiet."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import agentkit

HELPERS = ("typing", "agentkit.garbage", "agentkit.late")
"""What the package's own door is made with."""


def test_the_list_is_sorted_and_complete() -> None:
    tree = ast.parse(Path(agentkit.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module not in HELPERS
        for alias in node.names
    }
    assert set(agentkit.__all__) == imported
    assert agentkit.__all__ == sorted(agentkit.__all__, key=lambda n: (not n.isupper(), n))
    assert len(agentkit.__all__) == len(set(agentkit.__all__)) <= 40


def test_the_names_that_must_hold_are_there() -> None:
    for name in (
        "Actor Agent AgentkitError Answer connect current_run gather open_log pattern run tool"
    ).split():
        assert name in agentkit.__all__


def test_every_public_thing_says_what_it_is() -> None:
    for name in agentkit.__all__:
        thing = getattr(agentkit, name)
        if callable(thing) or isinstance(thing, type):
            assert thing.__doc__, name


def test_importing_is_quiet_and_starts_nothing() -> None:
    code = "import threading, agentkit; assert threading.active_count() == 1"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
