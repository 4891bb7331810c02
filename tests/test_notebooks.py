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


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def solution(cell: Any) -> str | None:
    """The code in a folded solution."""
    found = re.search(r"<details>.*?```python\n(.*?)```.*?</details>", cell.source, re.S)
    return found[1] if found else None


def tried(path: Path, several: bool) -> tuple[Any, list[tuple[str, bool]]]:
    """The notebook as a reader leaves it who tries many answers, and which of them are right.

    Each wrong answer, then each other right one, then the folded solution, in one kernel;
    without `several` only the solution.
    """
    notebook, cells, names = read(path), list[Any](), list[tuple[str, bool]]()
    places = [n for n, cell in enumerate(notebook.cells) if "exercise" in tags(cell)]
    for n, cell in enumerate(notebook.cells):
        if n in places:
            key = f"{path.stem[:2]}-{places.index(n) + 1}"
            graders = graders_after(notebook.cells, n)
            for right, answers in enumerate((ANSWERS[key].wrong, ANSWERS[key].right)):
                for name, text in answers.items() if several else ():
                    names.append((f"{key} {name}", bool(right)))
                    cells += [nbformat.v4.new_code_cell(text), *copy.deepcopy(graders)]
            names.append((f"{key} solution", True))
            cell.source = solution(notebook.cells[n + 1])
        cells.append(cell)
    notebook.cells = cells
    return notebook, names


def graders_after(cells: list[Any], place: int) -> list[Any]:
    """The code cells from an exercise to its check."""
    found = []
    for cell in cells[place + 1 :]:
        if cell.cell_type == "code":
            found.append(cell)
            if re.search(r"^check\(", cell.source, re.M):
                break
    return found


def verdicts(notebook: Any) -> list[str]:
    """What the checks of the exercises say."""
    shown = [
        output.data.get("text/plain", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    return [text for text in shown if text.startswith(("Solved.", "Not yet"))]


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
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "several", [False, pytest.param(True, marks=pytest.mark.lessons)], ids=["solution", "all"]
)
def test_right_answers_solve_the_exercises_and_wrong_or_lazy_ones_do_not(
    path: Path, several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercises = [cell for cell in code(path) if "exercise" in tags(cell)]
    if not exercises:
        pytest.skip("it has no exercises")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("AGENTKIT_LOG")
    shutil.copytree(path.parent, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    notebook, names = tried(path, several)
    client = NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    asyncio.run(client.async_execute())
    stored, found = verdicts(read(path)), verdicts(notebook)
    assert len(stored) == len(exercises) and len(found) == len(names)
    assert all(text.startswith("Not yet") for text in stored)
    judged = {
        name: text
        for (name, right), text in zip(names, found, strict=True)
        if text.startswith("Solved.") != right
    }
    assert not judged
