"""Stores that several users have: in one process, in two, or on a server that goes away."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.errors import OtherEmbedder, StoreGone, StoreTaken, StoreUnreachable
from memory.stores import Item, Store, chromaclients
from memory.stores.choose import store
from memory.writing import mark_of, put_since, writing
from tests.memory.stores.chromaserver import ITEMS, ROWS, STORES, Server, free_port

OTHER = """
import asyncio, sys
from memory.stores import Item
from memory.stores.choose import store
import numpy as np
async def main():
    made = store("notes", sys.argv[1], "test", sys.argv[2])
    await made.put([Item(id="other", text="from next door")], np.ones((1, 4), np.float32))
asyncio.run(main())
"""


def in_other_process(kind: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return STORES.run("-c", OTHER, kind, str(folder), cwd=folder, env=os.environ, timeout_s=120)


@pytest.mark.timeout(300)
async def test_a_folder_is_kept_as_long_as_one_of_its_users_is_open(tmp_path: Path) -> None:
    first, second = (store(name, "chroma", "test", tmp_path) for name in ("notes", "more"))
    await first.put(ITEMS, ROWS)
    await second.put(ITEMS[:1], ROWS[:1])
    await first.close()
    assert (await asyncio.to_thread(in_other_process, "chroma", tmp_path)).returncode != 0
    assert await second.count() == 1
    await second.close()
    assert (await asyncio.to_thread(in_other_process, "chroma", tmp_path)).returncode == 0
    again = store("notes", "chroma", "test", tmp_path)
    hits = await again.near(np.ones(4, np.float32), 1)
    assert hits[0].item.id == "other", "what the other process wrote is seen"
    assert await again.count() == 4
    await again.close()


@pytest.mark.timeout(300)
async def test_two_processes_share_a_numpy_store_and_see_each_other(tmp_path: Path) -> None:
    mine = store("notes", "numpy", "test", tmp_path)
    await mine.put(ITEMS, ROWS)
    assert await mine.count() == 3
    done = await asyncio.to_thread(in_other_process, "numpy", tmp_path)
    assert done.returncode == 0, done.stderr
    assert [one.id for one in await mine.get()] == ["i0", "i1", "i2", "other"]
    await mine.close()


async def test_a_write_is_not_made_on_what_another_has_changed_since(tmp_path: Path) -> None:
    one, other = (store("notes", "numpy", "test", tmp_path) for _ in range(2))
    mark = await mark_of(one)
    await one.put(ITEMS[:1], ROWS[:1])
    assert await put_since(one, ITEMS[1:2], ROWS[1:2], mark), "its own writes count for nothing"
    mark = await mark_of(one)
    await other.put(ITEMS[2:3], ROWS[2:3])
    assert not await put_since(one, ITEMS[:1], ROWS[1:2], mark)
    assert not await put_since(one, ITEMS[:1], ROWS[1:2], mark)
    assert (await one.vectors([ITEMS[0].id])).tolist() == ROWS[:1].tolist()
    assert await put_since(one, ITEMS[:1], ROWS[1:2], await mark_of(one))
    assert (await other.vectors([ITEMS[0].id])).tolist() == ROWS[1:2].tolist()
    assert writing(one) is writing(other)
    await one.close()
    await other.close()


@pytest.mark.timeout(300)
async def test_a_second_process_on_embedded_chroma_is_told_who_to_ask(tmp_path: Path) -> None:
    mine = store("notes", "chroma", "test", tmp_path)
    await mine.put(ITEMS, ROWS)
    done = await asyncio.to_thread(in_other_process, "chroma", tmp_path)
    assert done.returncode != 0
    assert StoreTaken.__name__ in done.stderr and "chroma run" in done.stderr
    await mine.close()
    done = await asyncio.to_thread(in_other_process, "chroma", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(300)
async def test_a_server_that_is_killed_in_mid_write_is_tried_again_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.stores.chroma.PAUSES_S", (0.5,) * 60)
    running, many = Server(tmp_path), 12_000  # three writes of Chroma's
    running.start()
    try:
        made, watching = (store("notes", running.url, "test", tmp_path) for _ in range(2))
        items = [Item(id=f"i{n}", text=f"text {n}") for n in range(many)]
        writing = asyncio.ensure_future(made.put(items, np.ones((many, 4), np.float32)))
        async with asyncio.timeout(120):
            while not (stored := await watching.count()):
                assert not writing.done()
                await asyncio.sleep(0.01)
        running.kill()
        assert 0 < stored < many, "it was killed before the write, or after"
        await asyncio.to_thread(running.start)
        async with asyncio.timeout(120):
            await writing
        assert await watching.count() == many
        assert len({one.id for one in await made.get()}) == many
        await watching.close()
        await made.close()
    finally:
        running.kill()


async def test_a_server_that_stays_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.stores.chroma.PAUSES_S", (0.2,))
    made = store("notes", f"http://127.0.0.1:{free_port()}", "test", tmp_path)
    with pytest.raises(StoreUnreachable, match="chroma run"):
        await made.put(ITEMS, ROWS)
    await made.close()


async def test_a_server_that_never_answers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.stores.chroma.PAUSES_S", ())
    monkeypatch.setattr("memory.stores.chromaclients.ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        made = store("notes", f"http://127.0.0.1:{mute.getsockname()[1]}", "test", tmp_path)
        with pytest.raises(StoreUnreachable, match="ReadTimeout"):
            await made.put(ITEMS, ROWS)
        await made.close()


async def test_two_users_of_a_server_see_each_other(server: Server, tmp_path: Path) -> None:
    name = f"shared{time.time_ns()}"
    mine, theirs = (store(name, server.url, "test", tmp_path) for _ in range(2))
    await mine.put(ITEMS, ROWS)
    await theirs.put([Item(id="other", text="from next door")], np.eye(1, 4, 3))
    assert [one.id for one in await mine.get()] == ["i0", "i1", "i2", "other"]
    assert [hit.item.id for hit in await theirs.near(ROWS[1], 1)] == ["i1"]
    await mine.close()
    await theirs.close()


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_was_deleted_or_replaced_is_noticed(
    tmp_path: Path, replaced: bool
) -> None:
    mine = store("notes", "numpy", "test", tmp_path)
    await mine.put(ITEMS, ROWS)
    file = Path(mine.path)  # type: ignore[attr-defined]
    for one in tmp_path.rglob(f"{file.name}*"):
        one.unlink()
    other = store("notes", "numpy", "test", tmp_path) if replaced else None
    told = "was replaced" if replaced else "was deleted"
    for use in (mine.put(ITEMS, ROWS), mine.near(ROWS[0], 1), mine.get(), mine.drop(["i0"])):
        with pytest.raises(StoreGone, match=told):
            await use
    await mine.close()
    again = other or store("notes", "numpy", "test", tmp_path)
    assert await again.count() == 0
    await again.put(ITEMS, ROWS)
    await again.erase(["i0"])
    assert await again.count() == 2
    await again.close()


async def uses(mine: Store) -> None:
    """Every call must say that what it was to reach is gone."""
    for use in (mine.put(ITEMS, ROWS), mine.near(ROWS[0], 1), mine.get(), mine.drop(["i0"])):
        with pytest.raises(StoreGone, match="was (deleted|replaced)"):
            await use


async def test_a_collection_that_somebody_deleted_on_a_server_is_noticed(
    server: Server, tmp_path: Path
) -> None:
    name = f"gone{time.time_ns()}"
    mine, never = (store(name, server.url, "test", tmp_path) for _ in range(2))
    await mine.put(ITEMS, ROWS)
    theirs = chromaclients.remote(server.url)
    await asyncio.to_thread(theirs.delete_collection, name)
    await uses(mine)
    # Nothing was made in its place; a memory that is opened now begins one.
    names = [one.name for one in await asyncio.to_thread(theirs.list_collections)]
    assert name not in names
    assert await never.count() == 0
    await never.put(ITEMS[:1], ROWS[:1])
    assert [one.id for one in await mine.get()] == ["i0"], "brought back, it is used again"
    for one in (mine, never):
        await one.close()
    chromaclients.disconnect(theirs)


async def test_a_collection_that_somebody_made_anew_on_a_server_is_used(
    server: Server, tmp_path: Path
) -> None:
    name = f"anew{time.time_ns()}"
    mine = store(name, server.url, "test", tmp_path)
    await mine.put(ITEMS, ROWS)
    await mine.near(ROWS[0], 1)
    theirs = chromaclients.remote(server.url)
    await asyncio.to_thread(theirs.delete_collection, name)
    other = store(name, server.url, "test", tmp_path)
    await other.put([Item(id="new", text="with vectors of another size")], np.eye(1, 6))
    assert [one.id for one in await mine.get()] == ["new"]
    assert [hit.item.id for hit in await mine.near(np.eye(1, 6)[0], 3)] == ["new"]
    # Made by somebody with another embedder, its neighbours would be wrong.
    await asyncio.to_thread(theirs.delete_collection, name)
    foreign = store(name, server.url, "another", tmp_path)
    await foreign.put(ITEMS, ROWS)
    with pytest.raises(OtherEmbedder, match="another"):
        await mine.get()
    for one in (mine, other, foreign):
        await one.close()
    chromaclients.disconnect(theirs)


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_folder_of_chroma_that_was_deleted_or_replaced_is_noticed(
    tmp_path: Path, replaced: bool
) -> None:
    mine = store("notes", "chroma", "test", tmp_path)
    await mine.put(ITEMS, ROWS)
    shutil.rmtree(tmp_path / "chroma")
    if replaced:
        done = await asyncio.to_thread(in_other_process, "chroma", tmp_path)
        assert done.returncode == 0, done.stderr
    await uses(mine)
    again = store("notes", "chroma", "test", tmp_path)
    assert [one.id for one in await again.get()] == (["other"] if replaced else [])
    await again.put(ITEMS, ROWS)
    await uses(mine)
    await mine.close()
    assert await again.count() == 3 + replaced
    await again.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_a_write_that_is_cancelled_is_over_before_the_next_one(
    kind: str, tmp_path: Path
) -> None:
    made: Any = store("notes", kind, "test", tmp_path)
    await made.put(ITEMS[:1], ROWS[:1])
    # Whoever holds this keeps the thread waiting that writes.
    with made._file._mutex if kind == "numpy" else made._turn:
        writing = asyncio.ensure_future(made.put(ITEMS[1:2], ROWS[1:2]))
        await asyncio.sleep(0)
        writing.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not writing.done()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await made.count() == 2
    await made.close()
