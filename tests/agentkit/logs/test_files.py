"""Where a log lies: private, no link, at home, still there; read where it cannot be written."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log
from agentkit.cli import main
from agentkit.errors import LogError, LogGone, LogReadOnly, SetupError, UnknownRun
from agentkit.events import Noted, RunStarted
from agentkit.logs import connecting, erasing, files, header, schema, sqlite
from agentkit.logs.files import bytes_of, whole_file
from agentkit.logs.header import check_header
from agentkit.logs.sqlite import SqliteLog
from tests.agentkit.logs.test_chain import old_file, recorded
from tests.fakes import EchoModel

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No $AGENTKIT_LOG, and a process that has opened no log yet."""
    monkeypatch.delenv("AGENTKIT_LOG")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr("agentkit.logs.files.kernel", lambda: None)
    files.home.cache_clear()
    yield
    files.home.cache_clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed log."""
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r0")
    log.close()
    return log.path


def others_may(path: Path) -> list[str]:
    """What below a path others than its owner may use."""
    found = [path, *path.rglob("*")] if path.is_dir() else [path]
    return [str(one) for one in found if stat.S_IMODE(one.stat().st_mode) & 0o077]


@posix
async def test_nobody_else_can_read_a_log_while_it_is_used_or_later(default: None) -> None:
    before = os.umask(0)
    try:
        log = open_log()
        await Agent("clerk", model=EchoModel())("a secret", log=log)
        names = {one.name for one in Path(".agentkit").iterdir()}
        assert names == {"log.db", "log.db-wal", "log.db-shm"}
        assert others_may(Path(".agentkit")) == []
        log.close()
    finally:
        os.umask(before)
    assert others_may(Path(".agentkit")) == []


@posix
def test_an_old_log_of_ours_becomes_private_when_it_is_migrated(tmp_path: Path) -> None:
    (tmp_path / ".agentkit").mkdir(mode=0o755)
    log = SqliteLog(tmp_path / ".agentkit" / "log.db")
    recorded(log, "r0")
    log.close()
    old_file(log.path).chmod(0o644)
    SqliteLog(log.path).close()
    assert others_may(tmp_path / ".agentkit") == []
    log.path.chmod(0o640)
    SqliteLog(log.path).close()
    assert others_may(log.path), "whoever shares a log on purpose may go on doing so"


@pytest.mark.parametrize("what", ["folder", "file", "dangling"])
def test_a_link_in_place_of_the_default_log_is_refused(
    default: None, tmp_path: Path, what: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if what == "folder":
        Path(".agentkit").symlink_to(elsewhere)
    else:
        Path(".agentkit").mkdir()
        Path(".agentkit/log.db").symlink_to(elsewhere / "log.db")
    if what == "file":
        SqliteLog(elsewhere / "log.db").close()
    before = list(elsewhere.iterdir())
    with pytest.raises(SetupError, match="symbolic link") as caught:
        open_log()
    assert f"AGENTKIT_LOG={elsewhere / 'log.db'}" in str(caught.value)
    assert list(elsewhere.iterdir()) == before
    open_log(str(elsewhere / "log.db")).close()


@pytest.mark.parametrize("side", files.SIDES)
def test_a_link_next_to_a_log_never_leads_our_writing_elsewhere(path: Path, side: str) -> None:
    victim = path.with_name("victim")
    victim.write_text("precious")
    Path(f"{path}{side}").symlink_to(victim)
    for write in (True, False):
        with pytest.raises(SetupError, match="symbolic link"):
            SqliteLog(path, write=write)
    assert victim.read_text() == "precious"


def test_the_default_log_stays_where_it_was_first_used(default: None, tmp_path: Path) -> None:
    log = open_log()
    (tmp_path / "sub").mkdir()
    os.chdir(tmp_path / "sub")
    assert open_log() is log
    log.close()
    again = open_log()
    assert isinstance(again, SqliteLog) and again.path == tmp_path / ".agentkit" / "log.db"
    again.close()
    assert not list(Path().iterdir())


def test_a_relative_log_of_the_environment_stays_too(
    default: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_LOG", "runs.db")
    log = open_log()
    (tmp_path / "sub").mkdir()
    os.chdir(tmp_path / "sub")
    assert open_log() is log
    log.close()


class Shell:
    """What IPython tells of itself."""

    def __init__(self, starting_dir: Path) -> None:
        self.starting_dir = str(starting_dir)


def test_a_kernel_records_in_the_folder_of_its_notebook(
    default: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("start", "book", "now"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("agentkit.logs.files.kernel", lambda: Shell(tmp_path / "start"))
    os.chdir(tmp_path / "now")
    assert files.home() == tmp_path / "start"
    files.home.cache_clear()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "book" / "one.ipynb"))
    assert files.home() == tmp_path / "book"


@pytest.mark.parametrize("variable", ["AGENTKIT_HOME", "JPY_SESSION_NAME"])
def test_a_cell_that_went_elsewhere_reads_its_notebooks_log(
    default: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
) -> None:
    log = open_log()
    recorded(log, "r0")
    log.close()
    (tmp_path / "sub").mkdir()
    os.chdir(tmp_path / "sub")
    files.home.cache_clear()  # as in another process
    assert main(["log", "list"]) == 2
    assert "There is no log" in capsys.readouterr().err
    told = tmp_path if variable == "AGENTKIT_HOME" else tmp_path / "one.ipynb"
    monkeypatch.setenv(variable, str(told))
    assert main(["log", "list"]) == 0
    assert "r0" in capsys.readouterr().out


async def test_a_log_deleted_under_a_run_is_an_error_and_the_next_run_has_a_new_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sub" / "log.db"
    log, clerk = open_log(str(path)), Agent("clerk", model=EchoModel())
    await clerk("one", log=log, id="one")
    shutil.rmtree(path.parent)
    with pytest.raises(LogGone, match="deleted or moved") as caught:
        await clerk("two", log=log, id="two")
    assert "ask again" in str(caught.value)
    assert not path.exists()
    again = open_log(str(path))
    assert "was deleted or replaced" in caplog.text
    assert again is not log
    await clerk("three", log=again, id="three")
    assert [info.id for info in again.runs()] == ["three"]
    assert again.verify() == []
    again.close()


@pytest.mark.parametrize("side", ["-wal", "-journal"])
def test_a_file_next_to_a_log_may_go_while_it_is_looked_at(tmp_path: Path, side: str) -> None:
    """As it does when another process closes the log at that moment."""
    path = tmp_path / "log.db"
    SqliteLog(path).close()
    beside, over = tmp_path / f"log.db{side}", threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            beside.write_bytes(b"")
            beside.unlink()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(2000):
            check_header(path)
    finally:
        over.set()
        other.join()
        sys.setswitchinterval(before)


def test_a_log_that_only_seems_to_be_cut_off_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the looks at a file another process may put it in order: a look is no moment."""
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    recorded(log, "r0")
    log.close()
    sizes = iter([None, 100, None])  # of the journal, the file, the write-ahead log
    monkeypatch.setattr(header, "bytes_of", lambda one: next(sizes, bytes_of(one)))
    again = SqliteLog(path)
    assert again.verify() == []
    again.close()


@pytest.mark.parametrize("who", ["this process", "another"])
def test_a_file_that_is_smaller_since_something_was_erased_is_not_cut_off(
    tmp_path: Path, who: str
) -> None:
    log = SqliteLog(tmp_path / "log.db")
    lease = log.begin("r0")
    log.append(lease, RunStarted(run="r0", seq=1, at=0.0, scope="", name="r0"))
    for n in range(2, 40):
        words = f"the secret words {n} " * 500
        log.append(lease, Noted(run="r0", seq=n, at=0.0, scope="", topic="t", data=words))
    log.commit()
    checkpoint(log.path)
    before = log.path.stat().st_size
    assert not log.gone
    if who == "another":
        other = SqliteLog(log.path)
        other.erase(["the secret words"])
        recorded(other, "r1")
        other.close()
    else:
        log.erase(["the secret words"])
    assert log.path.stat().st_size < before and not log.gone
    recorded(log, "r2")
    assert log.verify() == []
    checkpoint(log.path)
    assert not log.gone
    os.truncate(log.path, log.path.stat().st_size - 4096)
    assert log.gone
    with contextlib.suppress(LogError):  # the file is damaged now
        log.close()


@pytest.mark.parametrize("when", ["before it", "before it is written anew", "before it is smaller"])
def test_a_file_that_was_opened_in_the_midst_of_an_erasure_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path, opened = tmp_path / "log.db", list[SqliteLog]()
    log = SqliteLog(path)
    lease = log.begin("r0")
    log.append(lease, RunStarted(run="r0", seq=1, at=0.0, scope="", name="r0"))
    for n in range(2, 60):
        words = f"the secret words {n} " * 500
        log.append(lease, Noted(run="r0", seq=n, at=0.0, scope="", topic="t", data=words))
    log.commit()
    checkpoint(path)
    before = path.stat().st_size

    def swept(db: sqlite3.Connection, _path: Path) -> list[str]:
        if when != "before it":
            if when == "before it is smaller":
                db.execute("VACUUM")
            opened.append(SqliteLog(path))
        db.execute("VACUUM")
        checkpoint(path)
        return []

    if when == "before it":
        opened.append(SqliteLog(path))
    monkeypatch.setattr(erasing, "swept", swept)
    log.erase(["the secret words"])
    assert path.stat().st_size < before
    log.append(lease, Noted(run="r0", seq=60, at=0.0, scope="", topic="t", data="more " * 3000))
    log.commit()
    assert path.stat().st_size < before  # what is new is in the write-ahead log
    (other,) = opened
    assert not other.gone and not log.gone
    recorded(other, "r1")
    assert other.verify() == []
    for one in (log, other):
        one.close()


def checkpoint(path: Path) -> None:
    """Take the write-ahead log into the file."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("left", [10, 100, 32 + 24 + 4096 + 2000])
def test_a_write_ahead_log_that_was_cut_off_is_not_called_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    monkeypatch.setattr(connecting, "MIDST_S", 0.0)
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r0")
    (tmp_path / "b.db").write_bytes(log.path.read_bytes())
    (tmp_path / "b.db-wal").write_bytes((tmp_path / "a.db-wal").read_bytes()[:left])
    log.close()
    copy = SqliteLog(tmp_path / "b.db", write=False)
    assert "is cut off" in " ".join(copy.verify())
    copy.close()


@pytest.mark.parametrize("what", ["deleted", "replaced", "moved", "its wal deleted",
                                  "cut off", "a link to it"])  # fmt: skip
def test_whatever_happens_to_the_file_is_noticed(tmp_path: Path, what: str) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    recorded(log, "r0")
    other = SqliteLog(tmp_path / "other.db")
    recorded(other, "x")
    other.close()
    if what == "deleted":
        path.unlink()
    elif what == "replaced":
        os.replace(other.path, path)
    elif what == "moved":
        path.rename(tmp_path / "moved.db")
    elif what == "cut off":
        os.truncate(path, 0)
    elif what == "a link to it":
        path.rename(tmp_path / "moved.db")
        path.symlink_to(tmp_path / "moved.db")
    else:
        Path(f"{path}-wal").unlink()
    assert log.gone
    with pytest.raises(LogGone):
        recorded(log, "r1")
    with pytest.raises(LogGone):
        log.claim("r0")
    with pytest.raises(LogGone):
        log.close()


def test_what_was_refused_is_not_recorded_into_a_vanished_file_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "AT_ONCE_S", 60.0)  # any machine is quick enough
    log = SqliteLog(tmp_path / "log.db")
    recorded(log, "r0")
    Path(f"{log.path}-wal").unlink()
    log._looked = 0.0  # as after a while
    lease = log.begin("r1")
    start = RunStarted(run="r1", seq=1, at=1.0, scope="", name="n", actor="a")
    with pytest.raises(LogGone):
        log.append(lease, start)
    log.catch_up()  # tries it again, and leaves it to the next one
    with pytest.raises(LogGone):
        log.close()


def test_a_run_in_flight_is_not_recorded_into_a_file_that_vanished(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    recorded(log, "r", ends=False)
    lease = log._heads["r"][0]
    (tmp_path / "log.db").unlink()
    log._looked = 0.0  # as after a while
    with pytest.raises(LogGone):
        log.append(lease, Noted(run="r", seq=7, at=5.0, scope="", topic="t"))


def test_a_file_without_its_write_ahead_log_is_not_called_sound_and_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "MIDST_S", 0.0)
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r0")
    alone = tmp_path / "alone.db"
    alone.write_bytes(log.path.read_bytes())
    before = alone.read_bytes()
    for command, code in (("list", 0), ("verify", 1), ("verify", 1)):
        assert main(["log", command, "--log", str(alone)]) == code
        told = capsys.readouterr()
        assert "may be incomplete" in told.out + told.err
    assert alone.read_bytes() == before
    assert {one.name for one in tmp_path.glob("alone*")} == {"alone.db"}
    assert main(["log", "copy", str(tmp_path / "whole.db"), "--log", str(log.path)]) == 0
    assert "1 runs, 7 events: 0 problems" in capsys.readouterr().out
    whole = SqliteLog(tmp_path / "whole.db")
    assert whole.read("r0") == log.read("r0")
    assert whole.head() == log.head()
    whole.close()
    log.close()


def test_a_process_killed_while_it_opens_or_closes_a_log_leaves_nothing_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "MIDST_S", 0.0)
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r0")
    log.close()
    killed, journal = tmp_path / "killed.db", tmp_path / "killed.db-journal"
    # The other mode stands in the file already, and the journal, with the page as it was, is there.
    with contextlib.closing(sqlite3.connect(log.path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE runs SET name = 'never committed'")
        shutil.copy(f"{log.path}-journal", journal)
        db.execute("ROLLBACK")
    old = log.path.read_bytes()
    killed.write_bytes(old[:18] + b"\2\2" + old[20:])
    assert journal.stat().st_size and connecting.in_wal_mode(killed)
    found = SqliteLog(killed)
    assert not found.note and found.verify() == []
    assert len(found.read("r0")) == 7
    found.close()
    assert not journal.exists() and not connecting.in_wal_mode(killed)


def test_a_process_killed_in_the_first_commit_leaves_no_log_that_is_cut_off(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.db", tmp_path / "whole.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("CREATE TABLE a (b)")
        db.execute("DROP TABLE a")
        db.execute("BEGIN IMMEDIATE")
        db.execute("PRAGMA user_version=1")
        journal = Path(f"{path}-journal").read_bytes()
    SqliteLog(whole).close()
    # Of the pages of the schema only the first has reached the file.
    path.write_bytes(whole.read_bytes()[:4096])
    Path(f"{path}-journal").write_bytes(journal)
    found = SqliteLog(path)
    recorded(found, "r0")
    assert found.verify() == []
    found.close()


def test_a_copy_never_overwrites(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = path.with_name("there.db")
    there.write_text("precious")
    assert main(["log", "copy", str(there), "--log", str(path)]) == 2
    assert "No copy can be made" in capsys.readouterr().err
    assert there.read_text() == "precious"


def test_a_copy_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    with whole_file(tmp_path / "new.db") as part:
        part.write_text("half")
        assert not (tmp_path / "new.db").exists() and part.stat().st_mode & 0o77 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["new.db"]
    with pytest.raises(SetupError, match="it exists"), whole_file(tmp_path / "new.db"):
        raise AssertionError("not reached")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "other.db"):
        raise KeyboardInterrupt
    with pytest.raises(SetupError, match="it exists"), whole_file(tmp_path / "third.db"):
        (tmp_path / "third.db").write_text("somebody else's")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new.db", "third.db"]
    assert (tmp_path / "third.db").read_text() == "somebody else's"


def test_a_copy_has_its_name_where_files_have_one_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refused)
    with whole_file(tmp_path / "new.db") as part:
        part.write_text("whole")
    assert [one.name for one in tmp_path.iterdir()] == ["new.db"]


def test_the_last_to_close_leaves_one_whole_file(tmp_path: Path) -> None:
    one, other = SqliteLog(tmp_path / "a.db"), SqliteLog(tmp_path / "a.db")
    recorded(one, "r0")
    one.close()
    recorded(other, "r1")
    other.close()
    assert [one.name for one in tmp_path.iterdir()] == ["a.db"]
    log = SqliteLog(tmp_path / "a.db", write=False)
    assert not log.note and len(log.runs()) == 2
    log.close()


def test_a_script_that_ends_without_closing_leaves_one_whole_file(tmp_path: Path) -> None:
    code = (
        "from agentkit import open_log; from agentkit.events import RunStarted\n"
        "log = open_log('a.db')\n"
        "log.append(log.begin('r'), RunStarted(run='r', seq=1, at=1.0, scope='', name='x'))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60, check=True)
    assert [one.name for one in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes()[18] == 1


@pytest.fixture
def protected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that counts as write-protected, whoever runs the test."""
    folder = tmp_path / "archive"
    folder.mkdir()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda name, mode: str(folder) not in str(name) and access(name, mode)
    )
    connect = sqlite3.connect

    def refuse(name: Any, *args: Any, **options: Any) -> sqlite3.Connection:
        # As SQLite itself: with a write-ahead log it needs a file for shared memory next to it.
        if str(folder) in str(name) and "immutable" not in str(name):
            if Path(folder, "a.db-wal").exists() and not Path(folder, "a.db-shm").exists():
                raise sqlite3.OperationalError("unable to open database file")
        return connect(name, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    yield folder


@pytest.mark.parametrize("state", ["closed", "in use", "as others leave it"])
def test_a_log_that_cannot_be_written_is_read_and_says_so_to_writers(
    path: Path, protected: Path, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SqliteLog(path)
    recorded(log, "r1", ends=False)
    if state == "in use":
        shutil.copy(f"{path}-wal", protected / "a.db-wal")
        shutil.copy(path, protected / "a.db")
    log.close()
    if state != "in use":
        shutil.copy(path, protected / "a.db")
    if state == "as others leave it":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode=WAL")
        db.close()
        old_file(path)
        shutil.copy(path, protected / "a.db")
    there = sorted(protected.iterdir())
    for command in (["list"], ["show", "r1"], ["transcript", "r1"], ["verify"]):
        assert main(["log", *command, "--log", str(protected / "a.db")]) == 0
    capsys.readouterr()
    found = SqliteLog(protected / "a.db")
    assert found.read_only and len(found.runs()) == 2 and found.verify() == []
    clerk = Agent("clerk", model=EchoModel())
    for going in (clerk("x", log=found), clerk.resume("r1", log=found)):
        with pytest.raises(LogReadOnly, match="agentkit log copy"):
            asyncio.run(going)
    with pytest.raises(UnknownRun):
        found.read("nowhere")
    found.close()
    assert sorted(protected.iterdir()) == there
    assert not list(Path(tempfile.gettempdir()).glob("agentkit-log-*"))


def test_who_reads_a_file_that_is_being_made_waits_for_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()

    def make() -> None:
        # As another process does it, which the lock of this one does not hold up.
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            schema.migrate(db, path)

    writer = threading.Timer(0.1, make)
    writer.start()
    log = SqliteLog(path, write=False)
    assert log.runs() == [] and log.asking() == []
    log.close()
    writer.join()


def test_a_file_that_stays_empty_is_no_log_to_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with pytest.raises(LogError, match="the file is empty"):
        SqliteLog(path, write=False)
    assert path.stat().st_size == 0


async def test_who_closes_a_log_waits_for_another_that_writes_to_it(tmp_path: Path) -> None:
    path, log = tmp_path / "a.db", SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")
    log.append(lease, RunStarted(run="r", seq=1, at=1.0, scope="", name="r"))
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    writer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    writer.start()
    log.close()
    writer.join()
    other.close()
    again = SqliteLog(path, write=False)
    assert [event.seq for event in again.read("r")] == [1]
    again.close()


def test_who_opens_a_file_that_another_made_meanwhile_sees_all_of_it_or_nothing(
    tmp_path: Path,
) -> None:
    """Its tables were looked for before they were made, and its version after that."""
    path = tmp_path / "a.db"

    class Between(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            cursor = super().execute(sql, *args)
            if "sqlite_master" in sql and not path.with_name("made").exists():
                path.with_name("made").touch()
                with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
                    db.execute("PRAGMA busy_timeout=50")
                    with contextlib.suppress(sqlite3.OperationalError):
                        schema.migrate(db, path)
            return cursor

    db = sqlite3.connect(path, isolation_level=None, factory=Between)
    schema.check_schema(db, path)
    db.close()
