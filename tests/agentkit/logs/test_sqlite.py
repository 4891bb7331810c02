"""The SQLite log: one file that survives others' locks, full disks, damage and its own future."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Answer, committing, open_log, pattern
from agentkit import run as performing
from agentkit.errors import (
    LogCorrupt,
    LogError,
    LogFull,
    LogLocked,
    LogNewer,
    RunTaken,
    SetupError,
    UnknownRun,
)
from agentkit.events import Noted, RunEnded, RunStarted, Usage
from agentkit.lease import HOST, LEASE_S
from agentkit.log import Batch, Log
from agentkit.logs import reading
from agentkit.logs import schema as sqlite_module
from agentkit.logs.schema import MIGRATIONS
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Message, extend, thread_of
from agentkit.model import Reply, Request
from agentkit.parts import Image
from agentkit.storing import driven
from agentkit.testing import FunctionModel
from tests.fakes import EchoModel, FakeClock


def started(run: str) -> RunStarted:
    return RunStarted(run=run, seq=1, at=1.0, scope="", name="test")


def noted(run: str, seq: int, data: Any = None, **fields: Any) -> Noted:
    return Noted(run=run, seq=seq, at=2.0, scope="s", topic="t", data=data, **fields)


def filled(path: Path, runs: int = 3, events: int = 20) -> Path:
    """A closed log file with some runs."""
    log = SqliteLog(path)
    for number in range(runs):
        run = f"run-{number}"
        lease = log.begin(run)
        thread = thread_of([Message(role="user", content=f"hello {number} " + "x" * 200)])
        log.append(lease, started(run))
        for seq in range(2, events):
            thread = extend(thread, Message(role="assistant", content=f"word {seq} " * 20))
            log.append(
                lease, noted(run, seq, {"n": seq}, nodes=thread if seq == 2 else thread[-1:])
            )
        log.append(lease, RunEnded(run=run, seq=events, at=3.0, scope="", status="ok"))
    log.close()
    return path


def test_the_file_is_in_wal_mode_and_marked_as_ours(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    assert log._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert log._db.execute("PRAGMA synchronous").fetchone() == (1,)
    log.close()
    assert (tmp_path / "a.db").read_bytes()[68:72] == b"AgKt"
    full = open_log(f"sqlite:///{tmp_path}/a.db?synchronous=full")
    assert isinstance(full, SqliteLog)
    assert full._db.execute("PRAGMA synchronous").fetchone() == (2,)
    full.close()


async def test_a_turn_binds_nothing_that_sqlite_has_to_ask_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each bytes and each None costs two look-ups that fail, and there were sixteen in a turn."""
    asked: list[object] = []

    def counted(one: object) -> object:
        asked.append(one)
        return one

    for kind in (bytes, type(None)):
        monkeypatch.setitem(vars(sqlite3)["adapters"], (kind, sqlite3.PrepareProtocol), counted)
    with sqlite3.connect(":memory:") as db:
        db.execute("SELECT ?, ?", (b"1", None))
    assert asked == [b"1", None], "they are counted"
    log = SqliteLog(tmp_path / "log.db")
    agent = Agent("plain", "Be short.", model=FunctionModel(lambda request: "Hello"))
    for _ in range(2):
        asked.clear()
        async with performing(log=log):
            await agent("Hello")
    assert asked == []
    log.close()


async def test_a_hundred_appends_are_one_transaction(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    said: list[str] = []
    log._db.set_trace_callback(said.append)
    lease = log.begin("r")
    log.append(lease, started("r"))
    for seq in range(2, 101):
        log.append(lease, noted("r", seq))
    await log.flush(lease)
    assert [text for text in said if "BEGIN" in text] == ["BEGIN IMMEDIATE"]
    assert said.count("COMMIT") == 1
    assert len(log.read("r")) == 100
    log.close()


def test_a_message_is_stored_once_across_runs(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    thread = thread_of(Message(role="user", content=str(n)) for n in range(5))
    for run in ("r", "q"):
        log.append(log.begin(run), started(run), noted(run, 2, nodes=thread))
    assert log._db.execute("SELECT count(*) FROM messages").fetchone() == (5,)
    assert log.read("r")[1].nodes == log.read("q")[1].nodes == thread
    log.close()


async def test_five_megabytes_in_one_message(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")
    nodes = thread_of([Message(role="user", content="é\0" * 2_500_000)])
    log.append(lease, started("r"), noted("r", 2, nodes=nodes))
    await log.flush(lease)
    assert log.read("r")[1].nodes == nodes
    assert log.verify() == []
    log.close()


def test_half_a_surrogate_pair_anywhere_in_an_event_is_stored(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    log.append(log.begin("r"), started("r"), noted("r", 2, {"\ud800": float("nan")}))
    assert log.read("r")[1].data == {"\ufffd": "NaN"}
    assert log.verify() == []
    log.close()


@pytest.mark.parametrize("depth", [190, 200, 250, 500, 3000])
def test_what_is_nested_deep_is_read_back_or_says_that_it_was_too_deep(
    tmp_path: Path, depth: int
) -> None:
    log = SqliteLog(tmp_path / "a.db")
    data: Any = "core"
    for _ in range(depth):
        data = [data]
    log.append(log.begin("r"), started("r"), noted("r", 2, data), noted("r", 3, "next"))
    assert [e.seq for e in log.read("r")] == [1, 2, 3]
    assert log.verify() == []
    found = log.read("r")[1].data
    while isinstance(found, list):
        (found,) = found
    assert found in ("core", "(nested too deep to be kept)")
    assert found == "core" or depth > 250
    log.close()


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    os.mkfifo(tmp_path / "a.db")
    with pytest.raises(LogError, match="no file"):
        SqliteLog(tmp_path / "a.db", write=False)


def test_a_newer_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LogNewer, match="update agentkit"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_a_newer_file_that_is_open_elsewhere_is_refused_too(tmp_path: Path) -> None:
    """Then the new version stands in the write-ahead log, not in the file's header."""
    path = filled(tmp_path / "a.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    with pytest.raises(LogNewer):
        SqliteLog(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.close()


def test_a_file_that_is_no_log_is_refused_and_untouched(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    db = sqlite3.connect(foreign)
    db.execute("CREATE TABLE bookmarks (x)")
    db.commit()
    db.close()
    contents = {
        "text": b"Dear diary, " * 100,
        "short": b"SQLite format 3\0",
        "foreign": foreign.read_bytes(),
        "bytes": random.Random(1).randbytes(5000),
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(LogCorrupt, match="to do"):
            SqliteLog(path)
        assert path.read_bytes() == content
        assert not path.with_name(f"{name}-wal").exists()


def test_a_file_cut_off_is_refused_and_untouched(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole.db").read_bytes()
    for size in (len(whole) - 1, len(whole) - 4096, len(whole) // 2, 4096, 100, 50):
        path = tmp_path / f"cut-{size}.db"
        path.write_bytes(whole[:size])
        with pytest.raises(LogCorrupt):
            SqliteLog(path)
        assert path.read_bytes() == whole[:size]


@pytest.mark.parametrize("seed", range(12))
def test_damage_gives_an_error_of_ours_or_the_truth(tmp_path: Path, seed: int) -> None:
    """Never a foreign error; and a message that reads otherwise than written is found."""
    path = filled(tmp_path / "a.db")
    log = SqliteLog(path)
    truth = {info.id: log.read(info.id) for info in log.runs()}
    log.close()
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(chance.choice([1, 5, 200])):
        content[chance.randrange(100, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    try:
        log = SqliteLog(path)
    except LogError:
        assert path.read_bytes() == content
        return
    wrong: list[str] = []
    try:
        wrong = log.verify()
        texts = {
            one.id: one.message.content
            for info in log.runs()
            for event in log.read(info.id)
            for one in event.nodes
        }
    except LogError as error:
        assert isinstance(error, LogCorrupt)
    else:
        real = {
            n.id: n.message.content for events in truth.values() for e in events for n in e.nodes
        }
        altered = [id for id, text in texts.items() if real.get(id) != text]
        assert wrong or not altered
    log.close()


def test_an_altered_message_is_found(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with sqlite3.connect(path) as db:
        changed = db.execute(
            "UPDATE messages SET body=replace(body,'hello 1','hallo 1') WHERE body LIKE '%hello 1%'"
        )
        assert changed.rowcount == 1
    db.close()
    log = SqliteLog(path)
    assert [text for text in log.verify() if "altered" in text]
    log.close()


def test_missing_events_and_messages_are_found(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM events WHERE run=1 AND seq=7")
        db.execute("DELETE FROM messages WHERE body LIKE '%hello 2%'")
    db.close()
    log = SqliteLog(path)
    wrong = " ".join(log.verify())
    assert "has gaps: 19 of 20" in wrong
    assert "is missing" in wrong
    log.close()


def test_an_older_file_is_migrated_and_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "a.db")
    before = SqliteLog(path)
    events = before.read("run-1")
    before.close()

    def add_notes(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE notes (run INTEGER, text TEXT)")

    monkeypatch.setattr(sqlite_module, "MIGRATIONS", [*MIGRATIONS, add_notes])
    log = SqliteLog(path)
    assert log.version == len(MIGRATIONS) + 1
    assert log.read("run-1") == events
    log._db.execute("SELECT * FROM notes")
    log.close()
    monkeypatch.undo()
    with pytest.raises(LogNewer):
        SqliteLog(path)


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "a.db")

    def half(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE notes (run INTEGER)")
        db.execute("DROP TABLE nowhere")

    monkeypatch.setattr(sqlite_module, "MIGRATIONS", [*MIGRATIONS, half])
    with pytest.raises(LogError, match="nowhere"):
        SqliteLog(path)
    monkeypatch.undo()
    log = SqliteLog(path)
    assert log.version == len(MIGRATIONS)
    assert log.verify() == []
    with pytest.raises(sqlite3.OperationalError):
        log._db.execute("SELECT * FROM notes")
    log.close()


HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
print("free", flush=True)
"""


async def holder(path: Path) -> asyncio.subprocess.Process:
    """Another process that holds the file's write lock until it is written a line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"locked\n"
    return process


async def let_go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin and process.stdout
    process.stdin.write(b"\n")
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"free\n"
    await process.wait()


async def test_a_lock_held_elsewhere_is_waited_for_while_the_loop_goes_on(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    other = await holder(log.path)
    log.append(lease, noted("r", 2))
    flushing = asyncio.ensure_future(log.flush(lease))
    turns, end = 0, time.monotonic() + 0.3
    while time.monotonic() < end:
        await asyncio.sleep(0.001)
        turns += 1
    assert turns >= 5
    assert not flushing.done()
    assert len(log.read("r")) == 1
    await let_go(other)
    await asyncio.wait_for(flushing, 10)
    assert len(log.read("r")) == 2
    log.close()


async def test_a_lock_held_too_long_is_an_error_and_the_events_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "LOCK_S", 0.1)
    log = SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")
    other = await holder(log.path)
    log.append(lease, started("r"))
    with pytest.raises(LogLocked, match="another process"):
        await asyncio.wait_for(log.flush(lease), 10)
    log.append(lease, noted("r", 2))
    with pytest.raises(LogLocked):
        await asyncio.wait_for(log.flush(lease), 10)
    await let_go(other)
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2]
    log.close()


async def test_a_full_disk_is_an_error_and_the_events_are_kept(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count={pages + 2}")
    big = thread_of([Message(role="user", content="x" * 100_000)])
    log.append(lease, noted("r", 2, nodes=big))
    with pytest.raises(LogFull, match="free some space"):
        await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1]
    log.append(lease, noted("r", 3))
    with pytest.raises(LogFull):
        await log.flush(lease)
    log._db.execute("PRAGMA max_page_count=1000000")
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2, 3]
    assert log.runs()[0].events == 3
    assert log.verify() == []
    log.close()


def stored(log: Log, *batch: Any) -> Batch:
    """Write a batch, past all buffering."""
    return driven(log.write(list(batch)), log.url)


def test_a_commit_that_failed_leaves_nothing_that_is_taken_for_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(tmp_path / "log.db")
    question = thread_of([Message(role="user", content="Is it stored?")])
    lease, event = log.begin("a"), started("a").model_copy(update={"nodes": question})
    full = LogFull("The disk is full.")

    def fail() -> None:
        raise full

    monkeypatch.setattr(log, "_look", fail)
    with pytest.raises(LogFull):
        stored(log, (lease, [event]))
    monkeypatch.undo()
    other = SqliteLog(tmp_path / "log.db")
    assert stored(other, (other.begin("b"), [started("b")]))
    with pytest.raises(UnknownRun):
        log.read("a")  # not the events of b, which has its number now
    assert stored(log, (lease, [event]))
    assert log.read("a") == [event]
    assert log.verify() == other.verify() == []
    other.close()
    log.close()


def test_processes_that_begin_runs_in_turns_keep_one_chain(tmp_path: Path) -> None:
    one, other = SqliteLog(tmp_path / "log.db"), SqliteLog(tmp_path / "log.db")
    for n in range(6):
        log = (one, other)[n % 3 == 0]
        stored(log, (log.begin(f"r{n}"), [started(f"r{n}")]))
        assert one.verify() == other.verify() == []
    one._db.execute("DELETE FROM runs WHERE id='r3'")
    assert one.verify() != []
    other.close()
    one.close()


def test_the_run_of_a_dead_process_is_taken_over_at_once(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(20)
    clock = FakeClock()
    log = SqliteLog(tmp_path / "a.db", clock=clock)
    for run, owner in (("dead", f"{HOST}:{dead.pid}:x"), ("afar", f"elsewhere:{dead.pid}:x")):
        lease = log.begin(run)
        lease.owner = owner
        log.append(lease, started(run))
    assert log.claim("dead").epoch == 2
    with pytest.raises(RunTaken):
        log.claim("afar")
    clock.now += LEASE_S + 1
    assert log.claim("afar").epoch == 2
    log.close()


OPEN = """
import sys
from pathlib import Path
from agentkit.events import RunStarted
from agentkit.logs.sqlite import SqliteLog
sys.stdin.readline()
log = SqliteLog(Path(sys.argv[1]))
for n in range(20):
    run = f"{sys.argv[2]}-{n}"
    log.append(log.begin(run), RunStarted(run=run, seq=1, at=1.0, scope="", name="x"))
log.close()
"""


def test_processes_may_make_and_use_one_file_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(path), str(n)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(3)
    ]  # fmt: skip
    for one in workers:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    errors = [one.communicate(timeout=60)[1] for one in workers]
    assert errors == [""] * 3
    log = SqliteLog(path)
    assert len(log.runs()) == 60
    assert log.verify() == []
    log.close()


def test_open_log_gives_one_log_per_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = open_log("sqlite:///sub/a.db")
    assert open_log("sub/a.db") is one is open_log(str(tmp_path / "sub" / "a.db"))
    one.close()
    other = open_log("sqlite:///sub/a.db")
    assert other is not one
    other.close()
    assert open_log("memory:") is not open_log("memory:")


@pytest.mark.parametrize(
    "url", ["oracle://x/y", "sqlite://a.db", "sqlite:///", "sqlite:///a.db?x=1"]
)
def test_a_url_that_names_no_log_is_an_error(url: str) -> None:
    with pytest.raises(SetupError, match="expected"):
        open_log(url)


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        open_log(str(tmp_path))
    (tmp_path / "file").write_text("x")
    with pytest.raises(LogError):
        open_log(str(tmp_path / "file" / "a.db"))


def test_a_copy_of_the_file_is_a_log(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    shutil.copy(path, tmp_path / "b.db")
    copied, log = SqliteLog(tmp_path / "b.db"), SqliteLog(path)
    assert copied.read("run-2") == log.read("run-2")
    copied.close()
    log.close()


def test_closing_stores_what_is_pending_and_a_closed_log_says_so(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    lease = log.begin("r")

    async def write() -> None:
        log.append(lease, started("r"))
        log.close()

    asyncio.run(write())
    with pytest.raises(LogError, match="closed"):
        log.read("r")
    with pytest.raises(LogError, match="closed"):
        log.append(lease, noted("r", 2))
    again = SqliteLog(log.path)
    assert [e.seq for e in again.read("r")] == [1]
    again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_opens_the_file_anew(tmp_path: Path) -> None:
    """SQLite connections must not cross a fork (sqlite.org/howtocorrupt.html, 2.6)."""
    code = (
        "import os, sys, agentkit\n"
        "log = agentkit.open_log('a.db')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(agentkit.open_log('a.db') is log)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60).returncode == 0


class Echo:
    """Answers with what it was told, at some length, and counts."""

    name = "echo"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, request: Request, on_text: Any = None) -> Reply:
        self.asked.append(request.thread[-1].message.content)
        text = f"{len(request.thread)} {request.actor} " + "x" * 3000
        return Reply(message=Message(role="assistant", content=text), usage=Usage(calls=1))


@pytest.mark.parametrize("room", [0, 2, 5, 9, 14])
async def test_after_space_was_freed_a_resume_goes_on_and_doubles_nothing(
    tmp_path: Path, room: int
) -> None:
    log, model = SqliteLog(tmp_path / "a.db"), Echo()
    agents = [Agent(f"agent{n}", model=model) for n in range(12)]

    @pattern
    async def team(task: str) -> str:
        return " ".join([(await agent(f"{task} {n}")).text[:9] for n, agent in enumerate(agents)])

    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count={pages + room}")
    with pytest.raises(LogFull):
        await team("go", log=log, id="r")
    paid = len(model.asked)
    assert paid < 12
    log._db.execute("PRAGMA max_page_count=1000000")
    answer = await team.resume("r", log=log)
    assert answer.text.count("agent") == 12
    assert len(model.asked) == len(set(model.asked)) == 12
    assert answer.usage.calls == 12
    assert log.verify() == []
    log.close()


def test_agents_in_threads_with_loops_of_their_own_share_a_file(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    answers: list[Answer] = []

    def work(number: int) -> None:
        clerk = Agent(f"clerk{number}", model=Echo())

        async def ask() -> None:
            for n in range(10):
                answers.append(await asyncio.wait_for(clerk(f"{number} {n}", log=log), 20))

        asyncio.run(ask())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len({answer.run_id for answer in answers}) == 40
    assert {info.status for info in log.runs()} == {"ok"}
    assert log.verify() == []
    log.close()


async def test_events_are_read_alike_together_and_each_and_one_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(tmp_path / "a.db")
    clerk = Agent("clerk", "Echo.", model=EchoModel())
    picture = Image.from_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 40)

    async with performing(log=log) as current:
        said = await clerk("first")
        for number in range(60):
            said = await clerk(
                f"number {number}" if number != 30 else ["look", picture], after=said
            )
            current.note("counted", number)
    whole = log.read(current.id)
    monkeypatch.setattr(reading, "PIECE", 500)
    assert log.read(current.id) == whole
    monkeypatch.setattr(reading, "events_from", refusing)
    assert log.read(current.id) == whole
    monkeypatch.undo()
    nth = len(whole) - 100
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("UPDATE events SET body=substr(body, 1, 20) WHERE seq=?", (nth,))
    with pytest.raises(LogCorrupt, match=f"Event {nth} of run {current.id}"):
        log.read(current.id)


def refusing(texts: list[str]) -> list[Any]:
    raise ValueError(f"{len(texts)} at once")
