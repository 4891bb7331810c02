"""Recordings that are handed on: JSON lines with their licence, read, replayed, and not trusted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, pattern, tool
from agentkit.errors import LogCorrupt, SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.testing import RecordedModel, ScriptedModel, call
from agentkit.testing.recordings import digest_of, load, save

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
    again = save(path.with_name("again.jsonl"), log, title="Tiny", of="a test", **HOW)
    assert again == about
    assert path.read_bytes() == path.with_name("again.jsonl").read_bytes()


async def test_what_is_handed_on_names_no_file_of_the_machine_that_it_was_made_on(
    tmp_path: Path,
) -> None:
    @tool(effect="pure")
    def broken(port: str) -> str:
        """Breaks."""
        raise ExceptionGroup("several", [OSError("no such port"), ValueError(port)])

    @pattern
    async def team(task: Any) -> None:
        model = ScriptedModel(call("broken", port="Amber"), "It broke.", name="local:tiny")
        await Agent("clerk", model=model, tools=[broken])(task)
        raise RuntimeError("gone")

    log = MemoryLog()
    with pytest.raises(RuntimeError):
        await team("Go.", log=log)
    save(tmp_path / "broken.jsonl", log, **HOW)
    assert str(tmp_path.parent) not in (text := (tmp_path / "broken.jsonl").read_text())
    assert __file__ not in text and "Traceback" not in text
    (run,) = load(tmp_path / "broken.jsonl").log.runs()
    errors = [one for event in log.read(run.id) if (one := getattr(event, "error", None))]
    kept = [one for event in load(tmp_path / "broken.jsonl").log.read(run.id)
            if (one := getattr(event, "error", None))]  # fmt: skip
    assert any(__file__ in one.trace for one in errors)
    assert [(one.type, one.text, one.where) for one in kept] == [
        (one.type, one.text, one.where) for one in errors
    ]


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
        # What the digest does not cover is whose it is.
        rest = path.read_text(encoding="utf-8").partition("\n")[2]
        assert digest_of(rest) == about.sha256 and len(log.runs()) == 2


async def test_a_recording_of_an_older_agentkit_opens_though_events_have_more_fields_now(
    path: Path,
) -> None:
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    events = [json.loads(line) for line in rest.splitlines()]
    older = [{k: v for k, v in one.items() if v is not None or k == "parent"} for one in events]
    text = "".join(json.dumps(one) + "\n" for one in older)
    assert len(text) < len(rest)
    about = json.loads(first) | {"sha256": digest_of(text)}
    path.write_text(f"{json.dumps(about)}\n{text}", encoding="utf-8")
    clerk = clerk_of(RecordedModel(load(path).log))
    assert (await clerk("The dues of Amber?", log=MemoryLog())).usage.calls == 2


async def test_other_ends_of_lines_are_the_same_recording(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert len(load(path).log.runs()) == 2


def test_what_cannot_be_recorded_or_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No runs"):
        save(tmp_path / "a.jsonl", MemoryLog(), **HOW)
    with pytest.raises(SetupError, match="cannot be read"):
        load(tmp_path / "none.jsonl")
