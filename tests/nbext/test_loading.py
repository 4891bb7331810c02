"""Loading and unloading the extension."""

from __future__ import annotations

import os
import shutil
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbext.completion import matchers
from nbext.loading import on_path
from nbext.panel.comms import install
from nbext.programs import starting
from tests.nbext.notebook import Notebook

pytestmark = pytest.mark.usefixtures("started")

STATE = """
import asyncio, signal, threading
ip = get_ipython()
state = dict(
    line=sorted(ip.magics_manager.magics["line"]),
    cell=sorted(ip.magics_manager.magics["cell"]),
    post=len(ip.input_transformers_post),
    cleanup=len(ip.input_transformers_cleanup),
    matchers=len(ip.Completer.custom_matchers),
    signals=[str(signal.getsignal(n)) for n in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)],
    markdown=str(ip.display_formatter.formatters["text/markdown"].type_printers),
    model=__import__("os").environ.get("AGENTKIT_MODEL"),
)
"""


def test_unloading_leaves_nothing_behind(notebook: Notebook) -> None:
    notebook.ok(STATE)
    notebook.ok("before = state")
    notebook.ok("%load_ext nbext")
    notebook.ok("%endpoint sim:hasty")
    notebook.ok("%%agent clerk\nYou help.")
    notebook.ok("%ask clerk --bg --graph What is 2 + 2?")
    notebook.ok(
        "from agentkit.sim import server\nserver.endpoint()\npid = server.shared.server.pid"
    )
    notebook.ok("%unload_ext nbext")
    notebook.ok(STATE)
    assert notebook.value("state == before") == "True", notebook.value("(state, before)")
    assert notebook.value("server.shared.server is None") == "True"
    assert notebook.value("__import__('os').path.exists(f'/proc/{pid}')") == "False"
    assert notebook.value("__import__('agentkit.person').person._person.__name__") == "'console'"
    assert notebook.value("__import__('agentkit').open_log()._subscribers") == "[]"
    assert "`%ask` not found" in notebook.run("%ask clerk hi").stream


def test_asking_in_the_cell_that_loads_says_so_and_the_second_time_works(
    notebook: Notebook,
) -> None:
    both = "from agentkit import Agent\nclerk = Agent('clerk')\n%{} nbext\n%ask clerk What is 2+2?"
    cell = notebook.run(both.format("load_ext"))
    assert cell.ename == "SetupError" and "in a cell of its own" in cell.error
    assert "4" in notebook.ok(both.format("load_ext")).text
    assert "4" in notebook.ok(both.format("reload_ext")).text


def test_loading_says_one_line_and_twice_is_harmless(notebook: Notebook) -> None:
    cell = notebook.ok("%load_ext nbext")
    assert len(cell.text.splitlines()) == 1
    assert "sim-careful answers" in cell.text and "log.db" in cell.text
    notebook.ok("%reload_ext nbext")
    notebook.ok("%%agent clerk\nYou help.")
    assert len(notebook.ok("%ask clerk What is 2 + 2?").outputs) == 1


def test_a_log_that_is_no_log_is_a_typed_error_and_nothing_is_loaded(notebook: Notebook) -> None:
    notebook.ok("from pathlib import Path; Path('bad.db').write_text('no log at all ' * 100)")
    notebook.ok("import os; os.environ['AGENTKIT_LOG'] = 'bad.db'")
    cell = notebook.run("%load_ext nbext")
    assert cell.ename == "LogCorrupt"
    assert "`%runs` not found" in notebook.run("%runs").stream
    notebook.ok("del os.environ['AGENTKIT_LOG']\n%load_ext nbext")
    assert "No runs yet" in notebook.ok("%runs").text


def test_agentkit_lists_every_magic_in_one_line_and_magic_helps(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    lines = notebook.ok("%agentkit").text.splitlines()
    names = ("%%agent", "%%ask", "%%team", "%agentkit", "%fork", "%graph", "%memory", "%transcript")
    for name in names:
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert line.endswith(".") and len(line.split()) > 4
    assert notebook.value("'%%ask' in get_ipython().find_line_magic('magic').__doc__") == "True"
    notebook.ok("%unload_ext nbext")
    assert notebook.value("'%%ask' in get_ipython().find_line_magic('magic').__doc__") == "False"


def test_the_program_of_the_kernels_environment_is_found_in_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    remove = on_path()
    assert shutil.which("agentkit") and os.environ["PATH"].endswith("/nowhere")
    on_path()()  # found already
    remove()
    assert os.environ["PATH"] == "/nowhere"


def test_a_page_refuses_what_would_start_a_program(notebook: Notebook) -> None:
    notebook.ok("import nbext.loading as loading, sys\nloading.in_page = lambda: True")
    notebook.ok("%load_ext nbext")
    for name in ("bash", "script cat", "sh", "python3"):
        cell = notebook.run(f"%%{name}\n1 + 1")
        assert cell.ename == "SetupError" and "starts a program" in cell.error, name
    assert notebook.value("1 + 1") == "2"
    assert "has not" in notebook.value("get_ipython().find_cell_magic('bash').__doc__")
    notebook.ok("loading.in_page = lambda: False\n%unload_ext nbext")
    assert "hello" in notebook.ok("%%bash\necho hello").stream


def test_an_older_ipython_has_everything_but_completion_and_panel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session: Any = SimpleNamespace(in_notebook=True)
    assert len(matchers(session)) == 1
    monkeypatch.delattr("IPython.core.completer.context_matcher")
    monkeypatch.setitem(sys.modules, "comm", None)
    assert matchers(session) == []
    install(session)()


def test_programs_are_known_before_ipython_imports_their_magics() -> None:
    shell = InteractiveShell()
    known = set(starting(shell))
    shell.find_cell_magic("script")
    assert set(starting(shell)) == known and {"script", "bash", "sh", "python3"} <= known
    assert "time" not in known
