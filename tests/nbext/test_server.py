"""Logs of folders, read by Jupyter's server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentkit import place
from agentkit.errors import LogCorrupt, SetupError, UnknownRun
from agentkit.logs import open_log
from agentkit.opening import run
from agentkit.place import set_place
from nbext import server
from nbext.panel.folder import carry_out, order_answered
from tests.conftest import ROOT


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    """A served folder with a log in a folder below it; the id of its run is its name."""
    course = tmp_path / "root" / "course"
    course.mkdir(parents=True)
    log = open_log(f"sqlite:///{course / '.agentkit' / 'log.db'}")
    before = set_place(lambda: str(course / "monday.ipynb"))
    try:
        async with run("<b>first</b>", log=log):
            pass
    finally:
        set_place(before)
        log.close()
    return tmp_path / "root"


def runs(root: Path, folder: str = "course", **more: Any) -> Any:
    return carry_out(root, folder, {"do": "runs", **more})


async def test_the_runs_of_a_folder_are_listed_with_their_notebooks(root: Path) -> None:
    [row] = runs(root)["runs"]
    assert (row["name"], row["state"], row["place"]) == (
        "<b>first</b>", "done", "course/monday.ipynb"
    )  # fmt: skip
    assert runs(root, "")["runs"] == []
    assert runs(root, "nowhere")["runs"] == []


async def test_a_log_that_nobody_wrote_to_is_not_sent_again(root: Path) -> None:
    mark = runs(root)["mark"]
    assert "runs" not in runs(root, mark=mark)
    log = open_log(f"sqlite:///{root / 'course/.agentkit/log.db'}")
    async with run("second", log=log):
        pass
    found = runs(root, mark=mark)
    log.close()
    assert [row["name"] for row in found["runs"]] == ["second", "<b>first</b>"]


async def test_reading_leaves_the_log_as_it_is(root: Path) -> None:
    file = root / "course/.agentkit/log.db"
    before = file.read_bytes(), sorted(os.listdir(file.parent))
    [row] = runs(root)["runs"]
    for name in ("graph", "timeline", "bill", "transcript", "events"):
        shown = carry_out(root, "course", {"do": "view", "run": row["id"], "name": name})
        assert shown["rev"]
    assert (file.read_bytes(), sorted(os.listdir(file.parent))) == before


KILLED = """
import asyncio, os, signal
from agentkit.logs import open_log
from agentkit.opening import run
async def main():
    async with run("killed", log=open_log("sqlite:///" + {path!r})) as current:
        await current.flush()
        print("up", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_run_is_lost_once_its_process_was_killed_though_nobody_wrote(root: Path) -> None:
    path = str(root / "course/.agentkit/log.db")
    code = KILLED.format(path=path)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        found = runs(root)
        assert [row["state"] for row in found["runs"]] == ["running", "done"]
        assert "runs" not in runs(root, mark=found["mark"])
        process.kill()
    found = runs(root, mark=found["mark"])
    assert [row["state"] for row in found["runs"]] == ["lost", "done"]
    assert "runs" not in runs(root, mark=found["mark"])
    assert [row["state"] for row in runs(root, mark=7)["runs"]] == ["lost", "done"]


@pytest.mark.parametrize("folder", ["..", "course/../..", "/etc", "out", "a\0b"])
async def test_nothing_outside_of_the_served_folder_is_read(root: Path, folder: str) -> None:
    shutil.copytree(root / "course", root.parent / "private")
    (root / "out").symlink_to(root.parent / "private")
    with pytest.raises((SetupError, ValueError)):
        runs(root, folder)


async def test_a_link_in_place_of_a_log_is_not_followed(root: Path) -> None:
    (root / "linked").mkdir()
    (root / "linked" / ".agentkit").symlink_to(root / "course" / ".agentkit")
    with pytest.raises(SetupError, match="symbolic link"):
        runs(root, "linked")


async def test_a_file_that_is_no_log_and_a_run_that_is_not_there_are_errors(root: Path) -> None:
    with pytest.raises(UnknownRun):
        carry_out(root, "course", {"do": "view", "run": "x", "name": "graph"})
    with pytest.raises(SetupError, match="no order"):
        carry_out(root, "course", {"do": "stop", "run": "x"})
    (root / ".agentkit").mkdir()
    (root / ".agentkit" / "log.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(LogCorrupt):
        runs(root, "")


def test_an_order_that_makes_no_sense_is_told_why(root: Path) -> None:
    for order in ({}, {"do": "view"}, {"do": "view", "run": 7, "name": "graph"}, {"do": 1}):
        assert order_answered(root, "course", order)["error"]


def test_the_server_tells_kernels_its_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(place.ROOT, raising=False)
    app = SimpleNamespace(settings={"base_url": "/"}, add_handlers=lambda *_: None)
    for manager, told in ((SimpleNamespace(root_dir=str(root)), str(root)), (object(), None)):
        server._load_jupyter_server_extension(
            SimpleNamespace(web_app=app, contents_manager=manager)
        )
        assert os.environ.pop(place.ROOT, None) == told


def test_the_server_starts_without_what_reads_logs() -> None:
    code = "import sys, nbext.server; print(*sorted(n for n in sys.modules if 'agentkit' in n))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "\n"
