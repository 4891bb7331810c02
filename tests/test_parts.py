"""scripts/test: parts run at once, and none is lost, whatever it ends with."""

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
def test_parts_run_at_once_and_one_failure_in_either_fails_all(
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
    for name in ("python", "notebooks"):  # in any order, but each below its own heading
        assert told.split(f"== {name} ==")[1].strip().startswith(f"of {name}\n")
    lines = [line.split() for line in told.splitlines()[-12:]]
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
    assert f"there are: {', '.join(script.PARTS)}" in capsys.readouterr().err


def test_what_a_part_compiles_is_kept_where_the_machine_forbids_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; sys.exit(sys.dont_write_bytecode)"
    assert script.call(sys.executable, "-c", code) == 0


def test_no_more_parts_than_allowed_run_at_once_and_each_of_all_runs(script: ModuleType) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def part() -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        said(script, "of a part")
        with lock:
            running -= 1
        return 0

    script.PARTS.update(dict.fromkeys(script.PARTS, part))
    done = script.side_by_side(list(script.PARTS), 3)
    assert done.keys() == script.PARTS.keys() and all(passed for passed, _ in done.values())
    assert 2 <= most <= 3


def test_every_file_of_tests_is_in_one_part(script: ModuleType) -> None:
    asked: dict[str, tuple[str, ...]] = {}
    for name in ("programs", "workers", "memory", "wire", "teams", "magics", "browser", "python"):
        script.pytest = lambda *args, name=name: asked.__setitem__(name, args) or 0
        script.PARTS[name]()
    rest = asked.pop("python")
    named = {folder for folders in asked.values() for folder in folders}
    left_out = {arg.partition("=")[2] for arg in rest if arg.startswith("--ignore=")}
    assert left_out - named == {"tests/foreign"}, "nobody runs these"
    assert named - left_out == set(), "these run twice"
    assert all((ROOT / folder).exists() for folder in named)


def test_every_notebook_is_in_one_part(script: ModuleType) -> None:
    run: list[str] = []
    script.pytest = lambda *args: run.extend(arg for arg in args if arg.endswith(".ipynb")) or 0
    assert script.notebooks() == script.later() == 0
    stored = [path.name for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert sorted(name.rpartition("/")[2] for name in run) == sorted(stored)
