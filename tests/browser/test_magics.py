"""The magics before a person: in a real JupyterLab, with its buttons."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.lab import Lab

SETUP = '''
import asyncio
from agentkit import tool

gate = asyncio.Event()

@tool(effect="pure")
async def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    await gate.wait()
    return 13.0 * tonnes

@tool(effect="once", approve=True)
def pay(port: str, eur: float) -> str:
    """Pay harbour dues to a port."""
    return "paid, receipt 17"
'''
CLERK = (
    "%%agent clerk --tools tariff\nYou answer questions about the port of Amber in one sentence."
)
ASK = "%%ask clerk --graph -> answer\nWhat are the dues for 30 t in Amber?"


def test_a_person_asks_interrupts_restarts_and_resumes(lab: Lab) -> None:
    cells = ["%load_ext nbext", SETUP, CLERK, ASK, "gate.set()", "%resume", "%runs", "answer.text"]
    lab.open(lab.write("resume.ipynb", cells))
    for index in range(3):
        lab.run_cell(index)
    assert "clerk" in lab.cell_output(2)

    lab.start_cell(3)
    lab.expect_output(3, "clerk calls tariff")
    expect(lab.cell(3).locator("svg").first).to_be_visible()
    expect(lab.prompt(3)).to_have_text("[*]:")
    lab.screenshot("magics-running")
    lab.interrupt()
    error = lab.wait_idle(3)
    assert "Interrupted" in error and "%resume" in error
    lab.screenshot("magics-interrupted")

    lab.restart_kernel()
    for index in (0, 1, 2, 4):
        lab.run_cell(index)
    assert "390" in lab.run_cell(5)
    runs = lab.run_cell(6)
    assert "ok" in runs and "clerk: What are the dues" in runs
    assert "390" in lab.run_cell(7)
    lab.screenshot("magics-resumed")


def test_text_streams_into_the_output_while_the_cell_runs(lab: Lab) -> None:
    cells = ["%load_ext nbext", "%%agent clerk\nYou help.", "%ask clerk Who are you?"]
    lab.open(lab.write("stream.ipynb", cells))
    lab.run_cell(0)
    lab.run_cell(1)
    lab.page.evaluate(WATCH)
    lab.run_cell(2)
    seen = lab.page.evaluate("() => window.agentkitSeen")
    partial = [text for text in seen if text.startswith("Hello, I am") and "schemas." not in text]
    assert partial, seen
    assert "schemas." in lab.cell_output(2)
    expect(lab.cell(2).locator(".jp-OutputArea-output")).to_have_count(1)


GROW = """(button) => {
  const more = document.createElement("div");
  more.style.height = "90px";
  button.closest(".agentkit-question").before(more);
}"""


def test_a_person_approves_a_payment_with_a_click(lab: Lab) -> None:
    cells = [
        "%load_ext nbext",
        SETUP,
        "%%agent payer --tools pay\nYou pay dues.",
        "%ask payer Pay 30 EUR to Amber.",
        "%ask payer Pay 31 EUR to Amber.",
    ]
    lab.open(lab.write("approve.ipynb", cells))
    for index in range(3):
        lab.run_cell(index)
    lab.start_cell(3)
    yes = lab.cell(3).get_by_role("button", name="yes")
    expect(yes).to_be_visible(timeout=20_000)
    lab.screenshot("magics-question")
    yes.click()
    shown = lab.wait_idle(3)
    assert "You answered: yes" in shown and "receipt 17" in shown

    still = lab.cell(3).locator(".agentkit-still", has_text="You answered: yes")
    expect(still).to_be_hidden()  # the live question says it
    lab.start_cell(4)
    no = lab.cell(4).get_by_role("button", name="no")
    no.hover(timeout=20_000)
    # What stands above it grows while it is pressed, as a graph does that is being drawn.
    lab.page.mouse.down()
    no.evaluate(GROW)
    lab.page.mouse.up()
    assert "You answered: no" in lab.wait_idle(4)
    stored = lab.save()
    texts = [str(out.get("data", {}).get("text/plain")) for out in stored.cells[3].outputs]
    assert any("You answered: yes" in text for text in texts)
    lab.screenshot("magics-answered")


def test_names_complete_with_the_tabulator(lab: Lab) -> None:
    lab.open(lab.write("tab.ipynb", ["%load_ext nbext", "%%agent clerk\nYou help.", "1"]))
    lab.run_cell(0)
    lab.run_cell(1)
    lab.replace_cell(2, "%%ask clerk --mo")
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".jp-Completer-item").first).to_contain_text("--model")
    lab.page.keyboard.press("Enter")
    expect(lab.cell(2).locator(".cm-content")).to_have_text(re.compile(r"^%%ask clerk --model$"))


WATCH = """() => {
  window.agentkitSeen = [];
  const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[2];
  new MutationObserver(() => {
    const out = cell.querySelector('.jp-OutputArea-output');
    if (out) window.agentkitSeen.push(out.innerText);
  }).observe(cell, { childList: true, subtree: true, characterData: true });
}"""
