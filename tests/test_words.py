"""One word, one thing: a class name stands in one module, and `node` is what a graph is made of."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict

from tests.conftest import ROOT

FAMILIES = {
    "Action": "a call of a tool in the official tasks of tau-bench and of tau2-bench",
    "Collector": "puts a streamed reply together: the protocol, and a class for each wire dialect",
    "Domain": "what is tried in tau-bench and in tau2-bench",
    "Format": "the form of a reply in a request body, for each wire dialect",
    "Task": "a customer of tau-bench and of tau2-bench",
    "ToolChoice": "which tools must be used in a request body, for each wire dialect",
    "WireMessage": "a message in a request body, for each wire dialect",
    "WirePart": "a piece of a message in a request body, for each wire dialect",
    "WireTool": "a tool in a request body, for each wire dialect",
}
"""One concept in several forms, and a reader looks for it by the same name in each."""


SAME_THING = {
    "accuracy": "the share of what is right, of a model's predictions and of answers",
    "approve": "the function, and the magic that calls it",
    "best_of": "the pattern, and how the simulated model plays its part",
    "changed": "whether a value was changed",
    "close_all": "closes all that is open of its module's kind, as at the end of a process",
    "debate": "the pattern, and how the simulated model plays its part",
    "endpoint": "the simulated one, and the magic that shows it",
    "environment": "of a child process, without keys",
    "graph": "the declared one, and the magic that draws it",
    "judge": "the pattern, and how the simulated model plays its part",
    "load": "reads what was saved; each module has one kind",
    "majority": "how often most are right, and the player that does what most do",
    "measure": "a number for each trial, and the magic that evaluates with it",
    "pending": "the function, and the magic that calls it",
    "reflect": "the pattern and a memory's own; and how the simulated model plays its part",
    "refuse": "the function, and the magic that calls it",
    "shared": "one for all who name it",
    "start": "begins a process or work in the background",
    "vote": "the pattern, and how the simulated model plays its part",
}
"""Functions that a package exports and whose names stand in other modules, too."""

COMMON = {
    "told": 43, "checked": 33, "plain": 28, "read": 26, "listed": 24, "shown": 23, "main": 18,
    "whole": 15, "fits": 12,
}  # fmt: skip
"""Names of internal functions that stand in many modules, in other senses, and in how many.

A number here may fall and never rises: who needs one of these words says what is told, or checked.
"""

MOST = 11
"""Modules that any other name may stand in."""

Kind = type[ast.stmt]


def exported() -> set[str]:
    """The names that the packages' public doors have."""
    doors = (
        p for one in ("agentkit", "memory", "nbext") for p in ROOT.glob(f"{one}/**/__init__.py")
    )
    return {
        name.name
        for door in doors
        for one in ast.walk(ast.parse(door.read_text(encoding="utf-8")))
        if isinstance(one, ast.ImportFrom)
        for name in one.names
    }


def defined(*kinds: Kind) -> dict[str, list[str]]:
    """Of each public name at the top of a module, the files that define it so."""
    found = defaultdict(list)
    for file, statements in tops():
        for kind, name in statements:
            if issubclass(kind, kinds) and not name.startswith("_"):
                found[name].append(file)
    return found


@functools.cache
def tops() -> list[tuple[str, list[tuple[Kind, str]]]]:
    """Each file with the kinds and names of the statements at its top."""
    return [
        (
            path.relative_to(ROOT).as_posix(),
            [
                (type(one), getattr(one, "name", "_"))
                for one in ast.parse(path.read_text(encoding="utf-8")).body
            ],
        )
        for package in ("agentkit", "memory", "nbext")
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def test_a_class_name_stands_in_one_module() -> None:
    shared = {name: files for name, files in defined(ast.ClassDef).items() if len(files) > 1}
    new = {name: files for name, files in shared.items() if name not in FAMILIES}
    assert new == {}, "give one of each another name, or add a family with its reason"
    assert sorted(set(FAMILIES) - set(shared)) == [], "these are alone now: take them out"


def test_a_node_is_one_of_a_graph() -> None:
    found = defined(ast.FunctionDef, ast.AsyncFunctionDef)["node"]
    assert found == ["agentkit/patterns/graphs/graph.py"]


def test_an_exported_function_shares_its_name_with_none_of_another_sense() -> None:
    found = defined(ast.FunctionDef, ast.AsyncFunctionDef)
    shared = {name: files for name, files in found.items() if len(set(files)) > 1}
    new = {name: shared[name] for name in exported() & set(shared) if name not in SAME_THING}
    assert new == {}, "give the other one a name of its own, or say here why it is the same thing"
    assert sorted(set(SAME_THING) - set(shared)) == [], "these are alone now: take them out"


def test_no_internal_name_comes_to_stand_in_more_modules() -> None:
    found = defined(ast.FunctionDef, ast.AsyncFunctionDef)
    counts = {name: len(set(files)) for name, files in found.items()}
    many = {name: count for name, count in counts.items() if count > COMMON.get(name, MOST)}
    assert many == {}, "give the new one a name that says more: what is told, what is checked"
