"""Somebody asks to be erased: what a memory forgets with erase=True is nowhere any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit import Agent, open_log, run
from agentkit.errors import SetupError
from memory import ReadOnly, VectorMemory
from tests.fakes import ScriptedModel, call

SECRET = "ZEBRASECRET lives at 12 Quay Road"


def held(folder: Path, text: str = "ZEBRASECRET") -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_what_an_agent_was_told_is_in_no_file_any_more(kind: str, tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    notes = VectorMemory("notes", store=kind, embedder="hashed", path=tmp_path)
    ana, ben = notes.scoped(user="ana"), notes.scoped(user="ben")
    storing = ScriptedModel([call("notes_remember", json.dumps({"text": SECRET}))], "Noted.")
    await Agent("clerk", model=storing, memory=ana)(f"Note that {SECRET}.", log=log)
    await Agent("clerk", model=ScriptedModel("12"), memory=ana)("Where does she live?", log=log)
    async with run(log=log):
        await ben.remember("Ben likes tea in the morning.")
        (item,) = await ana.items()
        assert held(tmp_path)
        none = await ben.forget(item.id, erase=True)
        assert (none.items, none.events, none.messages) == (0, 0, 0) and held(tmp_path)
        done = await ana.forget(item.id, erase=True)
    assert done.items == 1 and done.events and done.messages and done.left == ()
    assert held(tmp_path) == [] and log.verify() == []
    async with run(log=log):
        assert [hit.text for hit in await ben.recall("tea")] == ["Ben likes tea in the morning."]
    await notes.close()
    assert held(tmp_path) == []


async def test_a_long_text_goes_whole_by_its_id_or_a_filter(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    notes.embedder.max_chars = 400
    words = " ".join(f"zebra{n} lives." for n in range(300))
    async with run(log=log):
        for by in ({"ids": "book"}, {"where": {"of": "zebras"}}):
            await notes.remember(words, ids="book", metadata={"of": "zebras"})
            await notes.recall("zebra3")
            assert (await notes.forget(**by, erase=True)).items > 3  # type: ignore[call-overload]
            assert held(tmp_path, "lives") == []
    assert log.verify() == []
    await notes.close()


async def test_who_may_not_write_erases_nothing() -> None:
    class Bare:
        kind = "bare"

    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    with pytest.raises(ReadOnly):
        await notes.read_only().forget("x", erase=True)
    given = VectorMemory("notes", store=Bare(), embedder="hashed")  # type: ignore[arg-type]
    given.store.get = notes.store.get  # type: ignore[method-assign]
    async with run(log=open_log("memory:")):
        with pytest.raises(SetupError, match="cannot erase"):
            await given.forget("x", erase=True)
