"""A real JupyterLab and a real Chromium, started once, used by most tests of this folder."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import Lab
from tests.conftest import ROOT

# No sandbox: containers lack the namespaces for it. The rest keeps Chromium quiet and offline.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


LAB = """
from agentkit.validator import loaded
loaded()  # as in tests/conftest.py
from jupyterlab.labapp import main
from tests.warm_kernels import patch
patch()
main()
"""
"""JupyterLab, whose kernels begin as forks of a warm process: each takes a second of CPU less.

That they are started as users' are is tested where loading is, in tests/nbext.
"""


class Server(NamedTuple):
    """A JupyterLab that is up."""

    url: str
    token: str
    root: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def wait_ready(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The address of a server that answers; it writes it itself, as its port is any free one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended at once:\n{log.read_text()[-3000:]}")
        for info in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(info.read_text())["url"]).rstrip("/")
                httpx.get(f"{url}/api", timeout=5, trust_env=False).raise_for_status()
            except (ValueError, httpx.TransportError):
                continue
            return url
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not answer in 60 s:\n{log.read_text()[-3000:]}")


@contextmanager
def serving(base: Path, **more: str) -> Iterator[Server]:
    """JupyterLab on loopback with empty folders of its own, as on a machine that never had one.

    Args:
        base: an empty folder.
        more: variables of the server's environment.
    """
    root, token = base / "work", secrets.token_hex(16)
    root.mkdir()
    env = (
        {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "IPYTHON", "AGENTKIT"))
        }
        | {
            "JUPYTER_CONFIG_PATH": str(ROOT / "lab"),
            "JUPYTER_PATH": str(
                ROOT / "lab"
            ),  # the extension as it is here, not as it was installed
            "JUPYTER_CONFIG_DIR": str(base / "config"),
            "JUPYTER_DATA_DIR": str(base / "data"),
            "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
            "IPYTHONDIR": str(base / "ipython"),
            "JUPYTER_TOKEN": token,
            "PYTHONPATH": str(ROOT),
        }
        | more
    )
    log = base / "server.log"
    command = [
        sys.executable, "-c", LAB, "--no-browser", "--allow-root", "--ip=127.0.0.1",
        "--port=0", f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=out, stderr=out)
    try:
        yield Server(wait_ready(process, base / "runtime", log), token, root)
    finally:
        process.terminate()  # it ends its kernels first
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The JupyterLab of this environment."""
    with serving(tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium that can reach loopback only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def person(browser: Browser) -> Iterator[Page]:
    """A page with nothing in it and no past."""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    context.set_default_timeout(90_000)  # other parts of the tests run beside it
    yield context.new_page()
    context.close()


class Desk:
    """One page that tests use one after another: to load JupyterLab takes eight seconds of CPU."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.kept = ExitStack()
        self.page: Page | None = None

    def sit(self) -> Page:
        """The page, with nothing open in it."""
        if self.page is None:
            self.page = self.kept.enter_context(person(self.browser))
        return self.page

    def leave(self) -> None:
        """Throw the page away, as a failed test may leave anything in it."""
        self.kept.close()
        self.page = None


@pytest.fixture(scope="session")
def desk(browser: Browser) -> Iterator[Desk]:
    """The page that is kept."""
    made = Desk(browser)
    yield made
    made.leave()


def ended(server: Server) -> None:
    """End all kernels."""
    head = {"Authorization": f"token {server.token}"}
    with httpx.Client(base_url=server.url, headers=head, timeout=20, trust_env=False) as client:
        for session in client.get("/api/sessions").json():
            client.delete(f"/api/sessions/{session['id']}")


@pytest.fixture
def lab(server: Server, desk: Desk, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """JupyterLab with nothing open; leaves a last picture; kernels end with the test.

    In a page that other tests had before, unless the test is marked as of a new `person`.
    """
    failed = request.session.testsfailed
    with ExitStack() as own:
        new = request.node.get_closest_marker("person") is not None
        page = own.enter_context(person(desk.browser)) if new else desk.sit()
        lab = Lab(page, server.url, server.token, server.root)
        yield lab
        lab.screenshot(f"last-{request.node.name}")
        page.remove_listener("console", lab.heard)
        if not new and (request.session.testsfailed > failed or not lab.cleared()):
            desk.leave()
    ended(server)
