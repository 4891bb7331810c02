"""A person at JupyterLab: the few gestures that tests need, each with a bounded wait."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import nbformat
from playwright.sync_api import (
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    TimeoutError,
    expect,
)

# Not the toolbar's indicator: it says idle also before there is a kernel, and a cell that is run
# then opens a dialog instead.
STATUS = "#jp-main-statusbar"
TOOLBAR = ".jp-NotebookPanel:not(.lm-mod-hidden) [data-jp-item-name='{}'] jp-button"
DONE = re.compile(r"\[\d+\]:")
CLEARED = """() => {
  for (const one of [...window.jupyterapp.shell.widgets("main")]) one.dispose();
}"""
"""Everything open is closed; what is not saved is not asked about."""
PRESSES, PRESS_MS = 30, 3_000
"""How often, and how long after each other, the keys of a save are pressed at most."""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHOTS = Path(__file__).parent / "shots"


def stored(reply: Response) -> bool:
    """Whether a reply says that a document was saved."""
    return "/api/contents/" in reply.url and reply.request.method == "PUT"


class Lab:
    """One browser page on a running JupyterLab whose folder is `root`."""

    def __init__(self, page: Page, url: str, token: str, root: Path) -> None:
        self.page, self.url, self.token, self.root = page, url, token, root
        self.console: list[str] = []
        self.reloaded = False
        page.on("console", self.heard)

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the page says to be an error."""
        if message.type == "error":
            self.console.append(message.text)

    def write(self, name: str, cells: list[str]) -> str:
        """Put a notebook with these code cells into the server's folder; its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(text) for text in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.root / name)
        return name

    def open(self, notebook: str, timeout_s: float = 60) -> None:
        """Open a notebook of the folder and nothing else, in the page as it is if it was used."""
        if self.page.evaluate("!!window.jupyterapp"):
            self.page.evaluate(CLEARED)
            order = "path => { window.jupyterapp.commands.execute('docmanager:open', { path }); }"
            self.page.evaluate(order, notebook)
            self.page.wait_for_url(f"**/tree/{notebook}*", timeout=timeout_s * 1000)
        else:
            self.page.goto(f"{self.url}/lab/tree/{notebook}?reset&token={self.token}")
        self.cell(0).wait_for(timeout=timeout_s * 1000)
        self.wait_kernel(timeout_s)

    def cleared(self) -> bool:
        """Close all that is open, while kernels go on; whether nothing is left.

        A page that was loaded again opens its notebook once more, whenever it comes to that.
        """
        if self.reloaded:
            return False
        with contextlib.suppress(AssertionError, Error):
            self.page.evaluate(CLEARED)
            expect(self.page.locator(".jp-NotebookPanel, .jp-Dialog")).to_have_count(0)
            return True
        return False

    def reload(self, timeout_s: float = 60) -> None:
        """Reload the page; the kernel and what it runs go on."""
        self.reloaded = True
        self.page.reload()
        self.cell(0).wait_for(timeout=timeout_s * 1000)
        self.wait_kernel(timeout_s, "Idle|Busy")

    def wait_kernel(self, timeout_s: float = 60, states: str = "Idle") -> None:
        """Wait until there is a kernel and it says that it is in one of these states."""
        expect(self.page.locator(STATUS)).to_contain_text(
            re.compile(rf"\| ({states})"), timeout=timeout_s * 1000
        )

    def cell(self, index: int) -> Locator:
        """The cell at a position; the first is 0."""
        return self.page.locator(
            f".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{index}']"
        )

    def prompt(self, index: int) -> Locator:
        """Its prompt: '[ ]:' not run, '[*]:' queued or running, '[7]:' done."""
        return self.cell(index).locator(".jp-InputPrompt")

    def start_cell(self, index: int) -> None:
        """Run a cell as a person does, with Ctrl+Enter, and return when it has started."""
        prompt = self.prompt(index)
        before = prompt.inner_text()
        for _ in range(5):  # a key that comes before the session is connected is lost
            try:
                self.cell(index).locator(".cm-content").click(timeout=10_000)
                self.page.keyboard.press("Control+Enter")
                expect(prompt).not_to_have_text(before, timeout=2000)
            except (AssertionError, Error):  # Error: the cell was drawn anew under the mouse
                continue
            return
        raise AssertionError(f"cell {index} did not start: its prompt is still {before!r}")

    def run_cell(self, index: int, timeout_s: float = 60) -> str:
        """Run a cell to its end; the text of its outputs."""
        self.start_cell(index)
        return self.wait_idle(index, timeout_s)

    def wait_idle(self, index: int, timeout_s: float = 60) -> str:
        """Wait until a started cell has ended; the text of its outputs."""
        expect(self.prompt(index)).to_have_text(DONE, timeout=timeout_s * 1000)
        self.wait_kernel()
        self.page.evaluate(PAINTED)  # an output that has come is drawn a frame later
        return self.cell_output(index)

    def cell_output(self, index: int) -> str:
        """The text of a cell's outputs as they are now."""
        return "\n".join(self.cell(index).locator(".jp-OutputArea-output").all_inner_texts())

    def scroll_to(self, shown: Locator) -> None:
        """Bring something into view; what is drawn anew meanwhile is looked for again."""
        for _ in range(5):
            try:
                shown.scroll_into_view_if_needed(timeout=10_000)
            except Error:
                continue
            return
        raise AssertionError(f"{shown} does not stay where it is")

    def expect_output(self, index: int, text: str, timeout_s: float = 30) -> None:
        """Wait until a cell's output holds a text, while it runs or after."""
        expect(self.cell(index).locator(".jp-OutputArea").last).to_contain_text(
            text, timeout=timeout_s * 1000
        )

    def replace_cell(self, index: int, text: str) -> None:
        """Type a new text over a cell's old one."""
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        self.page.keyboard.press("Control+A")
        # inserted, not typed: keys would be completed, indented and given closing brackets
        self.page.keyboard.insert_text(text)

    def add_cell(self, text: str) -> int:
        """Add a cell below the last one; its position."""
        cells = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")
        index = cells.count()
        self.cell(index - 1).locator(".cm-content").click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.cell(index).wait_for(timeout=5000)
        self.replace_cell(index, text)
        return index

    def interrupt(self) -> None:
        """Press the toolbar's interrupt button."""
        self.page.locator(TOOLBAR.format("interrupt")).click()

    def restart_kernel(self, timeout_s: float = 60) -> None:
        """Press the toolbar's restart button, confirm, and wait for the new kernel."""
        self.page.locator(TOOLBAR.format("restart")).click()
        with self.page.expect_response(
            re.compile(r"/api/kernels/[^/]+/restart"), timeout=timeout_s * 1000
        ):
            self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.wait_kernel(timeout_s)

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook; its content as it lies on the disk."""
        name = self.page.url.partition("/tree/")[2].partition("?")[0]
        for left in reversed(range(PRESSES)):
            # Until the checkpoint of the last save is made, JupyterLab ignores another.
            try:
                with self.page.expect_response(stored, timeout=PRESS_MS):
                    self.page.keyboard.press("Control+S")
                break
            except TimeoutError:
                if not left:
                    raise
        return nbformat.reads((self.root / name).read_text(encoding="utf-8"), as_version=4)

    def screenshot(self, name: str) -> Path:
        """A picture of the page, for a person to look at, under tests/browser/shots."""
        path = SHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
