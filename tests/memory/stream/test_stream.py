from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log, pattern, run
from agentkit.errors import BadOutput, SetupError
from agentkit.model import Request
from memory import RELEASED, StreamMemory
from memory.stores.choose import store
from tests.fakes import ScriptedModel, cut_off

DAY = [
    ("The crane of Amber broke and two ships wait.", 8),
    ("Karin Holm had coffee.", 1),
    ("The Heron waits for the crane of Amber.", 5),
]


class Hours:
    """The story's clock."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def stream(hours: Hours | None = None, **options: Any) -> StreamMemory:
    given = {"store": "numpy", "embedder": "hashed", "path": ":memory:", "importance": 5.0}
    return StreamMemory("days", clock=hours or Hours(), **{**given, **options})


async def filled(made: StreamMemory) -> None:
    for text, importance in DAY:
        await made.observe(text, importance=importance)


async def test_a_recall_scores_by_three_parts_and_is_an_access() -> None:
    hours, log = Hours(), open_log("memory:")
    made = stream(hours)
    async with run(log=log) as r:
        await filled(made)
        hours.at = 10
        hits = await made.recall("the crane of Amber", k=1)
        assert hits[0].text == DAY[0][0]
        assert set(hits[0].parts) == {"recency", "importance", "relevance"}
        assert hits[0].score == pytest.approx(sum(hits[0].parts.values()))
        assert hits[0].raw["importance"] == 8
    accessed = [one.accessed for one in await made.records()]
    assert accessed == [10, 0, 0]
    (told,) = [e.data for e in log.read(r.id) if e.kind == "noted"]
    assert told["hits"][0]["parts"] == hits[0].parts


async def test_a_hybrid_stream_finds_the_number_that_was_asked_for() -> None:
    numbers = [f"Order {n} was noted down by Karin Holm at the quay." for n in range(8810, 8830)]
    first = {}
    for search in ("vector", "hybrid"):
        made = stream(search=search)
        async with run(log=open_log("memory:")):
            for text in numbers:
                await made.observe(text, importance=5)
            (hit,) = await made.recall("what of 8817, please", k=1)
            first[search] = hit.text
            assert set(hit.parts) == {"recency", "importance", "relevance"}
            await made.observe("Order 9999 was lost.", importance=5)
            (hit,) = await made.recall("9999", k=1)
            assert hit.text == "Order 9999 was lost."
    assert first["hybrid"] == numbers[7]
    with pytest.raises(SetupError, match="hybrid"):
        stream(search="bm25")


async def test_what_was_recalled_lately_beats_an_equal_that_was_not() -> None:
    hours = Hours()
    made = stream(hours, importance=3.0)
    async with run(log=open_log("memory:")):
        first = await made.observe("A gull sits on the pier.")
        second = await made.observe("A gull sits on the pier.")
        hours.at = 50
        assert (await made.recall("gull", k=1))[0].item.id == second.id
        await made.recall("gull", k=2)
        hours.at = 51
        await made.observe("A gull flew over the pier.")
        hours.at = 99
        raw = [hit.raw["recency"] for hit in await made.recall("gull", k=3)]
        assert raw == pytest.approx([0.995**48, 0.995**49, 0.995**49])
    assert first.id != second.id


async def test_the_presets_order_differently() -> None:
    hours = Hours()
    orders = []
    for preset in ("paper", RELEASED):
        made = stream(hours, preset=preset)
        async with run(log=open_log("memory:")):
            hours.at = 0.0
            await made.observe("The crane of Amber was painted.", importance=1)
            hours.at = 400
            await made.observe("Karin Holm retired.", importance=10)
            hours.at = 401
            hits = await made.recall("crane of Amber")
        orders.append([hit.text[:3] for hit in hits])
        assert all(hit.score == pytest.approx(sum(hit.parts.values())) for hit in hits)
    assert orders == [["Kar", "The"], ["The", "Kar"]]


def thinker(request: Request) -> str:
    """A model that asks one question, and points once rightly and once at nothing."""
    text = request.thread[-1].message.content
    if "questions" in text:
        return json.dumps({"questions": ["What of the crane?", "  "]})
    lines = [line for line in text.splitlines() if line[:1].isdigit()]
    crane = [int(line.split(".")[0]) for line in lines if "crane" in line]
    return json.dumps(
        {
            "insights": [
                {"insight": "The crane holds up ships.", "because": [*crane, 99]},
                {"insight": "The moon is round.", "because": [77]},
            ]
        }
    )


async def test_a_reflection_follows_the_threshold_and_points_at_its_evidence() -> None:
    preset = RELEASED.model_copy(update={"threshold": 14})
    made, log = stream(preset=preset, model=ScriptedModel(thinker, thinker)), open_log("memory:")
    async with run(log=log) as r:
        await filled(made)
    records = await made.records()
    (insight,) = [one for one in records if one.kind == "reflection"]
    by_id = {one.id: one.text for one in records}
    assert sorted(by_id[id] for id in insight.because) == sorted([DAY[0][0], DAY[2][0]])
    topics = [e.topic for e in log.read(r.id) if e.kind == "noted"]
    assert topics == ["recalled", "dangling", "dangling", "reflected"]
    assert records[-1].reflected
    async with run(log=log):
        await made.observe("Quiet.", importance=10)
    assert await made.count() == 5, "what was reflected on does not count again"


async def test_the_simulated_brain_reflects() -> None:
    made = stream(model="sim:careful", importance=None)
    async with run(log=open_log("memory:")):
        for text, _ in DAY:
            await made.observe(text)
        rated = {one.text: one.importance for one in await made.records()}
        insights = await made.reflect()
    assert rated[DAY[0][0]] > rated[DAY[1][0]]
    assert insights and any("crane of Amber" in one.text for one in insights)
    assert all(one.because for one in insights)


async def test_a_plan_is_laid_end_to_end_and_stored() -> None:
    def plans(request: Request) -> str:
        if "broad" in request.thread[-1].message.content:
            return '{"steps": [{"activity": "inspect", "minutes": 60}, {"activity": "sail"}]}'
        return (
            '{"steps": [{"activity": "look", "minutes": 15}, {"activity": "note", "minutes": 15}]}'
        )

    made = stream(model=ScriptedModel(plans, plans, plans))
    async with run(log=open_log("memory:")):
        parts = await made.plan("Karin Holm plans her day.", start=8, hours=4, depth=2)
    assert [(one.start, one.hours) for one in parts] == [(8, 2), (10, 2)]
    assert [(one.start, one.hours) for one in parts[0].parts] == [(8, 1), (9, 1)]
    assert str(parts[0]).splitlines() == [
        "08:00-10:00  inspect", "  08:00-09:00  look", "  09:00-10:00  note",
    ]  # fmt: skip
    kinds = [(one.kind, one.because) for one in await made.records()]
    assert [kind for kind, _ in kinds] == ["plan"] * 6
    assert kinds[1][1] == (parts[0].id,)


async def test_the_simulated_brain_plans() -> None:
    made = stream(model="sim:careful")
    async with run(log=open_log("memory:")):
        await filled(made)
        parts = await made.plan("Karin Holm, harbour master of Amber, plans her day.", start=8)
    assert parts and sum(one.hours for one in parts) == pytest.approx(16)


async def test_an_agent_remembers_its_exchanges() -> None:
    made, log = stream(k=1), open_log("memory:")
    model = ScriptedModel("It is broken.", "Still broken.")
    clerk = Agent("clerk", model=model, memory=made)
    await clerk("How is the crane?", log=log)
    await clerk("And how is the crane today?", log=log)
    told = model.requests[1].thread[0].message.content
    assert "I was asked: How is the crane? I answered: It is broken." in told
    assert [one.name for one in model.requests[0].tools] == ["days_recall", "days_observe"]


async def test_two_agents_share_a_stream_without_losing_a_record() -> None:
    made, log = stream(), open_log("memory:")
    asks = [
        Agent(f"clerk{n}", model=ScriptedModel(f"answer {n}"), memory=made)(
            f"question {n}", log=log
        )
        for n in range(8)
    ]
    await asyncio.gather(*asks)
    assert await made.count() == 8


async def test_an_empty_stream_recalls_and_reflects_nothing() -> None:
    made = stream(model=ScriptedModel())
    async with run(log=open_log("memory:")):
        assert await made.recall("anything") == []
        assert await made.reflect() == []


@pytest.mark.parametrize("stop", range(1, 40))
async def test_killed_at_any_step_and_resumed_it_stores_everything_once(stop: int) -> None:
    log = open_log("memory:")
    preset = RELEASED.model_copy(update={"threshold": 14})
    made = stream(preset=preset, model=ScriptedModel(thinker, thinker, thinker, thinker))

    @pattern
    async def life(task: str) -> str:
        await filled(made)
        hits = await made.recall(task, k=2)
        return hits[0].text

    steps = ("step.started", "step.ended")
    asking = life("the crane of Amber", log=log)
    await cut_off(asking, log, stop, lambda event: event.kind in steps)
    if log.runs()[0].status != "ok":
        await life.resume(log.runs()[0].id, log=log)
    texts = [one.text for one in await made.records()]
    assert texts == [text for text, _ in DAY] + ["The crane holds up ships."]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda m: m.observe(" "),
        lambda m: m.observe("x", importance=11),
        lambda m: m.recall(""),
        lambda m: m.recall("x", k=0),
        lambda m: m.plan("x", start=0, depth=4),
        lambda m: m.plan("x", start=0, hours=0),
    ],
)
async def test_what_cannot_be_is_an_error(wrong: Any) -> None:
    made = stream()
    async with run(log=open_log("memory:")):
        with pytest.raises(SetupError):
            await wrong(made)
    assert await made.count() == 0
    with pytest.raises(SetupError, match="No preset"):
        stream(preset="fast")


async def test_a_rating_that_is_none_stores_nothing() -> None:
    made = stream(model=ScriptedModel("a lot", "very", "12"), importance=None)
    async with run(log=open_log("memory:")):
        with pytest.raises(BadOutput):
            await made.observe("The crane broke.")
    assert await made.count() == 0


async def test_a_recall_brings_back_nothing_that_was_forgotten_or_edited_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stream(path=tmp_path)
    await filled(made)
    gone, edited, _ = await made.records()
    other = store("days", "numpy", made.embedder.name, tmp_path)
    tasks, real = list[asyncio.Task[Any]](), made.store.vectors

    async def vectors(ids: Any) -> Any:
        found = await real(ids)
        if not tasks:
            # In this process one waits for the other; another process does not.
            tasks.append(asyncio.create_task(made.edit(edited.id, "Karin Holm had tea.")))
            await asyncio.sleep(0.01)
            await other.drop([gone.id])
        return found

    monkeypatch.setattr(made.store, "vectors", vectors)
    assert gone.id not in [hit.item.id for hit in await made.recall("Amber", k=3)]
    await tasks[0]
    assert [one.text for one in await made.records()] == ["Karin Holm had tea.", DAY[2][0]]
    await other.close()
    await made.close()


async def test_what_differs_in_the_last_bit_alone_is_scored_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = stream()
    for _ in range(3):
        await made.observe("The crane of Amber broke.")
    real = made.store.vectors

    async def vectors(ids: Any) -> Any:
        # As a product of matrices gives it, by the place of a row among the others.
        found = await real(ids)
        found[0] *= 1 + 2e-7
        return found

    monkeypatch.setattr(made.store, "vectors", vectors)
    scores = [hit.score for hit in await made.recall("What broke in Amber?", k=3)]
    assert len(set(scores)) == 1
    await made.close()
