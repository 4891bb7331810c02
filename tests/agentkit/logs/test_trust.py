"""A run that was altered in the file is read, and nothing is performed on its word."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.cli import main
from agentkit.errors import LogCorrupt
from agentkit.logs.sqlite import SqliteLog
from tests.fakes import ScriptedModel, call

EDITS = [
    "UPDATE events SET body=replace(body, 'paid 7', 'paid 9')",
    "UPDATE events SET body=replace(body, '\"cost_usd\":0.001', '\"cost_usd\":0.0')",
    "UPDATE messages SET body=replace(body, 'it is paid', 'it is lost')",
    "UPDATE messages SET parent=NULL",
    "UPDATE events SET at=at+1 WHERE seq=3",
    "DELETE FROM events WHERE seq>6",
    "DELETE FROM messages WHERE rowid=2",
]


def clerk() -> Agent:
    @tool(effect="once")
    def pay(eur: int) -> str:
        """Pay."""
        return f"paid {eur}"

    model = ScriptedModel(
        lambda r: [call("pay", '{"eur": 7}')] if len(r.thread) < 3 else "it is paid"
    )
    return Agent("clerk", "You pay.", model=model, tools=[pay])


async def recorded(path: Path, edit: str) -> None:
    log = SqliteLog(path)
    await clerk()("go", log=log, id="r")
    await clerk().rerun("r", log=log, id="again")
    log.close()
    with sqlite3.connect(path) as db:
        assert db.execute(edit).rowcount > 0
    db.close()


@pytest.mark.parametrize("edit", EDITS)
async def test_nothing_goes_on_from_a_run_that_was_altered(tmp_path: Path, edit: str) -> None:
    await recorded(tmp_path / "log.db", edit)
    log = SqliteLog(tmp_path / "log.db")
    for how in ("resume", "rerun", "fork", "replay"):
        with pytest.raises(LogCorrupt):
            await getattr(clerk(), how)("r", log=log)
    log.close()


async def test_a_run_whose_origin_was_altered_is_not_resumed_with_it(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    with pytest.raises(ZeroDivisionError):
        await Agent("clerk", model=ScriptedModel("x", ZeroDivisionError()))("go", log=log, id="r")
        await failing().rerun("r", log=log, id="again")
    log.close()
    with sqlite3.connect(tmp_path / "log.db") as db:
        db.execute("UPDATE events SET at=at+1 WHERE run=1 AND seq=2")
    db.close()
    log = SqliteLog(tmp_path / "log.db")
    with pytest.raises(LogCorrupt, match="Run r "):
        await failing().resume("again", log=log)
    log.close()


def failing() -> Agent:
    return Agent("clerk", "otherwise", model=ScriptedModel(ZeroDivisionError()))


async def test_a_sound_run_goes_on(tmp_path: Path) -> None:
    await recorded(tmp_path / "log.db", "UPDATE runs SET lease=0")
    log = SqliteLog(tmp_path / "log.db")
    assert (await clerk().resume("r", log=log)).text == "it is paid"
    assert (await clerk().replay("again", log=log)).text == "it is paid"
    log.close()


@pytest.mark.parametrize("action", ["show", "transcript", "export"])
async def test_reading_shows_it_and_says_so(tmp_path: Path, capsys: Any, action: str) -> None:
    await recorded(tmp_path / "log.db", EDITS[0])
    assert main(["log", action, "r", "--log", str(tmp_path / "log.db")]) == 0
    out, err = capsys.readouterr()
    assert "clerk" in out
    assert "not as it was recorded" in err
