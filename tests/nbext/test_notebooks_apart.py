"""Two notebooks of one folder share a log, and keep their runs apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agentkit.events import RunStarted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.logs.memory import MemoryLog
from agentkit.opening import run
from agentkit.place import STARTED, here, set_place
from agentkit.sim.server import Server
from tests.nbext.conftest import kernel
from tests.nbext.notebook import Cell, Notebook

CLERK = "%%agent clerk\nYou answer questions about the port of Amber."
CREW = """
from pathlib import Path
from agentkit import pattern
@pattern
async def crew(task):
    answer = await clerk(task)
    if not Path("open").exists():
        raise ValueError("the port is closed")
    return (await clerk(f"{task} Say it again.")).text
"""
ASK = "%%ask clerk\nWhat are the dues for 30 t in Amber?"


class Both(NamedTuple):
    """Two notebooks of one folder, and what takes the first one's place after a restart."""

    monday: Notebook
    tuesday: Notebook
    folder: Path


@pytest.fixture
def both(sim: Server, tmp_path: Path) -> Iterator[Both]:
    paths = [str(tmp_path / f"{day}.ipynb") for day in ("monday", "tuesday")]
    with kernel(tmp_path, sim, paths[0]) as monday, kernel(tmp_path, sim, paths[1]) as tuesday:
        for one in (monday, tuesday):
            one.ok("%load_ext nbext")
            one.ok(CLERK)
        yield Both(monday, tuesday, tmp_path)


def test_a_run_of_another_notebook_is_named_and_not_continued(
    both: Both, charged: Callable[[], int]
) -> None:
    for one in (both.monday, both.tuesday):
        one.ok(CREW)
    assert both.monday.run("%ask crew What are the dues for 30 t in Amber?").ename == "ValueError"
    (both.folder / "open").touch()
    before = charged()
    runs = open_log(f"sqlite:///{both.folder / 'log.db'}").runs()
    assert [info.place for info in runs] == [str(both.folder / "monday.ipynb")]
    short = runs[0].id[-8:]

    for magic in ("%resume", "%rerun", "%replay", "%fork last --at 2"):
        found = both.tuesday.run(magic)
        assert found.ename == "SetupError"
        assert "monday.ipynb" in found.error and short in found.error
    assert charged() == before
    assert "monday.ipynb" in both.tuesday.ok("%runs").text
    assert "monday.ipynb" in both.tuesday.ok("%cost").text
    assert "not of this notebook" in both.tuesday.ok("%state last").text

    both.monday.restart()
    both.monday.ok("%load_ext nbext")
    both.monday.ok(CLERK)
    both.monday.ok(CREW)
    assert "this notebook" not in both.monday.ok("%cost").text
    assert "notebook" not in both.monday.ok("%runs").text
    resumed = both.monday.ok("%resume").text
    assert "whole run, resumed · this time 1 call" in resumed
    assert charged() == before + 1
    assert "this time 0 calls · 0 + 0 tokens · $0" in both.monday.ok("%resume last").text
    assert charged() == before + 1


def test_a_newer_run_of_another_notebook_stands_behind_this_one(both: Both) -> None:
    both.tuesday.ok("%%ask clerk\nWhat are the dues for 5 t in Amber?")
    both.tuesday.restart()
    both.tuesday.ok("%load_ext nbext")
    both.tuesday.ok(CLERK)
    both.monday.ok(ASK)
    assert "5 t" in both.tuesday.ok("%transcript").text
    assert "5 t" in both.tuesday.ok("%transcript clerk").text
    assert "30 t" not in both.tuesday.ok("%runs --here").text
    assert both.tuesday.ok("%%ask clerk --rerun\nWhat are the dues for 30 t in Amber?").text
    runs = open_log(f"sqlite:///{both.folder / 'log.db'}").runs()
    assert runs[0].origin in (None, runs[2].id)
    assert "30 t" in both.tuesday.ok(f"%transcript {runs[1].id[-8:]}").text


def test_vs_code_tells_its_notebook_in_its_own_way(notebook: Notebook) -> None:
    notebook.ok("%load_ext nbext")
    notebook.ok("from agentkit.place import here\n__vsc_ipynb_file__ = '/home/ann/crew.ipynb'")
    assert notebook.value("here()") == "'/home/ann/crew.ipynb'"
    notebook.ok("%unload_ext nbext")
    assert notebook.value("here()") == "None"


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return MemoryLog() if request.param == "memory" else open_log(f"sqlite:///{tmp_path / 'l.db'}")


async def test_a_run_knows_its_notebook_and_a_resumed_one_keeps_it(log: Log) -> None:
    before = set_place(lambda: "/a/monday.ipynb")
    try:
        with pytest.raises(ValueError, match="x"):
            async with run("one", log=log):
                raise ValueError("x")
        set_place(lambda: "/a/tuesday.ipynb")
        async with run("one", log=log, resume=log.find("last")):
            assert here() == "/a/tuesday.ipynb"
    finally:
        set_place(before)
    (info,) = log.runs()
    assert info.place == "/a/monday.ipynb"
    assert [e.place for e in log.read(info.id) if e.kind == "run.started"] == [
        "/a/monday.ipynb",
        "/a/tuesday.ipynb",
    ]


@pytest.mark.parametrize(
    ("root", "path", "told"),
    [
        ("/u", "/u/a/x.ipynb", ("a/x.ipynb", "/u")),
        ("/u/", "/u/x.ipynb", ("x.ipynb", "/u")),
        ("/u", "/users/x.ipynb", ("/users/x.ipynb", None)),
        ("/", "/u/x.ipynb", ("/u/x.ipynb", None)),
        ("", "/u/x.ipynb", ("/u/x.ipynb", None)),
        ("/u", "x.ipynb", ("x.ipynb", None)),
        ("/u", "", ("", None)),
        ("/u", "/u", ("/u", None)),
    ],
)
async def test_a_notebook_is_told_relative_to_the_folder_that_is_served(
    log: Log, monkeypatch: pytest.MonkeyPatch, root: str, path: str, told: tuple[str, str | None]
) -> None:
    monkeypatch.setenv("AGENTKIT_ROOT", root)
    before = set_place(lambda: path)
    try:
        async with run("one", log=log) as one:
            pass
    finally:
        set_place(before)
    [begun] = (e for e in log.read(one.id) if isinstance(e, RunStarted))
    assert (begun.place, begun.root) == told
    # What is compared is whole: another server may serve a folder above or below.
    assert log.runs()[0].place == begun.notebook == path


async def test_a_session_of_a_chat_is_no_path(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_ROOT", "acp:")
    token = STARTED.set("acp:/7")
    try:
        async with run("one", log=log):
            pass
    finally:
        STARTED.reset(token)
    assert log.runs()[0].place == "acp:/7"


def run_cell(one: Notebook, code: str, cell: str) -> None:
    """Run a cell as JupyterLab does, which says which one it is."""
    message = one.client.session.msg("execute_request", {"code": code}, metadata={"cellId": cell})
    one.client.shell_channel.send(message)
    done = one.follow(message["header"]["msg_id"], Cell())
    assert not done.error, done.error


def test_a_run_knows_the_cell_it_was_started_from(both: Both) -> None:
    one = both.monday
    run_cell(one, "%ask clerk -> later --bg What are the dues for 30 t in Amber?", "cell-1")
    run_cell(one, ASK, "cell-2")
    run_cell(one, "await later\nawait clerk('Is the port open?')", "cell-3")
    one.ok("await clerk('Who are you?')")
    log = open_log(f"sqlite:///{both.folder / 'log.db'}")
    begun = [log.read(info.id, upto=1)[0] for info in log.runs()][::-1]
    assert [event.cell for event in begun if isinstance(event, RunStarted)] == [
        "cell-1", "cell-2", "cell-3", None
    ]  # fmt: skip
    assert {event.place for event in begun} == {str(both.folder / "monday.ipynb")}


def test_a_log_from_before_cells_were_told_is_read() -> None:
    old = {"kind": "run.started", "run": "r", "seq": 1, "at": 0.0, "scope": "", "name": "x"}
    assert RunStarted.model_validate(old).cell is None
