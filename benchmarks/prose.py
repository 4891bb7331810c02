"""What highlighting adds to a keystroke in a cell of 500 lines, in a real JupyterLab.

    python -m benchmarks.prose

Two pages on one JupyterLab, one with our highlighting and one without, which has that plugin in
its list of disabled ones. The same cells are typed into in turn, a few keys here and a few there,
so that the machine's other work hits both alike: code that is none of ours, then an agent's cell,
a team of arrows and one of members. A keystroke is its transaction and what is drawn of it.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.widgets import jupyterlab
from tests.browser.conftest import FLAGS
from tests.browser.lab import Lab
from tests.chromium import find_chromium

LINES, ROUNDS, KEYS = 500, 8, 20
PROSE = (
    "{n}. If it *is* for us, look in the book for `x` with {{{{ len(ships[{n}]) }}}} and say so."
)
CODE = "ships[{n}] = sorted(one for one in fleet if one.due < {n} and one.name != 'Ada {n}')  # due"
MEMBER = "member{n}: look up ship {n} -> the port"
CELLS = {
    "python": ("import fleet", CODE),
    "prose": ("%%ask clerk -> told: str --budget 0.05", PROSE),
    "arrows": ("%%team crew", "a{n} >> [b{n}, c{n}] >> \\"),
    "members": ("%%team crew --pattern roles", MEMBER),
}

TYPE = """async ([text, keys]) => {
    const entry = [...document.scripts].find((one) => one.src.endsWith("lab/entry.js")).src;
    const { shared } = await import(entry.replace("entry.js", "shared.js"));
    const { EditorView } = await shared("@codemirror/view");
    const view = EditorView.findFromDOM(document.querySelector(".jp-Notebook .cm-editor"));
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    await new Promise((done) => setTimeout(done, 700));  // the parser goes on in idle time
    const found = [];
    for (let key = 0; key < keys; key++) {
        const at = view.state.doc.line(10).from + 8;
        const begun = performance.now();
        view.dispatch({ changes: { from: at, insert: "a" }, userEvent: "input.type" });
        view.contentDOM.getBoundingClientRect();
        found.push(performance.now() - begun);
        await new Promise((done) => setTimeout(done));
    }
    return found;
}"""

# What Playwright's routes send on may open no web socket, so the list is changed as it is read.
PLAIN = """new MutationObserver((_, observer) => {
    const told = document.getElementById("jupyter-config-data");
    try {
        const config = JSON.parse(told.textContent);
        config.disabledExtensions.push("jupyter-agentkit:cells");
        told.textContent = JSON.stringify(config);
        observer.disconnect();
    } catch { /* It has not come whole. */ }
}).observe(document, { childList: true, subtree: true, characterData: true });"""


def opened(browser: Browser, server: tuple[str, str, Any], name: str, ours: bool) -> Page:
    """A page on a notebook of one agent's cell, with or without our highlighting."""
    page = browser.new_page(viewport={"width": 1400, "height": 950})
    if not ours:
        page.add_init_script(PLAIN)
    lab = Lab(page, *server)
    lab.open(lab.write(name, ["%%ask clerk\nhello"]))
    page.wait_for_timeout(2000)  # parsers are loaded when the cell is there
    shown = page.locator(".ak-first").count()
    assert shown == int(ours), f"{shown} cells of ours are drawn, not {int(ours)}"
    return page


def measured(pages: dict[bool, Page]) -> dict[str, dict[bool, list[float]]]:
    """Milliseconds of each keystroke, by cell and page; the first round warms and is left out."""
    found: dict[str, dict[bool, list[float]]] = {
        name: {ours: [] for ours in pages} for name in CELLS
    }
    for n in range(ROUNDS + 1):
        for name, (first, line) in CELLS.items():
            text = "\n".join([first, *(line.format(n=one) for one in range(LINES))])
            for ours, page in sorted(pages.items(), reverse=n % 2 == 1):
                page.bring_to_front()
                times = page.evaluate(TYPE, [text, KEYS])
                if n:
                    found[name][ours] += times
    return found


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium was found. Install one, or set CHROMIUM to its path.")
    with jupyterlab() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        pages = {
            ours: opened(browser, server, f"prose{ours}.ipynb", ours) for ours in (True, False)
        }
        found = measured(pages)
        browser.close()
    for name, times in found.items():
        ours, bare = median(times[True]), median(times[False])
        print(json.dumps(
            {"cell": name, "with_ms": round(ours, 2), "without_ms": round(bare, 2),
             "added_ms": round(ours - bare, 2)}
        ))  # fmt: skip


if __name__ == "__main__":
    main()
