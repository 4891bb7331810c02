"""The site as a visitor has it: lessons run, the log outlives its page, nothing leaves the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.litesite.page import Lesson, ended

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


def test_storage_that_is_refused_or_full_is_said_and_runs_go_on(browser: Any, site: str) -> None:
    refusing = "Object.defineProperty(globalThis, 'indexedDB', {get: () => undefined})"
    for script, word in ((refusing, "keeps no log"), (FULL, "could not write the log down")):
        context = browser
        context.route("**/boot.mjs", lambda route, script=script: patched(route, script))
        page = Lesson(context.new_page(), site)
        page.open("02-tools")
        said = page.last("%load_ext nbext")
        said += page.last(TEAM + "print((await clerk('What is 6 x 7?')).text)")
        assert "42" in said
        assert word in said + page.last("%log")
        context.unroute("**/boot.mjs")
        page.page.close()


FULL = (
    "IDBObjectStore.prototype.put ="
    " () => { throw new DOMException('no room', 'QuotaExceededError') }"
)


def patched(route: Any, script: str) -> None:
    """Give the kernel's worker a browser that refuses."""
    reply = route.fetch()
    words = reply.text()
    headers = {"content-type": "text/javascript"}
    route.fulfill(status=reply.status, headers=headers, body=f"{script};\n{words}")
