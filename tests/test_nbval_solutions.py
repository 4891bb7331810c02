"""nbval tries the folded solutions of a notebook, and fails on one that solves nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat

from tests.warm import AGENTKIT, REWRITTEN

ROOT = Path(__file__).resolve().parent.parent
CHECK = "from nbext.exercise import check\ncheck(('it is two', lambda: found == 2))"


def notebook(*solutions: str) -> nbformat.NotebookNode:
    """A notebook with an exercise per solution, as it would be stored."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = []
    for one in solutions:
        cells += [
            code("found = 1", execution_count=1, metadata={"tags": ["exercise"]}),
            markdown(
                f"<details><summary>A solution</summary>\n\n```python\n{one}\n```\n</details>"
            ),
            code("found"),
            code(CHECK),
        ]
    return nbformat.v4.new_notebook(cells=cells)


def test_each_solution_is_tried_and_must_solve_its_exercise(tmp_path: Path) -> None:
    nbformat.write(notebook("found = 2", "found = 3", "found = 1 / 0"), tmp_path / "tried.ipynb")
    plugins = ["-p", "tests.nbval_updates", "-p", "tests.nbval_solutions"]  # as in scripts/test
    nbval = [*plugins, "--nbval", "--nbval-current-env", "-rA", "-q", "--color=no"]
    done = AGENTKIT.run(
        "-m", "pytest", f"--config-file={ROOT / 'pyproject.toml'}", *nbval,
        "-p", "no:cacheprovider", "-W", f"ignore:{REWRITTEN}", "tried.ipynb",
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    said = re.findall(r"^(PASSED|FAILED) .*::Solution of cell (\d+)", done.stdout, re.M)
    assert said == [("PASSED", "0"), ("FAILED", "3"), ("FAILED", "6")], done.stdout
    assert "does not solve it" in done.stdout and "Not yet: 0 of 1" in done.stdout
    assert "ZeroDivisionError" in done.stdout
