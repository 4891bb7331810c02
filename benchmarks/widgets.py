"""How live the widgets are: frames per second and event-to-painted time in a real JupyterLab.

    python -m benchmarks.widgets [MESSAGES]

Twelve agents exchange messages for five seconds. The kernel puts the time at which a
batch's oldest event came into the batch; the page takes the time after the frame in
which it was drawn. Both clocks are this machine's.

Then crowds: so many agents of the simulated endpoint are asked in one gather, with the graph
above the answer. The picture must come to count every message that the log has; memory is
what kernel and page grow by while that happens.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, wait_ready
from tests.browser.lab import Lab
from tests.chromium import find_chromium

ROOT = Path(__file__).parent.parent

LISTEN = """() => {
    window.seen = { lags: [], frames: [] };
    document.addEventListener("agentkit:painted", (event) => {
        const { sent } = event.detail;
        requestAnimationFrame(() => window.seen.lags.push(Date.now() / 1000 - sent));
    });
    const frame = (now) => { window.seen.frames.push(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""

SETUP = f"""\
import asyncio, sys, time
sys.path.insert(0, {str(ROOT)!r})
from agentkit.events import MessageSent, RunEnded, RunStarted, ScopeOpened, StepEnded, StepStarted
from nbext.widgets import BillWidget, GraphWidget, TimelineWidget

NAMES = [f"agent-{{i}}" for i in range(12)]

class Feed:
    def __init__(self):
        self.seq = 0
    def __call__(self, kind, scope="", **fields):
        self.seq += 1
        return kind(run="bench", seq=self.seq, at=time.time(), scope=scope, **fields)

def opening(tell):
    yield tell(RunStarted, name="bench")
    for name in NAMES:
        opened = {{"actor": name, "path": name, "parent": "", "what": "agent"}}
        yield tell(ScopeOpened, name, **opened)
        yield tell(MessageSent, name, sender="you", to=name, message="0" * 32, purpose="task")

def said(tell, n):
    sender, to = NAMES[n % 12], NAMES[(n * 7 + n // 12 + 1) % 12]
    return [tell(MessageSent, sender, sender=sender, to=to, message=f"{{n:032x}}", purpose="say")]

def worked(tell, n):
    name, key = NAMES[n % 12], str(n)
    step = {{"key": key, "step": "model", "name": "sim:careful"}}
    return [tell(StepStarted, name, effect="pure", request=None, **step),
            tell(StepEnded, name, status="ok", **step)]

async def flood(widget, make, total, seconds=5.0):
    tell = Feed()
    widget.receive(list(opening(tell)))
    begun, done = time.perf_counter(), 0
    while done < total:
        due = min(total, int(total * (time.perf_counter() - begun) / seconds) + 1)
        for n in range(done, due):
            widget.receive(make(tell, n))
        done = due
        await asyncio.sleep(0.005)
    print("took", round(time.perf_counter() - begun, 2))
    return widget
"""

CASES = {
    "graph, messages": ("GraphWidget()", "said", ".ak-graph[data-messages='{}']", 12),
    "timeline, steps": ("TimelineWidget()", "worked", ".ak-timeline[data-bars='{}']", 0),
    "bill, steps": ("BillWidget()", "worked", ".ak-bill[data-rev='{}']", None),
}


CROWDS = (250, 500, 1000)

CROWD = """\
from pathlib import Path
from agentkit import Agent, gather, open_log, pattern
crew = [Agent(f"agent-{{n}}", "You answer.", model="sim:careful") for n in range({total})]
@pattern
async def everyone(task):
    return str(len(await gather(*[one(task) for one in crew])))
def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])
%ask everyone --quiet -> warm What is 2 + 2?
before = pages()
"""

ASKED = "%ask everyone --graph -> done What is 3 + 4?"

COUNTED = """\
sent = [e for e in open_log().read(done.run_id) if e.kind == "message.sent"]
print(len(sent), (pages() - before) * 4096)
"""


@contextmanager
def jupyterlab(*options: str) -> Iterator[tuple[str, str, Path]]:
    """A JupyterLab on loopback in a folder of its own: address, token, folder."""
    with tempfile.TemporaryDirectory() as folder:
        base, token = Path(folder), secrets.token_hex(16)
        root = base / "work"
        root.mkdir()
        parts = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        env = os.environ | {f"JUPYTER_{part}": str(base / part) for part in parts}
        env |= {"JUPYTER_CONFIG_PATH": str(ROOT / "lab"), "JUPYTER_PATH": str(ROOT / "lab")}
        env |= {"JUPYTER_TOKEN": token}
        log = base / "server.log"
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={root}", *options]
        with log.open("wb") as out:
            server = subprocess.Popen(command, cwd=root, env=env, stdout=out, stderr=out)
        try:
            yield wait_ready(server, base / "RUNTIME_DIR", log), token, root
        finally:
            server.terminate()
            server.wait(timeout=30)


def share(values: list[float], part: float) -> float:
    """The value below which that part of all lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def measure(page: Page, lab: Lab, case: str, total: int) -> dict[str, float | str]:
    """Show one widget and flood it."""
    make, feed, done, extra = CASES[case]
    name = f"{feed}-{make[:5]}.ipynb"
    cells = [SETUP, f"widget = {make}.show()", f"await flood(widget, {feed}, {total});"]
    lab.open(lab.write(name, cells))
    lab.run_cell(0)
    lab.run_cell(1)
    page.evaluate(LISTEN)
    lab.start_cell(2)
    end = total + extra if extra is not None else 2 * total + 25
    page.locator(done.format(end)).wait_for(timeout=60_000)
    seen = page.evaluate("() => window.seen")
    gaps = [(b - a) / 1000 for a, b in zip(seen["frames"], seen["frames"][1:], strict=False)]
    lags = seen["lags"]
    return {
        "case": f"{total} {case}",
        "frames_per_s": round(len(gaps) / sum(gaps), 1),
        "frame_p95_ms": round(share(gaps, 0.95) * 1000, 1),
        "painted_p50_ms": round(share(lags, 0.5) * 1000, 1),
        "painted_p95_ms": round(share(lags, 0.95) * 1000, 1),
        "kernel": lab.wait_idle(2).strip(),
    }


def crowd(page: Page, lab: Lab, total: int) -> dict[str, float | str]:
    """Ask so many agents in one gather, and look on."""
    cells = ["%load_ext nbext", CROWD.format(total=total), ASKED, COUNTED]
    lab.open(lab.write(f"crowd-{total}.ipynb", cells))
    lab.run_cell(0)
    lab.run_cell(1, 120)
    page.evaluate(LISTEN)
    heap = page.evaluate("() => performance.memory.usedJSHeapSize")
    lab.start_cell(2)
    page.locator(f".ak-graph[data-messages='{2 * total + 2}']").wait_for(timeout=120_000)
    seen = page.evaluate("() => window.seen")
    grown = page.evaluate("() => performance.memory.usedJSHeapSize") - heap
    lab.wait_idle(2, 120)
    messages, kernel = lab.run_cell(3).split()
    gaps = [(b - a) / 1000 for a, b in zip(seen["frames"], seen["frames"][1:], strict=False)]
    return {
        "case": f"{total} agents in one gather",
        "frames_per_s": round(len(gaps) / sum(gaps), 1),
        "frame_p95_ms": round(share(gaps, 0.95) * 1000, 1),
        "painted_p50_ms": round(share(seen["lags"], 0.5) * 1000, 1),
        "painted_p95_ms": round(share(seen["lags"], 0.95) * 1000, 1),
        "messages_drawn_and_logged": f"{2 * total + 2} of {messages}",
        "kernel_kb_per_agent": round(int(kernel) / 1024 / total, 1),
        "page_kb_per_agent": round(grown / 1024 / total, 1),
    }


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium was found. Install one, or set CHROMIUM to its path.")
    with jupyterlab() as (url, token, root), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for case in CASES:
            page = browser.new_page(viewport={"width": 1400, "height": 950})
            print(json.dumps(measure(page, Lab(page, url, token, root), case, total)), flush=True)
            page.close()
        for size in CROWDS:
            page = browser.new_page(viewport={"width": 1400, "height": 950})
            print(json.dumps(crowd(page, Lab(page, url, token, root), size)), flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
