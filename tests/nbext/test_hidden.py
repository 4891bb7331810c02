"""A reader's own memory.py or agentkit.py beside the notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbext.hidden import hider
from tests.nbext.notebook import Notebook

pytestmark = pytest.mark.usefixtures("started")

INSTALLED = "import sys; sys.path.insert(0, '')"
"""In a kernel the notebook's folder comes before installed packages, but after PYTHONPATH."""


def test_our_own_packages_are_hidden_by_nothing() -> None:
    assert hider("agentkit") is hider("memory") is None


def test_a_readers_memory_file_is_named_when_loading_and_when_a_name_is_missing(
    notebook: Notebook, tmp_path: Path
) -> None:
    (tmp_path / "memory.py").write_text("KEPT = 1\n")
    notebook.ok(INSTALLED)
    said = notebook.ok("%load_ext nbext").stream
    assert str(tmp_path / "memory.py") in said and "another name" in said
    for cell in ("from memory import Board", "import memory\nmemory.Board", "%state board@1"):
        failed = notebook.run(cell)
        assert failed.status == "error"
        assert str(tmp_path / "memory.py") in failed.stream and "another name" in failed.stream
    assert notebook.value("__import__('memory').KEPT") == "1"
    assert notebook.run("1 / 0").stream == ""


def test_a_readers_agentkit_file_is_an_error_that_names_it(
    notebook: Notebook, tmp_path: Path
) -> None:
    (tmp_path / "agentkit.py").write_text("")
    notebook.ok(INSTALLED)
    cell = notebook.run("%load_ext nbext")
    assert str(tmp_path / "agentkit.py") in cell.error and "another name" in cell.error
