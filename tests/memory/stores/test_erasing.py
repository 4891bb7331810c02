"""What is erased from a store is in none of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.stores import Item, Store
from memory.stores.choose import store
from memory.stores.chromaerasing import HEADER, clear_room

SECRETS = ("ZEBRASECRET", "YAKSECRET", "XERUSSECRET")


def held(folder: Path, *texts: str) -> list[str]:
    """The files that have one of these texts in them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(t.encode() in path.read_bytes() for t in texts)]


def rows(count: int) -> np.ndarray:
    return np.eye(count, 8, dtype=np.float32)


async def filled(made: Store) -> list[Item]:
    """A store with items; one was forgotten and one replaced before."""
    secret = [Item(id=f"{s}@x.example", text=f"{s} lives at 12 Quay Road") for s in SECRETS]
    other = [Item(id=f"i{n}", text=f"item {n} is here", metadata={"n": n}) for n in range(3)]
    await made.put([*secret, *other], rows(6))
    await made.drop([secret[1].id])
    await made.put([Item(id=secret[2].id, text="somebody moved")], rows(1))
    return secret


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_no_byte_of_what_was_erased_is_left(kind: str, tmp_path: Path) -> None:
    made, second = (store("notes", kind, "test", tmp_path) for _ in range(2))
    another = store("others", kind, "test", tmp_path)
    secret = await filled(made)
    await another.put([Item(id="o", text="of another collection")], rows(1))
    assert await second.count() == 5 and held(tmp_path, *SECRETS[:1])
    assert await made.erase([secret[0].id, secret[2].id, "nobody"]) == (2, ())
    for look in range(2):
        assert held(tmp_path, *SECRETS) == [], look
        for one in (made, second):
            assert [item.id for item in await one.get()] == ["i0", "i1", "i2"]
            assert [n.item.text for n in await one.near(rows(5)[4], 1)] == ["item 1 is here"]
        assert [item.metadata for item in await made.get(["i1"])] == [{"n": 1}]
        assert [item.id for item in await another.get()] == ["o"]
        for one in (made, second, another):
            await one.close()
        made, second = (store("notes", kind, "test", tmp_path) for _ in range(2))
        another = store("others", kind, "test", tmp_path)
    await second.put([Item(id="i4", text="item 4 is here")], rows(8)[7:])
    assert [n.item.id for n in await made.near(rows(8)[7], 1)] == ["i4"]
    assert await made.erase([item.id for item in await made.get()]) == (4, ())
    await second.put([Item(id="i5", text="item 5 is here")], rows(8)[7:])
    assert [n.item.id for n in await made.near(rows(8)[7], 1)] == ["i5"]
    for one in (made, second, another):
        await one.close()


async def test_what_cannot_be_reached_on_a_server_is_told(server: Any, tmp_path: Path) -> None:
    made = store("erasing", server.url, "test", tmp_path)
    secret = await filled(made)
    count, left = await made.erase([secret[0].id])
    assert count == 1 and "free pages of the Chroma server" in left[0]
    assert await made.count() == 4
    await made.close()


@pytest.mark.parametrize("step", ["create_collection", "modify", "again", "delete_collection"])
async def test_a_death_in_the_midst_of_erasing_loses_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

    made = store("notes", "chroma", "test", tmp_path)
    secret = await filled(made)
    where = Client if "collection" in step else Collection
    name = "modify" if step == "again" else step
    whole, calls = getattr(where, name), []

    def dying(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) > (step == "again"):
            raise RuntimeError("killed")
        return whole(*args, **options)

    monkeypatch.setattr(where, name, dying)
    with pytest.raises(Exception, match="killed"):
        await made.erase([secret[0].id])
    monkeypatch.undo()
    await made.close()
    made = store("notes", "chroma", "test", tmp_path)
    assert "i0 i1 i2" in " ".join(item.id for item in await made.get())
    await made.erase([secret[0].id])
    assert held(tmp_path, SECRETS[0]) == []
    await made.close()


def test_room_that_was_never_written_is_blanked(tmp_path: Path) -> None:
    (tmp_path / "header.bin").write_bytes(HEADER.pack(1, 0, 4, 1, 16) + bytes(64))
    (tmp_path / "data_level0.bin").write_bytes(b"v" * 16 + b"ZEBRASECRET".ljust(48))
    (tmp_path / "length.bin").write_bytes(b"n" * 4 + b"ZEBRASECRET".ljust(12))
    clear_room(tmp_path)
    assert (tmp_path / "data_level0.bin").read_bytes() == b"v" * 16 + bytes(48)
    assert (tmp_path / "length.bin").read_bytes() == b"n" * 4 + bytes(12)
