"""The notebooks as files: form, stored outputs, and that their exercises can be solved."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.answers import ANSWERS
from tests.exercises import exercises, solution, tags, verdicts
from tests.pages import mathematics

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
PATHS = re.compile(r"(?<![\w.:/])/(home|root|tmp|work|Users|private)/|[A-Z]:\\\\Users")
LARGEST_B = 300_000
CODE_CELLS = 38
LONGEST_CELL = 16

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tried(path: Path) -> tuple[Any, list[tuple[str, bool]]]:
    """The notebook as a reader leaves it who tries many answers, and which of them are right.

    Each wrong answer, then each other right one, then the folded solution, in one kernel.
    """
    notebook, cells, names = read(path), list[Any](), list[tuple[str, bool]]()
    there_are = {one.place: one for one in exercises(notebook.cells)}
    for place, cell in enumerate(notebook.cells):
        if place in there_are:
            key = f"{path.stem[:2]}-{list(there_are).index(place) + 1}"
            one = there_are[place]
            for right, answers in enumerate((ANSWERS[key].wrong, ANSWERS[key].right)):
                for name, text in answers.items():
                    names.append((f"{key} {name}", bool(right)))
                    cells += [nbformat.v4.new_code_cell(text), *copy.deepcopy(one.graders)]
            names.append((f"{key} solution", True))
            cell.source = one.solution
        cells.append(cell)
    notebook.cells = cells
    return notebook, names


def judgements(notebook: Any) -> list[str]:
    """What the checks of the exercises say."""
    shown = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return [text for outputs in shown for text in verdicts(outputs)]


def test_the_notebooks_are_one_numbered_ladder() -> None:
    numbers = [re.match(r"(\d\d)-[a-z0-9-]+$", path.stem) for path in NOTEBOOKS]
    assert NOTEBOOKS
    steps = [int(m[1]) for m in numbers if m]
    assert len(steps) == len(NOTEBOOKS) == len(set(steps))
    assert steps == sorted(steps) and steps[0] == 0


def test_the_readme_lists_every_notebook_and_no_other() -> None:
    listed = re.findall(r"\]\(notebooks/([\w-]+)\.ipynb\)", (ROOT / "README.md").read_text())
    assert sorted(set(listed)) == [path.stem for path in NOTEBOOKS]


@each
def test_stored_html_has_no_picture_whose_words_would_be_left_of_it(path: Path) -> None:
    """JupyterLab throws SVG out of the HTML of what it has not run, and keeps its words."""
    outputs = [one for cell in code(path) for one in cell.outputs]
    assert not [one for one in outputs if "<svg" in one.get("data", {}).get("text/html", "")]


@each
def test_a_notebook_is_valid_and_not_too_large(path: Path) -> None:
    nbformat.validate(read(path))
    assert path.stat().st_size <= LARGEST_B
    assert len(code(path)) <= CODE_CELLS


@each
def test_cells_are_short(path: Path) -> None:
    long = [cell.source for cell in code(path) if len(cell.source.splitlines()) > LONGEST_CELL]
    assert not long


@each
def test_a_notebook_begins_with_what_it_takes_in_time_and_money(path: Path) -> None:
    head = read(path).cells[0].source
    assert head.startswith("# ")
    assert re.search(r"\btime\b.*\bminutes\b", head, re.S | re.I)
    assert re.search(r"\bcost\b.*\bhosted\b.*\bcent\b", head, re.S | re.I)


@each
def test_no_price_in_a_text_is_read_as_mathematics(path: Path) -> None:
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert [found for text in texts for found in mathematics(text)] == []


@each
def test_outputs_are_kept_and_no_cell_was_left_out(path: Path) -> None:
    counts = [cell.execution_count for cell in code(path)]
    assert counts == list(range(1, len(counts) + 1))
    assert sum(bool(cell.outputs) for cell in code(path)) >= len(counts) // 2


@each
def test_a_cell_that_fails_on_purpose_says_so_and_no_other_fails(path: Path) -> None:
    for cell in code(path):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.source


@each
def test_every_widget_has_a_still_twin(path: Path) -> None:
    data = [o.data for cell in code(path) for o in cell.outputs if "data" in o]
    # A question has its answer beside it, in its own output.
    live = [one for one in data if WIDGET in one and "text/html" not in one]
    twins = [after for one, after in itertools.pairwise(data) if one in live]
    assert live and len(twins) == len(live)
    # An output of its own: of one output a page shows one form, which may be the widget's.
    assert all({"text/html", "text/plain"} <= set(one) and WIDGET not in one for one in twins)


@each
def test_nothing_of_the_machine_or_the_moment_is_stored(path: Path) -> None:
    notebook = read(path)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert not PATHS.findall(path.read_text(encoding="utf-8"))


@each
def test_an_exercise_is_followed_by_a_folded_solution(path: Path) -> None:
    cells = read(path).cells
    for cell, after in zip(cells, cells[1:], strict=False):
        if "exercise" in tags(cell):
            assert solution(after), cell.source
            assert solution(after) != cell.source


def test_every_exercise_has_answers_to_be_tried() -> None:
    exercises = [
        f"{path.stem[:2]}-{number}"
        for path in NOTEBOOKS
        for number in range(1, 1 + sum("exercise" in tags(cell) for cell in code(path)))
    ]
    assert list(ANSWERS) == exercises
    assert all(one.right and one.wrong for one in ANSWERS.values())


@each
def test_a_notebook_is_stored_with_its_exercises_unsolved(path: Path) -> None:
    cells = read(path).cells
    stored = [verdicts(cells[one.check].outputs) for one in exercises(cells)]
    assert all(len(said) == 1 and said[0].startswith("Not yet") for said in stored)


@each
@pytest.mark.lessons
@pytest.mark.timeout(900)
def test_right_answers_solve_the_exercises_and_wrong_or_lazy_ones_do_not(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folded solutions alone are tried wherever nbval runs: tests/nbval_solutions.py."""
    notebook, names = tried(path)
    if not names:
        pytest.skip("it has no exercises")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("AGENTKIT_LOG")
    shutil.copytree(path.parent, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    client = NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    asyncio.run(client.async_execute())
    found = judgements(notebook)
    assert len(found) == len(names)
    judged = {
        name: text
        for (name, right), text in zip(names, found, strict=True)
        if text.startswith("Solved.") != right
    }
    assert not judged
