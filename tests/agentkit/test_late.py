"""Names that are imported when first asked for, and modules called like their functions."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from agentkit import patterns

HOUSE = """
from agentkit.late import late_names
HOMES = {"cook": "house.cook", "wash": "house.kitchen"}
late_names(__name__, HOMES)
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").write_text(HOUSE)
    (folder / "cook.py").write_text("SALT = 1\ndef cook(): return 'soup'\n")
    (folder / "kitchen.py").write_text("def wash(): return 'clean'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("house", "house.cook", "house.kitchen"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def test_a_name_is_imported_when_it_is_asked_for_and_not_before(house: Path) -> None:
    found = importlib.import_module("house")
    assert "house.kitchen" not in sys.modules
    assert "wash" in dir(found)
    assert found.wash() == "clean"
    assert "house.kitchen" in sys.modules and "house.cook" not in sys.modules


@pytest.mark.parametrize("first", ["house", "house.cook"])
def test_a_function_called_like_its_module_is_the_function(house: Path, first: str) -> None:
    importlib.import_module(first)
    found = importlib.import_module("house")
    importlib.import_module("house.cook")
    assert found.cook() == "soup"
    assert sys.modules["house.cook"].SALT == 1


def test_a_name_that_is_not_there_is_an_attribute_error(house: Path) -> None:
    found = importlib.import_module("house")
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'bake'"):
        _ = found.bake
    with pytest.raises(ImportError):
        from house import bake  # type: ignore[import-not-found]  # noqa: F401


def test_a_module_that_cannot_be_imported_says_so_and_is_tried_again(house: Path) -> None:
    (house / "kitchen.py").write_text("import nothing_of_that_name\n")
    found = importlib.import_module("house")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
            _ = found.wash


def test_each_pattern_is_a_function_whatever_was_imported_before() -> None:
    code = """
import importlib, pkgutil, sys
import agentkit.patterns as patterns
for found in pkgutil.iter_modules(patterns.__path__):
    importlib.import_module(f"agentkit.patterns.{found.name}")
    importlib.import_module("agentkit.views")
print(*[name for name in patterns.__all__ if isinstance(getattr(patterns, name), type(sys))])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []
    assert callable(patterns.debate) and callable(patterns.judge)
