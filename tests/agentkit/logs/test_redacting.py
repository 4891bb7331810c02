"""What was said in a redacted run is in none of the log's files; all else of it still is."""

from __future__ import annotations

import base64
import importlib
import json
import pkgutil
import random
import sqlite3
from pathlib import Path

import pytest

import agentkit.views
from agentkit import Agent, open_log, run, tool
from agentkit.cli import main
from agentkit.errors import LogCorrupt, LogRedacted, RunTaken, Unsettled
from agentkit.log import Log
from agentkit.logs.sqlite import SqliteLog
from agentkit.views.fold import Fold, fold
from memory import Board, State
from tests.fakes import ScriptedModel, call

SECRET = "ZEBRASECRET"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return open_log(f"sqlite:///{tmp_path / 'log.db'}")


def held(log: Log, *texts: str) -> list[str]:
    """The files of the log that have one of these in them."""
    return [
        path.name
        for path in log.path.parent.iterdir()  # type: ignore[attr-defined]
        if any(text.encode() in path.read_bytes() for text in texts or (SECRET,))
    ]


@tool(effect="once")
def send(text: str) -> str:
    """Send a text."""
    return f"sent {text}"


@tool(effect="pure")
def fail(text: str) -> str:
    """Fail."""
    raise ValueError(f"no {text}")


def clerk(secret: str = SECRET) -> Agent:
    arguments = json.dumps({"text": secret})
    calls = [call("send", arguments), call("fail", arguments), call("nothing", arguments)]
    model = ScriptedModel(calls, f"I sent {secret}.")
    return Agent("clerk", "You are a clerk.", model=model, tools=[send, fail])


async def asked(log: Log, secret: str = SECRET) -> str:
    return (await clerk(secret)(f"Send {secret}.", log=log)).run_id


def commands(log: Log, *words: str) -> int:
    return main(["log", *words, "--log", str(log.path)])  # type: ignore[attr-defined]


async def test_what_was_said_goes_and_what_happened_stays(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    id, other = await asked(log), await asked(log, "tea")
    head, kept, before = log.head(), log.read(other), log.read(id)
    infos = {info.id: info for info in log.runs()}
    assert commands(log, "redact", id, "--dry-run") == 0
    assert commands(log, "redact", id) == 1  # it was not confirmed
    assert log.read(id) == before and held(log)
    plan = log.redact([id], dry=True)
    capsys.readouterr()
    assert commands(log, "redact", id, "--yes") == 0
    said = capsys.readouterr().out
    assert f"{plan.events} events" in said and "1 messages that other runs have too" in said
    assert held(log) == [] and log.verify() == [] and log.verify(head) == []
    assert log.read(other) == kept
    told = {info.id: info for info in log.runs()}
    assert told[id] == infos[id].model_copy(update={"name": "[erased]"})
    assert [(e.kind, e.seq, e.at, e.scope) for e in log.read(id)] == [
        (e.kind, e.seq, e.at, e.scope) for e in before
    ]
    for words in (("list",), ("verify",), ("show", id), ("transcript", id), ("export",), ("head",)):
        assert commands(log, *words) == 0
    assert SECRET not in capsys.readouterr().out
    assert log.redact([id]).messages == 0 and log.verify() == []


async def test_every_view_shows_a_redacted_run(log: Log) -> None:
    id = await asked(log)
    log.redact([id])
    seen = 0
    for package in (agentkit.views, importlib.import_module("memory.views")):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            made = vars(importlib.import_module(module.name)).values()
            for kind in {one for one in made if isinstance(one, type) and issubclass(one, Fold)}:
                try:
                    view = kind()
                except TypeError:  # it needs to be told of what it is the view
                    continue
                if kind is Fold:
                    continue
                fold(view, log.read(id))
                seen += 1
    assert seen > 4


async def test_nobody_goes_on_from_a_redacted_run(log: Log) -> None:
    id = await asked(log)
    log.redact([id])
    for how in ("resume", "rerun", "replay", "fork"):
        with pytest.raises(LogRedacted, match="was redacted"):
            await getattr(clerk(), how)(id, log=log)


async def test_a_once_step_of_a_redacted_rerun_is_asked_about_and_not_repeated(log: Log) -> None:
    first = (await Agent("clerk", model=ScriptedModel("No."))("Send it.", log=log)).run_id
    sending = ScriptedModel([call("send", '{"text": "it"}')], "Sent.")
    made = Agent("clerk", model=sending, tools=[send])
    again = (await made.rerun(first, log=log)).run_id
    log.redact([again])
    third = Agent(
        "clerk", model=ScriptedModel([call("send", '{"text": "it"}')], "Sent."), tools=[send]
    )
    with pytest.raises(Unsettled):
        await third.rerun(first, log=log)


async def test_the_same_may_be_said_again_later(log: Log) -> None:
    id = await asked(log)
    log.redact([id])
    later = await asked(log)
    assert log.verify() == [] and held(log)
    await clerk().replay(later, log=log)
    assert SECRET not in str(log.read(id))
    log.redact([later])
    assert log.verify() == [] and held(log) == []


async def test_a_text_that_was_erased_is_recorded_whole_when_a_later_run_says_it(log: Log) -> None:
    text = f"The {SECRET} of Amber is blue."
    agent = Agent("clerk", model=ScriptedModel("Yes.", "Yes."))
    await agent(text, log=log)
    log.erase([text])
    assert held(log) == []
    again = await agent(text, log=log)
    assert text in str(log.read(again.run_id)) and log.verify() == []
    log.erase([text])
    assert held(log) == [] and log.verify() == []


async def test_what_other_runs_say_too_is_told_and_goes_with_them(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    id = await asked(log)
    again = (await clerk().rerun(id, log=log)).run_id
    left = log.redact([id], dry=True).left
    assert any("messages that other runs have too" in one and again in one for one in left)
    assert any("same origin" in one and again in one for one in left)
    assert commands(log, "redact", id, "--related", "--yes") == 0
    assert held(log) == [] and log.verify() == []
    assert "left" not in capsys.readouterr().out


async def test_a_text_is_erased_by_the_command(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    await asked(log, f"{SECRET} at 12 Dock Road")
    assert commands(log, "redact", "--text", f"{SECRET} at 12 Dock Road", "--dry-run") == 0
    assert held(log) and "would change" in capsys.readouterr().out
    assert commands(log, "redact", "--text", f"{SECRET} at 12 Dock Road", "--yes") == 0
    assert held(log) == [] and log.verify() == []
    for words in (["redact"], ["redact", "last", "--text", "x"], ["redact", "nope", "--yes"]):
        assert commands(log, *words) == 2


async def test_a_short_text_that_is_left_beside_other_words_is_told(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    id = await asked(log, "Ada Brix")
    assert commands(log, "redact", "--text", "Ada Brix", "--dry-run") == 0
    assert "would be left: 'Ada Brix' beside other words" in capsys.readouterr().out
    assert commands(log, "redact", "--text", "Ada Brix", "--yes") == 1
    told = capsys.readouterr().out
    assert "left: 'Ada Brix' beside other words, in" in told and id in told
    assert "redact these runs" in told
    assert commands(log, "redact", id, "--yes") == 0
    assert commands(log, "redact", "--text", "Ada Brix", "--yes") == 0
    assert commands(log, "redact", "--text", " ", "--yes") == 2


async def test_a_run_at_work_and_one_that_was_altered_are_refused(log: Log) -> None:
    async with run(log=log) as made:
        await Agent("clerk", model=ScriptedModel("Yes."))(SECRET)
        with pytest.raises(RunTaken):
            log.redact([made.id])
    id = await asked(log)
    with sqlite3.connect(log.path) as db:  # type: ignore[attr-defined]
        db.execute("UPDATE events SET body=replace(body, 'Send', 'Lend')")
    db.close()
    with pytest.raises(LogCorrupt):
        log.redact([id])


async def test_what_a_run_wrote_into_shared_state_goes_too(log: Log) -> None:
    texts, tally = State("texts", [], lambda all, one: [*all, one], log=log), []
    for consistency in ("lww", "cas", "vector", "crdt"):
        tally.append(Board(f"{consistency}board", consistency=consistency, log=log))
    secret, mine = f"{SECRET} lives at 12 Dock Road", "Ben lives at 4 Quay Road"
    async with run("told", log=log) as made:
        await texts.record({"who": secret})
        for board in tally:
            await board.write("where", secret)
            await board.write("short", "ZEBRASECRET")
    async with run("other", log=log):
        await texts.record({"who": mine})
        for board in tally:
            await board.write("ben", mine)
        for n in range(1100):
            await texts.record(n)  # snapshots are written
    left = log.redact([made.id]).left
    assert any("other runs recorded of that shared state" in one for one in left)
    ids = [made.id, *(info.id for info in log.runs(streams=True))]
    assert SECRET not in str([log.read(id) for id in ids])
    log.erase([secret])  # the other run was shown the state, and recorded it
    assert held(log) == [] and log.verify() == []
    for board in tally:
        assert (await board.read("ben")).value == mine
        assert SECRET not in str((await board.read("where")).value)
    assert mine in str(texts.value) and SECRET not in str(texts.value) and texts.value[-1] == 1099


async def test_a_document_that_merges_loses_the_text_and_goes_on_merging(log: Log) -> None:
    board = Board("docs", consistency="crdt", replicas=("north", "south"), log=log)
    secret = "Zoë 🦓 lives at 12 Dock Road"
    async with run("told", log=log):
        await board.write("page", f"Seen: {secret}. It rained.")
        await board.write("card", {"who": secret, "port": "Amber"})
    assert held(log, "12 Dock Road")
    log.erase([secret])
    now = (await board.read("page")).value
    assert "Dock" not in now and now.startswith("Seen: ") and now.endswith(". It rained.")
    for event in log.read("state:docs"):
        if isinstance(getattr(event, "value", None), dict):
            update = (event.value.get("value") or {}).get("update", "")
            assert b"Dock" not in base64.b64decode(update)
    async with run("later", log=log):
        await board.write("page", f"{now} It is dry.")
    assert (await board.read("page")).value.endswith("It rained. It is dry.")
    assert (await board.read("card")).value["port"] == "Amber" and log.verify() == []


async def test_a_process_that_has_the_log_open_notices_what_another_erased(log: Log) -> None:
    other = SqliteLog(log.path)  # type: ignore[attr-defined]
    board = Board("port", log=log)
    secret = f"{SECRET} lives at 12 Dock Road"
    async with run(log=log) as made:
        await board.write("who", secret)
    id = await asked(log)
    other.redact([id, made.id])
    assert held(log) == []
    assert (await board.read("who")).value == "[erased]"
    async with run(log=log):
        for n in range(600):  # past the place of a snapshot
            await board.write(f"key{n % 7}", n)
    assert held(log) == [] and log.verify() == []
    later = await asked(log)
    assert log.verify() == [] and SECRET in str(log.read(later)) and SECRET not in str(log.read(id))
    await clerk().replay(later, log=other)
    other.close()


async def test_random_redactions_leave_what_they_should(tmp_path: Path) -> None:
    rng = random.Random(7)
    for seed in range(12):
        log = SqliteLog(tmp_path / f"{seed}.db")
        said: dict[str, str] = {}
        for n in range(6):
            text = rng.choice([f"zoë 🦓 {SECRET}{n}", f'quo"te\\{SECRET}{n}\nline', f"Word{n}"])
            if said and rng.random() < 0.3:
                source = rng.choice(list(said))
                said[(await clerk(said[source]).rerun(source, log=log)).run_id] = said[source]
            else:
                said[await asked(log, text)] = text
        head, gone = log.head(), rng.sample(list(said), rng.randrange(1, 4))
        kept = {id: log.read(id) for id in said if id not in gone}
        log.redact(gone)
        assert log.verify() == [] and log.verify(head) == []
        assert {id: log.read(id) for id in kept} == kept
        log.close()
        found = b"".join(path.read_bytes() for path in tmp_path.glob(f"{seed}.db*"))
        for text in {said[id] for id in gone} - {said[id] for id in kept}:
            for form in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
                assert form.encode() not in found
