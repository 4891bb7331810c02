"""The oldest JupyterLab that we name, Notebook 7, and two people in one notebook: `make test-lab`.

Each has an environment of its own, made by scripts/test-lab, with agentkit as a wheel brings it.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, wait_ready
from tests.browser.lab import Lab
from tests.conftest import ROOT

pytestmark = pytest.mark.editions

HOME = ROOT / ".venv-editions"
CELLS = ["%load_ext nbext", "%%agent clerk\nYou answer in **one** sentence.", "1 + 1"]
IDLE = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
QUESTION = "What are the dues for 30 t in Amber?"
PERSON = """\
from agentkit import current_run, pattern
from agentkit.person import Question
@pattern
async def keeper(task):
    return await current_run().ask_person(Question(text="Open the gate?", options=("yes", "no")))
"""


@contextmanager
def serving(edition: str, app: str, base: Path) -> Iterator[Server]:
    """A server of an environment, in an empty folder, with nothing of this checkout on paths."""
    root, token = base / "work", secrets.token_hex(16)
    root.mkdir()
    env = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith(("JUPYTER", "IPYTHON", "AGENTKIT", "PYTHON"))
    }
    folders = {n.upper(): str(base / n) for n in ("config", "data", "runtime")}
    env |= {f"JUPYTER_{name}_DIR": folder for name, folder in folders.items()}
    env |= {"IPYTHONDIR": str(base / "ipython"), "JUPYTER_TOKEN": token}
    log = base / "server.log"
    command = [
        str(HOME / edition / "bin" / "python"), "-m", app, "--no-browser", "--allow-root",
        "--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={root}", "--LabApp.news_url=None",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=out, stderr=out)
    try:
        yield Server(wait_ready(process, base / "runtime", log), token, root)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def person(browser: Browser, server: Server) -> Lab:
    """Somebody at the server, with a browser profile of his own."""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    context.set_default_timeout(60_000)
    return Lab(context.new_page(), server.url, server.token, server.root)


def errors(*labs: Lab) -> list[str]:
    """What pages logged as errors.

    A second page asks for the state of all widgets on a comm that kernels refuse in which there are
    none yet, and JupyterLab tells the refusal to every page.
    """
    said = [text for lab in labs for text in lab.console]
    return [text for text in said if not text.startswith("Comm not found")]


def run_all(lab: Lab, cells: int) -> None:
    """Run the cells, whatever the page looks like around them."""
    for n in range(cells):
        lab.start_cell(n)
        expect(lab.prompt(n)).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)


def say(page: Page, actor: str, text: str) -> None:
    """Ask somebody in the panel."""
    page.get_by_label("Who is asked").select_option(actor)
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def open_chat(page: Page) -> None:
    """Open the panel by its command, which is the same everywhere."""
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Chat With an Agent")
    page.locator("[data-command='jupyter-agentkit:chat']").click()


def test_all_is_there_in_the_oldest_jupyterlab_and_in_two_tabs(
    browser: Browser, tmp_path: Path
) -> None:
    with serving("oldest", "jupyterlab", tmp_path) as server:
        lab = person(browser, server)
        lab.open(lab.write("talk.ipynb", [*CELLS, PERSON]))
        expect(lab.page.locator(".ak-first")).to_have_count(1)
        open_chat(lab.page)
        run_all(lab, 4)
        say(lab.page, "clerk", QUESTION)
        expect(lab.page.locator(".ak-turn-is-done")).to_have_count(1)
        lab.page.get_by_title("Agents", exact=True).first.click()
        expect(lab.page.locator(".ak-agents .ak-is-done")).to_contain_text("clerk")
        expect(lab.page.locator(".ak-bill-item")).to_contain_text("tokens")

        # Another tab has the same conversation; what is asked in one is answered in the other.
        other = Lab(lab.page.context.new_page(), server.url, server.token, server.root)
        other.page.goto(f"{server.url}/lab/workspaces/other/tree/talk.ipynb?token={server.token}")
        other.cell(0).wait_for()
        open_chat(other.page)
        expect(other.page.locator(".ak-turn-is-done")).to_contain_text(QUESTION)
        say(other.page, "keeper", "Open it")
        asked = lab.page.locator(".ak-chat .ak-question")
        expect(asked).to_contain_text("Open the gate?")
        asked.get_by_role("button", name="yes").click()
        for page in (lab.page, other.page):
            expect(page.locator(".ak-question")).to_have_count(0)
            expect(page.locator(".ak-turn-is-done")).to_have_count(2)
        assert errors(lab, other) == []
        lab.page.context.close()


def test_notebook_7_has_the_cells_and_the_panels(browser: Browser, tmp_path: Path) -> None:
    with serving("oldest", "notebook", tmp_path) as server:
        lab = person(browser, server)
        page = lab.page
        page.goto(f"{server.url}/notebooks/{lab.write('talk.ipynb', CELLS)}?token={server.token}")
        lab.cell(0).wait_for()
        page.locator(IDLE).first.wait_for()
        expect(page.locator(".ak-first")).to_have_count(1)
        open_chat(page)
        run_all(lab, 3)
        say(page, "clerk", QUESTION)
        expect(page.locator(".ak-turn-is-done")).to_contain_text(QUESTION)
        page.get_by_role("button", name="Transcript").click()
        expect(page.locator(".ak-lines")).to_contain_text(QUESTION)
        lab.screenshot("notebook-7")
        assert lab.console == []
        page.context.close()


def test_two_people_share_a_notebook_and_its_conversation(browser: Browser, tmp_path: Path) -> None:
    with serving("together", "jupyterlab", tmp_path) as server:
        ada, bo = person(browser, server), person(browser, server)
        name = ada.write("talk.ipynb", CELLS)
        for one in (ada, bo):
            one.page.goto(f"{server.url}/lab/tree/{name}?reset&token={server.token}")
            one.cell(0).wait_for()
            one.wait_kernel()
            open_chat(one.page)
        run_all(ada, 2)

        # What one of them types is drawn for both, and stays Markdown while the other types.
        ada.replace_cell(2, "%%ask clerk\nIs it for us?")
        bo.cell(2).locator(".ak-first").wait_for()
        bo.cell(2).locator(".cm-content").click()
        bo.page.keyboard.press("Control+End")
        bo.page.keyboard.type(" Or **them**?")
        expect(ada.cell(2).locator(".cm-content")).to_contain_text("for us? Or **them**?")
        bo.page.keyboard.press("Control+Home")
        bo.page.keyboard.type("#")
        expect(ada.cell(2).locator(".ak-first")).to_have_count(0)
        bo.page.keyboard.press("Backspace")
        expect(ada.cell(2).locator(".ak-first")).to_have_count(1)

        # The conversation is one.
        expect(bo.page.get_by_label("Who is asked")).to_have_value("clerk")
        say(bo.page, "clerk", QUESTION)
        for one in (ada, bo):
            expect(one.page.locator(".ak-turn-is-done")).to_contain_text(QUESTION)
        say(ada.page, "clerk", "And for 40 t?")
        for one in (ada, bo):
            expect(one.page.locator(".ak-turn-is-done")).to_have_count(2)
        ada.screenshot("together")
        assert errors(ada, bo) == []
        for one in (ada, bo):
            one.page.context.close()
