"""The hash chain: every edit of what is read, and every gap, is seen; a good log is sound."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import LogError, SetupError
from agentkit.events import Noted, Ref, RunEnded, RunStarted, StateChanged, StepEnded, Usage
from agentkit.lease import LEASE_S
from agentkit.log import Log, stream_id
from agentkit.logs import chain, schema
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Message, extend, thread_of
from tests.fakes import FakeClock


def recorded(log: Log, run: str, n: int = 6, ends: bool = True, **fields: Any) -> None:
    """A run whose events come in commits of one to three."""
    lease, seq = log.begin(run), 1
    start = {"name": f"run {run}", "actor": "clerk"} | fields
    log.append(lease, RunStarted(run=run, seq=1, at=1.5, scope="", **start))
    thread = thread_of([Message(role="user", content=f"hello {run}")])
    while seq < n:
        events = []
        for _ in range(min(1 + seq % 3, n - seq)):
            seq += 1
            thread = extend(thread, Message(role="assistant", content=f"word {seq} of {run}"))
            usage = Usage(tokens_in=seq, tokens_out=2, calls=1)
            events.append(
                StepEnded(
                    run=run, seq=seq, at=1.5 + seq, scope="s" * 8, key=f"k{seq}", step="model",
                    name="m", status="ok", result={"n": seq}, usage=usage, cost_usd=0.1 * seq,
                    nodes=thread if seq == 2 else thread[-1:],
                )
            )  # fmt: skip
        log.append(lease, *events)
    if ends:
        log.append(lease, RunEnded(run=run, seq=n + 1, at=99.0, scope="", status="ok"))


def stream(log: Log, name: str, n: int = 4) -> None:
    """A stream of shared state."""
    run = stream_id(name)
    lease = log.begin_stream(name)
    log.append(lease, RunStarted(run=run, seq=1, at=1.0, scope="", name=name, what="stream"))
    for seq in range(2, n):
        log.append(
            lease, StateChanged(run=run, seq=seq, at=2.0, scope="", name="put", value={"v": seq})
        )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed log with runs and a stream."""
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r0")
    recorded(log, "r1", ends=False)
    recorded(log, "r2", origin=Ref(run="r0", seq=3))
    stream(log, "board")
    log.close()
    return log.path


def edited(path: Path, *queries: str) -> Path:
    """The file with something done to it behind agentkit's back."""
    with sqlite3.connect(path) as db:
        done = sum(db.execute(query).rowcount for query in queries)
    db.close()
    assert done > 0
    return path


def problems(path: Path, head: str | None = None) -> list[str]:
    log = SqliteLog(path, write=False)
    try:
        return log.verify(head)
    finally:
        log.close()


def test_a_log_as_it_was_written_is_sound(path: Path) -> None:
    assert problems(path) == []


EDITS = {
    "an event's result": "UPDATE events SET body=replace(body,'\"n\":3','\"n\":4') WHERE seq=3",
    "an event's cost": "UPDATE events SET body=replace(body,'\"cost_usd\"','\"cost_usd\" ')"
    " WHERE run=1 AND seq=3",
    "an event's time": "UPDATE events SET at=at+0.001 WHERE run=1 AND seq=2",
    "an event's scope": "UPDATE events SET scope='x' WHERE run=2 AND seq=2",
    "an event's number": "UPDATE events SET seq=70 WHERE run=2 AND seq=6",
    "an event moved to another run": "UPDATE events SET run=2, seq=7 WHERE run=1 AND seq=7",
    "an event of a stream": "UPDATE events SET body=replace(body,'\"v\":2','\"v\":7') WHERE run=4",
    "an event deleted": "DELETE FROM events WHERE run=1 AND seq=3",
    "the last event deleted": "DELETE FROM events WHERE run=2 AND seq=6",
    "an event added": "INSERT INTO events SELECT run,7,at,scope,body,mark FROM events"
    " WHERE run=2 AND seq=6",
    "a message's words": "UPDATE messages SET body=replace(body,'hello','hallo')",
    "a message's place": "UPDATE messages SET parent=NULL",
    "a message deleted": "DELETE FROM messages WHERE rowid=3",
    "where its chain begins": "UPDATE chain SET since=99",
    "where its chain begins, in words": "UPDATE chain SET since='early'",
    "a cost": "UPDATE runs SET cost_usd=cost_usd+1e-9 WHERE n=1",
    "a status": "UPDATE runs SET status='failed' WHERE n=1",
    "a name": "UPDATE runs SET name='another' WHERE n=2",
    "an actor": "UPDATE runs SET actor='boss' WHERE n=2",
    "an origin": "UPDATE runs SET origin='r1' WHERE n=3",
    "a start": "UPDATE runs SET started=started+1",
    "an end": "UPDATE runs SET ended=ended+1 WHERE n=1",
    "tokens": "UPDATE runs SET tokens_in=0 WHERE n=1",
    "calls": "UPDATE runs SET calls=0 WHERE n=1",
    "an unknown price": "UPDATE runs SET unpriced=1 WHERE n=1",
    "a run made a stream": "UPDATE runs SET what='stream' WHERE n=1",
    "a stream made a run": "UPDATE runs SET what='run' WHERE id='state:board'",
    "a kind that there is not": "UPDATE runs SET what='other' WHERE n=1",
    "a writer": "UPDATE runs SET owner='me:1:x' WHERE n=1",
    "a writer's epoch": "UPDATE runs SET epoch=9 WHERE n=1",
    "a run's id": "UPDATE runs SET id='r9' WHERE n=1",
    "a run's number": "UPDATE runs SET n=9 WHERE n=2",
    "a run without its events": "DELETE FROM runs WHERE n=2",
    "events without their run": "DELETE FROM events WHERE run=2",
    "the end of the chain": "DELETE FROM chain",
    "a lease for ever": "UPDATE runs SET lease=9e999 WHERE n=2",
    "a lease for an hour": "UPDATE runs SET lease=unixepoch()+3600 WHERE n=2",
    "a lease that is no time": "UPDATE runs SET lease='long' WHERE n=1",
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_seen(path: Path, what: str) -> None:
    assert problems(edited(path, EDITS[what]))


@pytest.mark.parametrize("lease", ["9e999", "unixepoch()+3600", "'long'"])
def test_a_lease_that_no_writer_has_blocks_no_resume(path: Path, lease: str) -> None:
    # Its writer is this process, which lives: only the lease says that it is gone.
    edited(path, f"UPDATE runs SET lease={lease} WHERE n=2")
    log = SqliteLog(path)
    assert log.claim("r1").epoch == 2
    log.close()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_run_deleted_with_all_its_events_is_missed(path: Path, n: int) -> None:
    edited(path, f"DELETE FROM events WHERE run={n}", f"DELETE FROM runs WHERE n={n}")
    assert any("missing" in text for text in problems(path))


def test_two_runs_that_changed_places_are_seen(path: Path) -> None:
    edited(
        path,
        "UPDATE runs SET id='x' WHERE id='r0'",
        "UPDATE runs SET id='r0' WHERE id='r1'",
        "UPDATE runs SET id='r1' WHERE id='x'",
    )
    assert problems(path)


def test_the_place_of_an_edit_is_told(path: Path) -> None:
    (text, *_) = problems(edited(path, "UPDATE events SET at=7 WHERE run=1 AND seq=4"))
    assert "run r0 was altered" in text and "event 4 to 4" in text


Make = Callable[[Path], Log]
KINDS: list[Make] = [lambda path: MemoryLog(), lambda path: SqliteLog(path / "k.db")]


@pytest.fixture(params=KINDS, ids=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made = request.param(tmp_path)
    yield made
    made.close()


def test_what_a_head_covers_is_still_there_when_the_log_has_grown(log: Log) -> None:
    heads = [log.head()]
    for n in range(4):
        recorded(log, f"r{n}", n=3 + n, ends=n % 2 == 0)
        heads.append(log.head())
    assert len(set(heads)) == 5
    assert all(log.verify(head) == [] for head in heads)


def test_a_head_of_another_log_or_of_more_events_does_not_hold(log: Log) -> None:
    recorded(log, "r0")
    count, _, digest = log.head().partition("-")
    for other in (f"{count}-{'0' * 32}", f"9{count}-{digest}", f"1-{digest}"):
        assert log.verify(other)
    for no_head in ("", "x", f"{count}-{digest}0", f"-1-{digest}", "²-" + digest):
        with pytest.raises(SetupError, match="no head"):
            log.verify(no_head)


def test_an_event_replaced_in_memory_is_seen() -> None:
    log = MemoryLog()
    recorded(log, "r0")
    events = log._runs["r0"].events
    events[2] = events[2].model_copy(update={"result": {"n": 9}})
    assert any("altered" in text for text in log.verify())
    del events[3]
    assert any("gaps" in text for text in log.verify())


def test_a_head_kept_elsewhere_shows_a_file_that_was_hashed_anew(path: Path) -> None:
    log = SqliteLog(path)
    head = log.head()
    log.close()
    again = SqliteLog(path.with_name("b.db"))
    for run in ("r0", "r1", "r2"):
        recorded(again, run, name="another")
    stream(again, "board")
    again.close()
    shutil.copy(again.path, path)
    assert problems(path) == []
    assert any(head in text for text in problems(path, head))


def test_a_run_that_goes_on_by_another_writer_stays_chained(tmp_path: Path) -> None:
    clock = FakeClock()
    one = SqliteLog(tmp_path / "a.db", clock=clock)
    recorded(one, "r", ends=False)
    head = one.head()
    clock.now += LEASE_S + 1
    other = SqliteLog(tmp_path / "a.db", clock=clock)
    lease = other.claim("r")
    other.append(lease, RunStarted(run="r", seq=7, at=3.0, scope="", name="again", how="resume"))
    other.append(lease, RunEnded(run="r", seq=8, at=4.0, scope="", status="failed"))
    clock.now += LEASE_S + 1
    lease = one.claim("r")
    one.append(lease, Noted(run="r", seq=9, at=5.0, scope="", topic="t"))
    assert one.verify(head) == other.verify(head) == []
    assert one.runs()[0].ended == 4.0
    other.close()
    one.close()


def test_a_batch_that_is_rolled_back_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    recorded(log, "r", ends=False)
    lease = log._heads["r"][0]
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LogError):
        log.append(lease, Noted(run="r", seq=7, at=5.0, scope="", topic="t", data="x" * 50_000))
    log._db.execute("PRAGMA max_page_count=100000")
    log.append(lease, Noted(run="r", seq=8, at=5.0, scope="", topic="t"))
    assert len(log.read("r")) == 8
    assert log.verify() == []
    log.close()


def old_file(path: Path) -> Path:
    """A log as the first version wrote it, from one of today."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        for table, column in [
            ("runs", "what"),
            ("runs", "link"),
            ("runs", "head"),
            ("runs", "seal"),
        ]:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("ALTER TABLE events DROP COLUMN mark")
        db.execute("DROP TABLE chain")
        db.execute("PRAGMA user_version=1")
        db.execute("PRAGMA journal_mode=WAL")
    db.close()
    return path


def test_an_old_file_is_chained_from_then_on_and_says_so(path: Path) -> None:
    old_file(path)
    before = path.read_bytes()
    reader = SqliteLog(path, write=False)
    assert "without a hash chain" in reader.unchained
    assert reader.verify() == []
    assert len(reader.runs()) == 3
    with pytest.raises(LogError, match="no hash chain"):
        reader.head()
    reader.close()
    assert path.read_bytes() == before
    log = SqliteLog(path)
    assert log.version == len(schema.MIGRATIONS)
    assert "The first 23 events are chained as they stood" in log.unchained
    recorded(log, "new")
    assert log.verify(log.head()) == []
    log.close()
    assert problems(edited(path, "UPDATE events SET at=at+1 WHERE run=1 AND seq=2"))


def test_a_gap_that_an_old_file_had_is_told_and_later_ones_too(path: Path) -> None:
    edited(old_file(path), "DELETE FROM events WHERE run=2", "DELETE FROM runs WHERE n=2")
    log = SqliteLog(path)
    assert log.verify() == []
    log.close()
    edited(path, "DELETE FROM events WHERE run=3", "DELETE FROM runs WHERE n=3")
    assert any("missing" in text for text in problems(path))


def test_a_chain_tells_where_one_text_ends_and_the_next_begins() -> None:
    rows = [(1, 1.0, "a", "bc"), (2, 2.0, "", "d")]
    others = [
        [(1, 1.0, "ab", "c"), (2, 2.0, "", "d")],
        [(1, 1.0, "a", "b"), (2, 2.0, "c", "d")],
        rows[:1],
        rows[::-1],
    ]
    heads = [chain.extended(chain.START, one) for one in (rows, *others)]
    assert len(set(heads)) == len(heads)


def truth(log: Log) -> dict[str, Any]:
    """All that can be read in a log."""
    infos = [*log.runs(), *log.runs(streams=True)]
    return {info.id: (info, log.read(info.id)) for info in infos}


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bits_that_change_what_is_read_are_seen(path: Path, seed: int) -> None:
    log = SqliteLog(path, write=False)
    before = truth(log)
    log.close()
    content, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(chance.choice([1, 1, 1, 2, 8])):
        content[chance.randrange(100, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    try:
        found = problems(path)
        log = SqliteLog(path, write=False)
        after = truth(log)
        log.close()
    except LogError:
        return
    assert found or after == before


@pytest.mark.parametrize("seed", range(60))
def test_edited_columns_that_change_what_is_read_are_seen(path: Path, seed: int) -> None:
    log, chance = SqliteLog(path, write=False), random.Random(seed)
    before = truth(log)
    log.close()
    table = chance.choice(["runs", "events", "messages"])
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        rows = [row[0] for row in db.execute(f"SELECT rowid FROM {table}")]
        value = chance.choice(
            ["NULL", "0", "1", "-1", "1e300", "9e999", "''", "'x'", "x'00ff'", "id", "body", "seq",
             f"(SELECT {chance.choice(columns)} FROM {table} LIMIT 1)"]
        )  # fmt: skip
        try:
            db.execute(
                f"UPDATE {table} SET {chance.choice(columns)}={value} WHERE rowid=?",
                (chance.choice(rows),),
            )
        except sqlite3.Error:
            return
    db.close()
    try:
        found = problems(path)
        log = SqliteLog(path, write=False)
        after = truth(log)
        log.close()
    except LogError:
        return
    assert found or after == before
