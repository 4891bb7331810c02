"""%fleet, %runs --fleet and the bar of a batch, in a real kernel with real workers."""

from __future__ import annotations

from pathlib import Path

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
