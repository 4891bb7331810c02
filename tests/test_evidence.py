"""Every measured number in the lessons and the README says what it is evidence of.

A simulated model errs as it was made to err: what is measured with it shows what follows from
that, and nothing of language models. So where numbers are shown as a table it is said whose they
are: simulated, local (with the name of the model) or hosted (with its name).
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WHOLE = ["16-train-a-small-model"]
"""Lessons whose subject is a real model, so that no section says "the same"."""
LABEL = re.compile(r"\bsimulated\b|\b(?:local|hosted)\s\(|\blocal:\w", re.I)
MEASURED = re.compile(r"\d+(?:\.\d+)? ?(?:%|ms\b|s\b|µs\b|USD\b|MB\b|tokens?\b)|\b0\.\d+\b")


def tables(text: str) -> list[str]:
    """The tables of a Markdown text in which something was measured."""
    found = re.findall(r"^\|.*\|\n\|[ :|-]+\|\n(?:\|.*\|(?:\n|\Z))+", text + "\n", re.M)
    return [table for table in found if MEASURED.search(table)]


def unlabelled(text: str) -> list[str]:
    """The measured tables of a text that has no label in the table's section."""
    sections = re.split(r"(?m)^(?=#)", text)
    return [one for part in sections for one in tables(part) if not LABEL.search(part)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_says_whose_its_numbers_are(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert re.search(r"simulated", cells[0].source), "its head does not say what is simulated"
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert [one for text in texts for one in unlabelled(text)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_real_model_said_is_told_from_what_is_simulated(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    real = [cell for cell in cells if "real" in cell.metadata.get("tags", [])]
    same = real[0].source.startswith("## The same with a real model")
    assert same or path.stem in WHOLE
    assert LABEL.search(real[0].source)
    shown = "".join(o.get("text", "") for cell in real for o in cell.get("outputs", []))
    assert re.search(r"Recorded on \d{4}-\d\d-\d\d with \w+:\S+ \(", shown)


@pytest.mark.parametrize("name", ["README.md", "docs/how-to/local-models.md"])
def test_the_numbers_and_pictures_of_a_page_say_whose_they_are(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert unlabelled(text) == []
    assert [one for one in re.findall(r"!\[([^\]]*)\]", text) if not LABEL.search(one)] == []


def test_an_unlabelled_table_is_found() -> None:
    table = "| team | right |\n|---|---:|\n| vote | 71 % |\n"
    assert unlabelled(f"## Votes\n\n{table}") == [table]
    assert unlabelled(f"## Votes\n\n{table}\nAll of it is simulated.\n") == []
    assert unlabelled(f"Simulated.\n\n## Votes\n\n{table}") == [table]
    assert unlabelled("| a | b |\n|---|---|\n| one | two |\n") == []
