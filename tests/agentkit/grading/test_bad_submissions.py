"""What cannot be graded is a row with the reason, and the next one is graded."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from agentkit.grading.command import main
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
    os.mkfifo(folder / "pipe.py")  # reading it would wait for ever
    (folder / "dangling.py").symlink_to(folder / "nowhere")
    (folder / "zero.py").symlink_to("/dev/zero")
    (folder / "folder").mkdir()
    return {
        "other_kernel": "julia", "other_assignment": "answer:ships", "many_cells": "no build",
        "half": "no notebook", "list": "no notebook", "empty": "no build", "two": "handed in as",
        "binary": "cannot be read", "gigabyte": "1,073,741,824 bytes", "pipe": "no ordinary file",
        "dangling": "no ordinary file", "zero": "no ordinary file", "folder": "no answer.py",
    }  # fmt: skip


@pytest.mark.skipif(bubblewrap.found() is None, reason="no sandbox here: install bubblewrap")
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
    for student in why:
        assert (out / "feedback" / f"{student}.html").exists()
