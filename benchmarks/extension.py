"""What the JupyterLab extension costs, and how soon its panel tells what happens.

    python -m benchmarks.extension [start|panel] [PAIRS]

Start: two servers, of which one has the extension, are opened in turn, each with an empty cache and
with a full one, and each pair gives a difference. Nothing stands between page and server: what
changes answers on their way empties the caches and charges each request. Panel: runs whose names
say when they were asked, while the cell that asks awaits and while it computes; the page notes when
it first shows each. Idle: what the kernel of a notebook that the panel follows uses in a minute,
next to a kernel without agentkit.
A keystroke is measured by `python -m benchmarks.prose`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.widgets import ROOT, jupyterlab, share
from tests.browser.conftest import FLAGS
from tests.browser.lab import Lab
from tests.chromium import find_chromium

PAIRS, RUNS, IDLE_S = 12, 30, 60
EXTENSION = "jupyter-agentkit"
READY = """new MutationObserver((_, observer) => {
    if (!document.querySelector(".jp-LabShell .jp-Launcher")) return;
    if (document.querySelector("#jupyterlab-splash")) return;
    observer.disconnect();
    window.readyAt = performance.now();
}).observe(document, { childList: true, subtree: true });"""
LISTEN = """() => {
    window.lags = {};
    const panel = document.querySelector(".ak-agents"), asked = /asked at ([0-9.]+)/g;
    const old = new Set([...panel.textContent.matchAll(asked)].map(([name]) => name));
    window.listener?.disconnect();
    window.listener = new MutationObserver(() => requestAnimationFrame(() => {
        for (const [name, at] of panel.textContent.matchAll(asked))
            if (!old.has(name)) window.lags[name] ??= Date.now() - at * 1000;
    }));
    window.listener.observe(panel, { childList: true, subtree: true, characterData: true });
}"""
SETUP = """\
import asyncio, threading, time
from agentkit import pattern
@pattern
async def quick(task):
    return "done"
def name():
    return f"asked at {time.time():.4f}"
def others():
    for n in range(RUNS):
        time.sleep(0.2)
        quick.run_sync(name())
"""
AWAITS = """\
for n in range(RUNS):
    await asyncio.sleep(0.2)
    await quick(name())
await asyncio.sleep(1)
"""
COMPUTES = """\
thread = threading.Thread(target=others)
thread.start()
while thread.is_alive():
    sum(range(1000))
end = time.time() + 1
while time.time() < end:
    sum(range(1000))
"""
PID = "import os; print(os.getpid())"


Server = tuple[str, str]
"""Address and token."""


@contextmanager
def serving(ours: bool) -> Iterator[Server]:
    """A JupyterLab with all extensions of this environment, and ours as it is here, or without."""
    with tempfile.TemporaryDirectory() as folder:
        for one in Path(sys.prefix, "share", "jupyter", "labextensions").iterdir():
            if one.name != EXTENSION:
                (Path(folder) / one.name).symlink_to(one)
        if ours:
            (Path(folder) / EXTENSION).symlink_to(ROOT / "nbext" / "static")
        with jupyterlab(f"--LabApp.labextensions_path={folder}") as (url, token, _):
            yield url, token


def opened(browser: Browser, url: str, token: str) -> dict[str, float]:
    """Open JupyterLab in a new profile and once more: until it is ready, the page's CPU, in ms."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.add_init_script(READY)
    told = page.context.new_cdp_session(page)
    told.send("Performance.enable")
    found = {}

    def used() -> float:
        metrics = told.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration")) * 1000

    for cache in ("empty cache", "full cache"):
        page.goto(f"{url}/lab?reset&token={token}", wait_until="commit")
        before = used()  # the count begins anew with some pages
        page.wait_for_function("window.readyAt", polling=50)
        time.sleep(1)  # what it does afterwards counts as CPU
        found[f"{cache}, page CPU"] = used() - before
        found[f"{cache}, wall"] = float(page.evaluate("window.readyAt"))
        count = "performance.getEntriesByType('resource').length"
        found[f"{cache}, requests"] = float(page.evaluate(count))
    context.close()
    return found


def starts(browser: Browser, servers: tuple[Server, Server], pairs: int) -> list[dict[str, Any]]:
    """Both servers in turn; the first pair warms them and does not count."""
    rows: list[tuple[dict[str, float], dict[str, float]]] = []
    for n in range(pairs + 1):
        order = (0, 1) if n % 2 else (1, 0)
        seen = {at: opened(browser, *servers[at]) for at in order}
        rows.append((seen[0], seen[1]))
    told = []
    for name in rows[0][0]:
        ours, bare = [one[name] for one, _ in rows[1:]], [one[name] for _, one in rows[1:]]
        gaps = [a - b for a, b in zip(ours, bare, strict=True)]
        told.append(
            {"start": name, "with": round(median(ours)), "without": round(median(bare)),
             "median_of_pairs": round(median(gaps)), "of_smallest": round(min(ours) - min(bare)),
             "quartiles": [round(share(gaps, 0.25)), round(share(gaps, 0.75))]}
        )  # fmt: skip
    return told


def ticks(pid: int) -> int:
    """CPU of a process, user and system, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def shows(lab: Lab, page: Page) -> list[dict[str, Any]]:
    """How long after it was asked a run stands in the panel; and a kernel that does nothing."""
    lab.open(lab.write("bare.ipynb", [PID]))
    bare = int(lab.run_cell(0))
    # the page is loaded anew: the first kernel goes on, and nobody follows it
    lab.open(
        lab.write(
            "panel.ipynb", ["%load_ext nbext", f"RUNS = {RUNS}\n{SETUP}", AWAITS, COMPUTES, PID]
        )
    )
    page.get_by_title("Agents", exact=True).first.click()
    lab.run_cell(0)
    lab.run_cell(1)
    told: list[dict[str, Any]] = []
    for index, what in ((2, "awaits"), (3, "computes")):
        page.evaluate(LISTEN)
        lab.start_cell(index)
        lab.wait_idle(index, 120)
        lags = [float(lag) for lag in page.evaluate("() => Object.values(window.lags)")]
        told.append(
            {"panel": f"while the cell {what}", "runs": len(lags),
             "p50_ms": round(share(lags, 0.5)), "p95_ms": round(share(lags, 0.95))}
        )  # fmt: skip
    ours = int(lab.run_cell(4))
    time.sleep(5)
    before = ticks(ours), ticks(bare)
    time.sleep(IDLE_S)
    after = ticks(ours), ticks(bare)
    used = [(b - a) * 10 for a, b in zip(before, after, strict=True)]
    told.append({"idle": f"{IDLE_S} s", "followed_kernel_ms": used[0], "bare_kernel_ms": used[1]})
    return told


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium was found. Install one, or set CHROMIUM to its path.")
    what = next((one for one in sys.argv[1:] if not one.isdigit()), "")
    pairs = next((int(one) for one in sys.argv[1:] if one.isdigit()), PAIRS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        rows = list[dict[str, Any]]()
        if what != "start":
            with jupyterlab() as (url, token, root):
                page = browser.new_page(viewport={"width": 1400, "height": 950})
                rows += shows(Lab(page, url, token, root), page)
                page.context.close()
        if what != "panel":
            with serving(True) as ours, serving(False) as bare:
                rows += starts(browser, (ours, bare), pairs)
        for row in rows:
            print(json.dumps(row), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
