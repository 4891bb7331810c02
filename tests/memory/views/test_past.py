"""The state of runs and of shared state at a past event."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import pattern, run
from agentkit.errors import SetupError, UnknownRun
from agentkit.events import StateChanged
from agentkit.logs.memory import MemoryLog
from memory import Board, State, state_at
from memory.journal import JOURNALS


def board(log: MemoryLog, replicas: tuple[str, ...] = ("main",)) -> Board:
    return Board("port", "lww", replicas=replicas, log=log)


async def test_a_run_knows_at_each_event_what_the_board_held_then() -> None:
    log = MemoryLog()
    port = board(log)

    @pattern
    async def clerk(task: str) -> str:
        await port.write("berth", "Heron")
        await port.write("berth", "Avocet")
        return "done"

    answer = await clerk("go", log=log)
    events = log.read(answer.run_id)
    writes = [e.seq for e in events if e.kind == "step.ended"]
    held = [state_at(answer.run_id, seq, log=log).values for seq in (1, *writes)]
    assert held == [{}, {"port": {"berth": "Heron"}}, {"port": {"berth": "Avocet"}}]
    assert list(state_at("last", log=log).changes) == writes


async def test_a_difference_names_what_is_new_gone_and_changed() -> None:
    log = MemoryLog()

    def apply(state: dict[str, Any], event: Any) -> dict[str, Any]:
        return {name: value for name, value in {**state, **event}.items() if value is not None}

    dues = State("dues", {}, apply, log=log)
    await dues.record({"heron": 5, "avocet": 1})
    first = log.runs(streams=True)[0].events
    for event in ({"heron": 6}, {"avocet": None}, {"raven": 2}):
        await dues.record(event)
    changed = state_at("dues", log=log).diff(state_at("dues", 2, log=log))
    assert first and [row[0] + row[2] for row in changed.rows()] == ["~heron", "-avocet", "+raven"]
    assert "~ dues · heron = 5 → 6" in repr(changed)
    assert "before" in changed._repr_html_() and "| &#126; | dues | heron | 5 | 6 |" in (
        changed._repr_markdown_()
    )
    same = state_at("dues", 2, log=log).diff(state_at("dues", 2, log=log))
    assert "nothing changed" in repr(same) and "nothing changed" in same._repr_html_()


async def test_replicas_that_differ_stand_beside_each_other() -> None:
    log = MemoryLog()
    port = board(log, ("north", "south"))
    port.network.partition("north", "south")
    await port.at("north").write("quay", 1)
    await port.at("south").write("quay", 2)
    state = state_at("port", log=log)
    assert state.values == {"port on north": {"quay": 1}, "port on south": {"quay": 2}}
    assert "port on south · quay = 2" in repr(state)


async def test_what_a_run_changed_itself_is_its_own() -> None:
    log = MemoryLog()
    async with run("count", log=log) as opened:
        for n in (1, 2):
            opened.emit(StateChanged, "", name="total", value=n)
    changes = state_at(opened.id, log=log).changes
    assert [state_at(opened.id, seq, log=log).values["the run"]["total"] for seq in changes] == [
        1,
        2,
    ]


async def test_shared_state_that_nobody_opened_is_named_and_not_guessed() -> None:
    log = MemoryLog()
    async with run("lesson", log=log) as opened:
        await board(log).write("berth", "Heron")
    del JOURNALS[id(log), "port"]
    state = state_at(opened.id, log=log)
    assert list(state.unread) == ["port"] and "open it here" in repr(state)
    assert state_at("port", log=log).unread


async def test_positions_that_do_not_exist_are_refused() -> None:
    log = MemoryLog()
    async with run("lesson", log=log) as opened:
        await board(log).write("berth", "Heron")
    last = log.runs()[0].events
    for seq in (0, last + 1):
        with pytest.raises(SetupError, match=f"has no event {seq}") as caught:
            state_at(opened.id, seq, log=log)
        assert f"1 to {last}" in str(caught.value)
    with pytest.raises(UnknownRun):
        state_at("nobody", log=log)


async def test_values_are_data_in_html() -> None:
    log = MemoryLog()
    await board(log).write("<b>", "<script>alert(1)</script>")
    html = state_at("port", log=log)._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html
