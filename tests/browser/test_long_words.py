"""Words without a space in a narrow page: they are broken, and push nothing out of sight."""

from __future__ import annotations

import pytest

from tests.browser.lab import Lab

LONG = "A" * 300
URL = f"https://example.org/{'path/' * 10}{'x' * 150}?q={'%20' * 30}"
SETUP = f"""
from agentkit import Agent, tool
from agentkit.patterns import debate
from agentkit.messages import ToolCall
from agentkit.testing import ScriptedModel
from memory import Board
LONG, URL = {LONG!r}, {URL!r}

@tool(effect="pure")
def look(what: str) -> str:
    "Look something up."
    raise ValueError(LONG)

call = ToolCall(id="1", name="look", arguments='{{"what": "' + URL + '"}}')
ann = Agent("ann" + "n" * 60, "x", tools=[look], model=ScriptedModel([call], LONG + " " + URL))
sides = [Agent(name, "x", model=ScriptedModel(*["I say 5"] * 4)) for name in ("b" * 60, "cyd")]
jury, board = debate(sides, rounds=2), Board("board_of_" + "b" * 39)
await board.write("key" + LONG, URL)
print(LONG)
"""
CELLS = [
    "%ask ann --graph {{ LONG }}", "%transcript", "%why", "%log", "%memory board",
    "%ask jury --quiet {{ LONG }}", "%ballots", "%cost",
]  # fmt: skip
WIDE = """() => [...document.querySelectorAll(".jp-OutputArea-output")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.closest(".jp-Cell").dataset.windowedListIndex + ": " + one.innerText)"""


@pytest.mark.person
def test_nothing_is_wider_than_a_narrow_page(lab: Lab) -> None:
    """A notebook of 420 pixels, with a side bar open; the table of runs has too many columns."""
    lab.page.set_viewport_size({"width": 770, "height": 900})
    lab.open(lab.write("narrow.ipynb", ["%load_ext nbext", SETUP, *CELLS, "%runs"]))
    for index in range(len(CELLS) + 3):
        assert "Traceback" not in lab.run_cell(index)
    box = lab.cell(1).bounding_box()
    assert box is not None and 400 <= box["width"] <= 440
    wide = lab.page.evaluate(WIDE)
    assert [text.partition(":")[0] for text in wide] == [str(len(CELLS) + 2)], wide
    # Numbers and names have their room also beside a text that is broken.
    what, status = lab.cell(len(CELLS) + 2).locator("tr:nth-child(3) td").all()[1:3]
    shown = what.bounding_box()
    assert shown is not None and 80 <= shown["width"] <= 250
    assert status.inner_text().strip() == "● ok"
    assert status.bounding_box()["height"] >= shown["height"]  # type: ignore[index]
    lab.screenshot("narrow")
