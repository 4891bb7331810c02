"""scripts/test: parts run in lanes at once, and none is lost, whatever it ends with."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import threading
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("scripts_test", str(ROOT / "scripts" / "test"))
    spec = importlib.util.spec_from_loader("scripts_test", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))
    loader.exec_module(module)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    return module


def said(module: ModuleType, words: str, status: int = 0) -> int:
    code = f"import sys; print({words!r}); sys.exit({status})"
    return int(module.call(sys.executable, "-c", code))


@pytest.mark.parametrize("status", [0, 3])
def test_lanes_run_at_once_and_one_failure_in_either_fails_all(
    script: ModuleType, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    met = threading.Barrier(2, timeout=30)

    def python() -> int:
        met.wait()
        return said(script, "of python")

    def notebooks() -> int:
        met.wait()
        return said(script, "of notebooks", status)

    def browser() -> int:
        raise script.Skipped("no Chromium")

    script.PARTS.update(python=python, notebooks=notebooks, browser=browser)
    assert script.main(["browser", "python", "notebooks"]) == bool(status)
    told = capfd.readouterr().out
    assert told.index("of python") < told.index("== notebooks ==") < told.index("of notebooks")
    lines = [line.split() for line in told.splitlines()[-8:]]
    ended = [" ".join(line[:1] + line[line.index("work") + 1 :] if "work" in line else line)
             for line in lines]  # fmt: skip
    verdict = f"FAILED (exit status {status})" if status else "passed"
    assert ended[:3] == ["python passed", f"notebooks {verdict}", "browser SKIPPED: no Chromium"]
    assert "javascript" in told and "not asked for" in told


@pytest.mark.parametrize("name", ["python", "browser"])
def test_a_part_that_breaks_off_is_a_failure_and_the_others_run(
    script: ModuleType, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> int:
        raise OSError("no such program")

    parts = {"python": lambda: 0, "javascript": lambda: 0, "browser": lambda: 0} | {name: broken}
    script.PARTS.update(parts)
    assert script.main(list(parts)) == 1
    told = capsys.readouterr().out
    assert "FAILED: no such program" in told and told.count("passed") == 2


def test_a_name_that_is_no_part_is_refused(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["pyhton"]) == 2
    assert "there are: python, programs, magics, memory, notebooks" in capsys.readouterr().err


def test_what_a_part_compiles_is_kept_where_the_machine_forbids_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; sys.exit(sys.dont_write_bytecode)"
    assert script.call(sys.executable, "-c", code) == 0
