"""What type checkers know of the public names: of what is right, and of what is not."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import agentkit.testing
from agentkit.actor import RUN_OPTIONS
from tests.conftest import ROOT

HERE = Path(__file__).parent

PYRIGHT = ROOT / "node_modules" / "pyright" / "index.js"
FILES = ("right.py", "wrong.py")


def told_by(name: str, folder: Path, cache: Path) -> list[str]:
    """What a type checker says of the files, one line for each error."""
    for one in FILES:
        shutil.copy(HERE / one, folder)
    if name == "mypy":
        # As of an installed package, what is wrong inside of it is not reported.
        options = ["--strict", "--follow-imports=silent", "--cache-dir", str(cache)]
        command = [sys.executable, "-m", "mypy", *options, *FILES]
    elif (node := shutil.which("node")) is not None and PYRIGHT.is_file():
        (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}))
        command = [node, str(PYRIGHT), "-p", str(folder), "--pythonpath", sys.executable]
    else:
        pytest.skip("pyright is not installed; scripts/types does so, and runs this test")
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if re.search(r"\berror: ", line)]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_type_checker_finds_the_types_and_every_mistake(
    checker: str, tmp_path: Path, mypy_cache: Path
) -> None:
    told = told_by(checker, tmp_path, mypy_cache)
    places = [re.search(r"(\w+\.py):(\d+)", line) for line in told]
    found = {(one[1], int(one[2])) for one in places if one is not None}
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    wrong = {("wrong.py", n) for n, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert len(wrong) > 10
    assert found == wrong, "\n".join(told)


def test_the_file_of_what_is_right_uses_every_public_name() -> None:
    tree = ast.parse((HERE / "right.py").read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    hooks = {"Change", "GuardRefused", "Hook", "HookFailed", "Refuse"}
    assert {*agentkit.__all__, *agentkit.testing.__all__, *hooks} - used == set()


def test_the_options_that_checkers_know_are_those_of_a_run() -> None:
    recorded = {"task", "output", "sample", "arguments", "model", "deps"}
    assert set(inspect.signature(agentkit.run).parameters) - recorded == RUN_OPTIONS
