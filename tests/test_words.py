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


Kind = type[ast.stmt]


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
