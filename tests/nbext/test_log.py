"""%log in a real kernel: where runs are recorded, a copy, and another log."""

from __future__ import annotations

from pathlib import Path

from tests.nbext.notebook import Notebook


def test_a_log_is_saved_and_gone_over_to(notebook: Notebook, tmp_path: Path) -> None:
    notebook.ok("%load_ext nbext")
    notebook.ok("from agentkit import Agent")
    notebook.ok("clerk = Agent('clerk', 'Answer.', model='sim:careful')")
    notebook.ok("answer = await clerk('What is 6 x 7?')")
    assert "log.db, 1 run" in notebook.ok("%log").text
    assert "Saved as mine.db" in notebook.ok("%log save mine.db").text
    assert "mine.db" in notebook.run("%log save mine.db").error
    notebook.ok("answer = await clerk('What is 7 x 7?')")
    assert "mine.db, 1 run" in notebook.ok("%log open mine.db").text
    assert "mine.db, 1 run" in notebook.ok("%log").text
    notebook.ok("answer = await clerk('What is 8 x 7?')")
    assert "2 runs" in notebook.ok("%log").text
    (tmp_path / "nonsense.db").write_text("nonsense" * 1000)
    assert "LogCorrupt" in notebook.run("%log open nonsense.db").error
    assert "There is no log" in notebook.run("%log open nothing.db").error
    assert "did you mean save?" in notebook.run("%log sav").error
    assert "2 runs" in notebook.ok("%log").text


def test_a_log_in_memory_says_how_long_it_lasts(notebook: Notebook) -> None:
    loaded = notebook.ok("%env AGENTKIT_LOG=memory:\n%load_ext nbext")
    assert "recorded in memory, until this kernel ends" in loaded.text
    assert "Recorded in memory, until this kernel ends, 0 runs." in notebook.ok("%log").text
    assert "cannot be saved" in notebook.run("%log save mine.db").error
