"""The model of a lesson's last section: recorded words, or the model that the reader chose."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent
from agentkit.logs.memory import MemoryLog
from agentkit.testing import NotRecorded, ScriptedModel
from agentkit.testing.recordings import load, save
from nbext import real
from nbext.real import real_model
from tests.conftest import ROOT

PATHS = re.compile(r"(?<![\w.:/])/(home|root|tmp|work|Users|private)/")
RECORDED = sorted((ROOT / "notebooks" / "recorded").glob("*.jsonl"))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    log = MemoryLog()
    await Agent("clerk", model=ScriptedModel("It is Rome."))("The capital?", log=log)
    given = {"model": "local:tiny", "licence": "MIT", "made": "2026-11-29"}
    save(tmp_path / "00.jsonl", log, **given)
    return tmp_path / "00.jsonl"


@pytest.mark.parametrize("chosen", ["", "sim:hasty"])
async def test_without_a_real_model_the_recorded_one_answers_and_is_named(
    chosen: str, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTKIT_MODEL", chosen)
    clerk = Agent("clerk", model=real_model(path, temperature=0))
    told = capsys.readouterr().out
    assert "2026-11-29" in told and "local:tiny (MIT)" in told and "nothing is asked" in told
    assert (await clerk("The capital?", log=MemoryLog())).text == "It is Rome."
    with pytest.raises(NotRecorded) as caught:
        await clerk("The largest town?", log=MemoryLog())
    assert "%endpoint" in str(caught.value.todo)


def test_a_model_that_was_chosen_is_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTKIT_MODEL", "ollama:llama3.2")
    assert real_model(path, temperature=0).name == "ollama:llama3.2"
    assert "Asked now: ollama:llama3.2" in capsys.readouterr().out


async def test_a_local_model_that_cannot_be_run_here_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(name: str) -> Any:
        return None

    monkeypatch.setenv("AGENTKIT_MODEL", "local:smollm2-135m")
    monkeypatch.setattr(real, "find_spec", nothing)
    clerk = Agent("clerk", model=real_model(path))
    assert "not installed" in (told := capsys.readouterr().out) and "pip install" in told
    assert (await clerk("The capital?", log=MemoryLog())).text == "It is Rome."


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recording_of_a_lesson_has_its_licence_and_nothing_of_a_machine(path: Path) -> None:
    about, log = load(path)
    assert about.licence and about.title and (ROOT / about.of).is_file()
    assert log.runs() and not PATHS.findall(path.read_text(encoding="utf-8"))


async def test_what_a_real_model_took_is_told_of_the_recording_where_it_is_replayed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_MODEL", "")
    model, log = real_model(path), MemoryLog()
    answer = await Agent("again", model=model)("The capital?", log=log)
    told = real.timed(model, answer.run_id, log)
    assert list(told.actor) == ["clerk"], "whoever asked when it was recorded"
    asked = real.timed(ScriptedModel("yes"), answer.run_id, log)
    assert list(asked.actor) == ["again"]
