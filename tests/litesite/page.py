"""A lesson of the site in Chromium, as a visitor has it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.chromium import find_chromium

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

READY = """async () => {
    const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
    await context.ready;
    await sessionContext.ready;
}"""
"""A cell that is run before the notebook has its kernel is lost."""

CELLS = """() => {
    const text = (data) => [data['text/plain'] ?? '', data['text/html'] ?? ''].flat().join('');
    const said = (out) => out.traceback ? out.traceback.join('\\n')
        : out.text ? [out.text].flat().join('') : text(out.data ?? {});
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const cells = notebook.model.cells;
    return Array.from({length: cells.length}, (_, n) => cells.get(n)).filter(Boolean)
        .map((cell) => cell.toJSON())
        .filter((cell) => cell.cell_type === 'code')
        .map((cell) => [String(cell.execution_count ?? ''), cell.outputs.map(said).join('\\n'),
            cell.outputs.filter((out) => out.output_type === 'error').map(said).join('\\n'),
            cell.id]);
}"""
"""The code cells as the notebook's model has them: a page only draws those that are in sight."""


class Lesson:
    """A notebook that is open in a page."""

    def __init__(self, page: Any, site: str) -> None:
        self.page, self.site = page, site
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, name: str) -> float:
        """Open it; how long that took, in seconds."""
        begun = time.monotonic()
        self.page.goto(f"{self.site}/notebooks/index.html?path={name}.ipynb")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
        self.page.wait_for_function("window.jupyterapp", timeout=60_000)
        self.page.evaluate(READY)
        return time.monotonic() - begun

    @property
    def elsewhere(self) -> list[str]:
        """Requests that left the site."""
        own = (self.site, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]

    def cells(self) -> list[list[str]]:
        """Of each code cell its number (none before it ran), what it shows, its error, its id."""
        found: list[list[str]] = self.page.evaluate(CELLS)
        return found

    def run_all(self) -> None:
        """Run all cells."""
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def add(self, code: str) -> str:
        """Run code in a new cell at the end; the cell's id."""
        added: str = self.page.evaluate(
            """async (code) => {
                const { commands, shell } = window.jupyterapp;
                const notebook = shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.length - 1;
                await commands.execute('notebook:insert-cell-below');
                notebook.activeCell.model.sharedModel.setSource(code);
                void commands.execute('notebook:run-cell');
                return notebook.activeCell.model.sharedModel.id;
            }""",
            code,
        )
        return added

    def wait(self, done: Any, timeout_s: float = 180) -> list[list[str]]:
        """Wait until what the cells show is as wanted; the cells.

        Raises:
            TimeoutError: it was not in time; with the cells.
        """
        end = time.monotonic() + timeout_s
        while not done(found := self.cells()):
            if time.monotonic() > end:
                raise TimeoutError("\n".join(" | ".join(cell) for cell in found))
            self.page.wait_for_timeout(200)
        return found

    def last(self, code: str, timeout_s: float = 240) -> str:
        """Run code in a new cell and return its output."""
        id = self.add(code)

        def mine(cells: list[list[str]]) -> list[list[str]]:
            return [cell for cell in cells if cell[3] == id]

        return mine(self.wait(lambda cells: any(map(ended, mine(cells))), timeout_s))[0][1]


def ended(cell: list[str]) -> bool:
    """Whether a cell has run."""
    return cell[0].isdigit()


def picture(page: Any, folder: Path, name: str) -> None:
    """Keep a picture of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def chromium(playwright: Any, folder: Path) -> Any:
    """Chromium with a profile in that folder, which a later one may go on with."""
    return playwright.chromium.launch_persistent_context(
        str(folder / "profile"), executable_path=find_chromium(), args=FLAGS,
        viewport={"width": 1200, "height": 1400},
    )  # fmt: skip


def kill(folder: Path) -> None:
    """End the Chromium of the profile in that folder as a power cut does."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"--user-data-dir={folder}/profile".encode() in found.read_bytes().split(b"\0"):
                os.kill(int(found.parent.name), signal.SIGKILL)
