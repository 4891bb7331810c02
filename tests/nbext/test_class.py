"""%class in a real kernel."""

from __future__ import annotations

from pathlib import Path

from tests.agentkit.grading.test_overview import a_class
from tests.nbext.notebook import Notebook


def test_a_teacher_looks_at_a_class_in_a_notebook(notebook: Notebook, tmp_path: Path) -> None:
    grades = a_class(tmp_path / "grades")
    notebook.ok("%load_ext nbext")
    notebook.ok(f"import os; os.chdir({str(tmp_path)!r})")
    shown = notebook.ok("%class grades")
    assert "student 004" in shown.text and "ada" not in shown.text
    assert "ada" not in str(shown.outputs)
    named = notebook.ok("%class grades --names --page page.html")
    assert "ada" in named.text and (tmp_path / "page.html").exists()
    assert "bo<b>" not in named.outputs[-1]["text/html"]
    assert "There is no" in notebook.run("%class nowhere").error
    assert "handed in" in notebook.run("%class grades/grades.jsonl --handed-in x").error
    assert grades.exists()
