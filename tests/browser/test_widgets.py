"""The widgets in a real JupyterLab: live while a cell runs, clickable, there after a reload."""

from __future__ import annotations

import contextlib
import re
from textwrap import dedent
from urllib.parse import urlparse

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from agentkit.pictures import GraphPicture, static_bundle
from agentkit.views import fold
from tests.agentkit.views.story import team
from tests.browser.lab import Lab
from tests.conftest import ROOT

SETUP = f"""\
import asyncio, sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from agentkit import open_log
from nbext.widgets import BillWidget, GraphWidget, TimelineWidget
from tests.agentkit.views.story import team

log, story = open_log("memory:"), team()
lease = log.begin(story.run)
log.append(lease, story.events.pop(0))

async def play(events):
    for event in events:
        log.append(lease, event)
        await log.flush(lease)

async def signal(name):
    end = time.monotonic() + 60
    while not Path(name).exists() and time.monotonic() < end:
        await asyncio.sleep(0.02)
"""
SHOW = """\
kinds = GraphWidget, TimelineWidget, BillWidget
widgets = [kind().follow(log, [story.run]).show() for kind in kinds];"""
TEXT = "<img src=x onerror='document.title=1'>" + " a long text" * 60


def show(lab: Lab, notebook: str, *cells: str) -> None:
    """Open a notebook whose first cells set a log up and show the widgets."""
    lab.open(lab.write(notebook, [SETUP, SHOW, *cells]))
    assert lab.run_cell(0) == ""
    lab.run_cell(1)


def test_the_graph_draws_itself_while_the_cell_still_runs(lab: Lab) -> None:
    halves = """\
    half = next(i for i, event in enumerate(story.events) if event.kind == "noted") + 1
    await play(story.events[:half])
    await signal("go-on")
    await play(story.events[half:])"""
    show(lab, "live.ipynb", dedent(halves))
    seen: list[str] = []
    lab.page.on("request", lambda request: seen.append(request.url))
    graph, timeline = lab.page.locator(".ak-graph"), lab.page.locator(".ak-timeline")
    lab.start_cell(2)
    expect(graph.locator(".node")).to_have_count(5)
    worker = graph.locator(".node[data-id='worker-1']")
    expect(worker).to_have_attribute("aria-label", re.compile(r"waiting \(retry\)"))
    expect(graph.locator(".ak-status")).to_contain_text("running")
    assert lab.prompt(2).inner_text() == "[*]:"
    (lab.root / "go-on").touch()
    lab.wait_idle(2)
    expect(graph).to_have_attribute("data-messages", "14")
    expect(graph.locator(".node.is-done")).to_have_count(6)
    expect(timeline).to_have_attribute("data-bars", "10")
    expect(lab.page.locator(".ak-bill tfoot")).to_contain_text("unknown")
    assert {urlparse(url).hostname for url in seen} <= {"127.0.0.1", None, ""}
    assert not [text for text in lab.console if "ak-" in text or "widget" in text.lower()]


def test_the_stored_output_is_the_end_of_the_run_and_needs_no_widget(lab: Lab) -> None:
    show(lab, "stored.ipynb", "await play(story.events)")
    lab.run_cell(2)
    expect(lab.page.locator(".ak-graph")).to_have_attribute("data-messages", "14")
    stored = [output["data"] for output in lab.save().cells[1].outputs]
    live, stored = stored[::2], stored[1::2]
    assert len(live) == len(stored) == 3
    assert "14 messages" in stored[0]["text/plain"]
    assert '<img alt="Message graph: ' in stored[0]["text/html"]
    assert stored[0]["image/svg+xml"].count("<title>") > 20
    assert all(data["image/svg+xml"].startswith("<svg") for data in stored)
    assert all("application/vnd.jupyter.widget-view+json" in data for data in live)
    expect(lab.page.locator(".agentkit-still").first).to_be_hidden()


def test_a_notebook_of_somebody_else_shows_its_pictures(lab: Lab) -> None:
    picture = fold(GraphPicture(), team().events)
    cell = nbformat.v4.new_code_cell(
        "%graph", outputs=[nbformat.v4.new_output("display_data", static_bundle(picture))]
    )
    name = lab.write("foreign.ipynb", [])
    notebook = nbformat.read(lab.root / name, as_version=4)
    notebook.cells = [cell]
    nbformat.write(notebook, lab.root / name)
    lab.open(name)
    shown = lab.cell(0).locator(".jp-OutputArea-output img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") > 200
    assert "planner" not in lab.cell_output(0)


def middle_of(edge: Locator) -> list[float]:
    """Where on the page the middle of an edge is, in pixels."""
    found: list[float] = edge.evaluate(
        """path => { const at = path.getPointAtLength(path.getTotalLength() / 2)
                         .matrixTransform(path.getScreenCTM()); return [at.x, at.y]; }"""
    )
    return found


@pytest.mark.person
def test_a_click_on_an_edge_lists_its_messages_and_a_reload_keeps_the_widgets(lab: Lab) -> None:
    show(
        lab,
        "click.ipynb",
        f"story.say('t', 'team', 'planner', {TEXT!r}, 'say'); await play(story.events)",
    )
    lab.run_cell(2)
    graph = lab.page.locator(".ak-graph")
    lab.scroll_to(graph)
    texts = graph.locator(".ak-text")
    for _ in range(5):  # a click where the edge was before the page had its last form hits nothing
        lab.page.mouse.click(*middle_of(graph.locator(".edge[data-id='team→planner'] .hit")))
        with contextlib.suppress(AssertionError):
            expect(texts).to_have_count(2, timeout=3_000)
            break
    expect(texts).to_have_count(2)
    expect(texts.first).to_have_text("Plan it.")
    graph.get_by_role("button", name="show all", exact=True).click()
    expect(texts.last).to_have_text(TEXT)
    assert lab.page.locator(".ak-graph img").count() == 0
    lab.page.keyboard.press("Escape")
    expect(texts.first).to_be_hidden()
    graph.locator(".node[data-id='tool:tariff']").focus()
    lab.page.keyboard.press("Enter")
    expect(texts).to_have_count(4)

    lab.save()
    lab.reload()
    expect(graph).to_have_attribute("data-messages", "15", timeout=30_000)
    expect(lab.page.locator(".ak-timeline")).to_have_attribute("data-bars", "10")
    graph.locator(".node[data-id='planner']").click()
    expect(texts).to_have_count(3)
