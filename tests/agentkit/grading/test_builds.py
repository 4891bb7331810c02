"""Versions for students and teachers: what is left out is nowhere, what is written stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentkit.errors import SetupError
from agentkit.grading.assigning import main
from agentkit.grading.builds import instructor, student
from agentkit.grading.cells import names
from agentkit.grading.handed import handed
from agentkit.grading.leaks import leaks
from agentkit.grading.merging import merge
from tests.conftest import ROOT

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code(text: str, *tags: str, **more: Any) -> dict[str, Any]:
    said = [{"output_type": "stream", "name": "stdout", "text": "it said\n"}]
    return {"cell_type": "code", "source": text, "metadata": {"tags": [*tags]}, "outputs": said,
            "execution_count": 1, **more}  # fmt: skip


def prose(text: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": text, "metadata": {"tags": [*tags]}}


def book(*cells: dict[str, Any], **about: Any) -> dict[str, Any]:
    numbered = [{"id": f"cell-{n}", **cell} for n, cell in enumerate(cells)]
    return {"cells": numbered, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


SECRET = "secret_factor_of_the_port = 17"
TARIFF = '''def tariff(tonnes):
    """Dues of a ship, in EUR."""
    ### BEGIN SOLUTION
    secret_factor_of_the_port = 17
    return tonnes * secret_factor_of_the_port
    ### END SOLUTION
'''
SOURCE = book(
    code("import math"),
    prose("**1. A tariff.** Write it."),
    code(TARIFF, "exercise"),
    prose("Try it.\n\n<details><summary>A solution</summary>\n\n<details><summary>why</summary>"
          "because seventeen is the number</details>\n\nalso_written = 17\n</details>\n\nGo on."),
    code("assert tariff(1) > 0\n### BEGIN HIDDEN TESTS\nassert tariff(30) == 510, 'the thirty'\n"
         "### END HIDDEN TESTS"),
    code("print('cases that nobody knows', [tariff(n) for n in (3, 5)])", "hidden"),
    prose("Ten minutes; many forget the factor.", "instructor"),
    code("print('the end')"),
    widgets={"state": SECRET},
    kernelspec={"name": "python3", "display_name": "Python 3"},
)  # fmt: skip


def test_students_get_no_solution_no_hidden_test_and_no_note() -> None:
    built = student(SOURCE, "tariff")
    text = json.dumps(built.book)
    for word in ("secret_factor", "510", "nobody knows", "Ten minutes", "because", "also_written"):
        assert word not in text, word
    sources = [cell["source"] for cell in built.book["cells"]]
    assert "    # YOUR CODE HERE\n    raise NotImplementedError()" in sources[2]
    assert sources[3] == "Try it.\n\n\n\nGo on."
    assert "assert tariff(1) > 0" in sources[4]
    assert sources[-1] == "print('the end')"
    assert "exercise:a-tariff" in built.book["cells"][2]["metadata"]["tags"]
    # What was shown before a solution is kept; what may have come of one is not.
    assert built.book["cells"][0]["outputs"] and not built.book["cells"][4]["outputs"]
    assert leaks(built) == []
    nbformat.validate(nbformat.from_dict(built.book))
    assert SOURCE["cells"][2]["source"] == TARIFF


def test_those_who_teach_get_everything_and_each_exercise_solved() -> None:
    folded = book(
        prose("**1. A tariff.**"), code("def tariff(t): ...", "exercise"),
        prose("<details><summary>A solution</summary>\n\n```python\nnew = 17\n```\n</details>"),
        code("check()"), prose("Ten minutes.", "instructor"),
    )  # fmt: skip
    made = instructor(folded, "tariff")
    assert made["cells"][1]["source"] == "new = 17"
    assert [cell["source"] for cell in made["cells"][3:]] == ["check()", "Ten minutes."]
    assert made["cells"][3]["outputs"] == []
    assert instructor(SOURCE, "tariff")["cells"][2]["source"] == TARIFF


@pytest.mark.parametrize(
    "cell",
    [
        code("secret_factor_of_the_port = 17"),
        prose("Hint: `secret_factor_of_the_port   = 17`"),
        prose("<!-- secret_factor_of_the_port = 17 -->"),
        {**code(""), "metadata": {"tags": ["x"], "jupyter": {"y": SECRET}}},
        {**prose("![](attachment:a.txt)"),
         "attachments": {"a.txt": {"text/plain": SECRET}}},
        code("print('cases that nobody knows', [tariff(n) for n in (3, 5)])"),
    ],
)  # fmt: skip
def test_what_is_left_out_of_one_cell_and_stands_in_another_stops_the_build(
    cell: dict[str, Any], tmp_path: Path
) -> None:
    for place in (0, len(SOURCE["cells"])):
        cells = [*SOURCE["cells"][:place], cell, *SOURCE["cells"][place:]]
        path = tmp_path / "tariff.ipynb"
        path.write_text(json.dumps(book(*({**one, "id": f"c{n}"} for n, one in enumerate(cells)))))
        with pytest.raises(SetupError, match="Students would read"):
            main(["student", str(path), "--out", str(tmp_path / "out")])
        assert not (tmp_path / "out").exists()


def test_an_output_that_stands_before_a_solution_may_tell_it_too() -> None:
    told = code("print(1)")
    told["outputs"][0]["text"] = ["secret_factor_of_the_port", " = 17"]
    assert leaks(student(book(told, *SOURCE["cells"][1:]), "tariff"))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([code("### BEGIN SOLUTION\nx = 1", "exercise:a")], "no END SOLUTION"),
        ([code("### END SOLUTION", "exercise:a")], "stands alone"),
        ([code("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "exercise:a")],
         "in SOLUTION"),
        ([code("### BEGIN SOLUTION\n### END HIDDEN TESTS", "exercise:a")], "in SOLUTION"),
        ([code("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")], "no exercise"),
        ([prose("<details><summary>Solution</summary> x")], "not closed"),
        ([code("x = 1", "exercise")], "has no name"),
        ([code("x = 1", "exercise:a"), code("x = 2", "exercise:a")], "called a"),
        ([code("x = 1", "exercise:a", "solution")], "is an exercise and tagged"),
    ],
)  # fmt: skip
def test_marks_that_do_not_fit_are_refused_and_named(cells: list[Any], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        student(book(*cells), "tariff")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', '{"cells": [], "nbformat": 3}',
             "[" * 100_000]
)  # fmt: skip
def test_files_that_are_no_notebooks_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    for words in (["student"], ["instructor"]):
        with pytest.raises(SetupError, match="no notebook"):
            main([*words, str(tmp_path / "a.ipynb"), "--out", str(tmp_path / "out")])
    (tmp_path / "a.ipynb").write_bytes(b"\xff")
    with pytest.raises(SetupError, match="no notebook"):
        main(["merge", str(tmp_path / "a.ipynb"), str(tmp_path / "a.ipynb")])
    with pytest.raises(SetupError, match="There is no notebook"):
        main(["student", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    with pytest.raises(SetupError, match="There is no agentkit assignment"):
        main(["publish"])


def test_a_notebook_of_nbgrader_is_one_too() -> None:
    about = {"grade": False, "grade_id": "sum", "solution": True, "locked": False, "checksum": "0"}
    cells = [
        {**code("total_of_everything = sum(numbers)"), "metadata": {"nbgrader": about}},
        {**prose("Because it is the sum of them all."),
         "metadata": {"nbgrader": {**about, "grade_id": "why"}}},
    ]  # fmt: skip
    built = student(book(*cells), "sums")
    assert names(built.book["cells"], "sums") == {0: "sum", 1: "why"}
    assert "raise NotImplementedError()" in built.book["cells"][0]["source"]
    assert "sum of them" not in json.dumps(built.book)
    assert "checksum" not in built.book["cells"][0]["metadata"]["nbgrader"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem[:2])
def test_every_lesson_can_be_given_to_students_without_its_solutions(path: Path) -> None:
    original = json.loads(path.read_text("utf-8"))
    built = student(original, path.name)
    assert leaks(built) == []
    text = json.dumps(built.book)
    assert "A solution</summary>" not in text
    assert len([one for one in built.removed if one.kind == "solution"]) == sum(
        "A solution</summary>" in "".join(cell["source"]) for cell in original["cells"]
    )
    nbformat.validate(nbformat.from_dict(built.book))
    nbformat.validate(nbformat.from_dict(instructor(original, path.name)))


def test_a_newer_version_keeps_what_was_written(tmp_path: Path) -> None:
    first = student(SOURCE, "tariff").book
    mine = json.loads(json.dumps(first))
    mine["cells"][2]["source"] = "def tariff(tonnes):\n    return 17 * tonnes"
    mine["cells"][-1]["source"] = "print('my end')"
    mine["cells"].insert(3, {**code("tariff(2)"), "id": "mine", "metadata": {}})
    # An exercise more, in front; another text; the old one begins otherwise.
    newer = student(
        book(
            prose("**1. Another.**"),
            code("other = ...", "exercise"),
            *SOURCE["cells"][:2],
            code(TARIFF.replace("in EUR", "in cents"), "exercise"),
            *SOURCE["cells"][3:],
        ),
        "tariff",
    ).book
    for name, found in (("new", newer), ("mine", mine)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(found))
    assert main(["merge", str(tmp_path / "new.ipynb"), str(tmp_path / "mine.ipynb")]) == 0
    merged = json.loads((tmp_path / "mine.ipynb").read_text())
    sources = [cell["source"] for cell in merged["cells"]]
    assert sources[1] == "other = ..."
    assert sources[4:6] == ["def tariff(tonnes):\n    return 17 * tonnes", "tariff(2)"]
    assert sources[-2:] == ["print('the end')", "print('my end')"]
    assert json.loads((tmp_path / "mine.ipynb.before1").read_text()) == mine
    nbformat.validate(nbformat.from_dict(merged))
    report = merge(newer, mine, "new")
    assert (report.answers, report.asked_anew, report.own) == (["a-tariff"], ["a-tariff"], 2)
    assert merge(newer, merged, "new").book == merged  # again changes nothing


def test_answers_are_found_where_a_program_dropped_the_metadata() -> None:
    first = student(SOURCE, "tariff").book
    mine = json.loads(json.dumps(first))
    mine["cells"][2]["source"] = "def tariff(tonnes):\n    return 17 * tonnes"
    for cell in mine["cells"]:
        cell["metadata"] = {}
    report = merge(first, mine, "new")
    assert report.answers == ["a-tariff"]
    assert len(report.book["cells"]) == len(first["cells"])


texts = st.text("abc =\n#", max_size=8)


@settings(max_examples=60, deadline=None)
@example(edits={2: "c"}, more=[], dropped={2}, bare=set())
@given(
    edits=st.dictionaries(st.integers(0, 5), texts, max_size=4),
    more=st.lists(st.tuples(st.integers(0, 6), texts), max_size=4),
    dropped=st.sets(st.integers(0, 5), max_size=2),
    bare=st.sets(st.integers(0, 5), max_size=3),
)
def test_nothing_that_was_written_is_lost_whatever_was_done(
    edits: dict[int, str], more: list[tuple[int, str]], dropped: set[int], bare: set[int]
) -> None:
    source = [code("a = 1"), code("b = ...", "exercise:b"), prose("c"),
              code("d = ...", "exercise:d"), prose("e"), code("f = 1")]  # fmt: skip
    mine = json.loads(json.dumps(student(book(*source), "s").book))
    for place, text in edits.items():
        mine["cells"][place]["source"] = text
    for place in bare:
        mine["cells"][place]["metadata"] = {}
    for place, text in more:
        mine["cells"].insert(
            place, {"cell_type": "code", "id": "x", "metadata": {}, "source": text}
        )
    newer = [cell for place, cell in enumerate(source) if place not in dropped]
    merged = merge(student(book(*newer, code("g = ...", "exercise:g")), "s").book, mine, "s").book
    there = {cell["source"].strip() for cell in merged["cells"]}
    # What is as the teacher wrote it is the teacher's, who may take it away.
    own = [text for place, text in edits.items() if text.strip() != source[place]["source"]]
    written = [*own, *(text for _, text in more)]
    assert {text.strip() for text in written if text.strip()} <= there
    ids = [cell["id"] for cell in merged["cells"]]
    assert len(set(ids)) == len(ids)


def test_a_merged_notebook_is_valid_whatever_kind_of_cell_the_answer_is_in() -> None:
    first = student(book(code("b = ...", "exercise:b"), prose("Say why.", "exercise:c")), "s").book
    mine = json.loads(json.dumps(first))
    mine["cells"][0] |= {"cell_type": "markdown", "source": "b cannot be had"}
    del mine["cells"][0]["outputs"], mine["cells"][0]["execution_count"]
    mine["cells"][1] |= {"cell_type": "code", "source": "c = 1", "outputs": []}
    mine["cells"].append({"cell_type": "code", "source": "own", "metadata": {"tags": [3, None]}})
    mine["cells"].append({"cell_type": "raw", "source": "more", "metadata": {"tags": None}})
    merged = merge(first, mine, "s").book
    kinds = [(cell["cell_type"], cell["source"]) for cell in merged["cells"]]
    written = [("markdown", "b cannot be had"), ("code", "c = 1"), ("code", "own"), ("raw", "more")]
    assert kinds == written
    nbformat.validate(nbformat.from_dict(merged))


COURSE = sorted((ROOT / "course").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_what_the_course_hands_out_can_be_handed_in(path: Path, tmp_path: Path) -> None:
    original = json.loads(path.read_text("utf-8"))
    name = path.parent.name
    solved, given_out = instructor(original, path.name), student(original, path.name)
    assert leaks(given_out) == [] and given_out.removed
    for version, works in ((solved, True), (given_out.book, False)):
        (tmp_path / "ana.ipynb").write_text(json.dumps(version))
        code = handed(tmp_path / "ana.ipynb", "build", name).code
        assert ("NotImplementedError" in code) != works
