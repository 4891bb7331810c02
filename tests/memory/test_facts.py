"""Facts over time: who said what when, what holds now, and what held before."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, run
from agentkit.errors import SetupError
from agentkit.log import Log
from memory import PAPER, ReadOnly, VectorMemory, stating
from memory.recalled import Recalled
from memory.stating import in_place
from memory.stores import Item
from memory.stores.fact import KINDS, Fact, parted
from tests.fakes import FakeClock, ScriptedModel, call

AMBER, BRIAR = "Ana lives in Amber.", "Ana lives in Briar."


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_000_000.0)


@pytest.fixture
def log(tmp_path: Path, clock: FakeClock) -> Iterator[Log]:
    from agentkit.logs.sqlite import SqliteLog

    made = SqliteLog(tmp_path / "log.db", clock=clock)
    yield made
    made.close()


@pytest.fixture(params=["numpy", "chroma"])
def notes(request: Any, tmp_path: Path) -> VectorMemory:
    return VectorMemory("notes", store=request.param, embedder="hashed", path=tmp_path)


def texts(hits: Any) -> list[str]:
    return [one.text for one in hits]


async def test_an_item_says_who_stored_it_when_and_in_which_step(
    notes: VectorMemory, log: Log, clock: FakeClock
) -> None:
    model = ScriptedModel([call("notes_remember", json.dumps({"text": AMBER}))], "Noted.")
    answer = await Agent("clerk", model=model, memory=notes)("Note it.", log=log)
    (item,) = await notes.items()
    assert item.metadata == {} and item.fact.author.endswith("clerk")
    assert (item.fact.run, item.fact.created) == (answer.run_id, clock.now)
    steps = [e.key for e in log.read(answer.run_id) if e.kind == "step.ended"]
    assert item.fact.step in steps
    async with run(log=log):
        assert (await notes.recall("Ana"))[0].item.fact == item.fact
        with pytest.raises(SetupError, match="fact_"):
            await notes.remember("x", metadata={"fact_author": "me"})


async def test_a_new_fact_takes_the_place_of_the_old_which_stays_as_history(
    notes: VectorMemory, log: Log, clock: FakeClock
) -> None:
    async with run(log=log):
        (first,) = await notes.remember(AMBER, key="ana.city", metadata={"by": "post"})
        await notes.remember("Ben lives in Amber.", key="ben.city")
        clock.now += 100
        (second,) = await notes.remember(BRIAR, key="ana.city")
        assert AMBER not in texts(await notes.recall("Where does Ana live?", k=3))
        assert AMBER in texts(await notes.recall("Where does Ana live?", k=3, history=True))
        assert BRIAR not in texts(await notes.recall("Ana", k=3, at=clock.now - 50))
        assert AMBER in texts(await notes.recall("Ana", k=3, at=clock.now - 50))
        assert await notes.recall("Ana", k=3, at=clock.now - 500) == []
        old, new = await notes.history("ana.city")
        assert (old.id, new.id) == (first, second) and old.metadata == {"by": "post"}
        assert old.fact.valid_until == clock.now and old.fact.superseded_by == second
        assert new.fact.supersedes == (first,) and new.fact.valid_until is None
        # Where it holds again, that is another fact.
        clock.now += 100
        (third,) = await notes.remember(AMBER, key="ana.city", metadata={"by": "post"})
        assert third != first and len(await notes.history("ana.city")) == 3
        assert texts(await notes.recall("Ana lives", k=1)) == [AMBER]
        # k of those that hold are found, however many do not.
        for n in range(20):
            clock.now += 1
            await notes.remember(f"Ana lives in place {n}.", key="ana.city")
        found = texts(await notes.recall("Ana lives in a place", k=2))
        assert found == ["Ana lives in place 19.", "Ben lives in Amber."]


async def test_what_is_told_late_becomes_history(
    notes: VectorMemory, log: Log, clock: FakeClock
) -> None:
    clock.now = 1_700_000_000.0
    async with run(log=log):
        when = datetime.datetime(2020, 5, 1, tzinfo=datetime.UTC)
        (now,) = await notes.remember(BRIAR, key="city", valid_from=when)
        await notes.remember(
            AMBER, key="city", valid_from=datetime.datetime(2010, 1, 1, tzinfo=datetime.UTC)
        )
        first, second = await notes.history("city")
        assert (first.text, second.id) == (AMBER, now)
        assert first.fact.valid_until == when.timestamp() and not second.fact.superseded_by
        assert texts(await notes.recall("Ana")) == [BRIAR]
        then = datetime.datetime(2015, 1, 1, tzinfo=datetime.UTC)
        assert texts(await notes.recall("Ana", at=then)) == [AMBER]


async def test_facts_begin_end_and_expire(notes: VectorMemory, log: Log, clock: FakeClock) -> None:
    async with run(log=log):
        await notes.remember("The dock is closed.", valid_until=clock.now + 10)
        await notes.remember("The dock opens.", valid_from=clock.now + 10)
        await notes.remember("A password for the dock.", ttl_s=5)
        assert len(await notes.recall("dock")) == 2
        clock.now += 5
        assert texts(await notes.recall("dock")) == ["The dock is closed."]
        assert await notes.expire() == 1 and await notes.expire() == 0
        clock.now += 5
        assert texts(await notes.recall("dock")) == ["The dock opens."]
        assert await notes.count() == 2


async def test_an_agent_sees_ids_updates_and_forgets(notes: VectorMemory, log: Log) -> None:
    async with run(log=log):
        (first,) = await notes.remember(AMBER, key="ana.city", metadata={"n": 1}, importance=9)
        (wrong,) = await notes.remember("Ana is a zebra.")
    model = ScriptedModel(
        [call("notes_recall", '{"query": "Ana"}')],
        [
            call("notes_update", json.dumps({"id": first, "text": BRIAR})),
            call("notes_forget", json.dumps({"id": wrong}), id="b"),
            call("notes_update", '{"id": "none", "text": "x"}', id="c"),
            call("notes_forget", '{"id": "none"}', id="d"),
        ],
        "Done.",
    )
    agent = Agent("clerk", model=model, memory=notes)
    answer = await agent("Ana moved to Briar.", log=log)
    told = [node.message for node in answer.thread if node.message.role == "tool"]
    assert first in told[0].text and wrong in told[0].text
    assert "Stored" in told[1].text and told[2].text == "Forgotten."
    assert told[3].error and "no item 'none'" in told[3].text and "no 'none'" in told[4].text
    async with run(log=log):
        assert texts(await notes.recall("Ana")) == [BRIAR]
        old, new = await notes.history("ana.city")
        assert old.fact.superseded_by == new.id and new.metadata == {"n": 1}
        assert new.fact.importance == 9 and new.fact.author.endswith("clerk")
    assert (await agent.replay(answer.run_id, log=log)).text == "Done."
    assert [one.name for one in notes.read_only().tools] == ["notes_recall"]
    with pytest.raises(ReadOnly):
        await notes.read_only().update(first, "x")


async def test_importance_and_recency_weigh(log: Log, clock: FakeClock) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:", preset="paper")
    plain = VectorMemory("notes", store=notes.store, embedder="hashed")
    async with run(log=log):
        await notes.remember("The crane of Amber broke down and fell.", importance=10)
        clock.now += 3600 * 24 * 30
        await notes.remember("The crane of Amber is blue.", importance=1)
        await notes.remember("Somebody swept the floor.", importance=1)
        first, *_ = await notes.recall("What of the blue crane of Amber?", k=2)
        assert set(first.parts) == {"recency", "importance", "relevance"} == set(first.raw)
        assert first.score == pytest.approx(sum(first.parts.values()))
        assert texts(await plain.recall("What of the blue crane of Amber?"))[0].endswith("blue.")
        heavy = PAPER.model_copy(update={"name": "heavy", "weights": (0.0, 5.0, 1.0)})
        notes.preset = heavy
        assert "fell" in (await notes.recall("What of the blue crane of Amber?", k=1))[0].text
    with pytest.raises(SetupError, match="No preset"):
        VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:", preset="peper")


@pytest.mark.parametrize(
    "said",
    [
        {"ttl_s": 0},
        {"ttl_s": True},
        {"ttl_s": 5, "valid_until": 7},
        {"valid_from": 9, "valid_until": 9},
        {"valid_from": "soon"},
        {"importance": 11},
        {"importance": float("nan")},
        {"key": 7},
        {"supersedes": "none"},
    ],
)
async def test_what_cannot_be_said_is_refused_and_nothing_stored(
    said: dict[str, Any], notes: VectorMemory, log: Log
) -> None:
    async with run(log=log):
        with pytest.raises(SetupError):
            await notes.remember(AMBER, **said)
        with pytest.raises(SetupError):
            await notes.remember([AMBER, BRIAR], key="two")
        assert await notes.count() == 0


async def test_what_was_stored_before_facts_were_kept_holds_always(
    notes: VectorMemory, log: Log, tmp_path: Path
) -> None:
    from memory.stores import Item

    async with run(log=log):
        made = await notes.embedder.embed([AMBER])
        await notes.store.put([Item(id="old", text=AMBER, metadata={"n": 1})], made.vectors)
        await notes.remember("Ana left.", valid_until=5.0)
        assert texts(await notes.recall("Ana")) == [AMBER]
        new = await notes.update("old", BRIAR)
        assert texts(await notes.recall("Ana")) == [BRIAR]
        await notes.export(tmp_path / "notes.jsonl")
        other = VectorMemory("other", store="numpy", embedder="hashed", path=":memory:")
        await other.import_(tmp_path / "notes.jsonl")
        assert [one.fact for one in await other.items()] == [
            one.fact for one in await notes.items()
        ]
        old = next(one for one in await other.items() if one.id == "old")
        assert old.fact.superseded_by == new and old.metadata == {"n": 1}


async def test_an_update_takes_the_place_of_all_pieces_of_a_long_text(
    notes: VectorMemory, log: Log
) -> None:
    """Updated by what the update before had returned, its other pieces were recalled on."""
    long = {word: f"{word} harbour " * (notes.embedder.max_chars // 4) for word in ("old", "new")}
    async with run(log=log):
        await notes.remember(long["old"], ids="doc", metadata={"port": "Amber"})
        id = "doc"
        for word in ("short", "new", "old", "new", "short"):
            id = await notes.update(id, long.get(word, "short harbour"))
            found = await notes.recall("harbour", k=50)
            assert {one for one in ("old", "new", "short") for hit in found if one in hit.text} == {
                word
            }
            assert {hit.item.metadata["port"] for hit in found} == {"Amber"}
        assert set(found[0].item.metadata) == {"port"}
        assert await notes.forget(id) == 1


SPAN = st.tuples(st.integers(0, 20), st.none() | st.integers(1, 8))
"""From when on a fact holds, and for how long."""


@given(st.lists(SPAN, max_size=8))
@settings(deadline=None)
def test_of_the_facts_of_a_key_one_holds_at_a_time_in_whatever_order_they_are_told(
    told: list[tuple[int, int | None]],
) -> None:
    known: dict[str, Item] = {}
    for n, (since, span) in enumerate(told):
        until = None if span is None else float(since + span)
        new = Fact(created=99.0, key="k", valid_from=float(since), valid_until=until)
        fact, changed = in_place(new, str(n), [], list(known.values()))
        before = {t: [one.id for one in known.values() if one.fact.holds(t)] for t in range(30)}
        known |= {one.id: one for one in changed}
        known[str(n)] = Item(id=str(n), text="x", fact=fact)
        for time in range(30):
            now = [one.id for one in known.values() if one.fact.holds(time)]
            assert len(now) <= 1
            if time < since:  # what is told changes nothing of what was before
                assert now == before[time]
            if fact.since <= time < fact.until:
                assert now == [str(n)]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 7)), max_size=8))
@settings(deadline=None)
def test_of_what_is_said_instead_of_what_is_history_one_holds_at_a_time(
    told: list[tuple[int, int]],
) -> None:
    """An update of what had been superseded already, told late, held beside it."""
    known: dict[str, Item] = {}
    for n, (since, which) in enumerate(told):
        new = Fact(created=99.0, key="k", valid_from=float(since))
        old = [one for one in known.values() if one.id == str(which)]
        others = [one for one in known.values() if one not in old]
        fact, changed = in_place(new, str(n), old, others)
        known |= {one.id: one for one in changed}
        known[str(n)] = Item(id=str(n), text="x", fact=fact)
        for time in range(25):
            assert len([one.id for one in known.values() if one.fact.holds(time)]) <= 1


@pytest.mark.parametrize(
    "item",
    [
        Item(id="a", text="b"),
        Item(id="a", text="b", metadata={"n": 1}),
        Item(id="a", text="b", fact=Fact(author="x", supersedes=("c",), valid_until=3.0)),
        Item(id="a", text="b", fact=Fact()),
    ],
)
@pytest.mark.parametrize("raw", [{}, {"words": 2.5}])
def test_a_step_records_of_a_hit_what_is_not_usual(item: Item, raw: dict[str, float]) -> None:
    hit = Recalled(item=item, score=0.5, parts={"relevance": 0.5}, raw=raw)
    assert json.dumps(hit.row()) == json.dumps(hit.model_dump(mode="json", exclude_defaults=True))
    assert Recalled.model_validate(hit.row()) == hit


@pytest.mark.parametrize("importance", [None, 5.0])
@pytest.mark.parametrize("supersedes", [(), ("a", "ü,")])
@pytest.mark.parametrize("valid_from", [None, 0.0, 7.5])
def test_what_is_read_of_a_store_is_what_the_class_makes_of_it(
    importance: float | None, supersedes: tuple[str, ...], valid_from: float | None
) -> None:
    known: dict[str, Any] = {"author": "you", "run": "r/1", "step": "s", "ttl": True}
    fact = Fact(**known, importance=importance, supersedes=supersedes, valid_from=valid_from)
    given, read = parted({"port": "Amber", **fact.metadata(), "fact_later": 1})
    assert given == {"port": "Amber"} and read == fact and repr(read) == repr(fact)
    assert json.dumps(fact.said()) == json.dumps(fact.model_dump(exclude_defaults=True))
    # A number of another kind, as somebody else's export has it, is read as before.
    assert parted({"fact_created": 3})[1].model_dump() == Fact(created=3.0).model_dump()
    assert KINDS.keys() == Fact.model_fields.keys()


async def test_of_what_several_say_instead_of_one_fact_one_holds(notes: VectorMemory) -> None:
    (old,) = await notes.remember(AMBER)
    first = await notes.update(old, BRIAR)
    second = await notes.update(old, "Ana lives in Cobalt.")
    assert texts(await notes.recall("Where does Ana live?")) == ["Ana lives in Cobalt."]
    by = {one.id: one.fact.superseded_by for one in await notes.items()}
    assert by == {old: first, first: second, second: ""}
    await asyncio.gather(*(notes.update(old, f"Ana lives in house {n}.") for n in range(5)))
    assert len(texts(await notes.recall("Where does Ana live?", k=20))) == 1
    # One that is told late holds until what holds now began to.
    await notes.update(old, "Ana was born in Umber.", valid_from=datetime.date(1990, 1, 1))
    assert len(texts(await notes.recall("Where does Ana live?", k=20))) == 1
    assert len(texts(await notes.recall("Ana", k=20, history=True))) == 9


async def test_of_a_key_one_fact_holds_however_often_the_memory_is_open(
    notes: VectorMemory, tmp_path: Path
) -> None:
    again = VectorMemory("notes", store=notes.store.kind, embedder="hashed", path=tmp_path)
    both = [notes, again] * 4
    told = (one.remember(f"Ana lives in {n}.", key="ana") for n, one in enumerate(both))
    await asyncio.gather(*told)
    for one in (notes, again):
        assert len(await one.recall("Where does Ana live?", k=20)) == 1
        assert len(await one.history("ana")) == 8
    await again.close()


async def test_a_fact_is_placed_among_what_another_process_stored_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    other = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    # As in another process: no turn keeps it out.
    other.store.place = ""  # type: ignore[attr-defined]
    looks: list[str] = []

    async def placed(store: Any, *given: Any) -> Any:
        found = await stating.placed(store, *given)
        if store is notes.store:
            looks.append("")
            if len(looks) < 3:
                await other.remember(f"Ana lives in house {len(looks)}.", key="ana")
        return found

    monkeypatch.setattr("memory.vector.placed", placed)
    (id,) = await notes.remember(AMBER, key="ana")
    assert len(looks) == 3
    for one in (notes, other):
        assert len(await one.recall("Where does Ana live?", k=20)) == 1
        assert len(await one.history("ana")) == 3
    await other.close()
    await notes.close()
