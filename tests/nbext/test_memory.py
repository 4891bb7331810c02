"""Memories in a notebook: given to agents, looked at, and looked back at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nbext.notebook import Notebook

SHELF = """
from agentkit import Memory, Message, run
from agentkit.messages import extend, thread_of
class Shelf(Memory):
    def __init__(self, name, line):
        self.name, self.line = name, line
    async def on_task(self, thread):
        before = thread_of([node.message for node in thread[:-1]])
        return extend(before, Message(role="user", content=self.line), thread[-1].message)
shelf = Shelf("shelf", "The Grey Heron belongs to Ada.")
shelves = [shelf, Shelf("other", "The Curlew belongs to Bo.")]
"""


def test_an_agent_is_given_memories_by_name(shared: Notebook) -> None:
    shared.ok(SHELF)
    cell = shared.ok("%%agent keeper --memory shelf\nYou answer from what was recalled.")
    assert "memory: shelf" in cell.text
    assert shared.value("keeper.memories == (shelf,)") == "True"
    shared.ok("%%agent keeper --memory shelves\nYou answer from what was recalled.")
    assert shared.value("[one.name for one in keeper.memories]") == "['shelf', 'other']"
    shared.ok("%ask keeper --quiet -> said Who does the Grey Heron belong to?")
    assert shared.value("'belongs to Ada' in str(said.thread)") == "True"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("shelv", "did you mean shelf?"),
        ("tariff", "tariff is a Tool, not a memory."),
        ("shelf,shelves", "two memories called 'shelf'"),
    ],
)
def test_what_is_no_memory_is_refused_before_anything_is_paid(
    shared: Notebook, name: str, told: str
) -> None:
    shared.ok(SHELF)
    cell = shared.run(f"%%agent lost --memory {name}\nYou answer.")
    assert cell.ename == "SetupError"
    assert told in cell.error
    assert shared.value("'lost' in globals()") == "False"


def test_memories_complete(shared: Notebook) -> None:
    shared.ok(SHELF)
    assert shared.complete("%%agent keeper --memory sh") == ["shelf"]


VECTOR = """
from memory import VectorMemory
notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
await notes.remember(["The Grey Heron belongs to Ada Brix.", "The Curlew belongs to Bo Lind."])
"""


def test_a_memory_is_shown_with_what_was_recalled_of_it(shared: Notebook) -> None:
    shared.ok(VECTOR)
    shared.ok("%%agent reader --memory notes\nYou answer from what was recalled.")
    shared.ok("%ask reader --quiet Who does the Grey Heron belong to?")
    before = shared.value("len(__import__('agentkit').open_log().runs())")
    cell = shared.ok("%memory notes")
    assert "notes: 2 items · numpy · hashed-ngrams" in cell.text
    assert "reader searched: Who does the Grey Heron belong to?" in cell.text
    live, still = cell.outputs
    assert "application/vnd.jupyter.widget-view+json" in live
    assert {"text/html", "image/svg+xml"} <= set(still)
    assert shared.value("len(__import__('agentkit').open_log().runs())") == before


def test_what_comes_after_the_picture_is_seen_by_it_and_leaves_the_stored_output(
    shared: Notebook,
) -> None:
    shared.ok(VECTOR)
    shown = shared.ok("widget = %memory notes\nwidget.show();")
    assert shown.text.startswith("notes: 2 items")
    later = shared.ok(
        "await notes.remember('The Plover belongs to Cy Moor.')\n"
        "await notes.recall('Plover')\n"
        "import asyncio\n"
        "async with asyncio.timeout(10):\n"
        "    while '3 items' not in str(widget.picture) or 'Plover' not in str(widget.picture):\n"
        "        await asyncio.sleep(0.02)"
    )
    assert later.updates == []


def test_a_stream_is_shown_with_the_parts_of_each_score(shared: Notebook) -> None:
    shared.ok(
        "from memory import StreamMemory\n"
        "day = StreamMemory('day', importance=lambda text: 9 if 'fire' in text else 2,"
        " store='numpy', embedder='hashed', path=':memory:', reflect=False)\n"
        "await day.observe('There was a fire at quay 4.')\n"
        "await day.observe('The pilot had breakfast.')\n"
        "await day.recall('What happened at quay 4?')"
    )
    text = shared.ok("%memory day").text
    assert "day: 2 items · numpy" in text and "preset paper" in text
    assert all(part in text for part in ("relevance", "recency", "importance"))


def test_a_board_is_shown_on_its_replicas_and_follows_what_is_written(shared: Notebook) -> None:
    shared.ok(
        "from memory.board.board import Board\n"
        "port = Board('port', 'lww', replicas=('north', 'south'))\n"
        "port.network.partition('north', 'south')\n"
        "await port.at('north').write('quay', 'free')"
    )
    cell = shared.ok("shown = %memory port\nshown.show();")
    assert "1 key · 2 replicas · south behind · last write wins" in cell.text
    shared.ok(
        "await port.at('south').write('quay', 'taken')\n"
        "import asyncio\n"
        "async with asyncio.timeout(10):\n"
        "    while 'taken' not in str(shown.picture):\n"
        "        await asyncio.sleep(0.02)"
    )
    shared.ok("south = port.at('south')\n%memory south")
    table = shared.ok("%memory").text
    assert "Board" in table and "last write wins" in table


def test_a_queue_is_shown_by_its_letters(shared: Notebook) -> None:
    shared.ok("from memory.fabrics import fabric\nwork = fabric('local').queue('work')")
    shared.ok("await work.put('unload the Grey Heron')\nit = await work.take()\nawait it.ack()")
    text = shared.ok("%memory work").text
    assert "work: 1 done" in text
    assert "unload the Grey Heron: done (sent, taken, done)" in text


def test_memories_are_listed(shared: Notebook) -> None:
    shared.ok(VECTOR + SHELF)
    shared.ok("%%agent keeper --memory shelf,notes\nYou answer from what was recalled.")
    table = shared.ok("%memory").text
    assert "VectorMemory" in table and "finds shared words" in table and "keeper" in table
    assert "Shelf" in table


def test_a_memory_that_is_not_there_is_an_error_that_helps(shared: Notebook) -> None:
    shared.ok(SHELF)
    assert "did you mean shelf?" in shared.run("%memory shelff").error
    assert "tariff is a Tool, not a memory." in shared.run("%memory tariff").error
    assert "Shelf object" in shared.ok("%memory shelf").text


def test_loading_the_extension_loads_no_memories_and_no_patterns(tmp_path: Path) -> None:
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "import nbext.loading; nbext.loading.load(InteractiveShell.instance());"
        "heavy = {'memory', 'numpy', 'chromadb', 'nats', 'pycrdt', 'anywidget', "
        "'agentkit.patterns', 'agentkit.views.graph'};"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    env = {**os.environ, "AGENTKIT_LOG": "memory:", "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=60, check=True, env=env, cwd=tmp_path,
    )  # fmt: skip
    assert "loaded: []" in done.stdout


def test_the_state_at_past_events_is_shown_and_compared(shared: Notebook) -> None:
    shared.ok(
        "from memory import Board, State\n"
        "berths = Board('berths', 'cas')\n"
        "tally = State('tally', 0, lambda total, event: total + event)\n"
        "from agentkit import run\n"
        "async with run('lesson') as r:\n"
        "    first = await berths.write('quay', 'Heron')\n"
        "    second = await berths.write('quay', 'Avocet')\n"
        "    await tally.record(3)"
    )
    now = shared.ok("%state last").text
    assert 'berths · quay = "Avocet"' in now and "tally · value = 3" in now
    n = shared.value("first.n")
    assert 'berths · quay = "Heron"' in shared.ok(f"%state berths@{n}").text
    shown = shared.ok("%state berths@" + n + " @" + shared.value("second.n")).text
    assert '~ berths · quay = "Heron" → "Avocet"' in shown
    table = shared.ok("%state").text
    assert "berths" in table and "tally" in table
    assert shared.complete("%state ber") == ["berths"]
    wrong = shared.run("%state berths@99")
    assert wrong.ename == "SetupError" and "has no event 99" in wrong.error
    assert "did you mean berths?" in shared.run("%state berth@1").error
    assert "cannot read" in shared.run("%state berths@two").error


HOLDING = """
from contextlib import suppress
from agentkit import open_log

def holding(text):
    names = []
    for path in open_log().path.parent.rglob('*'):
        with suppress(FileNotFoundError, IsADirectoryError):  # a journal of SQLite's comes and goes
            names += [path.name] if text in path.read_bytes() else []
    return names
"""


def test_what_is_forgotten_from_a_cell_is_in_no_file(shared: Notebook) -> None:
    shared.ok(
        "from memory import VectorMemory\n"
        "lost = VectorMemory('lost', store='numpy', embedder='hashed')\n"
        "await lost.remember('ZEBRA' + 'CELL lives here, at 12 Dock Road.', ids='who')\n"
        "await lost.remember('Ben lives there.', ids='ben')"
    )
    shared.ok(HOLDING)
    found = "holding(b'ZEBRA' + b'CELL')"
    assert shared.value(found) != "[]"
    cell = shared.ok("%memory lost --forget who --forget none --erase")
    assert "lost forgot 1 of 2; erased from" in cell.text and "of notebooks" in cell.text
    assert shared.value(found) == "[]"
    assert "lost forgot 1 of 1." in shared.ok("%memory lost --forget ben").text
    assert "forgot 0 of 1. There is no 'ben'." in shared.ok("%memory lost --forget ben").text
    for wrong in ("%memory lost --erase", "%memory --forget x", "%memory shelf --forget x"):
        assert shared.run(wrong).ename == "SetupError"


ODD = """<img src=x onerror="alert(1)"> *bold* \\x1b[31m $x$ [a](javascript:b)"""


def browsed(shared: Notebook) -> None:
    shared.ok(
        "from memory import VectorMemory\n"
        "many = VectorMemory('many', store='numpy', embedder='hashed', path=':memory:',"
        " search='hybrid')\n"
        "await many.remember([f'Fact {n} about the port.' for n in range(45)],"
        " ids=[f'f{n}' for n in range(45)], metadata=[{'n': n} for n in range(45)])\n"
        f"await many.remember({ODD!r}, ids='an id@port.example <b>', metadata={{'<i>': '<u>'}})"
    )


def test_items_are_listed_page_by_page_and_found_by_words(shared: Notebook) -> None:
    browsed(shared)
    cell = shared.ok("%memory many --items")
    assert "f0" in cell.text and "f19" in cell.text and "f20" not in cell.text
    assert "46 items, page 1 of 3; more: %memory many --items=2" in cell.text
    assert "n=44" in shared.ok("%memory many --items=3").text
    found = shared.ok("%memory many --find 'FACT 17'")
    assert "f17" in found.text and "1 item, page 1 of 1" in found.text
    assert "no item with 'zebra'" in shared.ok("%memory many --find zebra").text
    (output,) = found.outputs
    assert set(output) == {"text/plain", "text/html"}
    before = shared.value("len(__import__('agentkit').open_log().runs())")
    shared.ok("%memory many --items --find port")
    assert shared.value("len(__import__('agentkit').open_log().runs())") == before
    hits = shared.ok("%memory many --search 'what of 23'").text
    assert hits.splitlines()[0].split() == ["id", "score", "relevance", "words", "text"]
    assert hits.splitlines()[1].split()[0] == "f23"


def test_words_of_a_memory_do_nothing_in_its_list(shared: Notebook) -> None:
    browsed(shared)
    cell = shared.ok("%memory many --items=3")
    (output,) = cell.outputs
    html, plain = output["text/html"], output["text/plain"]
    assert "<img" not in html and "<b>" not in html and "<u>" not in html and "<i>" not in html
    assert "&lt;img src=x" in html and "\x1b" not in plain and "onerror" in plain


def test_an_item_is_edited_in_a_cell_under_an_id_of_any_form(shared: Notebook) -> None:
    browsed(shared)
    cell = shared.ok("%%memory many --edit 'an id@port.example <b>'\nThe gate is\nZephyr9.\n")
    assert "now: The gate is Zephyr9." in cell.text
    shared.ok("(hit,) = await many.recall('zephyr9', k=1)")
    assert shared.value("hit.text") == repr("The gate is\nZephyr9.")
    assert shared.value("hit.item.metadata") == "{'<i>': '<u>'}"
    for wrong, told in (
        ("%%memory many --edit nobody\nx", "no item 'nobody'"),
        ("%%memory many --edit f1\n \n", "no text"),
        ("%memory many --edit f1", "no text"),
        ("%%memory many\nx", "takes no text"),
        ("%memory many --items=4", "no page 4"),
        ("%memory many --items=0", "from 1"),
        ("%memory many --items=x", "whole number"),
        ("%memory --items", "of what memory"),
        ("%memory many --items --search x", "one of them"),
        ("%memory many --edit f1 --forget f2", "one of them"),
    ):
        cell = shared.run(wrong)
        assert cell.ename == "SetupError" and told in cell.error, (wrong, cell.error)
    shared.ok("count = await many.count()")
    assert shared.value("count") == "46"
