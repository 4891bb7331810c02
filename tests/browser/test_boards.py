"""Plan, speakers and board in a real JupyterLab: they follow their run, and a click tells more."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.conftest import ROOT

SETUP = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from agentkit import open_log
from nbext.widgets import BallotsWidget, PlanWidget, SpeakersWidget
from tests.agentkit.views.story import Story

log, story = open_log("memory:"), Story()
story.start()
lease = log.begin(story.run)
log.append(lease, story.events.pop(0))

async def play():
    while story.events:
        log.append(lease, story.events.pop(0))
    await log.flush(lease)
"""
SHOW = """\
kinds = PlanWidget, SpeakersWidget, BallotsWidget
widgets = [kind().follow(log, [story.run]).show() for kind in kinds];"""
HALF = """\
steps = [
    {"id": 1, "task": "look up the dues in Amber", "needs": [], "actor": "ada"},
    {"id": 2, "task": "ask who owns the Grey Heron", "needs": [], "actor": "bo"},
    {"id": 3, "task": "put both <b>together</b>", "needs": [1, 2], "actor": "ada"},
]
for key in ("plan", "chat", "debate"):
    story.open(key, key, key, what="pattern")
story.note("plan", "plan", {"steps": steps, "trial": 0})
story.note("plan", "step", {"id": 1, "actor": "ada", "status": "running"})
turns = {"ann": 1, "bo": 0, "cy": 0}
story.note("chat", "speaker", {"speaker": "ann", "reason": "it is their turn", "turns": turns})
answers = {"ann": "41", "bo": "42", "cy": "41"}
story.note("debate", "debate", {"round": 1, "answers": answers, "changed": []})
await play()"""
REST = """\
story.note("plan", "step", {"id": 1, "actor": "ada", "status": "ok", "answer": "4.10 EUR"})
story.note("plan", "step", {"id": 2, "actor": "bo", "status": "failed", "reason": "no reply"})
story.say("chat", "ann", "bo", "ann: I begin.", "say")
turns = {"ann": 1, "bo": 1, "cy": 0}
story.note("chat", "speaker", {"speaker": "bo", "reason": "votes: bo 2", "turns": turns})
answers = {"ann": "42", "bo": "42", "cy": "41"}
story.note("debate", "debate", {"round": 2, "answers": answers, "changed": ["ann"]})
await play()"""


def test_boards_follow_their_run_and_tell_more_on_a_click(lab: Lab) -> None:
    lab.open(lab.write("boards.ipynb", [SETUP, SHOW, HALF, REST]))
    assert lab.run_cell(0) == ""
    lab.run_cell(1)
    plan, speakers, board = (lab.page.locator(f".ak-{n}") for n in ("plan", "speakers", "ballots"))
    expect(plan).to_contain_text("No plan yet.")
    lab.run_cell(2)
    expect(plan.locator(".step.is-running")).to_have_count(1)
    expect(plan.locator(".step.is-waiting")).to_have_count(2)
    expect(speakers.locator(".turn.speaking")).to_have_count(1)
    expect(board.locator(".ak-chip")).to_have_count(3)
    tones = "all => all.map((one) => getComputedStyle(one).borderColor)"
    assert len(set(board.locator(".ak-chip").evaluate_all(tones))) == 2  # one for each answer
    lab.run_cell(3)
    expect(plan.locator(".edge.ready")).to_have_count(1)
    expect(board.locator(".ak-chip.changed")).to_have_text("↷ 42")
    plan.locator(".step.is-failed").click()
    expect(plan.locator(".ak-detail")).to_contain_text("no reply")
    speakers.locator(".turn").first.click()
    expect(speakers.locator(".ak-text")).to_have_text("I begin.")
    expect(plan).to_contain_text("<b>together</b>")
    lab.scroll_to(plan)
    lab.screenshot("boards")
