"""Interrupt, restart, resume: in a real kernel, against an endpoint that keeps the books."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentkit.log import RunInfo
from agentkit.logs.sqlite import SqliteLog
from tests.nbext.notebook import Cell, Notebook

CRANE = '''
%load_ext nbext
import asyncio
from agentkit import tool

gate = asyncio.Event()

@tool(effect="pure")
async def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    await gate.wait()
    return 13.0 * tonnes
'''
CLERK = "%%agent clerk --tools tariff\nYou answer questions about the port."
ASK = "%%ask clerk -> dues: float\nWhat are the dues for 30 t in Amber?"


def calling(cell: Cell) -> bool:
    return any("calls tariff" in str(shown.get("text/markdown")) for shown in cell.updates)


def only_run(folder: Path) -> RunInfo:
    log = SqliteLog(folder / "log.db")
    try:
        [info] = log.runs()
        return info
    finally:
        log.close()


def test_an_interrupted_ask_is_cancelled_at_once_and_resumed_without_paying_again(
    notebook: Notebook, charged: Callable[[], int], tmp_path: Path
) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    before = charged()
    # The gate stays shut, so without the interrupt this cell would never end.
    cell = notebook.interrupt(notebook.run(ASK, until=calling))
    assert cell.ename == "Interrupted"
    assert "1 model call is paid and kept" in cell.error
    assert "%resume" in cell.error
    assert len(cell.error.splitlines()) <= 3
    assert only_run(tmp_path).status == "cancelled"
    assert charged() - before == 1

    notebook.ok("gate.set()")
    resumed = notebook.ok("%resume")
    assert "390" in resumed.text
    assert notebook.value("dues") == "390.0"
    assert charged() - before == 2
    assert only_run(tmp_path).status == "ok"


def test_resume_after_a_restart_needs_the_defining_cells_and_says_so(
    notebook: Notebook, charged: Callable[[], int], tmp_path: Path
) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    before = charged()
    notebook.run(ASK, until=calling)
    notebook.restart()

    notebook.ok(CRANE)
    assert "lost" in notebook.ok("%runs").text
    failed = notebook.run("%resume")
    assert failed.ename == "UnknownActor"
    assert "%%agent clerk" in failed.error

    notebook.ok(CLERK)
    notebook.ok("gate.set()")
    assert "390" in notebook.ok("%resume").text
    assert notebook.value("dues") == "390.0"
    assert charged() - before == 2
    assert only_run(tmp_path).status == "ok"


def test_a_resume_with_a_type_that_changed_pays_nothing(
    notebook: Notebook, charged: Callable[[], int]
) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.interrupt(notebook.run(ASK, until=calling))
    before = charged()
    failed = notebook.run("%resume -> dues: int")
    assert failed.ename == "TeamChanged"
    assert charged() == before
    notebook.ok("gate.set()")
    notebook.ok("%resume -> dues")
    assert "390" in notebook.value("dues")


def test_interrupting_plain_python_code_still_is_a_keyboard_interrupt(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    code = "import time\nprint('on')\ntime.sleep(60)"
    cell = notebook.interrupt(notebook.run(code, until=lambda cell: "on" in cell.stream))
    assert cell.ename == "KeyboardInterrupt"


def test_a_background_ask_is_listed_stopped_and_resumed(
    notebook: Notebook, charged: Callable[[], int]
) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "-> later --bg"))
    assert "running" in notebook.ok("%runs").text
    assert "Background" in notebook.value("later")
    notebook.ok("import asyncio\nwhile not gate._waiters: await asyncio.sleep(0.01)")
    before = charged()
    assert "Stopped clerk" in notebook.ok("%stop").text
    assert "cancelled" in notebook.ok("%runs").text
    notebook.ok("gate.set()")
    notebook.ok("%resume")
    assert "390" in notebook.value("later.text")
    assert charged() - before == 1


def test_a_background_ask_is_awaited_for_what_was_asked_and_then_is_like_its_answer(
    notebook: Notebook,
) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "-> later: float --bg"))
    early = notebook.run("later.text")
    assert early.ename == "SetupError" and "has not answered yet" in early.error
    assert notebook.run("%ask clerk Is {{ later }} much?").ename == "BadTemplate"
    notebook.ok("gate.set()\ndues = await later")
    assert notebook.value("dues") == "390.0"
    assert notebook.value("later.data") == "390.0"
    assert "390.0" in notebook.ok("await later\nlater").text
    assert "390" in notebook.ok("%ask clerk --quiet Is {{ later }} much?\n%transcript").text


def test_an_interrupted_tool_that_must_not_run_twice_is_settled_by_a_person(
    notebook: Notebook, charged: Callable[[], int]
) -> None:
    notebook.ok(CRANE.replace('effect="pure"', 'effect="once"'))
    notebook.ok(CLERK)
    notebook.interrupt(notebook.run(ASK, until=calling))
    before = charged()
    doubt = notebook.run("%resume")
    assert doubt.ename == "Unsettled"
    assert "--not-happened" in doubt.error
    assert charged() == before
    assert "77" in notebook.ok("%resume --happened 77").text
    assert notebook.run("%resume --happened 77").ename == "SetupError"


def test_a_stopped_background_ask_is_renewed_by_the_cell_that_stops_it(notebook: Notebook) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "--graph --bg"))
    notebook.ok("import asyncio\nwhile not gate._waiters: await asyncio.sleep(0.01)")
    stopped = notebook.ok("%stop")
    assert "[clerk · interrupted · %resume goes on]" in stopped.text
    assert "Message graph: 3 nodes" in stopped.text


def test_what_a_magic_says_is_shown_above_other_lines_of_its_cell_too(notebook: Notebook) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "--bg"))
    stopped = notebook.ok("%stop\n%budget 1\nfor n in [1, 2]:\n    %stop\nx = 1").text
    assert stopped.count("Stopped clerk") == 1
    assert stopped.count("Nothing goes on in the background.") == 2
    assert "Budget" not in stopped
    assert "Budget: $1.00 per ask" in notebook.ok("%budget\nx = 1").text


def test_interrupting_the_wait_for_a_background_ask_does_not_end_it(notebook: Notebook) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "-> later --bg"))
    waiting = "print('waits')\nawait later"
    cell = notebook.interrupt(notebook.run(waiting, until=lambda cell: "waits" in cell.stream))
    assert cell.ename == "Interrupted" and "goes on in the background" in cell.error
    notebook.ok("gate.set()")
    assert "390" in notebook.ok("await later").text


def test_waiting_for_a_stopped_ask_says_that_it_was_stopped(notebook: Notebook) -> None:
    notebook.ok(CRANE)
    notebook.ok(CLERK)
    notebook.ok(ASK.replace("-> dues: float", "-> later --bg"))
    notebook.ok("%stop")
    cell = notebook.run("await later")
    assert cell.ename == "Interrupted" and "was stopped" in cell.error


def test_an_interrupted_evaluation_shows_what_is_made_and_goes_on_from_there(
    notebook: Notebook,
) -> None:
    notebook.ok(
        """
%load_ext nbext
import asyncio
from agentkit import Agent
from agentkit.testing import FunctionModel

asked, gate = [], asyncio.Event()
async def say(request):
    asked.append(request.thread[-1].message.text)
    if len(asked) > 3:
        await gate.wait()
    return asked[-1]
echo = Agent("echo", model=FunctionModel(say))
rows = [{"id": f"q{n}", "input": f"word {n}", "target": f"word {n}"} for n in range(5)]
"""
    )
    cell = notebook.run(
        "%evaluate echo rows --concurrency 1 -> found",
        until=lambda cell: any("3/5" in str(shown.get("text/plain")) for shown in cell.updates),
    )
    cell = notebook.interrupt(cell)
    assert cell.ename == "Interrupted" and len(cell.error.splitlines()) <= 3
    assert "3 of 5 trials are made and kept" in cell.error and "run the cell again" in cell.error
    assert "It did not come to its end" in cell.text
    notebook.ok("gate.set()")
    again = notebook.ok("%evaluate echo rows --concurrency 1 -> found")
    assert "3 trials were recorded before and not paid again" in again.text
    # One more at most: what was under way when it was interrupted.
    assert notebook.value("5 <= len(asked) <= 6 and found.complete") == "True"
