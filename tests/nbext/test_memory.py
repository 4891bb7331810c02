"""Memories in a notebook: given to agents, looked at, and looked back at."""

from __future__ import annotations

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
