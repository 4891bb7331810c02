"""A memory that is only read: its agent has no tool that writes, and a write is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Memory, open_log, run
from agentkit.testing import ScriptedModel, call
from memory import Board, PagedMemory, ReadOnly, StreamMemory, VectorMemory
from memory.board.versions import Consistency

Writes = list[Callable[[], Awaitable[Any]]]


def board(path: Path) -> tuple[Any, Writes]:
    made = Board("port", "lww", replicas=("a", "b"), log=open_log("memory:"))
    shown = made.read_only()
    there, there_too = shown.at("b"), made.at("b").read_only()
    return made, [
        lambda: shown.write("quay", 1),
        lambda: shown.update("quay", lambda _: 2),
        lambda: shown.clear(),
        lambda: there.write("quay", 3),
        lambda: there.moved("a").write("quay", 4),
        lambda: there_too.update("quay", lambda _: 5),
    ]


def stream(path: Path) -> tuple[Any, Writes]:
    made = StreamMemory("days", store="numpy", embedder="hashed", path=path, importance=3)
    shown = made.read_only()
    return made, [
        lambda: shown.observe("The light is out."),
        lambda: shown.forget("x"),
        lambda: shown.clear(),
        lambda: shown.mark(),
    ]


def paged(path: Path) -> tuple[Any, Writes]:
    model = ScriptedModel()
    made = PagedMemory("case", window_tokens=2000, model=model, blocks={"human": "Ann"}, path=path)
    shown = made.read_only()
    return made, [
        lambda: shown.core_append("human", "wants a berth"),
        lambda: shown.core_replace("human", "Ann", "Bob"),
        lambda: shown.forget("x"),
        lambda: shown.archive.remember("a fact"),
    ]


def vector(path: Path) -> tuple[Any, Writes]:
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=path)
    shown = made.read_only()
    return made, [lambda: shown.remember("a fact"), lambda: shown.forget("x"), shown.clear]


@pytest.mark.parametrize("make", [board, stream, paged, vector])
async def test_every_write_is_refused_and_no_tool_writes(make: Any, tmp_path: Path) -> None:
    memory, writes = make(tmp_path)
    async with run(log=open_log("memory:")):
        for write in writes:
            with pytest.raises(ReadOnly, match="is only read"):
                await write()
    shown: Memory = memory.read_only()
    kept, gone = ({one.spec.name for one in each.tools} for each in (shown, memory))
    assert kept < gone and {one.effect for one in shown.tools} == {"pure"}
    # The one that it was made from writes as before.
    assert {one.effect for one in memory.tools} == {"pure", "idempotent"} or make is stream


@pytest.mark.parametrize("consistency", ["cas", "lww", "vector", "crdt"])
async def test_an_agent_reads_a_board_that_others_write(consistency: Consistency) -> None:
    log = open_log("memory:")
    made = Board("port", consistency, log=log)
    await made.write("quay", "free")
    model = ScriptedModel(
        call("port_write", key="quay", value="mine"), call("port_read", key="quay"), "done"
    )
    clerk = Agent("clerk", model=model, memory=made.read_only())
    answer = await clerk("Take the quay.", log=log)
    results = [one.message for one in answer.thread if one.message.role == "tool"]
    assert "no tool 'port_write'" in results[0].text and '"free"' in results[1].text
    assert (await made.read("quay")).value == "free"
    await made.write("quay", "taken")
    assert (await made.read_only().read("quay")).value == "taken"


async def test_reading_a_stream_that_is_only_read_is_no_access(tmp_path: Path) -> None:
    hours = [0.0]
    days = StreamMemory(
        "days", store="numpy", embedder="hashed", path=tmp_path, importance=3, reflect=False,
        clock=lambda: hours[0],
    )  # fmt: skip
    async with run(log=open_log("memory:")):
        await days.observe("The light of the mole is out.")
        hours[0] = 5.0
        shown = days.read_only()
        assert [hit.text for hit in await shown.recall("light")] == [
            "The light of the mole is out."
        ]
        assert [one.accessed for one in await days.records()] == [0.0]
        await Agent("ann", model=ScriptedModel("It is out."), memory=shown)("Is the light on?")
        assert [(one.accessed, len(await days.records())) for one in await days.records()] == [
            (0.0, 1)
        ]
        await days.recall("light")
        assert [one.accessed for one in await days.records()] == [5.0]
    await days.close()
