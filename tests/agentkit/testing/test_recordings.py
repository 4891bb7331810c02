"""Recordings that are handed on: JSON lines with their licence, read, replayed, and not trusted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.errors import LogCorrupt, SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.testing import RecordedModel, ScriptedModel, call
from agentkit.testing.recordings import load, save

HOW = {"model": "local:tiny", "licence": "Apache-2.0", "made": "2026-11-29"}


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


def clerk_of(model: Any) -> Agent:
    return Agent("clerk", "You know dues.", model=model, tools=[tariff])


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    log = MemoryLog()
    lines = (call("tariff", port="Amber"), "79.2 EUR: ü, €\n😀", "No.")
    clerk = clerk_of(ScriptedModel(*lines, name="local:tiny"))
    for question in ("The dues of Amber?", "Others?"):
        await clerk(question, log=log)
    save(tmp_path / "dues.jsonl", log, title="Tiny", of="a test", **HOW)
    return tmp_path / "dues.jsonl"


async def test_a_recording_answers_what_was_asked_and_its_runs_can_be_replayed(path: Path) -> None:
    about, log = load(path)
    assert about.whose == "local:tiny (Tiny, Apache-2.0)" and about.made == "2026-11-29"
    clerk = clerk_of(RecordedModel(log, name=about.model))
    answer = await clerk("The dues of Amber?", log=MemoryLog())
    assert answer.text == "79.2 EUR: ü, €\n😀" and answer.usage.calls == 2
    run = next(one.id for one in log.runs() if "Amber" in one.name)
    again = await clerk("The dues of Amber?", replay=run, log=log)
    assert again.text == answer.text


async def test_it_can_be_saved_again_and_is_the_same(path: Path) -> None:
    about, log = load(path)
    head = save(path.with_name("again.jsonl"), log, title="Tiny", of="a test", **HOW).head
    assert head == about.head
    assert path.read_bytes() == path.with_name("again.jsonl").read_bytes()


async def test_no_altered_word_is_taken(path: Path) -> None:
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines()
    wrong = {
        "a word": whole.replace("79.2 EUR", "89.2 EUR"),
        "a time": whole.replace('"at":1', '"at":2', 1),
        "a line less": "\n".join([*lines[:3], *lines[4:]]),
        "the last line": "\n".join(lines[:-1]),
        "cut in the middle": whole[: len(whole) // 2],
        "a line twice": "\n".join([*lines, lines[-1]]),
        "no first line": "\n".join(lines[1:]),
        "another form": whole.replace('"recording":1', '"recording":2'),
        "no licence": json.dumps({**HOW, "licence": None}) + "\n" + "\n".join(lines[1:]),
        "nothing": "",
        "not JSON": "hello\nworld\n",
    }
    for what, text in wrong.items():
        assert text != whole, what
        path.write_text(text, encoding="utf-8")
        with pytest.raises(LogCorrupt):
            load(path)


async def test_whatever_is_damaged_is_a_typed_error(path: Path) -> None:
    whole, rng = path.read_bytes(), random.Random(3)
    for _ in range(150):
        at, data = rng.randrange(len(whole)), bytearray(whole)
        data[at : at + rng.randrange(4)] = bytes(
            rng.randrange(256) for _ in range(rng.randrange(4))
        )
        path.write_bytes(bytes(data))
        try:
            about, log = load(path)
        except (LogCorrupt, SetupError):
            continue
        # What the head does not cover: whose it is, and how JSON is laid out.
        assert log.verify(about.head) == []


def test_what_cannot_be_recorded_or_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No runs"):
        save(tmp_path / "a.jsonl", MemoryLog(), **HOW)
    with pytest.raises(SetupError, match="cannot be read"):
        load(tmp_path / "none.jsonl")
