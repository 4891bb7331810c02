"""The public names of each package: what users may import, and what a change has to announce."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PUBLIC = {
    "agentkit": """
        NOT_DONE attach
        Actor Agent AgentkitError Answer Calling Context Data Delta File Gathered Image Log
        Memory Message Model Partial Pattern Pending Question Reply Request Run Thought Tool
        Usage approve connect current_run discard gather open_log pattern pending refuse run
        set_person tool until""",
    "memory": """
        BadExport BadVector Board Compaction Conflict Consolidated Embedded Embedder
        EndpointEmbedder Fabric Faults
        Imported Item Letters LettersPicture MapPicture MemoryMap Near OtherEmbedder PAPER
        PagedMemory
        Paging PagingPicture Preset Queue QueueFull RELEASED ReadOnly Recalled Replica Replicas
        ReplicasPicture SleepTime Stale State StateAt Store StoreCorrupt
        StoreFull StoreGone StoreTaken StoreUnreachable Stream StreamMemory Undone VectorMemory
        embedder
        fabric fill_map fill_replicas loaded start_broker state_at""",
    "nbext": "load_ipython_extension unload_ipython_extension",
}
"""A name that leaves keeps a deprecated alias for one version, and a line in the changelog."""


@pytest.mark.parametrize("package", PUBLIC)
def test_a_package_has_the_public_names_that_are_listed(package: str) -> None:
    found = importlib.import_module(package).__all__
    assert sorted(found) == sorted(PUBLIC[package].split())
    assert list(found) == sorted(found, key=lambda name: (not name.isupper(), name))


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_there_and_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        thing = getattr(module, name)
        assert not isinstance(thing, type) or thing.__doc__, name


def test_the_notebook_front_uses_memory_by_its_public_names() -> None:
    inside = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in sorted((ROOT / "nbext").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("memory.")
    ]
    assert inside == []


@pytest.mark.parametrize(
    "package",
    [
        "agentkit",
        "agentkit.patterns",
        "agentkit.pictures",
        "agentkit.protocols",
        "agentkit.tools",
        "agentkit.views",
        "memory",
    ],
)
def test_type_checkers_see_the_names_that_are_imported_late(package: str) -> None:
    module = importlib.import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    shown = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert shown == module.HOMES


def test_who_only_imports_memory_does_not_wait_for_agentkit() -> None:
    code = "import sys, memory; print('agentkit' in sys.modules, hasattr(memory, 'Bord'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "False"], done.stderr


def test_a_name_whose_module_is_not_imported_is_not_loaded() -> None:
    code = "import memory; print(memory.loaded('Board', 'State'))"
    code += "; from memory import State; print(memory.loaded('Board', 'State') == (State,))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["()", "True"]
