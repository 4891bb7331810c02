"""In a page a raw error of a cell is followed by a sentence; elsewhere it is not."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.events import EventManager, available_events

from agentkit import Agent
from agentkit.testing import ScriptedModel
from nbext.definitions import Definitions
from nbext.explaining import advice_on, advice_on_syntax, coroutine_shown
from nbext.loading import when_a_cell_begins


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModuleNotFoundError("No module named 'numpy'", name="numpy"), "no package numpy"),
        (ModuleNotFoundError("No module named 'pandas.x'", name="pandas.x"), "no package pandas"),
        (ModuleNotFoundError("No module named 'mine'", name="mine"), None),
        (ImportError("cannot import name 'x' from 'numpy'", name="numpy"), None),
        (RuntimeError("can't start new thread"), "starts no threads and no processes"),
        (OSError(138, "emscripten does not support processes."), "starts no threads"),
        (RuntimeError("no"), None),
        (ValueError("can't start new thread"), None),
        (None, None),
    ],
)
def test_what_a_page_lacks_is_said_after_the_error(
    error: BaseException | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert advice_on(error) is None
    monkeypatch.setattr(sys, "platform", "emscripten")
    said = advice_on(error)
    assert said is None if told is None else told in (said or "")


def test_a_page_imports_what_its_last_cell_wrote_though_its_folders_keep_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    session: Any = SimpleNamespace(shell=SimpleNamespace(), ready=False, actors=dict)
    session.definitions = Definitions()
    session.shell.events = EventManager(session.shell, available_events)
    stop = when_a_cell_begins(session)
    os.utime(tmp_path, (0, 0))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("written_in_a_page")
    (tmp_path / "written_in_a_page.py").write_text("x = 7\n")
    os.utime(tmp_path, (0, 0))
    session.shell.events.trigger("pre_execute")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("written_in_a_page")
    monkeypatch.setattr(sys, "platform", "emscripten")
    session.shell.events.trigger("pre_execute")
    monkeypatch.undo()
    sys.path.insert(0, str(tmp_path))
    try:
        assert importlib.import_module("written_in_a_page").x == 7
    finally:
        sys.path.remove(str(tmp_path))
        stop()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("def f():\n    return %ask clerk hi", "answer = %ask"),
        ("print(%ask clerk hi)", "answer = %ask"),
        ("x = 5 % ask clerk", None),
        ("def f(:\n    %ask clerk hi", None),
        ("return %cd x", None),
    ],
)
def test_a_magic_inside_a_line_is_explained_where_python_does_not_understand_it(
    cell: str, says: str | None
) -> None:
    told = advice_on_syntax(SyntaxError("invalid syntax"), cell, ["ask", "fork"])
    assert told is None if says is None else says in (told or "")
    assert advice_on_syntax(None, cell, ["ask"]) is None


async def test_an_ask_that_is_not_awaited_says_so() -> None:
    clerk = Agent("clerk", model=ScriptedModel("hi"))
    lines: list[str] = []
    printer: Any = SimpleNamespace(text=lines.append)
    asking, other = clerk("hi"), asyncio.sleep(0)
    for one in (asking, other):
        coroutine_shown(one, printer, False)
    assert "Nobody was asked" in lines[0] and "await clerk(...)" in lines[0]
    assert lines[1] == repr(other)
    assert (await asking).text == "hi"
    await other
