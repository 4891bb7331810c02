"""The site, served, and a browser with a profile of its own for each test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from lite.serving import Handler, Server
from tests.chromium import find_chromium
from tests.conftest import ROOT
from tests.litesite.page import FLAGS, Lesson, chromium

SITE = ROOT / "build" / "lite" / "site"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the site alone where nobody asks for it by its mark: it has to be built before."""
    if "lite" in config.option.markexpr:
        return
    ours = [item for item in items if item.get_closest_marker("lite")]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


class Patched(Handler):
    """The site, with a script that runs in the kernel's worker before Pyodide is loaded."""

    script = ""

    def do_GET(self) -> None:
        if not self.script or not self.path.split("?")[0].endswith("/boot.mjs"):
            super().do_GET()
            return
        body = f"{self.script};\n{(SITE / 'static/pyodide/boot.mjs').read_text()}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving(script: str = "") -> Iterator[str]:
    """The site on loopback: its address."""
    if not (SITE / "index.html").exists():
        pytest.fail("there is no site: make lite")
    handler = type("Own", (Patched,), {"script": script})
    with Server(("127.0.0.1", 0), partial(handler, directory=str(SITE))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def patched() -> Callable[[str], Any]:
    """Serves the site with a script that runs first in the kernel's worker; see `serving`."""
    return serving


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    with sync_playwright() as playwright:
        context = chromium(playwright, tmp_path)
        yield context
        context.close()


@pytest.fixture
def private() -> Iterator[Callable[..., Any]]:
    """Opens private windows; see Playwright's `Browser.new_context`."""
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield program.new_context
        program.close()


@pytest.fixture
def lesson(browser: Any, site: str) -> Callable[[str], Lesson]:
    """Opens a lesson in a tab of its own."""

    def open_lesson(name: str) -> Lesson:
        made = Lesson(browser.new_page(), site)
        made.open(name)
        return made

    return open_lesson
