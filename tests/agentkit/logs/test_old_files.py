"""Logs that older versions wrote: they open, tell what they told, go on and are sound."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentkit import run
from agentkit.errors import LogCorrupt, LogNewer
from agentkit.log import Log
from agentkit.logs import open_log, schema
from agentkit.logs.sqlite import SqliteLog
from agentkit.testing import ScriptedModel
from tests.agentkit.logs.old import team

FILES = sorted(Path(team.__file__).parent.glob("schema-*.sql"))


STATES = ["ok", "ok", "ok", "cancelled", "ok", "ok"]
"""Of the runs in each file, the newest first."""


def restored(dump: Path, path: Path) -> Path:
    """The file that was dumped."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(dump.read_text(encoding="utf-8"))
    return path


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return restored(request.param, tmp_path / "old.db")


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    log = open_log(str(path))
    yield log
    log.close()


def test_there_is_a_file_of_each_earlier_version() -> None:
    versions = {int(file.stem.split("-")[1]) for file in FILES}
    assert versions >= set(range(1, len(schema.MIGRATIONS)))


def test_an_old_file_is_read_without_changing_it(path: Path) -> None:
    before = path.read_bytes()
    log = open_log(str(path), write=False)
    assert log.verify() == []
    assert [info.status for info in log.runs()] == STATES
    assert [info.id for info in log.runs(streams=True)] == ["state:tally"]
    assert all(log.read(info.id) for info in log.runs())
    log.close()
    assert path.read_bytes() == before


def test_an_old_file_becomes_one_of_today(log: Log) -> None:
    assert isinstance(log, SqliteLog)
    assert log.version == len(schema.MIGRATIONS)
    assert [info.status for info in log.runs()] == STATES
    assert [info.id for info in log.runs(streams=True)] == ["state:tally"]
    assert log.verify(log.head()) == []


async def test_an_old_run_goes_on_and_performs_nothing_again(log: Log) -> None:
    stopped = next(info.id for info in log.runs() if info.status == "cancelled")
    chief, nobody = ScriptedModel("80 EUR it is"), ScriptedModel()
    answer = await team.team(nobody, nobody, chief).resume(stopped, log=log)
    assert answer.text == "80 EUR it is"
    assert len(chief.requests) == 1
    assert log.verify(log.head()) == []


async def test_an_old_run_is_replayed_and_rerun(log: Log) -> None:
    nobody = ScriptedModel()
    done = log.runs()[-1].id
    office = team.team(nobody, nobody, nobody)
    assert (await office.replay(done, log=log)).text == "79 or 80 EUR"
    assert (await office.rerun(done, log=log)).text == "79 or 80 EUR"
    assert log.verify() == []


async def test_an_old_study_goes_on_and_asks_nobody_again(log: Log) -> None:
    found = await team.study(log, ScriptedModel())
    assert [trial.reused for trial in found.trials] == [True]
    assert found.trials[0].right
    assert [e.step for e in log.read(found.run_id) if e.kind == "step.started"] == ["trial"]
    assert log.verify() == []


async def test_old_joins_are_steps_of_their_kind(log: Log) -> None:
    steps = [e for e in log.read(log.runs()[-1].id) if e.kind == "step.ended"]
    assert [e.step for e in steps if e.name == "join"] == ["join"]


async def test_old_shared_state_is_there_and_goes_on(log: Log) -> None:
    tally = team.tally(log)
    assert tally.value == 3
    async with run("counting on", log=log):
        await tally.record(4)
    assert tally.value == 7
    assert log.verify() == []
    assert [info.id for info in log.runs(streams=True)] == ["state:tally"]


def test_a_file_of_a_later_version_is_refused_and_stays_as_it_is(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={len(schema.MIGRATIONS) + 1}")
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(LogNewer, match="newer agentkit") as told:
            open_log(str(path), write=write)
        assert told.value.todo
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", ["at='{}'", "seq=1e300", "body=x'ff'", "scope=x'00'"])
def test_an_old_file_with_values_of_other_kinds_is_corrupt_and_left_as_it_is(
    tmp_path: Path, value: str
) -> None:
    path = restored(FILES[0], tmp_path / "old.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE events SET {value} WHERE rowid=2")
        db.commit()
    before = path.read_bytes()
    with pytest.raises(LogCorrupt, match="values of other kinds"):
        SqliteLog(path)
    assert path.read_bytes() == before
