"""The repairer's own tests: done is when the tests pass, as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repair import main

from agentkit.testing import ScriptedModel, call

Scripted = Callable[..., ScriptedModel]
WRONG = "def half(n):\n    return n // 3\n"
RIGHT = "def half(n):\n    return n // 2\n"
TEST = "from half import half\n\n\ndef test_half():\n    assert half(6) == 3\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with a fault, tested without the plugins that happen to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "half.py").write_text(WRONG, encoding="utf-8")
    (folder / "test_half.py").write_text(TEST, encoding="utf-8")
    return folder


def test_it_goes_on_until_the_tests_pass_and_shows_the_change(
    scripted: Scripted, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = scripted(
        call("run_tests"),
        "I am done.",
        [call("read_file", file="half.py"), call("write_file", file="half.py", text=RIGHT)],
        "It divided by 3.",
    )
    assert main(program) == 0
    told = [request.thread[-1].message.text for request in model.requests]
    assert "assert 2 == 3" in told[1] and told[2].startswith("That was refused: the tests do not")
    assert "-    return n // 3\n+    return n // 2\n" in capsys.readouterr().out
    assert (program / "half.py").read_text(encoding="utf-8") == WRONG, "the original stays"


def test_neither_tests_nor_other_files_can_be_written_and_an_exit_passes_nothing(
    scripted: Scripted, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = program.parent / "elsewhere.py"
    model = scripted(
        [
            call("write_file", file="test_half.py", text=""),
            call("write_file", file="../../elsewhere.py", text=""),
            call("write_file", file=str(elsewhere), text=""),
            call("write_file", file="half.py", text="import os\nos._exit(0)\n"),
        ],
        *["Done."] * 3,
    )
    assert main(program) == 1
    results = [one.message for one in model.requests[1].thread if one.message.role == "tool"]
    assert [one.error for one in results] == [True, True, True, False]
    assert not elsewhere.exists()
    assert capsys.readouterr().out.startswith("not repaired")
