"""What is taken of a submission, and what is said of one that cannot be graded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit.grading.handed import LARGEST, Unusable, handed

GOOD = "def build(tools):\n    return 1\n"


def notebook(*cells: tuple[str, list[str]], **about: object) -> str:
    made = [
        {"cell_type": "code", "source": code, "metadata": {"tags": tags}} for code, tags in cells
    ]
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4})


def taken(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return handed(path, "build", "port").code


def test_tagged_cells_are_handed_in_and_no_others(tmp_path: Path) -> None:
    book = notebook(("x = danger()", []), (GOOD, ["answer"]), ("y = 1", ["answer:port"]))
    code = taken(tmp_path / "ana.ipynb", book)
    assert "danger" not in code
    assert code.split("\n\n") == [GOOD.rstrip(), "y = 1"]


def test_without_tags_or_metadata_what_is_defined_is_taken_and_nothing_is_done(
    tmp_path: Path,
) -> None:
    cells = ["%load_ext nbext\nimport os\nPORT = 'Amber'\nawait clerk('x')", "%%ask clerk\nHello",
             ["def build(tools):\n", "    return PORT\n"], "not python at all"]  # fmt: skip
    book = json.dumps({"cells": [{"cell_type": "code", "source": one} for one in cells]})
    code = taken(tmp_path / "ana.ipynb", book)
    assert "import os" in code and "PORT = 'Amber'" in code and "def build" in code
    assert "await" not in code and "Hello" not in code


def test_an_import_that_is_not_there_where_it_is_graded_stops_nothing(tmp_path: Path) -> None:
    cells = [
        "import os\nimport no_such_thing.at_all as x",
        "from nbext.exercise import tried",
        GOOD,
    ]
    code = taken(tmp_path / "ana.ipynb", notebook(*[(one, list[str]()) for one in cells]))
    space: dict[str, object] = {}
    exec(code.replace("nbext", "no_such_nbext"), space)
    assert {"os", "build"} <= space.keys() and "x" not in space


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no notebook"),
        ("[1]", "no notebook"),
        ('{"cells": 3}', "no notebook"),
        ('{"cells": [3]}', "no notebook"),
        ("[" * 100_000, "no notebook"),
        (notebook((GOOD, ["answer:ships"])), "it answers answer:ships"),
        (notebook((GOOD, [])[:2], kernelspec={"language": "R"}), "a notebook of R"),
        (notebook(("x = 1", [])), "defines no build"),
        (notebook(*[("x = 1", [])] * 500), "defines no build"),
        (notebook(("def build(:", ["answer"])), "no Python: SyntaxError in line 1"),
    ],
)
def test_a_notebook_that_cannot_be_graded_says_why(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        taken(tmp_path / "ana.ipynb", text)


def test_files_that_cannot_be_graded_say_why(tmp_path: Path) -> None:
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "big.py").write_text("#" * (LARGEST + 1))
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "link.py").symlink_to(tmp_path / "good.py")
    (tmp_path / "deep.py").write_text("x = " + "(" * 5000)
    (tmp_path / "null.py").write_text("x = 1\0")
    (tmp_path / "empty").mkdir()
    for name, why in {
        "bytes.py": "cannot be read", "big.py": "bytes", "link.py": "ordinary", "deep.py": "Python",
        "null.py": "Python", "empty": "no answer.py",
    }.items():  # fmt: skip
        with pytest.raises(Unusable, match=why):
            handed(tmp_path / name, "build", "port")
    folder = tmp_path / "ana"
    folder.mkdir()
    (folder / "answer.py").write_text(GOOD)
    assert handed(folder, "build", "port").student == "ana"
