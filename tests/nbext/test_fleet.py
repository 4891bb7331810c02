"""%fleet, %runs --fleet and the bar of a batch, in a real kernel with real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentkit import open_log, pattern
from agentkit.errors import SetupError
from agentkit.fleet import Fleet
from nbext.magics.fleetruns import resume_theirs, stop_theirs
from nbext.options import Line
from tests.nbext.notebook import Notebook

TEAM = """
import asyncio
from agentkit import pattern

@pattern
async def hello(task: str) -> str:
    await asyncio.sleep(0.1)
    if "bad" in task:
        raise ValueError("no such thing")
    return f"hi {task}"
"""


def test_a_notebook_has_workers_and_sees_their_runs(notebook: Notebook, tmp_path: Path) -> None:
    notebook.ok("%load_ext nbext")
    notebook.ok(f"import os; os.chdir({str(tmp_path)!r}); import sys; sys.path.insert(0, '.')")
    assert "This notebook has no fleet" in notebook.run("%fleet").error
    assert "This notebook has no fleet" in notebook.run("%runs --fleet").error
    assert "does not know what to do with 'u'" in notebook.run("%fleet u").error
    (tmp_path / "small_team.py").write_text(TEAM)
    up = notebook.ok("%fleet up small_team.py:hello --workers 1 --log fleet.db --slots 4")
    try:
        assert "hello" in up.text and "0 of 4" in up.text and "0 runs open" in up.text
        notebook.ok("from small_team import hello")
        cell = notebook.ok(
            "import asyncio\nnames = ['a', 'b', '<i>bad</i>']\n"
            "runs = await fleet.map(hello, names, name='<b>x</b>', priority=1)\nruns"
        )
        assert "runs have answered" in cell.text
        said = "sorted([one.text async for one in runs])"
        assert "['hi a', 'hi b']" in notebook.ok(said).text.replace("\n", "")
        again = notebook.ok("runs")
        assert "2 of 3 runs have answered, 1 failed" in again.text
        assert "<b>" not in again.outputs[0]["text/html"]
        listed = notebook.ok("%runs --fleet").text
        assert "hi" not in listed and "failed" in listed and "worker" in listed
        assert "1 dead letters" in notebook.ok("%fleet status").text
        assert "3" in notebook.ok("len((await fleet.attach()).ids)").text
        # The same again joins the workers that are there.
        assert (
            "2 done" in notebook.ok("%fleet up small_team.py:hello --workers 1 --log fleet.db").text
        )
    finally:
        down = notebook.run("%fleet down")
    assert "have ended" in down.text
    assert notebook.ok("await fleet.workers()").text == "[]"


SLOW = """
import asyncio
from agentkit import pattern

@pattern
async def slow(task: str) -> str:
    await asyncio.sleep(60 if task.startswith("s") else 0)
    return task
"""


def test_runs_of_a_fleet_are_stopped_and_offered_anew(notebook: Notebook, tmp_path: Path) -> None:
    notebook.ok("%load_ext nbext")
    notebook.ok(f"import os; os.chdir({str(tmp_path)!r}); import sys; sys.path.insert(0, '.')")
    assert "This notebook has no fleet" in notebook.run("%stop --fleet").error
    assert "This notebook has no fleet" in notebook.run("%resume --fleet").error
    (tmp_path / "slow_team.py").write_text(SLOW)
    notebook.ok("%fleet up slow_team.py:slow --workers 1 --log fleet.db --slots 9")
    try:
        notebook.ok("from slow_team import slow")
        notebook.ok("long = await fleet.map(slow, ['s1', 's2', 's3'], name='long')")
        notebook.ok("more = await fleet.map(slow, ['s4', 'a', 'b'], name='more')")
        notebook.ok("ended = fleet.log.work.outcomes")
        notebook.ok("while len(ended(more.ids)) < 2: await __import__('asyncio').sleep(0.05)")
        listed = notebook.ok("%runs --fleet").text.splitlines()
        assert [one.split()[0] for one in listed[1:3]] == ["more~000000", "long~000002"]
        assert "running" in listed[4] and "ok" in listed[5]  # four are under way
        # A run by its id, which only the fleet knows; a batch by its name; then what is left.
        one = notebook.ok("%stop long~000001").text
        assert "Stopped 1 run of the fleet" in one and "%resume --fleet long~000001" in one
        assert "None of these runs is open" in notebook.ok("%stop --fleet long~000001").text
        assert "Stopped 2 runs" in notebook.ok("%stop --fleet long").text
        assert "Stopped 1 run of" in notebook.ok("%stop --fleet").text
        assert "0 runs open" in notebook.ok("%fleet").text
        # Nothing has failed.
        assert notebook.ok("print(long)").stream.strip() == (
            "0 of 3 runs have answered, 3 were stopped"
        )
        shown = notebook.ok("more").text
        assert shown == f"[{'#' * 32}] more: 2 of 3 runs have answered, 1 was stopped"
        assert "stopped" in notebook.ok("%runs --fleet").text.splitlines()[1]
        assert "4 stopped" in notebook.ok("%fleet").text
        assert "Offered 1 run anew" in notebook.ok("%resume more~000000").text
        assert "Offered 3 runs anew" in notebook.ok("%resume long").text
        assert "Stopped 4 runs" in notebook.ok("%stop --fleet").text
        assert "Offered 4 runs anew" in notebook.ok("%resume --fleet").text
        assert "None of these runs has failed" in notebook.ok("%resume --fleet").text
        assert "takes no --budget" in notebook.run("%resume --fleet long --budget 1").error
        assert "has no run" in notebook.run("%stop --fleet nobody").error
        assert "2 of 3 runs have answered" in notebook.ok("print(more)").stream
    finally:
        notebook.run("await long.stop(); await more.stop()")
        notebook.run("%fleet down")


@pattern
async def hello(task: str) -> str:
    return task


async def test_a_run_that_waits_for_a_person_is_not_offered_anew(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "a.db"))
    given: dict[str, tuple[str, ...]] = {"--fleet": ("",)}
    for n in range(2):
        await hello.submit("a", log=log, id=f"b~00000{n}")
    (claimed,) = log.work.claim(["hello"], 1)
    log.work.give_back(claimed.lease, state="waiting", reason="Waiting: may I pay?")
    fleet = Fleet(log)
    with pytest.raises(SetupError, match=r"b~000000 waits for a person: Waiting: may I pay\?"):
        await resume_theirs(fleet, Line(words=("b~000000",), given=given))
    said = await resume_theirs(fleet, Line(given=given))
    assert said.text.endswith("was stopped. 1 run waits for a person.")
    assert "Stopped 2 runs" in (await stop_theirs(fleet, Line(words=("b",), given=given))).text
    log.close()
