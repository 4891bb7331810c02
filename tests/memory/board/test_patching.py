"""Events of CRDT boards carry the change alone, and those of older boards are still read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from agentkit import Log, run
from agentkit.errors import LogCorrupt
from agentkit.events import RunStarted, StateChanged
from agentkit.lease import Lease
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from memory import Board
from memory.board.patching import alike, patch, patched
from memory.errors import Conflict
from memory.snapshots import size
from tests.memory.board.test_crdt import VALUES

OLD = json.loads((Path(__file__).with_name("old_crdt.json")).read_text())
"""What boards wrote when each event had the whole value: on one replica and on two, without and
with snapshots."""


@given(before=VALUES, after=VALUES)
@settings(deadline=None)
def test_what_differs_turns_one_value_into_the_other(before: Any, after: Any) -> None:
    kept = json.dumps(before)
    found = json.loads(json.dumps(patch(before, after)))
    assert alike(patched(before, found), after) and json.dumps(before) == kept
    assert (found == []) == alike(before, after)


def test_true_one_and_one_point_nought_are_told_apart() -> None:
    for before, after in [(1, True), (1, 1.0), ([0], [False]), ({"a": 0}, {"a": False})]:
        assert alike(patched(before, patch(before, after)), after)
        assert not alike(before, after)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ("abc", [[[], 1, 9, "x"]]), ("abc", [[[], 2, 1, "x"]]), ("abc", [[[], 0, 1, [1]]]),
        ([1], [[[], 0, 1, "x"]]), ({"a": 1}, [[["b"]]]), ({"a": 1}, [[["b", "c"], 2]]),
        (3, [[["a"], 2]]), ("abc", [[[], "0", 1, "x"]]), ("abc", [7]), ("abc", [[]]),
        (None, [[["a"]]]), ("abc", [[[], 0, 1]]),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_refused(value: Any, change: Any) -> None:
    with pytest.raises(ValueError, match="fits no such value"):
        patched(value, change)


def events(board: Board) -> list[StateChanged]:
    return [event for event in board.journal.events() if event.name == "written"]


@pytest.mark.parametrize("replicas", [("main",), ("a", "b")])
async def test_an_event_takes_room_by_what_it_changes(replicas: tuple[str, ...]) -> None:
    board = Board("port", "crdt", replicas=replicas, log=MemoryLog())
    text = "The quay of Amber is long. " * 2000
    async with run(log=board.journal.log):
        await board.write("page", text)
        await board.write("card", {"page": text, "n": 1, "seen": []})
        for n in range(20):
            now = (await board.read("page")).value
            await board.write("page", now[: 900 * n] + f"[{n}]" + now[900 * n :])
            card = (await board.read("card")).value
            await board.write("card", {**card, "n": n, "seen": [*card["seen"], f"by {n}"]})
    changes = events(board)[2:]
    assert max(size(event.value) for event in changes) < 600
    first = events(board)[0]
    assert size(first.value) < len(text) * (1.1 if len(replicas) == 1 else 1.5)
    assert [one.value for one in board.history("page")][-1] == (await board.read("page")).value
    assert board.history("card")[5].value["n"] == 4


async def test_the_events_alone_give_the_same_board(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", log=log)
    values: list[Any] = ["a quay", "a long quay", "", {"x": 1}, {"x": {"y": [1, 2]}}, [1], None, 2]
    async with run(log=log):
        for value in values:
            await board.write("k", value, based_on=())
    held = board.state.held
    assert [one.value for one in board.history()] == values
    log.close()
    again = Board("port", "crdt", log=SqliteLog(tmp_path / "one.db"))
    assert again.state.held == held
    assert again.state.held == again.journal.rebuild().held


def filled(old: Any) -> tuple[Log, Lease]:
    """A log with the events that a board wrote once, and the lease to go on."""
    log = MemoryLog()
    lease = log.begin_stream("port")
    run = "state:port"
    log.append(lease, RunStarted(run=run, seq=1, at=0, scope="", name="port", what="stream"))
    for n, (name, at, value) in enumerate(old["events"]):
        log.append(lease, StateChanged(run=run, seq=n + 2, at=at, scope="", name=name, value=value))
    log.commit()
    return log, lease


@pytest.mark.parametrize("snapshots", [False, True])
@pytest.mark.parametrize("old", OLD, ids=["one", "one, packed", "two", "two, packed"])
async def test_what_older_boards_wrote_is_read_and_gone_on_from(old: Any, snapshots: bool) -> None:
    log, lease = filled(old)
    board = Board("port", "crdt", replicas=old["replicas"], log=log)
    board.journal.every, board.journal.lease = 5, lease
    if not snapshots:
        board.journal.rebuild()
    assert board._held(board.state) == old["held"]
    assert board.lost == old["lost"]
    page = old["held"][old["replicas"][0]]["page"]
    async with run(log=log):
        await board.read("page")
        await board.write("page", f"{page} It rains.")
        card = (await board.read("card")).value
        await board.write("card", {**card, "dues": 2})
        with pytest.raises(Conflict):
            await board.at(old["replicas"][0]).write("n", 9)
        await board.reconcile()
    now = board._held(board.state)
    assert {one["page"] for one in now.values()} == {f"{page} It rains."}
    assert {one["card"]["dues"] for one in now.values()} == {2}
    assert "value" not in events(board)[-1].value["value"]
    assert board._held(board.journal.rebuild()) == now
    assert board.history("page")[-1].value == f"{page} It rains."
    assert all(board.version(one).n == one.seq for one in events(board))


async def test_a_change_of_what_is_not_there_is_told() -> None:
    written = {"value": {"key": "k", "patch": [[[], 0, 1, "x"]]}}
    log, _ = filled({"events": [["written", 1.0, written]]})
    with pytest.raises(LogCorrupt, match="cannot be applied"):
        Board("port", "crdt", log=log)


async def test_what_is_erased_leaves_later_changes_in_their_places(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", log=log)
    secret = "Zoë 🦓 lives at 12 Dock Road"
    async with run(log=log):
        await board.write("page", f"Seen: {secret}. It rained.")
        await board.write("card", {"who": secret, "name": "Zebra", "port": "Amber"})
        now = (await board.read("page")).value
        await board.write("page", f"{now} It is dry.")
        await board.write("card", {**(await board.read("card")).value, "port": "Beryl"})
        await board.write("page", f"{now[:4]}!{now[4:]} It is dry: {secret}.")
    log.erase([secret, "Zebra"])
    assert b"Dock" not in (tmp_path / "one.db").read_bytes()
    page, card = [(await board.read(key)).value for key in ("page", "card")]
    assert page.startswith("Seen!: ") and "It rained. It is dry: " in page and "Dock" not in page
    assert card["port"] == "Beryl" and card["name"] == "xxxxx" and len(card["who"]) == len(secret)
    assert log.verify() == []
    assert board.journal.rebuild().value("main", "page") == page
