"""The site as a visitor has it: lessons run, the log outlives its page, nothing leaves the site."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from tests.conftest import ROOT
from tests.litesite.page import Lesson, chromium, ended, kill

pytestmark = [pytest.mark.lite, pytest.mark.timeout(600)]

Open = Callable[[str], Lesson]

TEAM = """
from agentkit import Agent, pattern
clerk = Agent("clerk", "Answer in one sentence.", model="sim:careful")
checker = Agent("checker", "Answer in one sentence.", model="sim:careful")
@pattern
async def office(task: str) -> str:
    draft = await clerk(task)
    return (await checker(task)).text + " = " + draft.text
"""


def started(lesson: Lesson) -> None:
    """Load the extension and define a team, in cells of their own."""
    assert "agentkit ·" in lesson.last("%load_ext nbext")
    lesson.last(TEAM + "print('there')")


def test_the_first_lesson_runs_whole_and_nothing_leaves_the_site(lesson: Open) -> None:
    first = lesson("00-start-here")
    first.run_all()
    cells = first.wait(lambda cells: all(map(ended, cells)), 300)
    assert [cell[2] for cell in cells if cell[2]] == []
    assert "240 EUR" in cells[19][1]
    assert first.elsewhere == []


def test_a_run_in_a_page_that_was_closed_goes_on_in_the_next(lesson: Open) -> None:
    first = lesson("05-conversations")
    started(first)
    first.last("%faults stall=100% --actor checker")
    first.add("await office('What are the dues for 30 t in Amber?')")
    first.page.wait_for_timeout(4000)
    first.page.close()
    again = lesson("05-conversations")
    started(again)
    assert "office" in again.last("%runs")
    assert "Amber" in again.last("%resume\n") or "dues" in again.cells()[-1][1]
    assert "[]" in again.last("from agentkit import open_log\nprint(open_log().verify())")
    # The call that was cut off is there, and asked again; the one before it was not.
    assert "steps ['ok', 'cancelled', 'ok']" in again.last(
        "run = open_log().runs()[0].id\n"
        "ended = [e for e in open_log().read(run) if e.kind == 'step.ended']\n"
        "print('steps', [e.status for e in ended if e.step == 'model'])"
    )


def test_a_second_tab_is_told_and_loses_nothing(lesson: Open) -> None:
    one, two = lesson("02-tools"), lesson("02-tools")
    assert "/log/log.db" in one.last("%load_ext nbext")
    told = two.last("%load_ext nbext")
    assert "log-2" in told
    assert "writes the log" in told
    for lesson_, name in ((one, "log"), (two, "log-2")):
        lesson_.last(TEAM + "answer = await clerk('What is 6 x 7?')")
        assert "1 runs" in lesson_.last("%log"), name
    refused = two.last("%log open log")
    assert "writes it now" in refused


def test_a_log_is_saved_and_opened_in_the_page(lesson: Open) -> None:
    page = lesson("02-tools")
    started(page)
    page.last("answer = await clerk('What is 6 x 7?')")
    assert "Download" in page.last("%log save mine.db")
    page.last("open('no.db', 'w').write('nonsense' * 1000) and None")
    assert "LogCorrupt" in page.last("%log open no.db")
    assert "1 runs" in page.last("%log")
    assert "'mine'" in page.last("%log open mine.db")
    assert "1 runs" in page.last("%log")


PAYING = """
from agentkit import Agent, tool
paid = []
@tool(effect="once", approve=True)
def pay(port: str, eur: float) -> str:
    \"\"\"Pay an amount in EUR to a port.\"\"\"
    paid.append((port, eur))
    return f"{eur} EUR paid to {port}"
cashier = Agent("cashier", "Pay what you are told to pay.", tools=[pay], model="sim:careful")
"""


def test_a_question_is_answered_while_its_cell_waits(lesson: Open) -> None:
    page = lesson("02-tools")
    started(page)
    page.last(PAYING)
    for word, told in (("yes", "120.0 EUR paid to Briar"), ("no", "did not allow")):
        cell = page.add("print((await cashier('Pay 120 EUR to Briar.')).text)")
        after = page.add("print('ran after it')")
        page.page.locator(".agentkit-question-button", has_text=word).last.click(timeout=240_000)
        page.wait(lambda cells, after=after: any(ended(c) for c in cells if c[3] == after))
        (shown,) = [c for c in page.cells() if c[3] == cell]
        assert told in shown[1]
    assert "1" in page.last("print(len(paid))")


REFUSED = "Object.defineProperty(globalThis, 'indexedDB', {get: () => undefined})"

FULL = (
    "const put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (...given) {"
    " if (globalThis.agentkitRoom) return put.apply(this, given);"
    " throw new DOMException('no room', 'QuotaExceededError') }"
)


@pytest.mark.parametrize(
    ("script", "word"), [(REFUSED, "keeps no log"), (FULL, "could not write the log down")]
)
def test_storage_that_is_refused_or_full_is_said_and_runs_go_on(
    browser: Any, patched: Callable[[str], Any], script: str, word: str
) -> None:
    with patched(script) as address:
        page = Lesson(browser.new_page(), address)
        page.open("02-tools")
        said = page.last("%load_ext nbext")
        said += page.last(TEAM + "print((await clerk('What is 6 x 7?')).text)")
        assert "42" in said
        assert word in said + page.last("%log")
        assert "Download" in page.last("%log save mine.db")


def test_what_a_full_browser_could_not_keep_is_kept_once_there_is_room(
    browser: Any, patched: Callable[[str], Any]
) -> None:
    with patched(FULL) as address:
        page = Lesson(browser.new_page(), address)
        page.open("02-tools")
        page.last("%load_ext nbext")
        page.last(TEAM + "answer = await clerk('What is 6 x 7?')")
        assert "could not write the log down" in page.last("%log")
        page.last("import js; js.agentkitRoom = True")
        page.last("answer = await clerk('What is 5 x 7?')")
        assert "keeps it as 'log'" in page.last("%log")
        page.page.close()
        again = Lesson(browser.new_page(), address)
        again.open("02-tools")
        again.last("%load_ext nbext")
        assert "[] 2" in again.last(COUNT)


def test_a_private_window_without_service_workers_runs_and_keeps_until_it_is_closed(
    private: Callable[..., Any], site: str
) -> None:
    for options in ({}, {"service_workers": "block"}):
        window = private(**options)
        page = Lesson(window.new_page(), site)
        page.open("02-tools")
        assert "agentkit ·" in page.last("%load_ext nbext")
        assert not page.page.evaluate("crossOriginIsolated")
        assert "42" in page.last(TEAM + "print((await clerk('What is 6 x 7?')).text)")
        page.page.close()
        again = Lesson(window.new_page(), site)
        again.open("02-tools")
        again.last("%load_ext nbext")
        assert "[] 1" in again.last(COUNT)
        assert "Download" in again.last("%log save mine.db")
        window.close()


def test_an_old_log_is_brought_up_to_date_and_goes_on(lesson: Open) -> None:
    page = lesson("02-tools")
    started(page)
    for old in OLD:
        page.last(f"script = {old.read_text()!r}")
        page.last(
            "import sqlite3; db = sqlite3.connect('/tmp/old.db')\n"
            "db.executescript(script); db.close()\n"
            f"open('{old.stem}.db', 'wb').write(open('/tmp/old.db', 'rb').read())\n"
            "import os; os.remove('/tmp/old.db')"
        )
        assert old.stem in page.last(f"%log open {old.stem}.db")
        page.last("answer = await clerk('What is 6 x 7?')\nprint(answer.text)")
        assert "[]" in page.last("from agentkit import open_log\nprint(open_log().verify())")


def test_a_log_is_downloaded_and_a_page_that_cannot_run_says_why(
    browser: Any, lesson: Open, site: str
) -> None:
    page = lesson("02-tools")
    started(page)
    page.last("answer = await clerk('What is 6 x 7?')")
    page.last("%log save mine.db")
    with page.page.expect_download() as download:
        page.page.get_by_text("Download mine.db").click()
    assert Path(download.value.path()).read_bytes()[:15] == b"SQLite format 3"
    for script, word in LACKING:
        start = browser.new_page()
        start.add_init_script(script)
        start.goto(site)
        assert word in start.locator("#not").inner_text()
        start.close()


def test_packages_of_another_build_are_refused_in_the_page(
    browser: Any, patched: Callable[[str], Any]
) -> None:
    with patched("crypto.subtle.digest = async () => new ArrayBuffer(32)") as address:
        page = browser.new_page()
        page.goto(f"{address}/notebooks/index.html?path=02-tools.ipynb")
        said = page.get_by_role("alert").filter(has_text="packages.bin")
        said.wait_for(timeout=120_000)
        assert "not the file that this site was built with" in said.inner_text()


LACKING = (
    ("delete globalThis.WebAssembly", "WebAssembly"),
    ("delete globalThis.Worker", "web workers"),
    ("Object.defineProperty(globalThis, 'indexedDB', {get: () => undefined})", "IndexedDB"),
    ("Object.defineProperty(navigator, 'locks', {get: () => undefined})", "locks between pages"),
)

OLD = sorted((ROOT / "tests/agentkit/logs/old").glob("schema-*.sql"))


def test_a_log_of_the_visitors_machine_is_opened_by_a_button(lesson: Open, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "brought.db") as db:
        db.executescript(OLD[-1].read_text())
    db.close()
    (tmp_path / "nonsense.db").write_text("nonsense" * 1000)
    page = lesson("02-tools")
    started(page)
    page.last("%log open")
    button = page.page.get_by_role("button", name="Choose a log").last
    for file, said in (("nonsense.db", "is no"), ("brought.db", "recorded in 'brought'")):
        with page.page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files(tmp_path / file)
        page.page.locator(".jupyter-widgets", has_text=said).last.wait_for(timeout=30_000)
    assert "'brought'" in page.last("%log")


COUNT = """
from agentkit import open_log
print(open_log().verify(), len(open_log().runs()))
"""

MANY = """
for n in range(1000):
    await clerk(f"What is {n} x 7?")
    print(n + 1)
"""


def test_a_browser_that_is_killed_while_it_commits_loses_nothing_committed(
    tmp_path: Path, site: str
) -> None:
    seen = 0
    for n in range(4):
        with sync_playwright() as playwright:
            context = chromium(playwright, tmp_path)
            page = Lesson(context.new_page(), site)
            page.open("02-tools")
            page.last("%load_ext nbext")
            found = page.last(TEAM + COUNT)
            assert "[] " in found
            runs = int(found.split()[-1])
            assert runs >= seen, (runs, seen)
            cell = page.add(MANY)
            page.wait(lambda cells, cell=cell: any(c[1] for c in cells if c[3] == cell))
            page.page.wait_for_timeout(1500 + 400 * n)
            (told,) = [c[1] for c in page.cells() if c[3] == cell]
            kill(tmp_path)
            seen = runs + max(map(int, told.split()))
            with contextlib.suppress(PlaywrightError):
                context.close()
    assert seen > 4
