"""What a store holds, on a map; and when it is looked at again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from memory import MemoryMap, VectorMemory, fill_map
from memory.views import stored
from memory.views.projection import Projection, project
from memory.views.recalls import Recall
from nbext.widgets.memory import MapWidget


def search(query: str, *ids: str) -> Recall:
    return Recall(1, query, "you", ("r", "s"), [{"id": id} for id in ids], True)


async def test_of_many_items_an_even_choice_is_shown_and_all_that_were_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def noted(vectors: object) -> Projection:
        made.append(threading.current_thread().name)
        return project(vectors)  # type: ignore[arg-type]

    monkeypatch.setattr(stored, "project", noted)
    big = VectorMemory("big", store="numpy", embedder="hashed", path=":memory:")
    ids = await big.remember([f"item {n}" for n in range(700)])
    view = MemoryMap("big")
    await fill_map(view, big.store, big.embedder)
    assert view.headline() == "700 items · 350 of them shown"
    view.recalls.append(search("item 1", ids[1], ids[3]))
    await fill_map(view, big.store, big.embedder)
    assert view.headline() == "700 items · 352 of them shown" and view.places["item 1"]
    assert len(made) == 2 and threading.main_thread().name not in made


async def test_a_store_that_was_long_looked_at_is_looked_at_again_at_once() -> None:
    looks: list[int] = []

    async def look(view: MemoryMap) -> None:
        looks.append(len(view.recalls))
        view.fill(view.shelf, {one.query: None for one in view.recalls})
        view.stale = False

    widget = MapWidget(MemoryMap("notes"), look)
    await widget.look_now()
    widget.took_s = 2.0  # a rest of 8 s, of which all but a moment is over
    widget.looked -= 7.9
    widget.view.recalls.append(search("where?"))
    widget.flush()
    async with asyncio.timeout(3):
        while widget.view.wanting:
            await asyncio.sleep(0.01)
    assert looks == [0, 1]
    widget.close()
