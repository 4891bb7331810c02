"""What is erased from a log is in none of its files, and the log is still sound."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from agentkit import Agent, open_log, run, tool
from agentkit.errors import LogCorrupt
from agentkit.log import Log
from tests.fakes import ScriptedModel, call

SECRET = 'Zoë "Zebra" Quay\nlives at 12 Dock Road'


@tool(effect="idempotent")
def note_down(text: str) -> str:
    """Note a text."""
    return f"noted: {text}"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return open_log(f"sqlite:///{tmp_path / 'log.db'}")


async def asked(log: Log, text: str) -> str:
    """A run with a text in its task, in the arguments of a call, its result, and the answer."""
    model = ScriptedModel([call("note_down", json.dumps({"text": text}))], f"I noted: {text}!")
    return (await Agent("clerk", model=model, tools=[note_down])(f"Note: {text}.", log=log)).run_id


def files(log: Log, *texts: str) -> list[str]:
    """The files of the log that have one of these in them."""
    folder = log.path.parent  # type: ignore[attr-defined]
    return [
        path.name
        for path in folder.iterdir()
        if any(text.encode() in path.read_bytes() for text in texts)
    ]


async def test_no_byte_is_left_and_all_else_stays(log: Log) -> None:
    id, other = await asked(log, SECRET), await asked(log, "The dock is closed.")
    head, kept = log.head(), log.read(other)
    assert files(log, "12 Dock Road")
    done = log.erase([SECRET])
    assert done.events > 1 and done.messages > 2 and done.left == ()
    assert files(log, "12 Dock Road", "Zebra", "Zo\\u00eb") == []
    assert log.verify() == [] and log.verify(head) == []
    log.trust(id)
    assert log.read(other) == kept
    assert "I noted: [erased]!" in str(log.read(id))
    await asked(log, "It goes on.")
    assert log.verify(head) == [] and log.erase(["12 Dock Road"]).events == 0


async def test_a_run_that_is_at_work_goes_on(log: Log) -> None:
    async with run(log=log) as made:
        await Agent("clerk", model=ScriptedModel("yes"))(SECRET)
        assert log.erase([SECRET]).messages == 1
        await Agent("clerk", model=ScriptedModel("no"))("Again?")
    assert log.verify() == [] and files(log, "12 Dock Road") == []
    log.trust(made.id)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE events SET body=replace(body, '[erased]', 'Ben lives here')",
        "UPDATE messages SET body=replace(body, '[erased]', 'Ben lives here')",
        "DELETE FROM erased",
        "UPDATE erased SET seal=x'00'",
    ],
)
async def test_who_alters_further_what_was_erased_from_is_seen(log: Log, edit: str) -> None:
    id = await asked(log, SECRET)
    log.erase([SECRET])
    with sqlite3.connect(log.path) as db:  # type: ignore[attr-defined]
        db.execute(edit)
    db.close()
    assert any("altered" in one for one in log.verify())
    with pytest.raises(LogCorrupt):
        log.trust(id)


async def test_pieces_that_overlap_go_whole_and_short_ones_only_alone(log: Log) -> None:
    await asked(log, "The quay of Amber is deep. It is long.")
    done = log.erase(["The quay of Amber is deep.", "Amber is deep. It is long.", "note", "noted"])
    assert done.left == ()
    assert files(log, "Amber", "deep", "long") == []
    model = [event.name for event in log.read(log.runs()[0].id) if event.kind == "step.started"]
    assert "note_down" in model and log.verify() == []


async def test_what_is_in_a_log_of_an_earlier_erasure_stays_sealed(log: Log) -> None:
    id = await asked(log, f"{SECRET} and Ben Holm of Briar")
    log.erase([SECRET])
    log.erase(["Ben Holm of Briar"])
    assert files(log, "12 Dock Road", "Ben Holm") == [] and log.verify() == []
    log.trust(id)


@pytest.mark.parametrize("table", ["events", "messages"])
async def test_an_erasure_does_not_hide_what_was_altered_before(log: Log, table: str) -> None:
    id, other = await asked(log, f"{SECRET} pays 30"), await asked(log, f"{SECRET} pays 40")
    with sqlite3.connect(log.path) as db:  # type: ignore[attr-defined]
        db.execute(f"UPDATE {table} SET body=replace(body, 'pays 30', 'pays 90')")
    db.close()
    log.erase([SECRET])
    assert files(log, "12 Dock Road") == [] and any("altered" in one for one in log.verify())
    with pytest.raises(LogCorrupt):
        log.trust(id)
    log.trust(other)


async def test_a_text_goes_from_what_was_damaged_too(log: Log) -> None:
    await asked(log, SECRET)
    with sqlite3.connect(log.path) as db:  # type: ignore[attr-defined]
        for table in ("events", "messages"):
            db.execute(f"UPDATE {table} SET body=body || '}}' WHERE instr(body, 'Dock Road')")
    db.close()
    log.erase([SECRET])
    assert files(log, "12 Dock Road") == [] and log.verify() != []
