"""What `make lessons-local` makes of the errors in a notebook that was run with a real model."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.conftest import ROOT


def runner() -> ModuleType:
    loader = SourceFileLoader("lessons_local", str(ROOT / "scripts" / "lessons-local"))
    spec = spec_from_loader("lessons_local", loader)
    assert spec
    found = module_from_spec(spec)
    loader.exec_module(found)
    return found


def failed(source: str, name: str, words: str) -> Any:
    error = new_output("error", ename=name, evalue=words, traceback=[])
    return new_code_cell(source, outputs=[error])


def test_an_error_says_whose_fault_it_is() -> None:
    cells = [
        new_markdown_cell("## 1 · A plan"),
        failed("%%ask planner -> draft\nplan", "BadOutput", "no plan"),
        failed("print(draft)", "NameError", "name 'draft' is not defined"),
        failed("assert right", "AssertionError", ""),
        failed("print(typo)", "NameError", "name 'typo' is not defined"),
        failed("levels[-1]", "KeyError", "-1"),
        failed("slow()", "KeyboardInterrupt", ""),
        failed("await team()", "Interrupted", "Run 1 of team was interrupted."),
        failed("told = {}\nfor n in range(3):\n    told[n] = await team()", "Interrupted", ""),
        failed("told[2]", "KeyError", "2"),
    ]
    notebook = nbformat.from_dict(new_notebook(cells=cells))
    kinds = [one.kind for one in runner().endings(notebook, {"BadOutput"})]
    assert kinds == ["model", "follows", "claim", "broken", "broken", *["time"] * 3, "follows"]


def test_names_are_found_however_a_cell_gives_them_a_value() -> None:
    source = """%ask team -> partly --quiet {{ task }}
found, sorry = await stower(wish), 1
async def old_planner(request):
    return 1
for number, shares in agreed.items():
    pass
a == b
"""
    names = {"partly", "found", "sorry", "old_planner", "number", "shares"}
    assert runner().assigned(source) == names
