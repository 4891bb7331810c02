"""What only a log in a database has: several writers, a server that goes away, secrets."""

from __future__ import annotations

import asyncio
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agentkit import Agent, Image, Log, open_log, tool
from agentkit.cli import main
from agentkit.errors import (
    LogCorrupt,
    LogFull,
    LogGone,
    LogNewer,
    LogReadOnly,
    LogRedacted,
    LogUnreachable,
    RunTaken,
    SetupError,
)
from agentkit.events import Noted, RunEnded, RunStarted
from agentkit.lease import LEASE_S
from agentkit.logs.memory import MemoryLog
from agentkit.logs.postgres import faults, storage
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.messages import Message, thread_of
from memory import Board, State
from memory.errors import StoreTaken
from tests.fakes import EchoModel, FakeClock, ScriptedModel, call
from tests.media import png

SECRET = "ZEBRASECRETWORD"


@pytest.fixture
def log(postgres_url: str) -> Iterator[PostgresLog]:
    made = open_log(postgres_url)
    assert isinstance(made, PostgresLog)
    yield made
    made.close()


def another(url: str, clock: FakeClock | None = None) -> PostgresLog:
    """The same log as another process has it."""
    return PostgresLog(address_of(url), clock=clock)


def sql(url: str, *statements: str) -> list[Any]:
    """Do something to the tables from outside."""
    address = address_of(url)
    with psycopg.connect(address.conninfo, autocommit=True) as connection:
        connection.execute(f'SET search_path TO "{address.schema}"')
        for one in statements:
            cursor = connection.execute(one)
        return cursor.fetchall() if cursor.description else []


def started(run: str, **fields: Any) -> RunStarted:
    return RunStarted(run=run, seq=1, at=1.0, scope="", name="test", **fields)


def noted(run: str, seq: int, data: Any = None, **fields: Any) -> Noted:
    return Noted(run=run, seq=seq, at=2.0, scope="", topic="t", data=data, **fields)


async def recorded(log: Log, run: str, n: int = 4) -> None:
    """A run of n events in commits of one, with a message."""
    lease = log.begin(run)
    log.append(lease, started(run))
    await log.flush(lease)
    for seq in range(2, n):
        nodes = thread_of([Message(role="user", content=f"word {seq} of {run}")])
        log.append(lease, noted(run, seq, {"n": seq}, nodes=nodes))
        await log.flush(lease)
    log.append(lease, RunEnded(run=run, seq=n, at=9.0, scope="", status="ok"))
    await log.flush(lease)


async def test_several_logs_in_one_database_do_not_mix(
    log: PostgresLog, another_url: Callable[[], str]
) -> None:
    other = open_log(another_url())
    await recorded(log, "here")
    await recorded(other, "there")
    assert [one.id for one in log.runs()] == ["here"]
    assert [one.id for one in other.runs()] == ["there"]
    other.close()


async def test_a_log_is_opened_once_in_a_process_and_again_once_closed(postgres_url: str) -> None:
    log = open_log(postgres_url)
    assert open_log(postgres_url) is log
    log.close()
    again = open_log(postgres_url)
    assert again is not log and again.runs() == []
    again.close()


@pytest.mark.parametrize("name", ["Upper", "a-b", "pg_mine", 'x"; DROP TABLE runs', ""])
def test_a_schema_that_could_be_anything_else_is_refused(postgres: str, name: str) -> None:
    with pytest.raises(SetupError, match="schema"):
        open_log(f"{postgres}&schema={name}")


def test_the_tables_of_somebody_else_are_left_alone(postgres_url: str) -> None:
    schema = address_of(postgres_url).schema
    sql(postgres_url, f"CREATE SCHEMA {schema}", "CREATE TABLE runs (mine text)")
    with pytest.raises(LogCorrupt, match="no agentkit log"):
        open_log(postgres_url)
    assert sql(postgres_url, "SELECT * FROM runs") == []


def test_a_password_is_in_no_url_no_error_and_no_line_of_the_log(
    postgres_url: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, host = postgres_url.partition("?")
    secret = f"postgresql://postgres:{SECRET}@/postgres?{host}&sslpassword={SECRET}"
    with caplog.at_level(logging.DEBUG):
        log = open_log(secret)
        assert log.runs() == [] and SECRET not in f"{log.url} {log.address!r} {vars(log)}"  # type: ignore[attr-defined]
        log.close()
        wrong = f"postgresql://postgres:{SECRET}@127.0.0.1:1/postgres?connect_timeout=1"
        with pytest.raises(LogUnreachable) as caught:
            open_log(wrong)
        assert main(["log", "list", "--log", wrong]) == 2
    said = capsys.readouterr()
    assert SECRET not in f"{caught.value!r} {caught.value} {caplog.text} {said.out} {said.err}"
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize("option", ["sslmode=x", "channel_binding=x", "port=99999", "service=x"])
def test_an_option_that_cannot_be_is_no_server_that_does_not_answer(
    option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "none.conf"))
    with pytest.raises(SetupError, match="cannot be opened: .*(invalid|service)"):
        open_log(f"postgresql:///db?{option}")


def test_what_the_url_leaves_out_comes_from_the_environment_and_a_service_file(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = address_of(postgres_url)
    info = psycopg.conninfo.conninfo_to_dict(address.conninfo)
    services = tmp_path / "services.conf"
    services.write_text(f"[course]\nhost={info['host']}\nuser=postgres\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    log = open_log(f"postgresql://?service=course&schema={address.schema}")
    assert log.runs() == []
    log.close()
    monkeypatch.setenv("PGHOST", str(info["host"]))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", "postgres")
    log = open_log(f"postgresql:///?schema={address.schema}")
    assert log.runs() == []
    log.close()


class Plain(socketserver.BaseRequestHandler):
    """A server that has no TLS, and says so."""

    def handle(self) -> None:
        self.request.recv(64)
        self.request.sendall(b"N")


def test_tls_that_the_server_does_not_have_is_not_done_without(postgres: str) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        with pytest.raises(SetupError, match="does not support SSL"):
            open_log(f"postgresql://127.0.0.1:{port}/x?sslmode=require")
        server.shutdown()
    with pytest.raises(SetupError, match="sslmode"):
        open_log("postgresql://nobody@127.0.0.1:1/x?sslmode=nonsense")


HERE = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ('server certificate for "db" (and 1 other name) does not match host name "x"', "sslmode"),
        ("SSL error: certificate verify failed", "sslrootcert"),
        ('root certificate file "/home/ana/.postgresql/root.crt" does not exist', "sslrootcert"),
        ('FATAL:  no pg_hba.conf entry for host "::1", user "u", database "d", no encryption',
         "sslmode"),
        ('FATAL:  pg_hba.conf rejects connection for host "::1", user "u", database "d", SSL'
         " encryption", "PGPASSWORD"),
        ('FATAL:  password authentication failed for user "u" FATAL:  pg_hba.conf rejects'
         ' connection for host "::1", user "u", database "d", no encryption', "PGPASSWORD"),
    ],
)  # fmt: skip
def test_a_server_that_refuses_is_told_from_one_that_is_away(text: str, check: str) -> None:
    # Words of libpq 17 and PostgreSQL 15: the wheel's server has no TLS.
    error = faults.ours(psycopg.OperationalError(HERE + text), "postgresql://u@db/d")
    assert isinstance(error, SetupError) and check in (error.todo or "")


def test_a_wrong_database_and_an_unknown_option_say_what_to_check(postgres: str) -> None:
    with pytest.raises(SetupError, match="nowhere"):
        open_log(postgres.replace("/postgres?", "/nowhere?"))
    with pytest.raises(SetupError, match="libpq does not know"):
        open_log(f"{postgres}&synchronous=full")


def test_without_the_package_the_extra_is_named(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [n for n in sys.modules if n.startswith("agentkit.logs.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SetupError, match=r"jupyter-agentkit\[postgres\]"):
        open_log(postgres_url)


async def test_a_log_of_a_newer_agentkit_is_left_untouched(
    log: PostgresLog, postgres_url: str
) -> None:
    await recorded(log, "r")
    sql(postgres_url, "INSERT INTO agentkit VALUES (99, now())")
    for write in (True, False):
        with pytest.raises(LogNewer, match="schema 99"):
            PostgresLog(address_of(postgres_url), write=write)


async def test_a_database_that_can_only_be_read_is_read(
    log: PostgresLog, postgres_url: str
) -> None:
    await recorded(log, "r")
    options = "&options=-c%20default_transaction_read_only%3Don"
    reader = open_log(postgres_url + options)
    assert len(reader.read("r")) == 4 and reader.verify() == []
    lease = reader.begin("q")
    reader.append(lease, started("q"))
    with pytest.raises(LogReadOnly, match="grant"):
        await reader.flush(lease)
    assert not log.has("q")
    with pytest.raises(LogReadOnly):
        reader.close()


def test_to_read_makes_nothing(postgres_url: str) -> None:
    with pytest.raises(SetupError, match="no log"):
        open_log(postgres_url, write=False)
    found = "SELECT 1 FROM pg_namespace WHERE nspname = current_schema()"
    assert sql(postgres_url, found) == []


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
"""


async def test_a_full_disk_loses_nothing_and_the_run_goes_on_once_there_is_room(
    log: PostgresLog, postgres_url: str
) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    sql(postgres_url, FULL, "CREATE TRIGGER t BEFORE INSERT ON events EXECUTE FUNCTION full_disk()")
    log.append(lease, noted("r", 2))
    with pytest.raises(LogFull, match="free some space"):
        await log.flush(lease)
    sql(postgres_url, "DROP TRIGGER t ON events")
    log.append(lease, noted("r", 3))
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2, 3] and log.verify() == []


async def test_tables_that_are_dropped_in_mid_run_are_an_error_that_says_so(
    log: PostgresLog, postgres_url: str
) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    sql(postgres_url, f"DROP SCHEMA {log.address.schema} CASCADE")
    log.append(lease, noted("r", 2))
    with pytest.raises(LogGone, match="not there any more"):
        await log.flush(lease)
    sql(postgres_url, f"CREATE SCHEMA {log.address.schema}")
    lease.lost = LogGone("given up")
    with pytest.raises(LogGone):
        log.close()
    log._commits._pending.clear()


async def test_a_connection_that_breaks_between_and_in_commits_loses_and_doubles_nothing(
    log: PostgresLog, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='agentkit'"
    )
    for seq in range(2, 6):
        sql(postgres_url, kill)
        log.append(lease, noted("r", seq))
        await log.flush(lease)
    append, lost = PostgresLog._written, 0

    def unanswered(self: Any, parts: Any, entered: Any) -> Any:
        """The commit happens, and its answer is lost."""
        nonlocal lost
        done = append(self, parts, entered)
        if parts and lost < 3:
            lost += 1
            raise psycopg.OperationalError("the connection broke")
        return done

    monkeypatch.setattr(PostgresLog, "_written", unanswered)
    for seq in range(6, 10):
        log.append(lease, noted("r", seq))
        await log.flush(lease)
    new = log.begin("q")
    lost = 0
    log.append(new, started("q"), noted("q", 2))
    await log.flush(new)
    assert lost == 3
    assert [e.seq for e in log.read("r")] == list(range(1, 10))
    assert [e.seq for e in log.read("q")] == [1, 2]
    assert log.verify() == []


async def test_a_commit_does_not_wait_until_others_are_told(
    log: PostgresLog, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, tell = threading.Event(), storage.told

    def held(*args: Any) -> None:
        assert going_on.wait(20)
        tell(*args)

    monkeypatch.setattr(storage, "told", held)
    other = another(postgres_url)
    news = other.news()
    assert await anext(news) is None
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    assert other.has("r")
    going_on.set()
    heard = None
    while heard is None:  # it looks by itself, too
        heard = await anext(news)
    assert list(heard) == ["r"]
    await news.aclose()  # type: ignore[attr-defined]
    other.close()


async def test_a_replaced_writer_in_another_process_is_fenced_off_in_the_insert_itself(
    postgres_url: str,
) -> None:
    clock = FakeClock()
    one, other = another(postgres_url, clock), another(postgres_url, clock)
    old = one.begin("r")
    one.append(old, started("r"))
    await one.flush(old)
    with pytest.raises(RunTaken):
        other.claim("r")
    clock.now += LEASE_S + 1
    new = other.claim("r")
    other.append(new, noted("r", 2, "new"), RunEnded(run="r", seq=3, at=3.0, scope="", status="ok"))
    await other.flush(new)
    one.append(old, noted("r", 2, "old"), RunEnded(run="r", seq=3, at=3.0, scope="", status="ok"))
    with pytest.raises(RunTaken):
        await one.flush(old)
    ends = [e for e in one.read("r") if e.kind == "run.ended"]
    assert len(ends) == 1 and one.read("r")[1].data == "new" and one.verify() == []  # type: ignore[attr-defined]
    one.close()
    other.close()


async def test_a_process_that_claims_its_own_run_again_fences_its_own_earlier_writer(
    postgres_url: str,
) -> None:
    """The epoch belongs to the writer, and not to the process: fault 2 of the first sketch."""
    clock = FakeClock()
    log = another(postgres_url, clock)
    old = log.begin("r")
    log.append(old, started("r"))
    await log.flush(old)
    clock.now += LEASE_S + 1
    new = log.claim("r")
    log.append(old, noted("r", 2, "old"))
    log.append(new, noted("r", 2, "new"))
    await log.flush(new)
    with pytest.raises(RunTaken):
        await log.flush(old)
    assert [getattr(e, "data", None) for e in log.read("r")] == [None, "new"]
    log.close()


async def test_of_many_who_claim_at_once_one_gets_the_run(postgres_url: str) -> None:
    clock = FakeClock()
    logs = [another(postgres_url, clock) for _ in range(4)]
    lease = logs[0].begin("r")
    logs[0].append(lease, started("r"))
    await logs[0].flush(lease)
    clock.now += LEASE_S + 1

    def claimed(log: Log) -> int:
        try:
            return log.claim("r").epoch
        except RunTaken:
            return 0

    got = await asyncio.gather(*(asyncio.to_thread(claimed, log) for log in logs))
    assert sorted(got) == [0, 0, 0, 2]
    for log in logs:
        log.close()


async def test_two_processes_write_runs_and_say_the_same_at_once(postgres_url: str) -> None:
    logs = [another(postgres_url) for _ in range(3)]
    say = thread_of([Message(role="user", content=f"same {n}") for n in range(30)])

    async def work(log: Log, run: str) -> None:
        lease = log.begin(run)
        log.append(lease, started(run))
        for seq in range(2, 12):
            log.append(lease, noted(run, seq, nodes=say[: seq * 2] if hash(run) % 2 else say))
            await log.flush(lease)

    await asyncio.gather(*(work(log, f"{n}-{m}") for n, log in enumerate(logs) for m in range(20)))
    assert len(logs[0].runs()) == 60 and logs[0].verify() == []
    assert {one.events for one in logs[1].runs()} == {11}
    for log in logs:
        log.close()


EDITS = {
    "a body": "UPDATE events SET body = replace(body, '{\"n\":2}', '{\"n\":3}') WHERE seq = 2",
    "a time": "UPDATE events SET at = 7 WHERE seq = 3",
    "an event": "DELETE FROM events WHERE seq = 2",
    "the last event": "DELETE FROM events WHERE seq = 4 AND run = 2",
    "a run": "DELETE FROM runs WHERE id = 'a'",
    "the last run": "DELETE FROM runs WHERE id = 'c'",
    "all of the last run": "DELETE FROM events WHERE run = 3; DELETE FROM runs WHERE id = 'c'",
    "a message": "UPDATE messages SET body = replace(body, 'word', 'sword')",
    "a message gone": "DELETE FROM messages WHERE body LIKE '%word 2 of a%'",
    "a cost": "UPDATE runs SET cost_usd = 1 WHERE id = 'b'",
    "a status": "UPDATE runs SET status = 'failed' WHERE id = 'b'",
    "a writer": "UPDATE runs SET owner = 'me' WHERE id = 'b'",
    "a mark": "UPDATE events SET mark = NULL WHERE seq = 4",
}


@pytest.mark.parametrize("what", EDITS)
async def test_every_edit_is_seen(log: PostgresLog, postgres_url: str, what: str) -> None:
    for run in ("a", "b", "c"):
        await recorded(log, run)
    assert log.verify() == []
    sql(postgres_url, *EDITS[what].split("; "))
    assert log.verify() != []


async def test_a_head_covers_what_was_there_and_lets_the_log_go_on(
    log: PostgresLog, postgres_url: str
) -> None:
    await recorded(log, "a")
    other = another(postgres_url)
    open_run = other.begin("open")
    other.append(open_run, started("open"))
    await other.flush(open_run)
    head = log.head()
    assert log.head() == head
    other.append(open_run, noted("open", 2))
    await other.flush(open_run)
    await recorded(log, "b")
    assert log.verify(head) == [] and log.head() != head
    sql(postgres_url, "DELETE FROM events WHERE run = 3", "DELETE FROM runs WHERE id = 'b'")
    sql(postgres_url, "UPDATE chain SET runs = 2, link = (SELECT link FROM runs WHERE n = 2)")
    assert log.verify(head) == []
    sql(postgres_url, "DELETE FROM events WHERE run = 1", "DELETE FROM runs WHERE id = 'a'")
    assert any("is not, and does not go on from" in line for line in log.verify(head))
    other.close()


async def test_a_run_that_was_altered_is_not_gone_on_from(
    log: PostgresLog, postgres_url: str
) -> None:
    clerk = Agent("clerk", "x", model=EchoModel())
    id = (await clerk("tea", log=log)).run_id
    log.trust(id)
    sql(postgres_url, "UPDATE events SET body = replace(body, 'tea', 'sea')")
    with pytest.raises(LogCorrupt):
        await clerk.rerun(id, log=log)


@tool(effect="once")
def send(text: str) -> str:
    """Send a text."""
    return f"sent {text}"


def clerk() -> Agent:
    model = ScriptedModel([call("send", f'{{"text":"{SECRET}"}}')], f"I sent {SECRET}.")
    return Agent("clerk", "You are a clerk.", model=model, tools=[send])


def rows(url: str) -> str:
    tables = ("events", "messages", "blobs", "runs")
    return str([sql(url, f"SELECT * FROM {table}") for table in tables])


async def test_what_is_erased_is_in_no_table_and_may_be_said_again_later(
    log: PostgresLog, postgres_url: str
) -> None:
    id = (await clerk()(f"Send {SECRET}.", log=log)).run_id
    other = another(postgres_url)
    theirs = (await clerk()(f"Send {SECRET}.", log=other)).run_id
    head = log.head()
    dry = log.erase([SECRET], dry=True)
    done = log.erase([SECRET])
    assert (dry.events, dry.messages) == (done.events, done.messages) and done.messages
    assert any("backups" in one for one in done.left)
    assert SECRET not in rows(postgres_url)
    assert log.verify(head) == [] and len(log.read(id)) == len(log.read(theirs))
    # The other process knew these messages as stored, and notices that they are not any more.
    again = await clerk()(f"Send {SECRET}.", log=other)
    assert SECRET in again.text and SECRET in str(other.read(again.run_id))
    assert log.verify(head) == []
    other.close()


async def test_a_redacted_run_keeps_what_happened(log: PostgresLog, postgres_url: str) -> None:
    made = clerk()
    id = (await made(f"Send {SECRET}.", log=log)).run_id
    other = (await Agent("echo", "x", model=EchoModel())("tea", log=log)).run_id
    head, before, kept = log.head(), log.read(id), log.read(other)
    log.redact([id])
    assert SECRET not in rows(postgres_url)
    assert [e.kind for e in log.read(id)] == [e.kind for e in before]
    assert log.read(other) == kept and log.verify(head) == []
    with pytest.raises(LogRedacted):
        await made.rerun(id, log=log)


async def test_images_are_stored_once_and_read_back(log: PostgresLog, postgres_url: str) -> None:
    echo = Agent("echo", "x", model=EchoModel())
    for _ in range(3):
        id = (await echo(["what is it?", Image.from_bytes(png())], log=log)).run_id
    assert sql(postgres_url, "SELECT count(*) FROM blobs") == [(1,)]
    fresh = another(postgres_url)
    parts = [part for e in fresh.read(id) for part in getattr(e, "content", None) or ()]
    assert [p.data for p in parts if isinstance(p, Image)] == [png()]
    fresh.close()
    sql(postgres_url, "UPDATE blobs SET data = 'x'")
    assert any("were altered" in line for line in log.verify())


async def test_runs_are_resumed_rerun_forked_and_replayed(log: PostgresLog) -> None:
    model = ScriptedModel("one", "two")
    agent = Agent("clerk", "x", model=model)
    first = await agent("tea", log=log)
    assert (await agent.resume(first.run_id, log=log)).text == "one"
    assert (await agent.replay(first.run_id, log=log)).text == "one"
    assert (await agent.rerun(first.run_id, log=log)).text == "one"
    forked = await agent.fork(first.run_id, edit={"task": "coffee"}, log=log)
    assert forked.text == "two" and len(model.requests) == 2
    assert {one.status for one in log.runs()} == {"ok"} and log.verify() == []


async def test_boards_and_states_of_two_processes_agree(postgres_url: str) -> None:
    clock = FakeClock()
    one, other = another(postgres_url, clock), another(postgres_url, clock)
    count = State("count", 0, lambda n, more: n + more, log=one)
    await count.record(41)
    with pytest.raises(StoreTaken):
        await State("count", 0, lambda n, more: n + more, log=other).record(1)
    clock.now += LEASE_S + 1
    await State("count", 0, lambda n, more: n + more, log=other).record(1)
    clock.now += LEASE_S + 1
    # Its writer was replaced: it notices in the write, reads, and builds on what is there.
    await count.record(100)
    assert count.value == 142
    port = Board("port", "cas", log=one)
    await port.write("quay", "free")
    assert one.verify() == [] and {i.name for i in other.runs(streams=True)} == {"count", "port"}
    one.close()
    other.close()


async def copied(source: Log, url: str) -> Log:
    assert await asyncio.to_thread(main, ["log", "copy", url, "--log", source.url]) == 0
    return open_log(url)


async def test_a_log_is_copied_into_a_database_and_back_with_all_its_hashes(
    tmp_path: Path, postgres_url: str, another_url: Callable[[], str]
) -> None:
    file = open_log(str(tmp_path / "a.db"))
    secret = (await clerk()(f"Send {SECRET}.", log=file)).run_id
    await Agent("echo", "x", model=EchoModel())(["a", Image.from_bytes(png())], log=file)
    await Board("port", log=file).write("quay", 41)
    file.erase([SECRET])
    open_run = file.begin("open\u00e9")
    file.append(open_run, started(open_run.run, place="/home/me/a.ipynb"))
    await file.flush(open_run)
    database = await copied(file, postgres_url)
    assert database.head() == file.head() and database.verify(file.head()) == []
    assert database.runs() == file.runs() and database.read(secret) == file.read(secret)
    await recorded(database, "further")
    assert database.claim(open_run.run).epoch == 2
    second = await copied(database, another_url())
    back = await copied(database, f"sqlite:///{tmp_path / 'b.db'}")
    for one in (second, back):
        assert one.head() == database.head() and one.verify(file.head()) == []
        assert [r.id for r in one.runs()] == [r.id for r in database.runs()]
    await recorded(back, "more")
    assert back.verify(file.head()) == []
    for one in (file, database, second, back):
        one.close()


async def test_no_copy_is_made_over_what_is_there(
    log: PostgresLog, tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = open_log(str(tmp_path / "a.db"))
    await recorded(file, "r")
    await recorded(log, "q")
    assert main(["log", "copy", postgres_url, "--log", file.url]) == 2
    assert main(["log", "copy", str(tmp_path / "a.db"), "--log", postgres_url]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [i.id for i in log.runs()] == ["q"] and log.verify() == []
    with pytest.raises(SetupError, match="cannot be copied"):
        from agentkit.logs.copying import copy

        copy(MemoryLog(), log) if not log.runs() else copy(MemoryLog(), MemoryLog())
    file.close()


async def test_an_interrupted_copy_leaves_nothing_and_is_made_anew(
    log: PostgresLog,
    tmp_path: Path,
    another_url: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await recorded(log, "r")
    from agentkit.logs import copying

    def cut(target: Log) -> Any:
        raise KeyboardInterrupt

    for to in (str(tmp_path / "new.db"), another_url()):
        with monkeypatch.context() as patched:
            patched.setattr(copying, "entering", cut)
            with pytest.raises(KeyboardInterrupt):
                main(["log", "copy", to, "--log", log.address.url])
        assert not [one for one in tmp_path.iterdir() if one.name != "new.db"]
        assert not (tmp_path / "new.db").exists() or "://" in to
        assert main(["log", "copy", to, "--log", log.address.url]) == 0
    assert "0 problems" in capsys.readouterr().out


async def test_the_commands_work_on_a_database(
    log: PostgresLog, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    id = (await clerk()(f"Send {SECRET}.", log=log)).run_id
    for words in (["list"], ["show", id], ["transcript"], ["export"], ["verify"], ["head"]):
        assert main(["log", *words, "--log", postgres_url]) == 0
        assert capsys.readouterr().out
    assert main(["log", "redact", id, "--log", postgres_url]) == 1
    assert main(["log", "redact", id, "--yes", "--log", postgres_url]) == 0
    assert SECRET not in rows(postgres_url) and log.verify() == []
