"""Files of one idea and functions of one screen: both stay short, lessons aside.

What counts is code: no blank line, comment or docstring. A function's lines are its own, without
those of the functions inside it, which count for themselves.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILE, FUNCTION = 300, 40
PACKAGES = ("agentkit", "memory", "nbext")
FILES = [
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(source: str, tree: ast.Module) -> set[int]:
    """The numbers of the lines that hold code; a text that stands alone is a docstring.

    All lines of a text over several lines are code, also an empty one and one with a `#`.
    """
    shown = ((number, line.strip()) for number, line in enumerate(source.split("\n"), 1))
    found = {number for number, line in shown if line and not line.startswith("#")}
    texts: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                texts |= lines_of(node)
            case ast.Constant(value=str() | bytes()) | ast.JoinedStr():
                found |= lines_of(node)
    return found - texts


def lines_of(node: ast.stmt | ast.expr) -> set[int]:
    """The numbers of all lines of a statement or an expression."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def own_lines(function: Function) -> set[int]:
    """The numbers of the lines of a function that are in no function inside it."""
    inside = [one for one in ast.walk(function) if one is not function]
    return lines_of(function) - {
        line for one in inside if isinstance(one, Function) for line in lines_of(one)
    }


def measured(file: str) -> tuple[int, dict[str, int]]:
    """The lines of code of a file, and of each of its functions that is too long."""
    source = (ROOT / file).read_text(encoding="utf-8")
    tree = ast.parse(source)
    code = code_lines(source, tree)
    lengths = {
        f"{file}:{one.name}": len(own_lines(one) & code)
        for one in ast.walk(tree)
        if isinstance(one, Function) and len(lines_of(one)) > FUNCTION
    }
    return len(code), {name: n for name, n in lengths.items() if n > FUNCTION}


@pytest.mark.parametrize("file", FILES)
def test_a_file_and_its_functions_stay_short(file: str) -> None:
    lines, long = measured(file)
    assert lines <= FILE, f"{file} has {lines} lines of code: look for the second idea"
    assert long == {}


def test_code_is_counted_without_texts_comments_and_inner_functions() -> None:
    source = '''
def outer(given):
    """Say nothing."""

    # Why it is so.
    def inner():
        return (
            given
        )

    return inner
'''
    tree = ast.parse(source)
    outer, inner = (one for one in ast.walk(tree) if isinstance(one, Function))
    code = code_lines(source, tree)
    assert len(own_lines(outer) & code) == 2
    assert len(own_lines(inner) & code) == 4
    assert len(code) == 6


def test_files_of_every_package_are_measured() -> None:
    assert {Path(file).parts[0] for file in FILES} == set(PACKAGES)
