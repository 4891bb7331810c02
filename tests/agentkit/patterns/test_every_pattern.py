"""What holds for every pattern: it is short, and nobody forgot to kill it at every step."""

from __future__ import annotations

import ast
import inspect
import sys

import pytest

import agentkit.patterns
import tests.agentkit.patterns.deciders  # noqa: F401 - registers its teams
from tests.agentkit.patterns.teams import TEAMS

OTHERWISE_CALLED = {"plan_and_execute": "plan"}

MAKERS = {
    name: value
    for name in agentkit.patterns.__all__
    if inspect.isfunction(value := getattr(agentkit.patterns, name))
    and "name" in list(inspect.signature(value).parameters)[1:]
}


def code_lines(source: str) -> int:
    """Lines that are neither blank nor part of a docstring or an import.

    How many lines an import takes is the formatter's choice: a seventh name makes nine of one.
    """
    texts = {
        line
        for one in ast.walk(ast.parse(source))
        if isinstance(one, ast.Import | ast.ImportFrom)
        or (
            isinstance(one, ast.Expr)
            and isinstance(one.value, ast.Constant)
            and isinstance(one.value.value, str)
        )
        for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)
    }
    lines = enumerate(source.splitlines(), start=1)
    return sum(bool(line.strip()) and number not in texts for number, line in lines)


@pytest.mark.parametrize("name", MAKERS)
def test_a_pattern_is_110_lines_or_fewer_without_docstrings_and_imports(name: str) -> None:
    assert code_lines(inspect.getsource(sys.modules[MAKERS[name].__module__])) <= 110


@pytest.mark.parametrize("name", MAKERS)
def test_a_pattern_has_a_team_that_is_killed_at_every_step(name: str) -> None:
    assert OTHERWISE_CALLED.get(name, name) in TEAMS


def test_all_patterns_are_looked_at() -> None:
    assert len(MAKERS) > 20
    assert code_lines('"""A\n\ndocstring."""\n\nx = 1  # one\n') == 1
