"""Each measurement in a process of its own, so that no other one has warmed or filled it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

Figures = dict[str, float]
LIMIT_S = 300.0


class Failed(Exception):
    """A measurement's process failed; the text is the end of what it said."""


def fresh(
    module: str, *arguments: str, python: str = sys.executable, limit_s: float = LIMIT_S
) -> Figures:
    """Run a module with arguments; its figures are the last line it prints, as JSON.

    It gets an event log of its own, which is thrown away.

    Raises:
        Failed: it did not print any, or took longer than limit_s.
    """
    with tempfile.TemporaryDirectory(prefix="agentkit-bench-") as folder:
        env = {**os.environ, "AGENTKIT_LOG": str(Path(folder, "log.db"))}
        # An import that compiles every file again is no import that a user waits for.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [python, "-m", module, *arguments]
        try:
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{' '.join(arguments)} took longer than {limit_s:g} s") from error
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise Failed(f"{' '.join(arguments)}: {(done.stderr or done.stdout)[-800:]}")
    return dict(json.loads(lines[-1]))


def call(module: str, function: str, *arguments: str, limit_s: float = LIMIT_S) -> Figures:
    """Call a function of a module in a new process; it returns its figures."""
    return fresh("benchmarks.fresh", module, function, *arguments, limit_s=limit_s)


def best(rows: Iterable[Figures]) -> Figures:
    """The smallest of each figure: other work on the machine only ever adds."""
    found: Figures = {}
    for row in rows:
        for name, value in row.items():
            found[name] = min(value, found.get(name, value))
    return found


if __name__ == "__main__":
    found = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
    print(json.dumps(found(*sys.argv[3:])))
