"""Of the facts with one key one holds, on a server to which several processes write at once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentkit import run
from agentkit.logs.memory import MemoryLog
from memory import VectorMemory
from memory.rivals import holders, in_order, overlapping
from memory.stores import Item
from memory.stores.fact import Fact
from tests.fakes import FakeClock
from tests.memory.stores.chromaserver import Server

PROCESSES, ROUNDS = 3, 6

WRITER = """
import asyncio, json, sys, time
from pathlib import Path
from memory import VectorMemory

async def main():
    url, name, me, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    notes = VectorMemory(name, store=url, embedder="hashed", path=".")
    await notes.count()
    Path(f"ready{me}").touch()
    while not Path("go").exists():
        await asyncio.sleep(0.005)
    seen = []
    for n in range(rounds):
        await notes.remember(f"Ana lives in house {n} of {me}.", key="ana", metadata={"of": "ana"})
        seen.append([one.text for one in await notes.recall("Ana", k=50, where={"of": "ana"})])
        await notes.update("ben", f"Ben lives in house {n} of {me}.")
        seen.append([one.text for one in await notes.recall("Ben", k=50, where={"of": "ben"})])
        held = [one for one in await notes.items() if one.fact.holds(time.time())]
        seen += [[one.text for one in held if one.metadata["of"] == who] for who in ("ana", "ben")]
    print(json.dumps(seen))
    await notes.close()

asyncio.run(main())
"""


def in_processes(url: str, name: str, folder: Path) -> list[list[list[str]]]:
    """What each of several processes saw, after each of its writes."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, name, str(n), str(ROUNDS)],
            stdout=subprocess.PIPE,
            cwd=folder,
            env=os.environ | {"AGENTKIT_LOG": f"sqlite:///{folder}/{n}.db"},
        )
        for n in range(PROCESSES)
    ]
    end = time.monotonic() + 240
    while len(list(folder.glob("ready*"))) < PROCESSES and time.monotonic() < end:
        time.sleep(0.02)
    (folder / "go").touch()
    return [json.loads(one.communicate(timeout=240)[0]) for one in started]


@pytest.mark.timeout(600)
async def test_one_fact_of_a_key_holds_though_processes_write_to_a_server_at_once(
    server: Server, tmp_path: Path
) -> None:
    name = f"facts{time.time_ns()}"
    notes = VectorMemory(name, store=server.url, embedder="hashed", path=tmp_path)
    await notes.remember("Ben lives.", ids="ben", metadata={"of": "ben"})
    told = await asyncio.to_thread(in_processes, server.url, name, tmp_path)
    for seen in told:
        assert [len(one) for one in seen] == [1] * 4 * ROUNDS, seen
    for who in ("ana", "ben"):
        assert len(await notes.recall("lives", k=200, where={"of": who})) == 1
    history = await notes.history("ana")
    assert len(history) == PROCESSES * ROUNDS
    for before, after in zip(history, history[1:], strict=False):
        assert before.fact.until <= after.fact.since
    # It is stored so, too: forgetting what holds brings nothing back.
    stored = [one.told() for one in await notes.store.get()]
    assert overlapping(stored) == []
    assert len([one for one in stored if one.fact.valid_until is None]) == 2
    await notes.forget(history[-1].id)
    assert await notes.recall("Ana", k=200, where={"of": "ana"}) == []
    await notes.close()


def rival(id: str, since: float, **more: Any) -> Item:
    return Item(id=id, text=f"Ana lives in {id}.", fact=Fact(created=since, key="ana", **more))


async def test_what_a_writer_that_died_left_is_seen_as_one_fact_by_all(
    server: Server, tmp_path: Path
) -> None:
    notes = VectorMemory(
        f"left{time.time_ns()}", store=server.url, embedder="hashed", path=tmp_path
    )
    facts = [rival("Amber", 10.0), rival("Briar", 12.0), rival("Cobalt", 11.0)]
    made = await notes.embedder.embed([one.text for one in facts])
    await notes.store.put([one.kept() for one in facts], made.vectors)
    assert [hit.item.id for hit in await notes.recall("Where does Ana live?")] == ["Briar"]
    # The nearest do not hold: those that do are found all the same.
    assert [hit.item.id for hit in await notes.recall("Ana lives in Amber.", k=1)] == ["Briar"]
    assert [hit.item.id for hit in await notes.recall("Ana", at=11.5)] == ["Cobalt"]
    assert len(await notes.recall("Ana", history=True)) == 3
    assert [one.fact.superseded_by for one in await notes.history("ana")] == ["Cobalt", "Briar", ""]
    assert {one.id for one in await notes.items() if one.fact.holds(99.0)} == {"Briar"}
    file = io.StringIO()
    await notes.export(file)
    copy = VectorMemory("copy", store="numpy", embedder="hashed", path=":memory:")
    file.seek(0)
    await copy.import_(io.StringIO(file.getvalue().replace("left", "copy")), other_scope=True)
    assert [hit.item.id for hit in await copy.recall("Where does Ana live?")] == ["Briar"]
    # The next writer stores what everybody saw.
    await notes.remember("Ana lives in Dune.", key="ana")
    assert overlapping(one.told() for one in await notes.store.get()) == []
    await notes.close()


async def test_a_slow_clock_makes_no_history_of_what_it_tells(tmp_path: Path) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    fast, slow = MemoryLog(clock=FakeClock(1_000.0)), MemoryLog(clock=FakeClock(900.0))
    async with run(log=fast):
        await notes.remember("Ana lives in Amber.", key="ana")
    async with run(log=slow):
        await notes.remember("Ana lives in Briar.", key="ana")
    for log in (fast, slow):
        async with run(log=log):
            found = await notes.recall("Where does Ana live?")
            assert [hit.text for hit in found] == ["Ana lives in Briar."]
    await notes.close()


def test_the_pieces_of_one_text_hold_together() -> None:
    pieces = [rival(f"a/{n}", 5.0, run="r", step="s") for n in range(3)]
    facts = [rival("old", 4.0), *pieces, rival("late", 3.0, valid_from=1.0)]
    seen = in_order(facts)
    assert {one.id for one in holders(seen, 9.0, past=False)} == {"a/0", "a/1", "a/2"}
    assert [(one.id, one.fact.until) for one in seen if one.fact.valid_until is not None] == [
        ("old", 5.0),
        ("late", 4.0),
    ]
    assert overlapping(seen) == []
