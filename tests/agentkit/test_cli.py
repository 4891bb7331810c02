import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentkit import Agent, open_log
from agentkit.cli import main
from tests.conftest import ROOT
from tests.fakes import ScriptedModel


async def recorded(path: Path) -> str:
    log = open_log(str(path))
    answer = await Agent("clerk", "Be brief.", model=ScriptedModel("60 EUR"))("Dues?", log=log)
    log.close()
    return answer.run_id


async def test_list_shows_each_run_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await recorded(tmp_path / "a.db")
    assert main(["log", "list", "--log", str(tmp_path / "a.db")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert run in line and "ok" in line and "$0.001000" in line and line.endswith("clerk: Dues?")


def test_reading_a_log_that_is_not_there_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "typo" / "a.db"
    assert main(["log", "list", "--log", str(missing)]) == 2
    assert "There is no log at" in capsys.readouterr().err
    assert not missing.parent.exists()


async def test_show_and_transcript_take_the_end_of_an_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await recorded(tmp_path / "a.db")
    assert main(["log", "show", run[-6:], "--log", str(tmp_path / "a.db")]) == 0
    assert "run.started" in capsys.readouterr().out
    assert main(["log", "transcript", "last", "--log", str(tmp_path / "a.db")]) == 0
    assert "60 EUR" in capsys.readouterr().out


async def test_export_gives_every_event_as_a_json_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(tmp_path / "a.db")
    assert main(["log", "export", "--log", str(tmp_path / "a.db")]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[-1]["kind"] == "run.ended"


async def test_verify_finds_an_altered_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(tmp_path / "a.db")
    assert main(["log", "verify", "--log", str(tmp_path / "a.db")]) == 0
    log = open_log(str(tmp_path / "a.db"))
    log._db.execute("UPDATE messages SET body=replace(body, '60', '90')")  # type: ignore[attr-defined]
    log.close()
    assert main(["log", "verify", "--log", str(tmp_path / "a.db")]) == 1
    assert "altered" in capsys.readouterr().out


async def test_an_unknown_run_and_a_foreign_file_are_told_without_a_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await recorded(tmp_path / "a.db")
    assert main(["log", "show", "nope", "--log", str(tmp_path / "a.db")]) == 2
    assert "no run 'nope'" in capsys.readouterr().err
    (tmp_path / "b.db").write_text("hello " * 100)
    assert main(["log", "list", "--log", str(tmp_path / "b.db")]) == 2
    assert "not an SQLite file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["log", "list"], ["receipts", "key", "--secret", "s", "ana"]])
def test_who_reads_no_further_is_no_error(tmp_path: Path, words: list[str]) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    for n in range(3):
        Agent("clerk", model=ScriptedModel("said")).run_sync(f"{n}", log=log)
    log.close()
    env = os.environ | {"AGENTKIT_LOG": str(tmp_path / "log.db"), "PYTHONPATH": str(ROOT)}
    reads, writes = os.pipe()
    os.close(reads)
    found = subprocess.run(
        [sys.executable, "-m", "agentkit", *words], cwd=tmp_path, env=env, stdout=writes,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writes)
    assert (found.returncode, found.stderr) == (0, "")
