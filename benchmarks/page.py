"""The lessons' site in Chromium: bytes of a first visit, seconds to first answers, CPU of a turn.

    make lite && python -m benchmarks.page [VISITS]

Cold is a visit with an empty profile, warm a later one with the same profile after the browser was
begun anew. Seconds count from the click on a link, that is from the navigation to a lesson, until
the kernel has answered its first cell (`%load_ext nbext`), and until an agent has answered after
it. Bytes are what the server sent, packed as hosts pack. Turns are asked in the site's own Pyodide
and packages on Node, ten in a row; the smallest mean counts, as other work only adds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

from lite.serving import Handler, server
from tests.chromium import find_chromium
from tests.litesite.page import Lesson, chromium

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "lite" / "site"
VISITS = 3
ASK = """from agentkit import Agent
clerk = Agent("clerk", "Answer in one sentence.", model="sim:careful")
print((await clerk("What is 6 x 7?")).text)"""


def visit(profile: Path, address: str) -> dict[str, float]:
    """Open a lesson in a browser that begins anew; seconds until cells have answered."""
    with sync_playwright() as playwright:
        context = chromium(playwright, profile)
        lesson = Lesson(context.new_page(), address)
        begun = time.monotonic()
        lesson.open("02-tools")
        told = lesson.last("%load_ext nbext")
        first = time.monotonic() - begun
        said = lesson.last(ASK)
        asked = time.monotonic() - begun
        context.close()
    if "agentkit ·" not in told or "42" not in said or lesson.elsewhere:
        raise SystemExit(f"The lesson did not run: {told}\n{said}\n{lesson.elsewhere}")
    return {"first_cell_s": round(first, 1), "first_ask_s": round(asked, 1)}


def visits(count: int) -> list[dict[str, Any]]:
    """Rows of cold and warm visits, and of the bytes of the first."""
    rows = list[dict[str, Any]]()
    with server(SITE, 0) as running, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://localhost:{running.server_port}"
        for n in range(count):
            before = Handler.sent
            for kind in ("cold", "warm"):
                took = visit(Path(folder, str(n)), address)
                row = {"visit": kind, **took, "sent_MB": round((Handler.sent - before) / 1e6, 2)}
                print(json.dumps(row), flush=True)
                rows.append(row)
                before = Handler.sent
        running.shutdown()
    return rows


def turns() -> dict[str, Any]:
    """What starting the kernel and a turn cost on Node, in ms of CPU time."""
    command = ["node", ROOT / "benchmarks" / "page.mjs", SITE / "static" / "pyodide"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    if find_chromium() is None:
        sys.exit("No Chromium was found. Install one, or set CHROMIUM to its path.")
    if not (SITE / "index.html").exists():
        sys.exit(f"There is no site in {SITE}: make lite")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else VISITS
    rows = visits(count)
    for kind in ("cold", "warm"):
        of = [row for row in rows if row["visit"] == kind]
        print(
            json.dumps(
                {
                    "median of": kind,
                    **{key: median(row[key] for row in of) for key in of[0] if key != "visit"},
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )
    print(json.dumps(turns()))


if __name__ == "__main__":
    main()
