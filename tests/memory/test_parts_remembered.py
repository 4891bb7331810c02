"""Memories over conversations with images: they go through whole, or leave them out and say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Image
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import Content
from memory import Compaction, PagedMemory, StreamMemory, VectorMemory
from tests.fakes import ScriptedModel
from tests.media import png

IMAGE = Image.from_bytes(png(), name="chart.png")


def seen(model: ScriptedModel, ask: int) -> int:
    """How many images were in an ask."""
    contents = [one.message.content for one in model.requests[ask].thread]
    return sum(len(one.images) for one in contents if isinstance(one, Content))


def small(kind: str) -> Any:
    if kind == "paged":
        return PagedMemory("pages", window_tokens=4000)
    return Compaction("shorter", limit_tokens=4000)


def large(kind: str) -> Any:
    if kind == "paged":
        return PagedMemory("pages", window_tokens=40_000)
    return Compaction("shorter", limit_tokens=40_000)


@pytest.mark.parametrize("kind", ["paged", "compaction"])
async def test_an_image_that_fits_the_window_stays_in_it(kind: str, tmp_path: Path) -> None:
    log, model = SqliteLog(tmp_path / "a.db"), ScriptedModel("A mole.", "Of stone.")
    clerk = Agent("clerk", model=model, memory=large(kind))
    first = await clerk(["What is on it?", IMAGE], log=log)
    await clerk("Of what?", after=first, log=log)
    assert [seen(model, 0), seen(model, 1)] == [1, 1]
    assert log.verify() == []
    log.close()


@pytest.mark.parametrize("kind", ["paged", "compaction"])
async def test_an_image_that_does_not_fit_is_left_out_and_named(kind: str, tmp_path: Path) -> None:
    log, model = SqliteLog(tmp_path / "a.db"), ScriptedModel("I see none.")
    clerk = Agent("clerk", model=model, memory=small(kind))
    await clerk(["What is on it?", IMAGE], log=log)
    told = model.requests[0].thread[-1].message.text
    assert seen(model, 0) == 0
    assert "[image chart.png" in told and "left out" in told
    log.close()


@pytest.mark.parametrize("make", [VectorMemory, StreamMemory])
async def test_what_is_recalled_for_a_task_with_an_image_goes_by_its_words(
    make: Any, tmp_path: Path
) -> None:
    log, model = SqliteLog(tmp_path / "a.db"), ScriptedModel("A mole.", "The same.")
    clerk = Agent("clerk", model=model, memory=make("recalling"))
    await clerk(["What is on it?", IMAGE], log=log)
    await clerk(["And now?", IMAGE], log=log)
    assert [seen(model, 0), seen(model, 1)] == [1, 1]
    assert log.verify() == []
    log.close()
