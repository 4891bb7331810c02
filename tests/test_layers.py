"""The order of the modules, as ARCHITECTURE.md draws it: a file imports only what stands before."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Reading order. A folder is one layer, except where its own folders stand here too. Inside a layer
# the order is free, but a cycle is not: neither by an import for annotations alone, nor by one
# inside a function.
LAYERS = [
    "agentkit.deprecated",
    "agentkit.garbage",
    "agentkit.late",
    "agentkit.machine",
    "agentkit.kept",
    "agentkit.regex",
    "agentkit.words",
    "agentkit.amounts",
    "agentkit.errors",
    "agentkit.urls",
    "agentkit.extras",
    "agentkit.forms",
    "agentkit.values",
    "agentkit.media",
    "agentkit.attachments",
    "agentkit.parts",
    "agentkit.messages",
    "agentkit.notes",
    "agentkit.binary",
    "agentkit.inline",
    "agentkit.thoughts",
    "agentkit.validator",
    "agentkit.schemas",
    "agentkit.exact",
    "agentkit.typed",
    "agentkit.place",
    "agentkit.events",
    "agentkit.causes",
    "agentkit.guarding",
    "agentkit.traces",
    "agentkit.written",
    "agentkit.unchanged",
    "agentkit.constants",
    "agentkit.code",
    "agentkit.model",
    "agentkit.listening",
    "agentkit.partial",
    "agentkit.standing",
    "agentkit.tokens",
    "agentkit.threads",
    "agentkit.taps",
    "agentkit.sync",
    "agentkit.given",
    "agentkit.lacks",
    "agentkit.signatures",
    "agentkit.placing",
    "agentkit.tools",
    "agentkit.context",
    "agentkit.holds",
    "agentkit.budget",
    "agentkit.lease",
    "agentkit.offers",
    "agentkit.subscribing",
    "agentkit.runinfo",
    "agentkit.writer",
    "agentkit.storing",
    "agentkit.committing",
    "agentkit.tailing",
    "agentkit.log",
    "agentkit.logs",
    "agentkit.way",
    "agentkit.record",
    "agentkit.doubts",
    "agentkit.person",
    "agentkit.questions",
    "agentkit.scope",
    "agentkit.unmet",
    "agentkit.bounds",
    "agentkit.delegation",
    "agentkit.step",
    "agentkit.estimates",
    "agentkit.sources",
    "agentkit.past",
    "agentkit.resumed",
    "agentkit.requiring",
    "agentkit.recorder",
    "agentkit.stepping",
    "agentkit.run",
    "agentkit.streams",
    "agentkit.office",
    "agentkit.origins",
    "agentkit.nested",
    "agentkit.opening",
    "agentkit.offering",
    "agentkit.instructions",
    "agentkit.hooks",
    "agentkit.toolcalls",
    "agentkit.reliability",
    "agentkit.sim.arithmetic",
    "agentkit.sim.world",
    "agentkit.sim.brain",
    "agentkit.sim.server",
    "agentkit.sim.inside",
    "agentkit.sim",
    "agentkit.local",
    "agentkit.endpoints",
    "agentkit.answer",
    "agentkit.allotment",
    "agentkit.replies",
    "agentkit.hooked",
    "agentkit.conversation",
    "agentkit.borrowing",
    "agentkit.options",
    "agentkit.finished",
    "agentkit.attaching",
    "agentkit.performer",
    "agentkit.actor",
    "agentkit.pattern",
    "agentkit.shortening",
    "agentkit.agent",
    "agentkit.racing",
    "agentkit.gather",
    "agentkit.trust",
    "agentkit.sandbox",
    "agentkit.workbench",
    "agentkit.patterns.parts",
    "agentkit.patterns.graphs",
    "agentkit.patterns",
    "agentkit.joining",
    "agentkit.testing",
    "agentkit.entrypoints",
    "agentkit.views",
    "agentkit.pictures",
    "agentkit.protocols",
    "agentkit.fleet",
    "agentkit.evaluate",
    "agentkit.staged",
    "agentkit.grading",
    "agentkit.verify",
    "agentkit.games",
    "agentkit.collective",
    "agentkit",
    "agentkit.asking",
    "agentkit.costs",
    "agentkit.classroom",
    "agentkit.tracing",
    "agentkit.retention",
    "agentkit.dispatch",
    "agentkit.cli",
    "agentkit.__main__",
    "memory.errors",
    "memory.doors",
    "memory.naming",
    "memory.home",
    "memory.asks",
    "memory.steps",
    "memory.split",
    "memory.terms",
    "memory.declared",
    "memory.snapshots",
    "memory.journal",
    "memory.state",
    "memory.stores",
    "memory.embed",
    "memory.passages",
    "memory.recalled",
    "memory.rivals",
    "memory.hybrid",
    "memory.reranking",
    "memory.scopes",
    "memory.writing",
    "memory.erasing",
    "memory.storing",
    "memory.moving",
    "memory.stream.presets",
    "memory.stream.scoring",
    "memory.stating",
    "memory.finding",
    "memory.sleep",
    "memory.vector",
    "memory.board",
    "memory.stream",
    "memory.paged",
    "memory.compaction",
    "memory.fabrics",
    "memory.past",
    "memory.views",
    "memory.pictures",
    "memory.experiments",
    "memory",
    "nbext.hidden",
    "nbext.explaining",
    "nbext.size",
    "nbext.awaiting",
    "nbext.blueprint",
    "nbext.exercise",
    "nbext.mishaps",
    "nbext.options",
    "nbext.real",
    "nbext.recorded",
    "nbext.show",
    "nbext.simulations",
    "nbext.trace",
    "nbext.slots",
    "nbext.table",
    "nbext.fleets",
    "nbext.fleetwatch",
    "nbext.asked",
    "nbext.widgets",
    "nbext.stacks",
    "nbext.background",
    "nbext.definitions",
    "nbext.session",
    "nbext.servers",
    "nbext.template",
    "nbext.approval",
    "nbext.arrows",
    "nbext.duties",
    "nbext.screen",
    "nbext.asking",
    "nbext.makers",
    "nbext.catalogue",
    "nbext.teams",
    "nbext.arguments",
    "nbext.magics",
    "nbext.completion",
    "nbext.hinting",
    "nbext.panel",
    "nbext.server",
    "nbext.early",
    "nbext.programs",
    "nbext.loading",
    "nbext",
]
PACKAGES = ("agentkit", "memory", "nbext")

# Two that do not know each other, though one stands before the other.
APART = {
    ("agentkit.sim.brain", "agentkit.sim.world"),  # a model that knows the answers explains nothing
    ("agentkit.sim.server", "agentkit.sim.world"),
}

# Each costs more than the whole core, or belongs to an extra.
HEAVY = {
    "IPython", "a2a", "aiohttp", "anthropic", "anywidget", "chromadb", "dotenv", "genai_prices",
    "httpx2", "httpx_aiohttp", "ipykernel", "ipywidgets", "jsonschema", "markdown_it", "mcp",
    "memory", "nbext",
    "numpy", "openai", "psycopg", "ray", "stamina", "starlette", "tenacity", "traitlets", "uvicorn",
    "uvloop",
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Name and file of every module that exists, `agentkit.log` for agentkit/log.py."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
LONGEST_FIRST = sorted(LAYERS, key=len, reverse=True)


@functools.cache
def layer(module: str) -> str | None:
    """The entry of LAYERS that module belongs to; the bare package holds only its `__init__`."""
    for entry in LONGEST_FIRST:
        if module == entry or (entry not in PACKAGES and module.startswith(entry + ".")):
            return entry
    return None


@functools.cache
def imports(module: str) -> tuple[str, ...]:
    """What a module imports of ours, in a function and for annotations too."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]

    def named() -> Iterator[str]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                whole = ".".join([*above, node.module or ""]).strip(".")
                base = whole if node.level else str(node.module)
                for alias in node.names:  # `from agentkit import log` may mean the module
                    inner = f"{base}.{alias.name}"
                    yield inner if inner in MODULES else base

    return tuple(name for name in named() if name.split(".")[0] in PACKAGES)


def test_every_module_has_its_place_in_the_list() -> None:
    assert [name for name in MODULES if layer(name) is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_earlier_ones(module: str) -> None:
    mine = layer(module)
    assert mine is not None
    wrong = []
    for name in imports(module):
        theirs = layer(name)
        assert theirs is not None, f"{module} imports {name}, which does not exist"
        if (mine, theirs) in APART:
            wrong.append(f"{module} imports {name}, and {mine} must not know {theirs}")
        if LAYERS.index(theirs) > LAYERS.index(mine):
            wrong.append(f"{module} imports {name}, which stands after {mine} in LAYERS")
    assert wrong == []


@pytest.mark.parametrize("folder", [entry for entry in LAYERS if entry not in PACKAGES])
def test_no_cycle_inside_a_folder(folder: str) -> None:
    inside = {name for name in MODULES if layer(name) == folder}
    needs = {name: inside.intersection(imports(name)) - {name} for name in inside}
    while free := [name for name in needs if not needs[name] & needs.keys()]:
        for name in free:
            del needs[name]
    assert needs == {}


def test_who_reads_a_log_loads_no_client_and_no_pattern() -> None:
    code = "import sys, agentkit.cli; agentkit.cli.parser(); print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    names = done.stdout.split()
    assert "agentkit.logs.sqlite" in names
    assert [name for name in names if name.startswith(("httpx", "agentkit.patterns"))] == []


def test_import_agentkit_loads_nothing_heavy() -> None:
    code = "import sys, agentkit; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert HEAVY & set(done.stdout.split()) == set()
