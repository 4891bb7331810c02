"""The lessons in a real JupyterLab: Run All comes to the end, with the outputs that are stored."""

from __future__ import annotations

import shutil
from typing import Any

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.conftest import ROOT

LIMIT_MS = 150_000
STEP_MS = 500


def put(lab: Lab, name: str) -> None:
    """A lesson as it is in a fresh clone, in the server's folder."""
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, lab.root / name)
    shutil.copytree(ROOT / "notebooks" / "recorded", lab.root / "recorded", dirs_exist_ok=True)


def unexpected(notebook: Any) -> list[str]:
    """Errors of cells that are not marked to have one; Run All stops at the first."""
    return [
        f"{output.ename}: {output.evalue}"
        for cell in notebook.cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "error"
    ]


def run_all(lab: Lab) -> Any:
    """Run every cell from the menu; the notebook as saved when the last one is done."""
    lab.page.get_by_role("menuitem", name="Run", exact=True).click()
    lab.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    for _ in range(LIMIT_MS // STEP_MS):
        lab.page.wait_for_timeout(STEP_MS)
        saved = lab.save()
        assert not (wrong := unexpected(saved)), wrong
        counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
        if all(counts):
            return saved
    raise AssertionError(f"cells not done after {LIMIT_MS / 1000:.0f} s: {counts}")


@pytest.mark.person
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["01-agent-as-a-component.ipynb", "02-tools.ipynb"])
def test_a_lesson_runs_from_top_to_bottom_in_jupyterlab(lab: Lab, name: str) -> None:
    put(lab, name)
    lab.open(name)
    saved = run_all(lab)
    stored = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    for now, then in zip(saved.cells, stored.cells, strict=True):
        if now.cell_type == "code":
            kinds = [output.output_type for output in now.outputs]
            assert kinds == [output.output_type for output in then.outputs], now.source
    assert not [text for text in lab.console if "nbext" in text or "anywidget" in text]
