"""What highlighting adds to a keystroke in a cell of 500 lines, in a real JupyterLab.

    python -m benchmarks.prose

The same text stands below three first lines in turn, so that the machine's other work hits all
alike: one that nobody knows, which is drawn as Python, one of an agent and one of a team. A
keystroke is its transaction and what is drawn of it.
"""

from __future__ import annotations

import json
import sys

from playwright.sync_api import sync_playwright

from benchmarks.widgets import jupyterlab
from tests.browser.conftest import FLAGS
from tests.browser.lab import Lab
from tests.chromium import find_chromium

LINE = "{n}. If it *is* for us, look in the book for `x` with {{{{ len(ships[{n}]) }}}} and say so."
FIRST = {"python": "%%other clerk", "prose": "%%ask clerk", "team": "%%team x --pattern crew"}
LINES, ROUNDS, KEYS = 500, 5, 20

TYPE = """async ([firsts, rounds, keys]) => {
    const entry = [...document.scripts].find((one) => one.src.endsWith("lab/entry.js")).src;
    const { shared } = await import(entry.replace("entry.js", "shared.js"));
    const { EditorView } = await shared("@codemirror/view");
    const view = EditorView.findFromDOM(document.querySelector(".jp-Notebook .cm-editor"));
    const found = firsts.map(() => []);
    for (let round = 0; round < rounds; round++) {
        for (const [n, first] of firsts.entries()) {
            view.dispatch({ changes: { from: 0, to: view.state.doc.line(1).to, insert: first } });
            await new Promise((done) => setTimeout(done, 500));  // the parser goes on in idle time
            for (let key = 0; key < keys; key++) {
                const at = view.state.doc.line(10).from + 8;
                const begun = performance.now();
                view.dispatch({ changes: { from: at, insert: "a" }, userEvent: "input.type" });
                view.contentDOM.getBoundingClientRect();
                found[n].push(performance.now() - begun);
                await new Promise((done) => setTimeout(done));
            }
        }
    }
    return found;
}"""


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium was found. Install one, or set CHROMIUM to its path.")
    body = "\n".join(LINE.format(n=n) for n in range(LINES))
    with jupyterlab() as (url, token, root), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 950})
        lab = Lab(page, url, token, root)
        lab.open(lab.write("prose.ipynb", [f"%%ask clerk\n{body}"]))
        page.locator(".ak-first").wait_for()
        times = page.evaluate(TYPE, [list(FIRST.values()), ROUNDS, KEYS])
        browser.close()
    medians = [sorted(one)[len(one) // 2] for one in times]
    for name, median in zip(FIRST, medians, strict=True):
        added = {"key_ms": round(median, 2), "added_ms": round(median - medians[0], 2)}
        print(json.dumps({"cell": name, **added}))


if __name__ == "__main__":
    main()
