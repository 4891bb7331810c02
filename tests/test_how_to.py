"""The how-to pages: their code runs as it stands there, file by file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.warm import AGENTKIT, REWRITTEN

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))

PLUGINS = ("-p", "no:agentkit", "-p", "agentkit.testing.fixtures", "-p", "no:cacheprovider",
           "-p", "no:nbval", "-p", "no:hypothesispytest",
           "-W", f"ignore:{REWRITTEN}")  # fmt: skip
"""The fixtures come from this checkout, whatever is installed; the last two are slow to import."""


def files_of(page: str) -> dict[str, str]:
    """The files that a page shows: each block of Python begins with the name of its file."""
    found: dict[str, str] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, f"a block names no file:\n{block}"
        # What an earlier import has loaded would hide that a name of it needs one: `agentkit.log`.
        assert not re.search(r"^\s*import (agentkit|memory)", block, re.M), block
        found[name[1]] = found.get(name[1], "") + block
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_code_of_a_page_runs(path: Path, tmp_path: Path) -> None:
    files = files_of(path.read_text(encoding="utf-8"))
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    if path.stem != "first-agent":  # the simulated endpoint's own process is started there
        env["AGENTKIT_SIM"] = "inside"

    def run(*command: str) -> None:
        done = AGENTKIT.run(*command, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stdout + done.stderr

    tests = [name for name in files if name.startswith("test_")]
    recorded = [name for name in tests if "recorded(" in files[name]]
    plain = ["-m", "pytest", "-q", "--rootdir", str(tmp_path), "-o", "asyncio_mode=auto", *PLUGINS]
    if recorded:
        run(*plain, "--agentkit-record", *recorded)
    if tests:
        run(*plain)
    for name in [one for one in files if one not in {*tests, "conftest.py"}]:
        run(name)
