"""Memories in a real JupyterLab: the map follows a run, and an item can be read."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.conftest import ROOT

SETUP = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from functools import partial
from agentkit import open_log
from memory.embed.hashed import HashedNgrams
from memory.stores import Item
from memory.stores.numpystore import NumpyStore
from memory.views.paging import Paging
from memory.views.recalls import MemoryMap
from memory.views.stored import fill_map
from nbext.widgets.memory import MapWidget, PagingWidget
from tests.agentkit.views.story import Story

log, story, embedder = open_log("memory:"), Story(), HashedNgrams()
store = NumpyStore("notes", embedder.name)
story.start()
lease = log.begin(story.run)

async def play():
    while story.events:
        log.append(lease, story.events.pop(0))
    await log.flush(lease)

async def remember(*texts):
    items = [Item(id=f"n{{i}}", text=text) for i, text in enumerate(texts)]
    await store.put(items, (await embedder.embed(texts)).vectors)
    story.finish("c", f"k{{len(texts)}}", "memory", "notes.remember")
    await play()

async def recall(query, k=3):
    near = await store.near((await embedder.embed([query])).vectors[0], k)
    hits = [
        dict(id=n.item.id, score=n.similarity, parts=dict(relevance=n.similarity), text=n.item.text)
        for n in near
    ]
    story.note("c", "recalled", dict(memory="notes", query=query, hits=hits, untrusted=True))
    await play()

story.open("c", "clerk", "desk/clerk")
await play()"""
MAP = """\
view = MemoryMap("notes", "hashed n-grams: finds shared words and word parts, not meaning")
filled = partial(fill_map, store=store, embedder=embedder)
shown = MapWidget(view, filled).follow(log, [story.run]).show();"""
WRITE = """\
await remember(
    "The dues for coal are 13 EUR per tonne in Amber",
    "The dues for grain are 9 EUR per tonne in Amber",
    "The Grey Heron belongs to Ada Brix and lies in Cobalt",
    "The Curlew belongs to Bo Lind and lies in Amber",
    "The crane at quay 4 lifts 60 tonnes in Cobalt",
    "The crane at quay 2 lifts 25 tonnes in Amber",
    "Ships with dangerous goods wait outside of Umber",
    "The pilot boat leaves at six from Umber",
    "Night work costs half as much again in Cobalt",
    "The harbour master of <b>Amber</b> is Cy Moor")
await recall("Who owns the Grey Heron?")
await recall("What are the dues for coal in Amber?", 4)"""


def test_the_map_follows_its_memory_and_shows_an_item_on_a_click(lab: Lab) -> None:
    lab.open(lab.write("map.ipynb", [SETUP, MAP, WRITE]))
    assert lab.run_cell(0) == ""
    lab.run_cell(1)
    shown = lab.page.locator(".ak-map")
    expect(shown).to_contain_text("Nothing is stored yet.")
    lab.run_cell(2)
    expect(shown).to_have_attribute("data-items", "10")
    expect(shown.locator(".item.hit")).to_have_count(4)
    expect(shown.locator(".query")).to_have_count(1)
    shown.get_by_label("Earlier search").click()
    expect(shown.locator(".ak-asked")).to_have_text("Who owns the Grey Heron?")
    shown.locator(".ak-hit").first.click()
    expect(shown.locator(".ak-full")).to_contain_text("belongs to Ada Brix")
    shown.locator(".item.chosen").press("ArrowRight")
    expect(shown.locator(".ak-full")).to_contain_text("The Curlew")
    lab.page.keyboard.press("ArrowRight")
    expect(shown.locator(".ak-full")).to_contain_text("The crane at quay 4")
    expect(shown.locator(".item.chosen")).to_be_focused()
    lab.save()
    lab.reload()
    expect(shown).to_have_attribute("data-items", "10")
    lab.scroll_to(shown)
    lab.screenshot("memory-map")
