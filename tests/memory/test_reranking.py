"""A model puts what was found in order; what it cannot do is seen, and costs nobody the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import Agent, open_log, run
from agentkit.errors import RateLimited
from memory import VectorMemory
from memory.reranking import LONG, MOST
from tests.fakes import ScriptedModel

TEXTS = ["Amber has a crane.", "The crane of Amber broke.", "Amber is a port.", "Tea is at five."]


def notes(model: Any, **more: Any) -> VectorMemory:
    return VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:", rerank=model,
                        **{"k": 2, **more})  # fmt: skip


def order(*numbers: int) -> str:
    return json.dumps({"numbers": numbers})


async def recalled(model: Any, query: str = "crane of Amber", **more: Any) -> tuple[list[str], Any]:
    made, log = notes(model, **more), open_log("memory:")
    async with run(log=log) as opened:
        await made.remember(TEXTS)
        hits = await made.recall(query)
    told = [event.data for event in log.read(opened.id) if event.kind == "noted"]
    assert told[-1]["hits"] and [hit["text"] for hit in told[-1]["hits"]] == [h.text for h in hits]
    return [hit.text for hit in hits], [one["reason"] for one in told if "reason" in one]


async def test_the_model_chooses_from_more_than_are_asked_for() -> None:
    model = ScriptedModel(order(3, 1))
    texts, notes = await recalled(model)
    assert texts == [TEXTS[2], TEXTS[0]] and notes == []
    asked = model.requests[0].thread[-1].message.text
    assert "Question: crane of Amber" in asked and f"3. {TEXTS[2]}" in asked


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (order(2), [TEXTS[1], TEXTS[0]]),
        (order(2, 2, 9, 0, -1), [TEXTS[1], TEXTS[0]]),
        (order(*range(100, 0, -1)), [TEXTS[2], TEXTS[1]]),
    ],
)
async def test_what_it_leaves_out_follows_and_what_it_makes_up_does_not(
    said: str, wanted: list[str]
) -> None:
    texts, notes = await recalled(ScriptedModel(said))
    assert texts == wanted and notes == []


@pytest.mark.parametrize("said", [order(), order(7, 8), RateLimited("busy")])
async def test_where_it_fails_the_order_is_as_found_and_a_note_says_so(said: Any) -> None:
    texts, notes = await recalled(ScriptedModel(said))
    assert texts == TEXTS[:2] and len(notes) == 1
    assert notes[0] in ("RateLimited: busy", "the model named none of the passages")


async def test_a_spent_budget_costs_nobody_what_was_found() -> None:
    made, log = notes(ScriptedModel(order(1), cost_usd=0.5)), open_log("memory:")
    async with run(log=log, budget_usd=0.0001):
        await made.remember(TEXTS)
        await made.recall("crane")
        assert [hit.text for hit in await made.recall("crane of Amber")] == TEXTS[:2]


async def test_it_is_bounded_billed_and_replayed() -> None:
    model = ScriptedModel(order(5, 1), "ok", cost_usd=0.01)
    made, log = notes(model, k=30), open_log("memory:")
    async with run(log=log):
        await made.remember([f"Crane {n} " + "of Amber " * 300 for n in range(60)])
    answer = await Agent("clerk", model=model, memory=made)("crane", log=log)
    asked = model.requests[0].thread[-1].message.text
    assert len(asked) < MOST * (LONG + 8) + 300 and f"\n{MOST}. " in asked
    assert answer.cost_usd == pytest.approx(0.02)
    await made.clear()
    again = Agent("clerk", model=ScriptedModel(), memory=notes(ScriptedModel(), k=30))
    assert (await again.replay(answer.run_id, log=log)).text == "ok"


async def test_outside_of_a_run_it_is_one_run() -> None:
    model = ScriptedModel(order(2, 1))
    made = notes(model, search="hybrid")
    await made.remember(TEXTS)
    hits = await made.recall("crane of Amber")
    assert [hit.text for hit in hits] == TEXTS[:2]  # Words found them the other way round.
    assert [hit.raw["place"] for hit in hits] == [1, 2]
    runs = [info for info in open_log().runs() if info.name == "notes.recall"]
    assert len(runs) == 1 and runs[0].status == "ok"
