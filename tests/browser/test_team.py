"""Teams before a person: drawn and checked in the cell that puts them together, then asked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab

AGENTS = """
from agentkit import Agent, tool

@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    "Harbour dues in EUR."
    return 13.0 * tonnes

def about_money(state): return "dues" in state.text
words = "You answer questions about the port of Amber."
names = ("planner", "searcher", "reader", "editor", "critic")
planner, searcher, reader, editor, critic = (Agent(n, words, tools=[tariff]) for n in names)
"""
GRAPH = (
    "%%team desk\n"
    "planner >> [searcher.when(about_money), reader.when(otherwise)] >> editor >> critic"
)
DEBATE = "%%team jury --pattern debate --rounds 2 --judge critic\nplanner, searcher, reader"


def test_a_team_is_drawn_in_its_cell_and_then_asked(lab: Lab) -> None:
    cells = ["%load_ext nbext", AGENTS, GRAPH, DEBATE]
    cells += ["%%team bad\nplanner >> reader\nreader >> planner", "%graph jury --plan"]
    cells += ["%%ask jury -> got\nWhat are the dues for 30 t in Amber?", "%graph jury", "%team"]
    lab.open(lab.write("team.ipynb", cells))
    for index in (0, 1):
        lab.run_cell(index)
    assert "Checked" in lab.run_cell(2)
    expect(lab.cell(2).locator("svg[viewBox]").first).to_be_visible()
    lab.screenshot("team-graph")
    assert "actors: planner, searcher, reader" in lab.run_cell(3)
    lab.screenshot("team-debate")
    assert "cycle without a bound" in lab.run_cell(4)
    lab.screenshot("team-refused")
    lab.run_cell(5)
    assert "390" in lab.run_cell(6)
    lab.run_cell(7)
    lab.screenshot("team-asked")
    assert "plan_and_execute" in lab.run_cell(8)
    lab.scroll_to(lab.cell(8))
    lab.screenshot("team-patterns")
