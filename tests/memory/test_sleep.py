"""Sleep time: what says the same becomes one, nothing is lost, and all of it can be undone."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log, run
from agentkit.errors import RateLimited, SetupError, UnknownRun
from memory import ReadOnly, VectorMemory
from memory.sleep.changes import ItemChange, change, recorded
from memory.sleep.consolidating import bare, figures
from tests.fakes import ScriptedModel

DEEP = ["The harbour of Amber is 8.8 m deep.", "The depth of the harbour of Amber is 8.8 m."]
OTHER = "Karin Holm is the harbour master of Briar."
STORY = (
    "Ada Brix came to the port of Amber on Monday with the Heron, which carries 433 t of slate. She"
    " asked for berth A2 because her ship is 120 m long, and paid 212 EUR. On Tuesday she left for"
    " Ivory, where her brother Finn runs an inn."
)


class Died(BaseException):
    """The process ends here."""


def same(numbers: list[int], text: str) -> str:
    return json.dumps({"same": [{"numbers": numbers, "text": text}]})


NONE = json.dumps({"same": []})


@pytest.fixture(params=["numpy", "chroma"])
def notes(request: pytest.FixtureRequest, tmp_path: Path) -> VectorMemory:
    return VectorMemory("notes", store=request.param, embedder="hashed", path=tmp_path)


def fresh(**more: Any) -> VectorMemory:
    return VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:", **more)


async def texts(made: VectorMemory) -> list[str]:
    return [one.text for one in await made.items()]


async def test_what_says_the_same_becomes_one_and_comes_back(notes: VectorMemory) -> None:
    log = open_log("memory:")
    async with run(log=log):
        await notes.remember([DEEP[0], OTHER, DEEP[1]], ids=["a", "b", "c"])
    before = await notes.items()
    model = ScriptedModel(same([1, 2], "Amber's harbour is 8.8 m deep."))
    done = await notes.consolidate(model=model, log=log, near=0.5)
    assert (done.merged, done.extracted, done.refused, done.stopped) == (1, 0, 0, "")
    assert await texts(notes) == ["Amber's harbour is 8.8 m deep.", OTHER]
    assert [one.id for one in await notes.items()] == ["a", "b"]
    told = model.requests[0].thread[-1].message.text
    assert DEEP[0] in told and DEEP[1] in told and OTHER not in told
    async with run(log=log):
        assert (await notes.undo(done.run)).changes == 1
        assert sorted(await notes.items(), key=lambda i: i.id) == before
        hits = await notes.recall(DEEP[1], k=1)
    assert hits[0].item.id == "c" and log.verify() == []
    await notes.close()


async def test_equal_texts_need_no_model(notes: VectorMemory) -> None:
    log = open_log("memory:")
    async with run(log=log):
        await notes.remember([OTHER, f" {OTHER.lower()}", OTHER + "..", "C is old.", "C++ is old."],
                             ids=list("abcde"))  # fmt: skip
        await notes.remember(OTHER, ids="f", metadata={"user": "ana"})
    done = await notes.consolidate(model=ScriptedModel(), calls=0, log=log)
    assert done.merged == 1 and done.stopped
    assert [one.id for one in await notes.items()] == ["a", "c", "d", "e", "f"]
    await notes.close()


@pytest.mark.parametrize(
    "said",
    [
        same([1, 2], "The harbour of Amber is deep."),
        same([1, 2], "The harbour of Amber is 9.8 m deep."),
        same([1, 2], "The harbour of Amber is 8.8 m deep and has 5 berths."),
        same([1, 3], DEEP[0]), same([0, 1], DEEP[0]), same([1, 1], DEEP[0]), same([1], DEEP[0]),
        same([1, 2], " "), same([], "x"), same([-1, 1], DEEP[0]), same([1, 2], "8.8 " * 500_000),
        NONE,
    ],
)  # fmt: skip
async def test_a_merge_that_loses_or_makes_up_something_is_refused(said: str) -> None:
    made, log = fresh(), open_log("memory:")
    async with run(log=log):
        await made.remember(DEEP)
    done = await made.consolidate(model=ScriptedModel(said), log=log, near=0.5)
    assert await texts(made) == DEEP and done.merged == 0
    assert done.refused == (0 if said == NONE else 1)


async def test_a_long_text_gives_its_facts_once(notes: VectorMemory) -> None:
    log = open_log("memory:")
    async with run(log=log):
        await notes.remember(STORY, ids="story", metadata={"by": "ben"})
        await notes.remember(OTHER, ids="other")
    before = await notes.items()
    facts = ["Ada Brix sails the Heron.", "The Heron carries 433 t of slate."]
    facts += ["The Heron is 999 m.", "", facts[0], "I cannot say what facts are in what I have."]
    model = ScriptedModel(json.dumps({"facts": facts}))
    done = await notes.consolidate(model=model, log=log)
    assert (done.merged, done.extracted, done.refused) == (0, 2, 3)
    found = {one.text: one.metadata for one in await notes.items()}
    assert found[STORY] == {"by": "ben", "extracted": True}
    assert found[facts[0]] == found[facts[1]] == {"by": "ben", "from": "story"}
    again = await notes.consolidate(model=ScriptedModel(), log=log)
    assert (again.extracted, again.stopped) == (0, "")
    async with run(log=log):
        assert (await notes.undo(done.run)).changes == 1
    assert await notes.items() == before
    await notes.close()


async def test_items_of_several_runs_are_merged_and_history_is_left_alone() -> None:
    made, log = fresh(), open_log("memory:")
    for n, text in enumerate(DEEP):
        async with run(log=log):
            await made.remember(text, ids="ab"[n])
    async with run(log=log):
        await made.remember(DEEP[0], ids="old", key="depth")
        new = await made.update("old", "The harbour of Amber is 8.8 m deep at ebb.")
        await made.remember(DEEP[1], ids="soon", valid_from=4e9)
    model = ScriptedModel(same([1, 2], DEEP[0]))
    done = await made.consolidate(model=model, log=log, near=0.3)
    assert (done.merged, done.refused) == (1, 0) and len(model.requests) == 1
    assert {one.id for one in await made.items()} == {"a", "old", new, "soon"}


async def test_nothing_that_was_changed_meanwhile_is_touched() -> None:
    made, log = fresh(), open_log("memory:")
    async with run(log=log):
        await made.remember(DEEP, ids=["a", "b"])

    async def late(_request: Any) -> str:
        await made.edit("b", "The harbour of Amber was dredged.")
        return same([1, 2], DEEP[0])

    async with run(log=log):
        done = await made.consolidate(model=ScriptedModel(late), near=0.5)
    assert (done.merged, done.refused) == (0, 1)
    assert await texts(made) == [DEEP[0], "The harbour of Amber was dredged."]
    # Nor by an undoing.
    async with run(log=log):
        await made.edit("b", DEEP[1])
        done = await made.consolidate(model=ScriptedModel(same([1, 2], DEEP[0])), near=0.5)
        await made.edit("a", "Amber silts up.")
        back = await made.undo(done.run)
        assert back.changes == 0 and "changed since" in back.left[0]
        assert await texts(made) == ["Amber silts up."]
        with pytest.raises(UnknownRun):
            await made.undo("nobody")
        with pytest.raises(UnknownRun):
            await made.scoped(user="ana").undo(done.run)
        with pytest.raises(ReadOnly):
            await made.read_only().undo(done.run)
        with pytest.raises(ReadOnly):
            await made.read_only().consolidate()
        for wrong in ({"near": 2.0}, {"calls": -1}):
            with pytest.raises(SetupError):
                await made.consolidate(**wrong)  # type: ignore[arg-type]


async def test_what_was_erased_does_not_come_back_and_its_sources_go_too(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    secret = ["ZEBRASECRET lives at 12 Quay Road.", "At 12 Quay Road lives ZEBRASECRET."]
    async with run(log=log):
        await made.remember(secret, ids=["a", "b"])
    model = ScriptedModel(same([1, 2], "The home of ZEBRASECRET is 12 Quay Road."))
    done = await made.consolidate(model=model, log=log, near=0.3)
    assert done.merged == 1
    async with run(log=log):
        await made.forget("a", erase=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"ZEBRASECRET lives" in path.read_bytes()] == []
    async with run(log=log):
        back = await made.undo(done.run)
    assert back.changes == 0 and "erased" in back.left[0] and await made.count() == 0
    assert log.verify() == []
    await made.close()


async def test_a_budget_stops_it_and_what_was_done_stays() -> None:
    made, log = fresh(), open_log("memory:")
    groups = [[f"Ship {n} lies at quay {n}.", f"At quay {n} lies ship {n}."] for n in range(4)]
    async with run(log=log):
        for group in groups:
            await made.remember(group)

    def says(request: Any) -> str:
        told = request.thread[-1].message.text
        (n,) = {n for n in range(4) if f"hip {n}" in told}
        return same([1, 2], groups[n][0])

    model = ScriptedModel(*[says] * 4, cost_usd=0.01)
    done = await made.consolidate(model=model, log=log, near=0.9, budget_usd=0.025)
    assert "budget" in done.stopped.lower() and 0 < done.merged < 4 and done.cost_usd <= 0.03
    assert await made.count() == 8 - done.merged
    rest = await made.consolidate(model=ScriptedModel(*[says] * 4), log=log, near=0.9, calls=1)
    assert rest.merged == 1 and "as many calls" in rest.stopped
    failing = await made.consolidate(model=ScriptedModel(RateLimited("busy")), log=log, near=0.9)
    assert "busy" in failing.stopped and failing.merged == 0


async def test_cancelling_and_dying_lose_nothing(
    notes: VectorMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log("memory:")
    async with run(log=log):
        await notes.remember(DEEP, ids=["a", "b"])
    real = notes.store.drop

    async def dies(ids: Any) -> int:
        if list(ids) == ["b"]:
            raise Died
        return await real(ids)

    monkeypatch.setattr(notes.store, "drop", dies)
    with pytest.raises(Died):
        await notes.consolidate(model=ScriptedModel(same([1, 2], DEEP[1])), log=log, near=0.5)
    assert await texts(notes) == [DEEP[1], DEEP[1]]
    monkeypatch.setattr(notes.store, "drop", real)
    (torn,) = [info.id for info in log.runs() if info.name == "notes.consolidate"]
    async with run(log=log):
        assert (await notes.undo(torn)).changes == 1
    assert await texts(notes) == DEEP
    # Cancelled while it writes, it ends between two changes.
    put, task = notes.store.put, None

    async def slow(*args: Any) -> Any:
        assert task is not None
        task.cancel()
        await asyncio.sleep(0.01)
        return await put(*args)

    monkeypatch.setattr(notes.store, "put", slow)
    work = notes.consolidate(model=ScriptedModel(same([1, 2], DEEP[0])), log=log, near=0.5)
    task = asyncio.ensure_future(work)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await texts(notes) == DEEP[:1]
    await notes.close()


async def test_random_changes_are_undone_in_any_order_without_loss() -> None:
    rng = random.Random(11)
    for _ in range(20):
        made, log = fresh(), open_log("memory:")
        async with run(log=log) as r:
            await made.remember([f"t{n}" for n in range(6)], ids=[f"i{n}" for n in range(6)])
            begun = {one.id: one for one in await made.items()}
            for n in range(6):
                items = await made.items()
                before = rng.sample(items, min(len(items), rng.randrange(1, 4)))
                after = [before[0].model_copy(update={"text": f"m{n}"})]
                assert await change(made, ItemChange(verb="merge", before=tuple(before),
                                                 after=tuple(after)))  # fmt: skip
            keys = [one.key for one in recorded(log, r.id, "notes", {})]
            async with run(log=log):
                for key in rng.sample(keys, len(keys)):
                    await made.undo(r.id, key)
                # Those that could not be undone before others can be now.
                for _ in range(6):
                    await made.undo(r.id)
            assert {one.id: one for one in await made.items()} == begun


def test_equal_texts_are_equal_to_a_reader_too() -> None:
    assert bare(" Amber  is\ndeep. ") == bare("amber is deep")
    for other in ("Amber is deep!", "Amber is deep?", "Amber - is deep", "Amber is deep.."):
        assert bare(other) != bare("Amber is deep.")
    assert figures("8.8 m at 14:30, DE-4711") == {
        "8.8",
        "8",
        "14:30",
        "14",
        "30",
        "de-4711",
        "4711",
    }


async def until(found: Any) -> None:
    async with asyncio.timeout(5):
        while not found():
            await asyncio.sleep(0.01)


async def test_it_sleeps_between_asks_and_wakes_for_them() -> None:
    made, log = fresh(recall=False), open_log("memory:")
    async with run(log=log):
        await made.remember(DEEP, ids=["a", "b"])
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any) -> str:
        asked.set()
        await go.wait()
        return same([1, 2], DEEP[0])

    model = ScriptedModel(slow, same([1, 2], DEEP[0]), NONE, NONE)
    clerk = Agent("clerk", model=ScriptedModel("ok", "ok"), memory=made)
    async with made.sleeping(model=model, budget_usd=1.0, idle_s=0.05, near=0.5, log=log) as sleep:
        await asyncio.wait_for(asked.wait(), 5)
        # An ask is not held up, and what was at work is given up without a trace in the memory.
        assert (await clerk("Hello", log=log)).text == "ok"
        assert sleep.done == [] and await texts(made) == DEEP
        go.set()
        await until(lambda: sleep.done)
        assert sleep.done[0].merged == 1 and await texts(made) == DEEP[:1]
        # Nothing new: nothing is paid.
        calls = len(model.requests)
        await asyncio.sleep(0.2)
        assert len(model.requests) == calls and len(sleep.done) == 1
        assert "waiting" in repr(sleep)
    assert "over" in repr(sleep)
    for wrong in ({"budget_usd": 0.0}, {"budget_usd": 1.0, "idle_s": 0.0}):
        with pytest.raises(SetupError):
            made.sleeping(log=log, **wrong)  # type: ignore[arg-type]


async def test_a_running_ask_is_no_idle_time() -> None:
    made, log = fresh(recall=False), open_log("memory:")
    async with run(log=log):
        await made.remember(DEEP)
    model = ScriptedModel(same([1, 2], DEEP[0]))

    async def thinks(_request: Any) -> str:
        await asyncio.sleep(0.4)
        return "ok"

    async with made.sleeping(model=model, budget_usd=1.0, idle_s=0.05, near=0.5, log=log) as sleep:
        await Agent("clerk", model=ScriptedModel(thinks), memory=made)("Hello", log=log)
        assert model.requests == [] and sleep.done == []
        await until(lambda: sleep.done)
