"""Writers of a collection on a Chroma server, in several processes, one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from memory import VectorMemory
from memory.errors import StoreTaken
from memory.sleep.changes import ItemChange, change
from memory.stores import chromaturn
from memory.writing import writing
from tests.memory.stores.chromaserver import Server

ROUNDS = 12

OTHER = """
import asyncio, sys
from agentkit.errors import SetupError
from memory import VectorMemory

async def main():
    url, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    notes = VectorMemory(name, store=url, embedder="hashed", path=".")
    await notes.count()
    print("ready", flush=True)
    edited = []
    for n in range(rounds):
        sys.stdin.readline()
        for id in (f"a{n}", f"b{n}"):
            try:
                await notes.edit(id, f"{id[0]} lives in house {n}.")
                edited += [n] if id[0] == "b" else []
            except SetupError:
                pass
        print("done", flush=True)
    print(edited, flush=True)
    await notes.close()

asyncio.run(main())
"""


@pytest.fixture
async def notes(server: Server, tmp_path: Path) -> AsyncIterator[VectorMemory]:
    name = f"turns{time.time_ns()}"
    made = VectorMemory(name, store=server.url, embedder="hashed", path=tmp_path)
    yield made
    await made.close()


@pytest.mark.timeout(300)
async def test_an_edit_of_another_process_is_not_lost_and_brings_nothing_back(
    server: Server, notes: VectorMemory, tmp_path: Path
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, server.url, notes.name, str(ROUNDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"AGENTKIT_LOG": f"sqlite:///{tmp_path}/other.db"},
    )
    assert other.stdin and other.stdout
    merged = []
    try:
        assert await asyncio.to_thread(other.stdout.readline) == "ready\n"
        for n in range(ROUNDS):
            ids = [f"a{n}", f"b{n}", f"c{n}"]
            await notes.remember(["a lives.", "b lives.", "B lives."], ids=ids)
            b, c = await notes.store.get(ids[1:])
            other.stdin.write("go\n")
            other.stdin.flush()
            await asyncio.sleep(0.003 * n)
            await notes.forget(f"a{n}")
            if await change(notes, ItemChange(verb="merge", before=(b, c), after=(c,))):
                merged.append(n)
            assert await asyncio.to_thread(other.stdout.readline) == "done\n"
        edited = json.loads(await asyncio.to_thread(other.stdout.readline))
    finally:
        other.kill()
        other.communicate()
    held = {one.id: one.text for one in await notes.items()}
    assert sorted(merged + edited) == [*range(ROUNDS)], (merged, edited)
    assert held == {
        **{f"b{n}": f"b lives in house {n}." for n in edited},
        **{f"c{n}": "B lives." for n in range(ROUNDS)},
    }


async def turn_of(notes: VectorMemory) -> chromaturn.ServerTurn:
    """The turn of another process, as far as the server can tell."""
    store = notes.shelf.opened(notes.name)
    await store.count()
    turn = store.turn  # type: ignore[attr-defined]
    assert isinstance(turn, chromaturn.ServerTurn)
    return turn


async def test_who_died_in_its_turn_keeps_nobody_out(
    notes: VectorMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromaturn, "SILENT_S", 0.2)
    dead = await turn_of(notes)
    await dead.__aenter__()
    assert dead._beating is not None
    dead._beating.cancel()
    await notes.remember("Amber is deep.", ids="a")
    assert await notes.count() == 1
    # What it may still say ends nobody else's turn.
    await notes.remember("Briar is shallow.", ids="b")
    async with writing(notes.store):
        await dead.__aexit__()
        late = await turn_of(notes)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await late.__aenter__()


async def test_who_was_stopped_in_its_turn_writes_nothing_afterwards(
    notes: VectorMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notes.remember("Amber is deep.", ids="a")
    (item,) = await notes.store.get()
    monkeypatch.setattr(chromaturn, "SURE_S", -1.0)
    with pytest.raises(StoreTaken, match="another one may write it"):
        await notes.edit("a", "Amber is shallow.")
    with pytest.raises(StoreTaken):
        await notes.forget("a")
    assert await notes.store.get() == [item]
    monkeypatch.undo()
    await notes.edit("a", "Amber is shallow.")


async def test_who_is_cancelled_while_it_takes_its_turn_keeps_nobody_out(
    notes: VectorMemory,
) -> None:
    turn, other = await turn_of(notes), await turn_of(notes)
    for n in range(12):
        taking = asyncio.ensure_future(turn.__aenter__())
        await asyncio.sleep(0.001 * n)
        if not taking.cancel():
            await turn.__aexit__()
        await asyncio.wait([taking])
        async with asyncio.timeout(5), other:
            pass


async def test_a_turn_that_was_deleted_long_ago_is_not_taken_again(notes: VectorMemory) -> None:
    one, other = await turn_of(notes), await turn_of(notes)
    for _ in range(chromaturn.MANY // 2 + 3):
        async with one:
            pass
    rows = await one._do(lambda turns: turns.get(include=[]))
    assert len(rows["ids"]) < chromaturn.MANY and "1" not in rows["ids"]
    assert not await other._took(1, "late")
    async with one:
        assert not await other._took(one._number, "late")
        assert not await other._took(1, "late")
    async with other:
        assert other._number == one._number + 1
