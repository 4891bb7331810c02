"""Somebody asks to be erased: what a memory forgets with erase=True is nowhere any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit import Agent, open_log, run, tool
from agentkit.errors import SetupError
from memory import PagedMemory, ReadOnly, StreamMemory, VectorMemory
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


@pytest.mark.parametrize("scope", [{}, {"user": "ana"}])
async def test_what_an_item_said_before_goes_with_it(tmp_path: Path, scope: dict[str, str]) -> None:
    """What was replaced under the same id, or edited, was in the log still."""
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    notes.embedder.max_chars = 60
    other, mine = notes.scoped(user="ben"), notes.scoped(**scope) if scope else notes
    async with run(log=log):
        await mine.remember(f"{SECRET}. " * 5, ids="zoe")
        await mine.remember(f"once {SECRET}", ids="zoe", metadata={"of": "zoe"})
        await mine.edit("zoe", f"then {SECRET}")
        await mine.edit("zoe", "Zoe lives elsewhere.")
        await other.remember("OTHERSECRET", ids="zoe")
        assert held(tmp_path)
        await mine.forget("zoe", erase=True)
        assert held(tmp_path) == [] and held(tmp_path, "elsewhere") == []
        assert held(tmp_path, "OTHERSECRET")
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


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_a_stream_forgets_and_says_what_was_drawn_from_it(kind: str, tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    days = StreamMemory(
        "days", importance=5, store=kind, embedder="hashed", path=tmp_path, reflect=False
    )
    await Agent("clerk", model=ScriptedModel("12"), memory=days)(SECRET, log=log)
    async with run(log=log):
        await days.observe("Ben likes tea in the morning.")
        first, second = await days.records()
        drawn, _ = await days.add("She is settled.", 3, "reflection", [first.id])
        assert (await days.recall("Where?"))[0].item.id and held(tmp_path)
        done = await days.forget(first.id, erase=True)
        assert done.items == 1 and done.events and drawn.id in done.left[-1]
        assert held(tmp_path) == [] and log.verify() == []
        assert [one.id for one in await days.records()] == [second.id, drawn.id]
        assert await days.forget([second.id, "none"]) == 1
        assert len(await days.recall("tea")) == 1
    await days.close()
    assert held(tmp_path) == []


async def test_a_paged_memory_forgets_a_message_and_keeps_its_place(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    long = " ".join(f"zebrasecret{n} lives at {n} Quay Road." for n in range(80))
    paged = PagedMemory(
        "paged", window_tokens=1400, model=ScriptedModel("sum"), embedder="hashed",
        store="numpy", path=tmp_path,
    )  # fmt: skip
    reading = [call("paged_core_append", json.dumps({"block": "human", "text": SECRET}))]
    agent = Agent("clerk", model=ScriptedModel(reading, "Noted.", "Yes.", "No."), memory=paged)
    await agent(SECRET, log=log)
    async with run(log=log):
        (task, *_) = await paged.messages()
        await paged.recall("Quay")
    await agent(long, log=log)
    async with run(log=log):
        (big,) = [one for one in await paged.messages() if "zebrasecret7" in one.message.content]
        for part in range(3):
            await paged.read(big.id, part)
        assert held(tmp_path) and held(tmp_path, "zebrasecret")
        called = next(one for one in await paged.messages() if one.message.calls)
        done = await paged.forget([task.id, big.id, called.id], erase=True)
        assert done.items == 3 and done.messages and log.verify() == []
        # What the summary says is told, and so is nothing else.
        assert all("summary" in one for one in done.left)
        for text in ("ZEBRASECRET", "zebrasecret", "12 Quay Road", "lives at"):
            assert held(tmp_path, text) == [], text
        assert await paged.recall("zebrasecret7") == []
        assert await paged.forget(task.id) == 0
        assert "ZEBRA" not in str(await paged.core())
    answer = await agent("Go on.", log=log)
    shown = [one.message.content for one in answer.thread]
    assert "[forgotten]" in shown and answer.text == "No."
    await paged.close()
    assert held(tmp_path) == []


async def test_what_is_forgotten_in_an_ask_is_not_shown_in_its_next_turn(tmp_path: Path) -> None:
    paged = PagedMemory("paged", embedder="hashed", store="numpy", path=":memory:")

    @tool(effect="idempotent")
    async def drop() -> str:
        """Forget the first message."""
        return str(await paged.forget((await paged.messages())[0].id))

    model = ScriptedModel("Yes.", [call("drop", "{}")], [call("drop", "{}")], "Done.")
    agent = Agent("clerk", model=model, memory=paged, tools=[drop])
    async with run(log=open_log("memory:")):
        await agent(SECRET)
        await agent("Forget it.")
        assert [SECRET in str(one.thread) for one in model.requests] == [True, True, False, False]
        assert len([one for one in await paged.messages() if one.message.role == "user"]) == 2
