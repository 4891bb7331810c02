"""The panel "Agents" in a real JupyterLab."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import expect

from agentkit.events import RunStarted
from agentkit.logs import open_log
from agentkit.opening import run
from agentkit.place import set_place
from tests.browser.lab import Lab

DEFINED = """\
import asyncio, time
from agentkit import current_run, pattern
from agentkit.person import Question
@pattern
async def keeper(task):
    text = "Open the <b id=bad>gate</b>?"
    return await current_run().ask_person(Question(text=text, options=("yes", "no"), words=True))
@pattern
async def sleeper(task):
    await asyncio.sleep(60)
"""
COPIED = """async () => {
  for (let n = 0; n < 100; n++) {
    const text = await navigator.clipboard.readText();
    if (text) return text;
    await new Promise((done) => setTimeout(done, 50));
  }
}"""
LOADED = """() => performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => name.includes("/jupyter-agentkit/")).map((name) => name.split("/").at(-1))"""
"""The files of the extension that the page has asked for."""
HOSTILE = "%ask keeper <img id=bad src=x>"


@pytest.mark.person
def test_runs_are_seen_stopped_and_answered_in_the_panel(lab: Lab) -> None:
    cells = ["1 + 1", "%load_ext nbext", DEFINED, HOSTILE, "%ask sleeper on", "time.sleep(4)"]
    lab.open(lab.write("panel.ipynb", cells))
    page = lab.page
    page.get_by_title("Agents", exact=True).first.click()
    panel = page.locator(".ak-agents")
    lab.run_cell(0)
    expect(panel).to_contain_text("agentkit is not loaded here")
    lab.run_cell(1)
    expect(panel).to_contain_text("No runs yet")
    lab.run_cell(2)
    expect(panel).to_contain_text("2 actors")

    # A question is answered here; what is typed stays while the panel is drawn anew.
    lab.start_cell(3)
    question = panel.locator(".ak-question")
    expect(question).to_contain_text("Open the <b id=bad>gate</b>?")
    question.get_by_role("textbox").fill("only a little")
    expect(panel.locator(".ak-is-waiting")).to_contain_text("1.", timeout=10_000)
    question.get_by_role("button", name="Send").click()
    expect(question).to_have_count(0)
    assert "only a little" in lab.wait_idle(3)
    # Runs of the notebooks of other tests stand there too.
    keeper = panel.locator(".ak-is-done", has_text="keeper: <img id=bad src=x>")
    expect(keeper).to_contain_text("<img id=bad src=x>")

    # A run is stopped while its cell awaits it.
    lab.start_cell(4)
    panel.get_by_role("button", name=re.compile("Stop .*sleeper")).click()
    expect(panel.locator(".ak-is-cancelled", has_text="sleeper")).to_have_count(1)
    assert "Interrupted" in lab.wait_idle(4)

    # All views of a run, while the main thread of the kernel is busy.
    lab.start_cell(5)
    keeper.locator(".ak-run-head").click()
    panel.get_by_role("button", name="Transcript").click()
    viewer = page.locator(".ak-viewer")
    expect(viewer.locator(".ak-lines")).to_contain_text("only a little", timeout=3000)
    expect(lab.prompt(5)).to_have_text("[*]:")
    for tab, shown in (("Graph", "svg"), ("Timeline", "svg"), ("Bill", "table"), ("Events", "li")):
        viewer.get_by_role("tab", name=tab).click()
        expect(viewer.locator(f".ak-viewer-body {shown}").first).to_be_visible()
    assert page.locator("#bad").count() == 0

    # The cell that asked; and a kernel that is gone.
    lab.wait_idle(5)
    panel.get_by_role("button", name="Go to cell").click()
    expect(lab.cell(3)).to_have_class(re.compile("jp-mod-active"))
    assert lab.console == []
    lab.restart_kernel()
    expect(panel).to_contain_text("agentkit is not loaded here")
    lab.run_cell(1)
    mine = panel.locator(".ak-run", has_text=re.compile("keeper: <img|sleeper"))
    expect(mine).to_have_count(2)


def record(lab: Lab, notebook: str, name: str) -> None:
    """Put a run of a notebook into the log of the server's folder, as its kernel would."""

    async def work() -> None:
        log = open_log(f"sqlite:///{lab.root / '.agentkit' / 'log.db'}")
        async with run(name, log=log):
            pass
        log.close()

    before = set_place(lambda: str(lab.root / notebook))
    try:
        with ThreadPoolExecutor() as pool:  # playwright has a loop in this thread
            pool.submit(lambda: asyncio.run(work())).result()
    finally:
        set_place(before)


@pytest.mark.person
def test_runs_of_notebooks_that_are_not_open_are_read_by_the_server(lab: Lab) -> None:
    record(lab, "closed.ipynb", "Is the <i id=bad>port</i> open?")
    lab.open(lab.write("other.ipynb", ["1 + 1"]))
    lab.page.get_by_title("Agents", exact=True).first.click()
    others = lab.page.get_by_role("region", name="Runs from the log")
    row = others.locator(".ak-run", has_text="closed.ipynb")
    expect(row).to_contain_text("Is the <i id=bad>port</i> open?")
    row.locator(".ak-run-head").click()
    expect(row.get_by_role("button", name="Resume")).to_have_count(0)
    row.get_by_role("button", name="Events").click()
    expect(lab.page.locator(".ak-lines")).to_contain_text("<i id=bad>port</i>")
    assert lab.page.locator("#bad").count() == 0
    tabs = lab.page.locator(".lm-DockPanel-tabBar").get_by_role("tab")
    tabs.nth(0).click()
    expect(lab.page.locator(".ak-lines")).to_be_hidden()
    tabs.nth(1).click()
    expect(lab.page.locator(".ak-lines")).to_be_visible()
    assert lab.console == []

    order = {"do": "runs", "folder": ""}
    for headers in ({}, {"Authorization": "token wrong"}):
        refused = httpx.post(
            f"{lab.url}/agentkit/order", json=order, headers=headers, trust_env=False
        )
        assert refused.status_code == 403


@pytest.mark.person
def test_an_agent_notebook_runs_and_its_answer_is_taken_further(lab: Lab) -> None:
    page = lab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{lab.url}/lab?reset&token={lab.token}")
    tile = page.get_by_text("Agent Notebook")
    tile.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    # JupyterLab starts with the names of things; the first notebook brings what is behind them.
    names = {name.split("?")[0] for name in page.evaluate(LOADED)}
    assert names == {"entry.js", "shared.js", "index.js", "places.js"}
    tile.click()
    expect(page.locator(".ak-first")).to_have_count(2)
    lab.wait_kernel()
    for n in range(2):
        lab.run_cell(n)
    assert "120 m" in lab.run_cell(2)
    bill = page.locator(".ak-bill-item")
    expect(bill).to_contain_text(re.compile(r"^\$0\.0\d+ · \d+ tokens · today \$"))

    def order(label: str) -> None:
        lab.cell(2).locator(".jp-OutputArea-output").first.click(button="right")
        page.get_by_role("menuitem", name=label).click()

    order("Copy as Python")
    assert "await clerk(" in page.evaluate(COPIED)
    order("Run Again")
    assert "120 m" in lab.wait_idle(3)
    page.get_by_title("Agents", exact=True).first.click()
    heads = page.locator(".ak-run-head")
    heads.nth(0).click()
    page.get_by_role("button", name="Compare…").click()
    heads.nth(1).click()
    page.get_by_role("button", name="Compare with").click()
    expect(page.locator(".ak-parting")).to_have_text("Both say the same.")
    expect(page.locator(".ak-compare .ak-same")).to_have_count(4)
    page.get_by_role("tab", name="Untitled.ipynb").click()
    order("Ask an Agent About This Cell")
    expect(lab.cell(3)).to_contain_text("%%ask clerk")

    # From the palette it is about the active cell, whatever was clicked before.
    lab.cell(0).locator(".cm-content").click()
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Ask an Agent About")
    page.keyboard.press("Enter")
    expect(lab.cell(1)).to_contain_text("%load_ext nbext")
    bill.click()
    expect(page.get_by_role("table", name="Bill")).to_contain_text("clerk")
    log = open_log(f"sqlite:///{lab.root / '.agentkit' / 'log.db'}", write=False)
    mine = [one for one in log.runs() if one.place == str(lab.root / "Untitled.ipynb")]
    begun = [event for one in mine for event in log.read(one.id) if isinstance(event, RunStarted)]
    assert {(event.place, event.root) for event in begun} == {("Untitled.ipynb", str(lab.root))}
    assert all(event.cell for event in begun)
    editor = lab.cell(4).locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("%%ask cl")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer")).to_contain_text("clerk")
    assert lab.console == []
