"""An evaluation before a person: a click on a question shows what was said, live and saved."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab

MADE = """
from agentkit import Agent
from agentkit.evaluate import Suite, evaluate
from agentkit.testing import FunctionModel

def answers(request):
    return "It is 4." if "2 and 2" in request.thread[-1].message.text else "It is <b>0</b>."

rows = [{"id": f"sum {n}", "input": f"How much is {n} and {n}?", "target": 2 * n} for n in (2, 3)]
team = Agent("adder", model=FunctionModel(answers))
"""


def open_worst(output: Locator) -> None:
    question = (
        output.locator("details").filter(has=output.page.locator("summary span[title]")).first
    )
    question.locator("summary").first.click()
    expect(question.get_by_text("Trial 1: wrong")).to_be_visible()
    question.get_by_text("Trial 1: wrong").click()
    expect(question.get_by_text("How much is 3 and 3?").first).to_be_visible()
    expect(question.get_by_text("It is <b>0</b>.").first).to_be_visible()


def test_a_click_on_a_question_shows_what_was_said(lab: Lab) -> None:
    lab.open(
        lab.write("evaluation.ipynb", [MADE, "await evaluate(team, Suite(rows, ['numeric']))"])
    )
    lab.run_cell(0)
    assert "50.0%" in lab.run_cell(1)
    open_worst(lab.cell(1))
    lab.screenshot("evaluation-opened")
    lab.save()
    lab.reload()
    open_worst(lab.cell(1))
    lab.screenshot("evaluation-saved")
