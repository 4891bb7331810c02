"""The oldest JupyterLab that we name, beside everything else of this environment, the newest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import serving
from tests.browser.lab import Lab
from tests.conftest import ROOT

CELLS = ["%load_ext nbext", "%%agent clerk\nYou answer in **one** sentence.", "1 + 1"]
QUESTION = "What are the dues for 30 t in Amber?"


def oldest() -> tuple[str, Path]:
    """The version that pyproject.toml names, and where it is installed, once, alone: 43 MB."""
    [named] = re.findall(r'"jupyterlab>=([0-9.]+),', (ROOT / "pyproject.toml").read_text())
    version = f"{named}.0"
    home = ROOT / ".venv-editions" / f"jupyterlab-{version}"
    if not home.exists():
        made = home.with_suffix(".part")
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--no-deps", f"--target={made}", f"jupyterlab=={version}"], check=True, timeout=120,
        )  # fmt: skip
        made.rename(home)
    return version, home


def test_all_is_there_in_the_oldest_jupyterlab(browser: Browser, tmp_path: Path) -> None:
    version, home = oldest()
    first = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])
    files = str(home / "share" / "jupyter" / "lab")
    with serving(tmp_path, PYTHONPATH=first, JUPYTERLAB_DIR=files) as server:
        context = browser.new_context(viewport={"width": 1400, "height": 950})
        context.set_default_timeout(30_000)
        lab = Lab(context.new_page(), server.url, server.token, server.root)
        page = lab.page
        lab.open(lab.write("talk.ipynb", CELLS))
        shown = "JSON.parse(document.getElementById('jupyter-config-data').textContent).appVersion"
        assert page.evaluate(shown) == version
        expect(page.locator(".ak-first")).to_have_count(1)
        page.get_by_title("Chat with an agent").first.click()
        page.get_by_title("Agents", exact=True).first.click()
        lab.run_cell(0)
        lab.run_cell(1)
        page.get_by_label("Who is asked").select_option("clerk")
        page.get_by_label("Your message").fill(QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator(".ak-turn-is-done")).to_contain_text("1 call")
        expect(page.locator(".ak-agents .ak-is-done")).to_contain_text("clerk")
        expect(page.locator(".ak-bill-item")).to_contain_text("tokens")
        page.get_by_role("button", name="Transcript").first.click()
        expect(page.locator(".ak-lines")).to_contain_text(QUESTION)
        lab.screenshot("oldest")
        assert lab.console == []
        context.close()
