"""The panel "Chat" in a real JupyterLab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.lab import Lab

LOADED = """\
import time
time.sleep(1)
%load_ext nbext"""
DEFINED = """\
%%agent clerk
You answer questions about the port of Amber."""
OTHERS = """\
import asyncio, time
from agentkit import current_run, pattern
from agentkit.person import Question
@pattern
async def warden(task):
    text = "Open the <b id=bad>gate</b>?"
    said = await current_run().ask_person(Question(text=text, options=("yes", "no"), words=True))
    return f"<img id=bad src=x> **{said}** $x^2$ \\\\(y\\\\)"
@pattern
async def dozer(task):
    await asyncio.sleep(60)
"""


@pytest.mark.person
def test_a_conversation_goes_on_beside_the_notebook_and_after_a_restart(lab: Lab) -> None:
    cells = [LOADED, DEFINED, OTHERS, "time.sleep(60)", "1"]
    lab.open(lab.write("chat.ipynb", cells))
    page = lab.page
    page.get_by_title("Chat with an agent").first.click()
    chat = page.locator(".ak-chat")
    expect(chat).to_contain_text("agentkit is not loaded in this kernel")
    for n in range(3):
        lab.run_cell(n)
    field, actors = chat.get_by_label("Your message"), chat.get_by_label("Who is asked")

    def say(actor: str, text: str) -> None:
        actors.select_option(actor)
        field.fill(text)
        field.press("Enter")

    # While a cell computes; the field takes a line with Shift, and sends nothing that is empty.
    lab.start_cell(3)
    actors.select_option("clerk")
    field.fill("A mole is 120 m long.")
    field.press("Shift+Enter")
    expect(chat.locator(".ak-turn")).to_have_count(0)
    field.press_sequentially("How long is it in cm?")
    field.press("Enter")
    done = chat.locator(".ak-turn-is-done")
    expect(done).to_have_count(1, timeout=30_000)  # what shows an answer is loaded with the first
    expect(done.locator(".ak-said-text")).to_have_text(
        "A mole is 120 m long.\nHow long is it in cm?"
    )
    expect(lab.prompt(3)).to_have_text("[*]:")
    lab.interrupt()

    # A question to the person; what is said is text, whatever it is.
    say("warden", "May <i id=bad>I</i>?")
    question = chat.locator(".ak-question")
    expect(question).to_contain_text("Open the <b id=bad>gate</b>?")
    question.get_by_role("textbox").fill("only a little")
    question.get_by_role("button", name="Send").click()
    expect(done).to_have_count(2)
    expect(done.nth(1)).to_contain_text("<img id=bad src=x> only a little $x^2$ \\(y\\)")
    expect(done.nth(1).locator(".ak-chat-answer strong")).to_have_text("only a little")
    assert page.locator("#bad, .ak-chat mjx-container").count() == 0

    # An answer is stopped; the next question goes on from the last answer.
    say("dozer", "Wait")
    chat.get_by_role("button", name="Stop").click()
    expect(chat.locator(".ak-turn-is-stopped")).to_contain_text("%resume goes on")
    chat.get_by_role("button", name="Graph").first.click()
    expect(done.first.locator(".ak-chat-graph svg").first).to_be_visible()

    # The kernel is gone, and a page is loaded anew: the log has what was said.
    lab.restart_kernel()
    expect(chat).to_contain_text("The kernel has gone; the log keeps what was said.")
    expect(field).to_be_disabled()
    # Where the panels begin while the cell that loads agentkit runs, they find it all the same.
    held = list[Route]()
    page.route("**/lab/agents.js*", lambda route: held.append(route))
    lab.reload()
    lab.start_cell(0)
    for one in held:
        one.continue_()
    page.unroute("**/lab/agents.js*")
    lab.wait_idle(0)
    if not chat.is_visible():
        # JupyterLab keeps which panels are open whenever it comes to that: under load, too late.
        page.get_by_title("Chat with an agent").first.click()
    lab.run_cell(1)
    # What tells of it is loaded with it, beside a kernel that is busy with its first cells.
    expect(chat).to_contain_text("A mole is 120 m long.", timeout=30_000)
    expect(chat.locator(".ak-turn")).to_have_count(3)
    say("clerk", "And in mm?")
    expect(done).to_have_count(3)

    # As cells; they take their answers from the log.
    chat.get_by_role("button", name="Insert the conversation").click()
    expect(lab.cell(3)).to_contain_text(
        re.compile(r"%%ask warden -> said_2 --after said_1 --rerun")
    )
    chat.get_by_role("button", name="New conversation").click()
    expect(chat.locator(".ak-turn")).to_have_count(0)
    assert "120" in lab.run_cell(2)
    assert lab.console == []
