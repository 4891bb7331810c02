"""Bytes of images and files in a log: once, by digest, proved, copied and erased."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Image, Message, open_log, tool
from agentkit.errors import BlobMissing, LogCorrupt
from agentkit.events import RunStarted
from agentkit.log import Log
from agentkit.logs import blobs, schema
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Content
from agentkit.parts import Binary, Data, File
from agentkit.pictures import TranscriptPicture
from agentkit.views.fold import fold
from tests.fakes import ScriptedModel, call
from tests.media import png

CHART = png(40, 40, 7)
SECRET = "the vault's combination is 7-4-11"


def image() -> Image:
    return Image.from_bytes(CHART, name="chart.png")


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    made: Log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "a.db")
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def clerk(*script: Any, **how: Any) -> Agent:
    return Agent("clerk", model=ScriptedModel(*script), **how)


def parts_in(log: Log, run: str) -> list[Binary]:
    return [
        part
        for event in log.read(run)
        for one in event.nodes
        if isinstance(one.message.content, Content)
        for part in one.message.content.binaries
    ]


async def test_bytes_are_read_back_by_whoever_reads_the_run(log: Log) -> None:
    await clerk("A mole.")(["What?", image()], id="r", log=log)
    found = parts_in(log, "r")
    assert found == [image()] and found[0].data == CHART
    assert log.read("r")[0].content.images[0].data == CHART
    assert log.blob(image().digest) == CHART
    assert log.verify() == []


async def test_a_log_that_was_closed_gives_the_bytes_when_it_is_opened_again(path: Path) -> None:
    log = SqliteLog(path)
    with pytest.raises(ConnectionError):
        await clerk(ConnectionError("gone"))(["What?", image()], id="r", log=log)
    log.close()
    log = SqliteLog(path)
    model = ScriptedModel("A mole.")
    answer = await Agent("clerk", model=model).resume("r", log=log)
    assert answer.text == "A mole."
    assert model.requests[0].thread[-1].message.content.images[0].data == CHART
    assert log.verify() == []
    log.close()


async def test_a_log_that_is_closed_says_so_when_bytes_are_wanted(path: Path) -> None:
    log = await recorded(path)
    part = parts_in(log, "r")[0]
    log.close()
    with pytest.raises(BlobMissing, match="closed"):
        _ = part.data


async def test_bytes_are_kept_once_and_outside_of_the_rows(path: Path) -> None:
    log = SqliteLog(path)
    for n in range(4):
        await clerk("ok")([f"What? {n}", image(), image()], log=log)
    log.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT digest, data FROM blobs").fetchall() == [
            (bytes.fromhex(image().digest), CHART)
        ]
        longest = db.execute("SELECT max(length(body)) FROM events").fetchone()[0]
        assert longest < 2_000
    db.close()


async def test_messages_of_a_memory_log_share_their_bytes() -> None:
    log = MemoryLog()
    for n in range(3):
        await clerk("ok")([f"What? {n}", Image.from_bytes(bytes(bytearray(CHART)))], log=log)
    runs = [info.id for info in log.runs()]
    assert len({id(part.__dict__["_source"]) for run in runs for part in parts_in(log, run)}) == 1


async def test_text_leaves_a_file_as_it_was_but_for_an_empty_table(path: Path) -> None:
    log = SqliteLog(path)
    await clerk("ok")("What?", id="r", log=log)
    log.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
        bodies = [body for (body,) in db.execute("SELECT body FROM events")]
        assert not any('"content"' in body or '"edited"' in body for body in bodies)
    db.close()


async def recorded(path: Path) -> SqliteLog:
    log = SqliteLog(path)
    await clerk("A mole.")(["What?", image(), Data({"dues": 3})], id="r", log=log)
    return log


ATTACKS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "missing": lambda db: db.execute("DELETE FROM blobs"),
    "altered": lambda db: db.execute("UPDATE blobs SET data=?", (png(),)),
    "no bytes": lambda db: db.execute("UPDATE blobs SET data=7"),
    "erased without a seal": lambda db: db.execute("UPDATE blobs SET data=?", (b"[erased]",)),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_bytes_that_are_not_as_recorded_are_found_and_never_used(
    attack: str, path: Path
) -> None:
    log = await recorded(path)
    log.close()
    with sqlite3.connect(path) as db:
        ATTACKS[attack](db)
    db.close()
    log = SqliteLog(path)
    assert any(image().digest in text or "bytes" in text for text in log.verify())
    (found,) = parts_in(log, "r")
    with pytest.raises(BlobMissing) as caught:
        _ = found.data
    assert caught.value.digest == image().digest and "log verify" in str(caught.value)
    with pytest.raises(BlobMissing):
        log.blob("no digest")
    log.close()


def test_bytes_that_a_memory_log_lost_are_told() -> None:
    log = MemoryLog()
    log._blobs["00"] = b"x"
    assert any("altered" in text for text in log.verify())


async def test_a_run_goes_on_without_bytes_that_no_model_needs_any_more(path: Path) -> None:
    log = await recorded(path)
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM blobs")
    db.close()
    log = SqliteLog(path)
    assert (await clerk().replay("r", log=log)).text == "A mole."
    assert (await clerk().rerun("r", log=log)).text == "A mole."
    assert len([text for text in log.verify() if "missing" in text]) == 1
    log.close()


async def test_a_copy_has_the_bytes(path: Path, tmp_path: Path) -> None:
    log = await recorded(path)
    log.copy(tmp_path / "copy.db")
    log.close()
    copy = SqliteLog(tmp_path / "copy.db")
    assert parts_in(copy, "r")[0].data == CHART and copy.verify() == []
    copy.close()


async def test_another_log_is_given_the_bytes_with_the_conversation(path: Path) -> None:
    log = await recorded(path)
    thread = [n.message for e in log.read("r") for n in e.nodes]
    other = SqliteLog(path.with_name("b.db"))
    await clerk("ok")("And now?", after=thread, id="s", log=other)
    log.close()
    assert parts_in(other, "s")[0].data == CHART and other.verify() == []
    other.close()


async def test_erasing_reaches_texts_in_files_and_what_is_named_by_its_digest(path: Path) -> None:
    log = SqliteLog(path)
    file = File.from_bytes(f"Note: {SECRET}.\n".encode(), name="note.txt")
    task = ["See", file, image(), Data({"note": SECRET})]
    await clerk("ok")(task, id="r", log=log)
    head = log.head()
    assert SECRET.encode() in path.read_bytes() + Path(f"{path}-wal").read_bytes()
    assert log.erase([SECRET], dry=True).files == 1
    done = log.erase([SECRET, image().digest])
    assert done.files == 2 and done.left == ()
    assert log.verify(head) == []
    log.close()
    raw = path.read_bytes()
    assert SECRET.encode() not in raw and CHART not in raw
    log = SqliteLog(path)
    for part in parts_in(log, "r"):
        with pytest.raises(BlobMissing):
            _ = part.data
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE blobs SET data=x'00'")
    db.close()
    log = SqliteLog(path)
    assert len([text for text in log.verify() if "altered" in text]) == 2
    log.close()


async def test_an_erasure_says_which_files_it_cannot_search(path: Path) -> None:
    log = await recorded(path)
    assert log.erase([SECRET]).left == (
        "1 images and files that may show it, as a PDF or picture of it does",
    )
    log.close()


async def test_a_short_text_is_erased_where_it_is_all_of_a_file(path: Path) -> None:
    log = SqliteLog(path)
    alone, within = File.from_bytes(b"7-4-11\n"), File.from_bytes(b"It is 7-4-11 now.")
    await clerk("ok")(["See", alone, within], id="r", log=log)
    assert log.erase(["7-4-11"]).files == 1
    assert log.blob(within.digest) and log.verify() == []
    log.close()


async def test_what_is_said_again_after_an_erasure_is_recorded_again(path: Path) -> None:
    log = await recorded(path)
    log.erase([image().digest])
    with pytest.raises(BlobMissing, match="erased"):
        log.blob(image().digest)
    await clerk("ok")(["Again?", image()], id="s", log=log)
    assert log.blob(image().digest) == CHART and log.verify() == []
    log.close()


async def test_a_redaction_takes_the_bytes_that_no_other_run_has(path: Path) -> None:
    log = SqliteLog(path)
    shared = Image.from_bytes(png(9, 9), name="shared.png")
    await clerk("ok")(["What?", image(), shared], id="r", log=log)
    await clerk("ok")(["And?", shared], id="s", log=log)
    head = log.head()
    assert log.redact(["r"]).files == 1
    assert log.verify(head) == [] and parts_in(log, "s")[0].data == shared.data
    with pytest.raises(BlobMissing):
        log.blob(image().digest)
    log.close()
    assert CHART not in path.read_bytes() and b"chart.png" not in path.read_bytes()


async def test_a_file_of_the_version_before_gets_the_table(path: Path) -> None:
    log = SqliteLog(path)
    await clerk("ok")("What?", id="r", log=log)
    log.close()
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("DROP TABLE blobs")
        db.execute(f"PRAGMA user_version={blobs.FIRST - 1}")
    db.close()
    reader = SqliteLog(path, write=False)
    assert reader.verify() == [] and len(reader.read("r")) > 3
    with pytest.raises(BlobMissing):
        reader.blob("00" * 32)
    reader.close()
    log = SqliteLog(path)
    assert log.version == len(schema.MIGRATIONS)
    await clerk("ok")(["What?", image()], id="s", log=log)
    assert log.verify() == [] and parts_in(log, "s")[0].data == CHART
    log.close()


async def test_an_altered_reference_is_an_altered_message(path: Path) -> None:
    log = await recorded(path)
    log.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE messages SET body=replace(body, 'chart.png', 'chirt.png')")
    db.close()
    log = SqliteLog(path)
    assert any("altered" in text for text in log.verify())
    with pytest.raises(LogCorrupt):
        await clerk("ok").rerun("r", log=log)
    log.close()


HOSTILE = [
    [{"type": "image", "media_type": "image/png", "sha256": "zz", "size": -5}],
    [{"type": "image", "media_type": "text/html", "name": "<img src=x>", "size": 10**30}],
    [{"type": "file", "url": "javascript:alert(1)", "name": "a\n\n# b"}],
    [{"type": "image", "sha256": "ab" * 5_000, "size": 1}],
    [{"type": "data", "value": {"a": [None, 1e308]}, "name": 7}],
    [[], None, 7],
    {"type": "image"},
    [{"type": "image", "sha256": {"$gt": ""}}, "x" * 10_000],
]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: str(content)[:40])
@pytest.mark.parametrize("table", ["messages", "events"])
async def test_a_log_that_was_made_to_mislead_is_told_and_shown(
    content: Any, table: str, path: Path
) -> None:
    log = await recorded(path)
    log.close()
    with sqlite3.connect(path) as db:
        change = f"UPDATE {table} SET body=json_set(body, '$.content', json(?)) WHERE body LIKE ?"
        changed = db.execute(change, (json.dumps(content), '%"sha256"%'))
        assert changed.rowcount == 1
    db.close()
    log = SqliteLog(path)
    assert log.verify() != []
    try:
        events = log.read("r")
    except LogCorrupt:
        log.close()
        return
    own = events[0].content if table == "events" else None
    for part in parts_in(log, "r") if own is None else own.binaries:
        with pytest.raises(BlobMissing):
            _ = part.data
    view = fold(TranscriptPicture(), events)
    shown = view.to_html() + view.to_svg()
    assert "<img src=x" not in shown and str(view) and view.to_markdown()
    assert table == "events" or "data:image/png" not in shown
    log.close()


async def test_what_a_newer_version_says_in_a_message_is_shown_and_sound(path: Path) -> None:
    strange = {"type": "hologram", "sha256": "ab" * 32, "depth": 3}
    message = Message.model_validate({"role": "user", "content": ["See", strange]})
    log = SqliteLog(path)
    await clerk("ok")("And?", after=[message], id="r", log=log)
    log.close()
    log = SqliteLog(path)
    assert log.verify() == []
    texts = [n.message.text for e in log.read("r") for n in e.nodes]
    assert "See\n[part of an unknown type, 'hologram']" in texts
    log.close()


async def test_data_as_deep_as_they_may_be_read_back(path: Path) -> None:
    log = SqliteLog(path)
    await clerk("ok")(["See", Data(json.loads("[" * 100 + "]" * 100))], id="r", log=log)
    log.close()
    log = SqliteLog(path)
    assert log.verify() == [] and (await clerk().rerun("r", log=log)).text == "ok"
    log.close()


async def test_a_tools_image_is_stored_before_its_model_has_seen_it(path: Path) -> None:
    @tool(effect="once")
    def draw() -> Image:
        """Draw."""
        return image()

    log = SqliteLog(path)
    with pytest.raises(ConnectionError):
        await clerk([call("draw")], ConnectionError("gone"), tools=[draw])("Draw.", id="r", log=log)
    log.close()
    log = SqliteLog(path)
    assert log.blob(image().digest) == CHART
    model = ScriptedModel("A mole.")
    await Agent("clerk", model=model, tools=[draw]).resume("r", log=log)
    assert model.requests[0].thread[-1].message.content.images[0].data == CHART
    log.close()


async def test_the_log_of_a_process_is_found_by_its_url(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/b.db")
    await clerk("ok")(["What?", image()], id="r", log=log)
    start = log.read("r")[0]
    assert isinstance(start, RunStarted) and start.content is not None
    log.close()
