"""Servers of the Model Context Protocol in a real kernel."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from tests.conftest import ROOT
from tests.nbext.notebook import Notebook

TOOLS = ROOT / "tests" / "agentkit" / "protocols"
START = f"%mcp add port --env PYTHONPATH={ROOT} python {TOOLS / 'official.py'}"


def test_a_server_is_added_used_listed_and_removed(notebook: Notebook, tmp_path: Path) -> None:
    notebook.ok("%load_ext nbext")
    assert "No servers yet" in notebook.ok("%mcp").text
    added = notebook.ok(START)
    assert "6 tools: add, pay, berth, count, chart, refuse" in added.text
    pid = int(notebook.value("port.server.pid"))
    shown = notebook.ok("%mcp show port").text
    assert "port_add(a, b)" in shown and "pure" in shown and "once" in shown
    notebook.ok("%%agent clerk --tools port.*\nYou answer questions.")
    assert notebook.value("sorted(clerk.tools)[:2]") == "['port_add', 'port_berth']"
    notebook.ok("%%agent adder --tools port.add\nYou add.")
    assert notebook.value("list(adder.tools)") == "['port_add']"
    assert "clerk, adder" in notebook.ok("%mcp").text
    # Its error output stands below the cell that calls it.
    cell = notebook.ok(
        "import asyncio\nfrom agentkit import Context\n"
        'print(await port.add.perform(port.add.check(\'{"a": 1, "b": 2}\'), Context(None)))\n'
        "while not port.server.connection.voice.last:\n    await asyncio.sleep(0.01)"
    )
    assert "[port] adding 1 and 2" in cell.stream and "'result': 3" in cell.stream
    assert "is ended" in notebook.ok("%mcp remove port").text
    assert notebook.value("'port' in globals()") == "False"
    assert gone(pid)
    file = {"mcpServers": {"a-b": {"command": "python", "args": [str(TOOLS / "hostile.py"), "ok"]}}}
    (tmp_path / "mcp.json").write_text(json.dumps(file))
    assert "a_b · python … · 1 tool: go" in notebook.ok("%mcp load mcp.json").text
    pid = int(notebook.value("a_b.server.pid"))
    assert "did you mean add" in notebook.run("%mcp ad x").error
    assert "a_b" in notebook.run("%mcp remove nobody").error
    notebook.restart()  # It is killed, and can end nothing itself.
    assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process ends soon."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_the_graph_has_the_run_that_a_call_began_in_another_kernel(
    notebook: Notebook, tmp_path: Path
) -> None:
    (tmp_path / "port.py").write_text(
        "from agentkit import pattern\n@pattern\nasync def team(task: str) -> str:\n"
        '    """A team."""\n    return "13 EUR"\n'
    )
    notebook.ok("%load_ext nbext")
    log = f"sqlite:///{tmp_path}/port.db"
    notebook.ok(
        f"%mcp add port --env PYTHONPATH={ROOT} python -m agentkit mcp {tmp_path}/port.py:team"
        f" --log {log}"
    )
    notebook.ok(
        "from agentkit import Agent\nfrom agentkit.testing import ScriptedModel, call\n"
        'model = ScriptedModel([call("port_team", task="Dues?")], "13 EUR")\n'
        'clerk = Agent("clerk", model=model, tools=port)\nawait clerk("What are the dues?")'
    )
    notebook.ok(f"there = {log!r}")
    alone, both = notebook.ok("%graph").text, notebook.ok("%graph --with {{there}}").text
    assert "port_team → team @ port" not in alone and "clerk → port_team: 1 call" in alone
    assert "port_team → team @ port: 1 task" in both and "clerk → port_team: 1 call" in both
    assert "no log at" in notebook.run("%graph --with no/such.db").error


def test_the_wire_is_watched_and_shown(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    assert "Nothing was watched yet" in notebook.run("%wire").error
    assert "is watched from now on" in notebook.ok("%wire on").text
    notebook.ok("%%agent clerk\nYou answer questions.")
    notebook.ok("%%ask clerk --quiet\nWhat are the dues?")
    shown = notebook.ok("%wire")
    assert "POST /v1/chat/completions" in shown.text and "ok 200" in shown.text
    assert "<table>" in shown.outputs[0]["text/html"]
    assert "What are the dues?" in notebook.ok("%wire 1").text
    assert "did you mean clear" in notebook.run("%wire cler").error
    assert "not watching, 1 exchange." in notebook.ok("%wire off").text
