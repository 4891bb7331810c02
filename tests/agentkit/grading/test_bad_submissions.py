"""What cannot be graded is a row with the reason, and the next one is graded."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from pathlib import Path

import pytest

from agentkit.grading import Assignment, Case, Grader, Rule, Seen
from agentkit.grading.command import filed, main
from agentkit.grading.handed import handed
from agentkit.sandbox import bubblewrap

ASSIGNMENT = """
from agentkit.grading import Assignment, Case, Rule

assignment = Assignment("port", lambda secret: [Case("1", "Hello")], (Rule("told", 1, bool),))
"""
GOOD = "def build(tools):\n    return None\n"


def notebook(*cells: object, **metadata: object) -> str:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def cell(code: str, *tags: str) -> dict[str, object]:
    return {"cell_type": "code", "source": code, "metadata": {"tags": tags}, "outputs": []}


def handed_in(folder: Path) -> dict[str, str]:
    """Write bad submissions; of each why it cannot be graded."""
    texts = {
        "other_kernel.ipynb": notebook(cell(GOOD), kernelspec={"language": "julia"}),
        "its_language.ipynb": notebook(
            cell(GOOD), kernelspec={"name": "r"}, language_info={"name": "R"}
        ),
        "no_kernel.ipynb": notebook(cell("x"), kernelspec=None),
        "no_metadata.ipynb": json.dumps({"cells": [cell("x")], "metadata": [1]}),
        "much.py": GOOD + "a;" * 200_000,
        "much_in_cells.ipynb": notebook(cell(GOOD), cell("a;" * 200_000)),
        "n" * 252 + ".py": "",
        "other_assignment.ipynb": notebook(cell(GOOD, "answer:ships")),
        "many_cells.ipynb": notebook(*[cell(f"x{n} = {n}") for n in range(500)]),
        "half.ipynb": notebook(cell(GOOD))[:40],
        "list.ipynb": "[]",
        "empty.py": "",
        "two.py": GOOD,
        "two.ipynb": notebook(cell(GOOD)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "binary.ipynb").write_bytes(bytes(range(256)))
    with (folder / "gigabyte.ipynb").open("wb") as file:
        file.truncate(1 << 30)  # a file with a hole: nothing of it may be read
    (folder / os.fsdecode(b"\xff.py")).write_text("")  # as a foreign archive has names
    os.mkfifo(folder / "pipe.py")  # reading it would wait for ever
    (folder / "dangling.py").symlink_to(folder / "nowhere")
    (folder / "zero.py").symlink_to("/dev/zero")
    (folder / "folder").mkdir()
    return {
        "its_language": "a notebook of R", "no_kernel": "no build", "no_metadata": "no build",
        "much": "400,034 bytes", "much_in_cells": "400,034 letters", "n" * 252: "no build",
        "\\xff": "no build", "other_kernel": "julia", "other_assignment": "answer:ships",
        "many_cells": "no build",
        "half": "no notebook", "list": "no notebook", "empty": "no build", "two": "handed in as",
        "binary": "cannot be read", "gigabyte": "1,073,741,824 bytes", "pipe": "no ordinary file",
        "dangling": "no ordinary file", "zero": "no ordinary file", "folder": "no answer.py",
    }  # fmt: skip


@pytest.mark.skipif(bubblewrap.launcher() is None, reason="no sandbox here: install bubblewrap")
def test_each_has_a_row_with_the_reason(tmp_path: Path) -> None:
    folder, out = tmp_path / "handed-in", tmp_path / "out"
    folder.mkdir()
    (tmp_path / "port.py").write_text(ASSIGNMENT)
    why = handed_in(folder)
    paths = sorted(map(str, folder.iterdir()))
    assert main([*paths, "--assignment", f"{tmp_path}/port.py:assignment", "--out", str(out)]) == 0
    told = {}
    for line in (out / "grades.jsonl").read_text().splitlines():
        one = json.loads(line)
        told[one["student"]] = one["end"]
    assert told.keys() == why.keys()
    for student, words in why.items():
        assert told[student].startswith("not graded: ") and words in told[student], told[student]
    rows = list(csv.DictReader((out / "grades.csv").read_text().splitlines()))
    assert {row["student_id"]: row["score"] for row in rows} == dict.fromkeys(why, "0")
    files = [(out / "feedback" / f"{filed(student)}.html") for student in why]
    assert len(set(files)) == len(why) and all(one.exists() for one in files)


def test_files_of_two_students_never_have_one_name() -> None:
    names = ["ana", "Ana Lee", "Ana_Lee", ".ana", "..ana", "", "a/b", "a_b", "Zoë", "林" * 80]
    assert len({*map(filed, names)}) == len(names)
    assert filed("ana") == "ana" and filed("Zoë") == "Zoë"
    assert max(len(f"{filed(name)}.ipynb".encode()) for name in names) <= 255


def test_what_grades_may_fail_in_any_way_and_the_next_one_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ana", "ben"):
        (tmp_path / f"{name}.py").write_text(f"{GOOD}# {name}")
    one = Assignment("port", lambda secret: [Case("1", "Hello")], (Rule("told", 1, bool),))
    grader = Grader(one, secret="s", strength="none", kept=tmp_path / "grades.jsonl")

    async def run(code: str) -> tuple[list[Seen], str]:
        if "ana" in code:
            raise RuntimeError("half \ud800")
        return [Seen(grader.cases[0])], "ended"

    monkeypatch.setattr(grader, "run", run)

    async def grade() -> dict[str, str]:
        paths = [tmp_path / "ana.py", tmp_path / "ben.py"]
        return {one.student: one.end async for one in grader.grade(paths)}

    told = asyncio.run(grade())
    assert told == {"ana": "not graded, try again: half \ufffd", "ben": "ended"}
    assert len((tmp_path / "grades.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("first", ["\ufeff", "# -*- coding: utf-8 -*-\r\n"])
def test_files_as_windows_writes_them_are_read(first: str, tmp_path: Path) -> None:
    for name, text in (("a.py", GOOD), ("a.ipynb", notebook(cell(GOOD)))):
        mark = first if name == "a.py" else "\ufeff"
        (tmp_path / name).write_bytes((mark + text).encode())
        assert "def build" in handed(tmp_path / name, "build", "port").code
