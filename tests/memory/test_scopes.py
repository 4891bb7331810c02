"""One memory, many users: what belongs to one of them never reaches another."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from agentkit import Agent, open_log, run
from agentkit.errors import SetupError
from memory import MemoryMap, ReadOnly, VectorMemory
from memory.scopes import OPEN
from memory.stores.choose import store
from tests.fakes import ScriptedModel, call

PIN = "The PIN code of the user is 4711."
ASKED = "What is the PIN code of the user?"


@pytest.fixture(params=["numpy", "numpy in memory", "chroma"])
def notes(request: pytest.FixtureRequest, tmp_path: Path) -> VectorMemory:
    kind, path = str(request.param).split()[0], tmp_path
    where = ":memory:" if "in memory" in request.param else path
    return VectorMemory("notes", store=kind, embedder="hashed", path=where)


async def texts(memory: VectorMemory, query: str = ASKED) -> list[str]:
    return [hit.text for hit in await memory.recall(query, k=9)]


async def test_nothing_crosses_a_scope_in_any_way(notes: VectorMemory) -> None:
    ana, ben = notes.scoped(user="ana@port.example"), notes.scoped(user="ben")
    async with run(log=open_log("memory:")):
        await ana.remember(PIN, ids="pin")
        await ben.remember("The PIN code of the user is 1234.", ids="pin")
        assert await texts(ana) == [PIN]
        assert await texts(notes) == []
        near = (
            "ana",
            "ana@port.example ",
            "Ana@port.example",
            "bén",
            "be\u0301n",
            "%",
            "ana' OR 1",
        )
        for other in near:
            assert await texts(notes.scoped(user=other)) == []
        assert await texts(notes.scoped(agent="ana@port.example")) == []
        assert await ben.forget("pin") == await ben.forget(where={"x": {"$ne": 1}}) + 1
        assert await notes.forget("pin") == 0
        assert [one.text for one in await ana.items()] == [PIN] and await ben.count() == 0
        assert await texts(notes.scoped({"user": "ana@port.example"})) == [PIN]
    await notes.close()


async def test_scopes_nest_and_a_name_that_is_bound_stays(notes: VectorMemory) -> None:
    one = uuid.uuid4()
    ana = notes.scoped(user=one)
    async with run(log=open_log("memory:")):
        await ana.scoped(agent="clerk").remember(PIN)
        assert await texts(notes.scoped(agent="clerk", user=str(one))) == [PIN]
        assert await texts(ana) == []
    with pytest.raises(SetupError, match="bound to user="):
        ana.scoped(user="ben")
    await notes.close()


@pytest.mark.parametrize("nobody", [None, "", "  ", 0, True, b"ana", ["ana"]])
def test_nobody_is_no_scope(nobody: object) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    with pytest.raises(SetupError, match="cannot be bound"):
        notes.scoped(user=nobody)
    for nothing in ({}, "ana", ["user"]):
        with pytest.raises(SetupError, match="was given the scope"):
            notes.scoped(nothing)  # type: ignore[arg-type]


async def test_an_ask_is_bound_by_its_context_in_all_that_its_agent_does(
    notes: VectorMemory,
) -> None:
    log = open_log("memory:")
    each = notes.scoped(lambda context: {"user": context}, agent="clerk")
    for user, text in (("ana@port.example", PIN), ("ben", "The user likes tea.")):
        storing = ScriptedModel([call("notes_remember", f'{{"text": "{text}"}}')], "done")
        await Agent("clerk", model=storing, memory=each)("Note it.", context=user, log=log)
    for user, told in (("ana@port.example", True), ("ben", False)):
        model = ScriptedModel([call("notes_recall", '{"query": "PIN code of the user"}')], "done")
        await Agent("clerk", model=model, memory=each)(ASKED, context=user, log=log)
        said = [node.message.content for one in model.requests for node in one.thread]
        assert any("4711" in one for one in said) is told
    async with run(log=log):
        assert await texts(notes.scoped(agent="clerk", user="ana@port.example")) == [PIN]
        with pytest.raises(SetupError, match="none was given"):
            await each.recall(ASKED)
    with pytest.raises(SetupError, match="none was given"):
        await Agent("clerk", model=ScriptedModel("x"), memory=each)(ASKED, log=log)
    with pytest.raises(SetupError, match="cannot be bound"):
        await Agent("clerk", model=ScriptedModel("x"), memory=each)(ASKED, context=None, log=log)
    assert "by the context" in repr(each)
    await notes.close()


async def test_a_rerun_for_another_user_takes_nothing_over(notes: VectorMemory) -> None:
    log = open_log("memory:")
    async with run(log=log):
        await notes.scoped(user="ana").remember(PIN)
    each = notes.scoped(lambda context: {"user": context})
    answer = await Agent("clerk", model=ScriptedModel("x"), memory=each)(
        ASKED, context="ana", log=log
    )
    model = ScriptedModel("y")
    await Agent("clerk", model=model, memory=each).rerun(answer.run_id, context="ben", log=log)
    assert not any("4711" in n.message.content for r in model.requests for n in r.thread)
    await notes.close()


async def test_what_is_shared_is_read_and_never_written(notes: VectorMemory) -> None:
    ana = notes.scoped(user="ana").reading(notes)
    async with run(log=open_log("memory:")):
        await notes.remember("The PIN code of the gate is 1.", ids="gate")
        await ana.remember(PIN)
        assert sorted(await texts(ana)) == ["The PIN code of the gate is 1.", PIN]
        assert len(await ana.recall(ASKED, k=1)) == 1
        assert await texts(notes.scoped(user="ben").reading(notes)) == await texts(notes)
        assert await ana.forget("gate") == 0
        shown = notes.read_only()
        for write in (shown.remember(PIN), shown.forget("gate"), shown.scoped(a="b").remember("x")):
            with pytest.raises(ReadOnly):
                await write
        assert await texts(shown) == ["The PIN code of the gate is 1."]
    assert [one.name for one in shown.tools] == ["notes_recall"]
    with pytest.raises(SetupError, match="cannot read"):
        ana.reading(VectorMemory("other", store="numpy", embedder="minilm", path=":memory:"))
    await notes.close()


async def test_a_picture_shows_no_search_of_another_scope() -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    ana, log = notes.scoped(user="ana"), open_log("memory:")
    views = [MemoryMap("notes", scope=one) for one in ({"user": "ana"}, {"user": "ben"}, {})]
    async with run(log=log) as made:
        await ana.remember(PIN)
        await ana.recall(ASKED)
    for event in log.read(made.id):
        for view in views:
            view.add(event)
    assert [len(view.recalls) for view in views] == [1, 0, 0]


async def test_many_users_keep_few_files_open(tmp_path: Path) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    async with run(log=open_log("memory:")):
        for n in range(OPEN + 9):
            await notes.scoped(user=f"u{n}").remember(f"The user has number {n}.")
        assert len(notes.shelf._held) <= OPEN
        assert await texts(notes.scoped(user="u0"), "number") == ["The user has number 0."]
    await notes.close()


def test_a_store_that_was_given_has_no_scopes() -> None:
    notes = VectorMemory("notes", store=store("notes", "numpy", "hashed-512", ":memory:"))
    with pytest.raises(SetupError, match="was given its store"):
        notes.scoped(user="ana")


ODD = [
    "ana@port.example", "Ana@port.example", "ana@port.example ", "user=ana",
    'a"b', "a\nb", "a\x00b",
    "é", "e\u0301", "ａｎａ", "..", "/etc/passwd", "x" * 5000, "👩‍👩‍👧", "{}", "None",
    "1", "a\u200bb",
    "00000000-0000-0000-0000-000000000005", "' OR 1=1 --",
]  # fmt: skip


@pytest.mark.parametrize("search", ["vector", "hybrid"])
async def test_names_of_any_form_are_kept_apart(notes: VectorMemory, search: str) -> None:
    notes.search = search  # type: ignore[assignment]
    everything = " ".join(f"Secret{n}" for n in range(len(ODD)))
    async with run(log=open_log("memory:")):
        for n, name in enumerate(ODD):
            await notes.scoped(user=name).remember(f"Secret{n} is a number.", ids="same")
        for n, name in enumerate(ODD):
            hits = await notes.scoped(user=name).recall(f"numbers {everything}", k=50)
            assert [hit.text for hit in hits] == [f"Secret{n} is a number."]
        known = notes.scoped(user=uuid.UUID(int=5))
        assert await known.count() == 1 and await notes.count() == 0
    await notes.close()


@pytest.mark.parametrize("name", [None, "", " ", 3, True, b"x", ["a"], "\ud800", "a\udfff"])
def test_what_is_no_name_is_refused(name: object) -> None:
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    with pytest.raises(SetupError, match="cannot be bound"):
        made.scoped(user=name)
    with pytest.raises(SetupError):
        made.scoped({"\ud800": "x"})


async def test_a_context_that_names_nobody_stops_the_ask_before_it_costs() -> None:
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    model = ScriptedModel()
    for choose in (lambda c: {}, lambda c: None, lambda c: {"user": None}, lambda c: c["user"],
                   lambda c: {"user": c.name}, lambda c: 1 / 0):  # fmt: skip
        clerk = Agent("clerk", model=model, memory=made.scoped(choose))  # type: ignore[arg-type]
        with pytest.raises(SetupError):
            await clerk(ASKED, context={}, log=open_log("memory:"))
    assert model.requests == []
    each = made.scoped(lambda c: {"user": c})
    for work in (each.clear, each.consolidate, lambda: each.export("x"), lambda: each.undo("x")):
        with pytest.raises(SetupError):
            await work()
