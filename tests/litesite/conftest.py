"""The site, served, and a browser with a profile of its own for each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from lite.serving import server
from tests.chromium import find_chromium
from tests.conftest import ROOT
from tests.litesite.page import FLAGS, Lesson

SITE = ROOT / "build" / "lite" / "site"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    if not (SITE / "index.html").exists():
        pytest.fail("there is no site: make lite")
    with server(SITE, 0) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=find_chromium(), args=FLAGS,
            viewport={"width": 1200, "height": 1400},
        )  # fmt: skip
        yield context
        context.close()


@pytest.fixture
def lesson(browser: Any, site: str) -> Callable[[str], Lesson]:
    """Opens a lesson in a tab of its own."""

    def open_lesson(name: str) -> Lesson:
        made = Lesson(browser.new_page(), site)
        made.open(name)
        return made

    return open_lesson
