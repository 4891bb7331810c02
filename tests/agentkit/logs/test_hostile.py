"""Logs made to mislead, or damaged: each command ends in time with an answer or a typed error."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from pathlib import Path

import pytest

from agentkit import Agent
from agentkit.cli import main
from agentkit.errors import AgentkitError, LogCorrupt, LogError
from agentkit.logs.sqlite import SqliteLog
from agentkit.origins import beginning_of
from tests.agentkit.logs.test_chain import recorded, stream
from tests.fakes import EchoModel

COMMANDS = (
    ["list"], ["show", "r0"], ["show", "last"], ["transcript", "r0"], ["export"], ["verify"],
    ["head"], ["verify", "--head", "1-" + "0" * 32],
)  # fmt: skip
PATIENCE_S = 5.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed log with runs and a stream."""
    log = SqliteLog(tmp_path / "a.db")
    for run in ("r0", "r1", "r2"):
        recorded(log, run, ends=run != "r1")
    stream(log, "board")
    log.close()
    return log.path


def answers(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """What each command exits with; anything but an answer or a typed error fails the test."""
    codes = {}
    for command in COMMANDS:
        began = time.monotonic()
        codes[command[0]] = main(["log", *command, "--log", str(path)])
        assert time.monotonic() - began < PATIENCE_S, command
        told = capsys.readouterr()
        assert codes[command[0]] in (0, 1, 2)
        assert codes[command[0]] != 2 or told.err.startswith("agentkit: ")
        assert "Traceback" not in told.out + told.err
    return codes


def changed(path: Path, *queries: str) -> Path:
    """The file after some SQL by somebody who knows how SQLite is deceived."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA writable_schema=ON")
    for query in queries:
        db.execute(query)
    db.close()
    return path


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"
DEEP = "[" * 5000 + "]" * 5000
BODY = "UPDATE events SET body=replace(body,'\"n\":3','\"n\":{}') WHERE seq=3"

HOSTILE = {
    "a cycle and a huge count": (
        "UPDATE messages SET parent=id",
        "UPDATE events SET body=replace(body,'\"nodes\":','\"nodes\":[[\"'||(SELECT"
        " lower(hex(id)) FROM messages LIMIT 1)||'\",100000000]],\"zz\":')",
    ),
    "a cycle of two": (
        "UPDATE messages SET parent=(SELECT id FROM messages WHERE rowid=2) WHERE rowid=1",
        "UPDATE messages SET parent=(SELECT id FROM messages WHERE rowid=1) WHERE rowid=2",
    ),
    "a negative count": (
        "UPDATE events SET body=replace(body,'\"nodes\":','\"nodes\":[[\"00\",-1]],\"zz\":')",
    ),
    "an endless view for runs": (
        "ALTER TABLE runs RENAME TO old_runs",
        f"CREATE VIEW runs AS {ENDLESS} SELECT x AS n, 'r' AS id, * FROM c, old_runs",
    ),
    "an endless view for events": (
        "DROP TABLE events",
        f"CREATE VIEW events AS {ENDLESS} SELECT 1 AS run, x AS rowid, x AS seq, 1.0 AS at,"
        " '' AS scope, '{}' AS body, NULL AS mark FROM c",
    ),
    "a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM runs; END",
    ),
    "a generated column": (
        "DROP TABLE messages",
        "CREATE TABLE messages (id BLOB, parent BLOB, body TEXT AS (hex(id)))",
    ),
    "a virtual table": ("DROP TABLE messages", "CREATE VIRTUAL TABLE messages USING fts5(id)"),
    "no messages": ("DROP TABLE messages",),
    "no events": ("DROP TABLE events",),
    "no chain": ("DROP TABLE chain",),
    "columns missing": ("ALTER TABLE runs DROP COLUMN head",),
    "rows twice": (
        "CREATE TABLE other AS SELECT * FROM events",
        "DROP TABLE events",
        "ALTER TABLE other RENAME TO events",
        "INSERT INTO events SELECT * FROM events",
    ),
    "deep JSON": (BODY.format(DEEP),),
    "JSON at the edge of depth": (BODY.format("[" * 190 + "]" * 190),),
    "a huge integer": (BODY.format("9" * 5000),),
    "NaN": (BODY.format("NaN"),),
    "an infinite time": ("UPDATE events SET at=9e999", "UPDATE runs SET started=9e999"),
    "a time that no clock shows": ("UPDATE events SET at=-1e300", "UPDATE runs SET started=1e300"),
    "an end that is no time": ("UPDATE runs SET ended='soon'",),
    "text for numbers": ("UPDATE runs SET tokens_in='many', cost_usd='much'",),
    "bytes for text": ("UPDATE runs SET name=x'ff00', status=x'1b'",),
    "bytes for bodies": ("UPDATE events SET body=x'00ff'", "UPDATE messages SET body=x'ff'"),
    "text for ids": ("UPDATE messages SET id='text', parent='text' WHERE rowid=1",),
    "huge numbers": ("UPDATE runs SET events=9223372036854775807, epoch=-1",),
    "a body that is none": ("UPDATE events SET body='{\"kind\":\"'",),
    "another kind": ("UPDATE events SET body=replace(body,'step.ended','run.started')",),
    "ends without beginnings": ("DELETE FROM events WHERE seq=1",),
    "a chain of text": ("UPDATE chain SET runs='x', link='y', since='z', missing='m', at='t'",),
    "an end of the chain far away": ("UPDATE chain SET since=9223372036854775807, at=1e300",),
    "marks of text": ("UPDATE events SET mark='mark'", "UPDATE runs SET head='h', link=5"),
    "a name of escapes": ("UPDATE runs SET name=char(27)||'[2J'||char(10)||'forged'",),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_log_made_to_mislead_is_told_in_time(
    path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        changed(path, *HOSTILE[what])
    except sqlite3.Error as error:
        pytest.skip(f"this SQLite does not make it: {error}")
    codes = answers(path, capsys)
    if what != "a trigger":
        assert codes["verify"] in (1, 2)
    with_writer(path)


def with_writer(path: Path) -> None:
    """Opened to write it is refused, or works with typed errors."""
    try:
        log = SqliteLog(path)
        try:
            for info in log.runs():
                log.read(info.id)
        finally:
            log.close()
    except LogError:
        return


def test_a_page_that_is_read_again_and_again_ends_in_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every child of an inner page is made the same one: few pages, and rows without number."""
    log = SqliteLog(tmp_path / "a.db")
    for run in range(40):
        recorded(log, f"r{run}", n=60)
    root = log._db.execute("SELECT rootpage FROM sqlite_master WHERE name='events'").fetchone()[0]
    log.close()
    content = bytearray(log.path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    page = (root - 1) * size
    assert content[page] == 5
    cells = int.from_bytes(content[page + 3 : page + 5], "big")
    for n in range(cells):
        at = page + int.from_bytes(content[page + 12 + 2 * n : page + 14 + 2 * n], "big")
        content[at : at + 4] = root.to_bytes(4, "big") if n % 2 else content[at : at + 4]
    log.path.write_bytes(content)
    assert answers(log.path, capsys)["verify"] in (1, 2)


@pytest.mark.parametrize("seed", range(25))
def test_a_file_with_flipped_bytes_gives_answers_or_typed_errors(
    path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    content, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(chance.choice([1, 4, 40, 400])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    answers(path, capsys)


@pytest.mark.parametrize("seed", range(25))
def test_rows_with_anything_in_them_give_answers_or_typed_errors(
    path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    values = ["NULL", "-1", "9e999", "''", "x'ff'", "'\x1b[2J'", "9223372036854775807", "'r0'",
              "'[1,2]'", "rowid", "zeroblob(100000)", "'{\"kind\":\"noted\"}'"]  # fmt: skip
    db = sqlite3.connect(path, isolation_level=None)
    for _ in range(chance.choice([1, 3, 10])):
        table = chance.choice(["runs", "events", "messages", "chain"])
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        try:
            db.execute(
                f"UPDATE {table} SET {chance.choice(columns)}={chance.choice(values)}"
                f" WHERE rowid % {chance.randint(1, 3)} = 0"
            )
        except sqlite3.Error:
            continue
    db.close()
    answers(path, capsys)


def test_a_foreign_schema_is_refused_before_anything_is_written(path: Path) -> None:
    changed(path, "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM runs; END")
    before = path.read_bytes()
    with pytest.raises(LogCorrupt, match="a trigger"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_an_extra_table_is_nobodys_business(path: Path) -> None:
    changed(path, "CREATE TABLE notes (x)")
    log = SqliteLog(path)
    assert log.verify() == []
    log.close()


def test_escapes_in_a_log_do_not_reach_the_terminal(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acting = "\x1b]52;c;eA==\x07\x9b2J\rforged\b\u202egnp"
    db = sqlite3.connect(path)
    db.execute("UPDATE runs SET name=?, status=? WHERE n=1", (acting, acting))
    db.execute("UPDATE runs SET id=? WHERE n=2", (acting,))
    db.execute("UPDATE messages SET body=? WHERE rowid=2", (acting,))
    db.commit()
    db.close()
    for command in [*COMMANDS, ["show", acting], ["verify", "--head", acting]]:
        main(["log", *command, "--log", str(path)])
        told = capsys.readouterr()
        assert not set("\x1b\x07\x9b\r\b\u202e") & set(told.out + told.err), command
    main(["log", "list", "--log", f"{path}{acting}"])
    assert "\\u001b" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["log", "list", acting])
    assert not set("\x1b\x07\x9b\r\b\u202e") & set(capsys.readouterr().err)


DELETED = ("runs WHERE n=1", "events WHERE seq=1", "chain", "messages", "blobs", "events")


@pytest.mark.parametrize("rows", DELETED)
@pytest.mark.parametrize("how", ["resume", "rerun", "replay", "fork"])
async def test_who_goes_on_from_a_log_without_some_of_its_rows_is_told_so(
    path: Path, rows: str, how: str
) -> None:
    changed(path, f"DELETE FROM {rows}")
    log = SqliteLog(path)
    clerk = Agent("clerk", model=EchoModel())
    try:
        with contextlib.suppress(AgentkitError):
            await getattr(clerk, how)("r0", log=log)
        with contextlib.suppress(AgentkitError):
            log.verify()
        with contextlib.suppress(AgentkitError):
            assert log.unchained is not None
        for dry in (True, False):
            with contextlib.suppress(AgentkitError):
                log.prune(4e9, dry=dry)
    finally:
        with contextlib.suppress(AgentkitError):
            log.close()


async def test_a_line_that_only_an_index_knows_is_corrupt(path: Path) -> None:
    log = SqliteLog(path)
    assert log.has("r0") and log.read("r0")
    other = sqlite3.connect(path)
    other.execute("DELETE FROM runs WHERE n=1")
    other.commit()
    other.close()
    with pytest.raises(LogCorrupt, match="its line is missing"):
        log.trust("r0")
    log.close()


def test_a_run_without_a_beginning_is_corrupt() -> None:
    with pytest.raises(LogCorrupt, match="no event that begins it"):
        beginning_of([], "r0")
