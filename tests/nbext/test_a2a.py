"""Agents elsewhere in a real kernel: served there, asked there, shown when they are broken."""

from __future__ import annotations

from tests.nbext.notebook import Notebook


def test_an_actor_is_served_added_asked_listed_and_stopped(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    assert "No agents yet" in notebook.ok("%a2a").text
    notebook.ok(
        "from agentkit import pattern\n\n@pattern\nasync def team(task: str) -> str:\n"
        '    """A team at the port."""\n    return f"heard {task}"'
    )
    served = notebook.ok("%a2a serve team").text
    assert "team is served at http://127.0.0.1:" in served
    url = served.split(" at ")[1].split(". ")[0]
    notebook.ok(f"there = {{'port': {url!r}}}")
    added = notebook.ok('%a2a add port {{ there["port"] }}').text
    assert "its card is unsigned" in added and "It can: team" in added
    assert "heard hello" in notebook.ok("%%ask port\nhello").text
    assert "A team at the port" in notebook.ok("%a2a show port").text
    listed = notebook.ok("%a2a").text
    assert "well" in listed and "served" in listed
    assert "is served no more" in notebook.ok("%a2a stop team").text
    assert "broken: The agent team" in notebook.ok("%a2a").text
    assert "did you mean serve" in notebook.run("%a2a serv team").error
    assert "is an actor here" in notebook.run("%a2a serve nobody").error
    assert "forgotten" in notebook.ok("%a2a remove port").text
    assert notebook.value("'port' in globals()") == "False"
