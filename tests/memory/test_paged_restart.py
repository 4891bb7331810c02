"""Paged memory after its process died: another one goes on with the same ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.logs.memory import MemoryLog
from agentkit.model import Request
from memory import PagedMemory
from tests.fakes import ScriptedModel, call, cut_off

RESULT = "crate {} holds amber beads from the north quay. " * 12


def reply(request: Request) -> Any:
    """Asks for four crates one after another, then answers."""
    last = request.thread[-1].message
    n = int(last.content.split()[1]) + 1 if last.role == "tool" else 0
    return "beads" if n == 4 else [call("crate", f'{{"n": {n}}}')]


def opened(path: Path) -> tuple[PagedMemory, ScriptedModel, Agent]:
    """What a process makes anew when it starts."""

    @tool(effect="pure")
    def crate(n: int) -> str:
        """What is in a crate."""
        return RESULT.format(*[n] * 12)

    writer = ScriptedModel(*["They opened crates."] * 20)
    desk = PagedMemory(
        "desk", window_tokens=500, path=path, embedder="hashed", store="numpy", model=writer
    )
    clerk = Agent("clerk", model=ScriptedModel(*[reply] * 20), tools=[crate], memory=desk)
    return desk, writer, clerk


@pytest.mark.parametrize("stop", range(2, 60, 6))
async def test_another_process_resumes_and_stores_and_summarises_nothing_twice(
    stop: int, tmp_path: Path
) -> None:
    log = MemoryLog()
    first, before, clerk = opened(tmp_path)
    await cut_off(clerk("What is in the crates?", log=log), log, stop)
    await first.close()
    second, after, clerk = opened(tmp_path)
    [info] = log.runs()
    if info.status != "ok":
        assert (await clerk.resume(info.id, log=log)).text == "beads"
    contents = [page.message.content for page in await second.messages()]
    assert [text for text in contents if text.startswith("crate")] == [
        RESULT.format(*[n] * 12) for n in range(4)
    ]
    assert contents.count("What is in the crates?") == contents.count("beads") == 1
    summaries = [
        event.data["summary"]
        for event in log.read(info.id)
        if event.kind == "noted" and event.topic == "evicted"
    ]
    # A summary that was being written when the process died is asked for again.
    assert len(before.requests) + len(after.requests) <= len(summaries) + 1
    assert summaries
    await second.close()
