"""Recorded runs as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, gather, open_log, pattern, tool
from agentkit.errors import AgentkitError, RateLimited, SetupError
from agentkit.events import Noted, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.testing import NotRecorded, RecordedModel, ScriptedModel, call, stand_in
from agentkit.testing.recorded import OldInstructions


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


@tool(effect="pure", name="tariff")
def dearer(port: str) -> float:
    """Harbour dues in EUR."""
    return 99.0


@tool(effect="pure", name="tariff")
def other_words(port: str) -> float:
    """Dues of a harbour."""
    return 79.2


def clerk_of(model: Any, **how: Any) -> Agent:
    how = {"instructions": "You know dues.", "tools": [tariff], **how}
    return Agent("clerk", model=model, **how)


async def recording(path: Path, *lines: Any) -> Path:
    """A file with one real run."""
    log = open_log(str(path))
    model = ScriptedModel(*(lines or (call("tariff", port="Amber"), "79.2 EUR")))
    await clerk_of(model)("The dues of Amber?", log=log)
    log.close()
    return path


async def test_it_replies_what_was_replied_and_tools_are_performed_anew(tmp_path: Path) -> None:
    path = await recording(tmp_path / "dues.db")
    before = path.read_bytes()
    model, log = RecordedModel(path), MemoryLog()
    for _ in range(2):
        answer = await clerk_of(model)("The dues of Amber?", log=log)
        assert (answer.text, answer.cost_usd, answer.usage.calls) == ("79.2 EUR", 0.002, 2)
    steps = [e.step for e in log.read(answer.run_id) if isinstance(e, StepStarted)]
    assert steps == ["model", "tool", "model"]
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["dues.db"]


@pytest.mark.parametrize(
    ("how", "task", "told"),
    [
        ({}, "The dues of Briar?", "message 2 .* is user: 'The dues of Briar.'; recorded was user"),
        ({"instructions": "You know all."}, "The dues of Amber?", "message 1 .*'You know all.'"),
        ({"tools": [dearer]}, "The dues of Amber?", "message 4 .* tool: '99.0'; recorded was tool"),
        ({"tools": [other_words]}, "The dues of Amber?", "same conversation with other tools"),
        ({"temperature": 0.5}, "The dues of Amber?", "other options"),
        ({"output": float}, "The dues of Amber?", "other output"),
    ],
)
async def test_a_team_that_was_changed_is_told_what_is_another(
    how: dict[str, Any], task: str, told: str, tmp_path: Path
) -> None:
    model = RecordedModel(await recording(tmp_path / "dues.db"))
    with pytest.raises(NotRecorded, match=told) as caught:
        await clerk_of(model, **how)(task, log=MemoryLog())
    assert "--agentkit-record" in str(caught.value)


async def test_equal_requests_get_their_replies_in_order_and_then_the_last(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "draws.db"))
    drawn = Agent("clerk", model=ScriptedModel("heads", "tails"))
    for _ in range(2):
        await drawn("Toss.", log=log)
    model = RecordedModel(log)
    clerk = Agent("clerk", model=model)
    said = [(await clerk("Toss.", log=MemoryLog())).text for _ in range(3)]
    assert said == ["heads", "tails", "tails"]
    second = RecordedModel(log, runs=[log.runs()[0].id])
    assert (await clerk.with_(model=second)("Toss.", log=MemoryLog())).text == "tails"


async def test_what_the_real_model_failed_with_it_fails_with(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "failed.db"))
    with pytest.raises(RateLimited):
        await Agent("clerk", model=ScriptedModel(RateLimited("too many")))("q", log=log)
    with pytest.raises(RateLimited, match="too many"):
        await Agent("clerk", model=RecordedModel(log))("q", log=MemoryLog())


async def test_a_whole_team_asks_the_recording_in_place_of_its_models(tmp_path: Path) -> None:
    agents = [Agent(name, model=ScriptedModel(name.upper())) for name in "abc"]

    @pattern
    async def team(task: str) -> str:
        return " ".join(one.text for one in await gather(*[one(task) for one in agents]))

    log = open_log(str(tmp_path / "team.db"))
    await team("q", log=log)
    for one in agents:
        one.model = ScriptedModel()
    with stand_in(RecordedModel(log)):
        # All three were asked the same words, each by its own name.
        assert sorted((await team("q", log=MemoryLog())).text.split()) == ["A", "B", "C"]
    with pytest.raises(AgentkitError, match="no line left"):
        await team("q", log=MemoryLog())


async def test_other_instructions_get_the_newest_replies_to_the_old_ones_and_it_is_told(
    tmp_path: Path,
) -> None:
    log = open_log(str(tmp_path / "dues.db"))
    for version, said in (("one", "1 EUR"), ("two", "2 EUR")):
        model = ScriptedModel(call("tariff", port=version), said)
        await clerk_of(model, instructions=version)("The dues?", log=log)
    model, kept = RecordedModel(log, other_instructions=True), MemoryLog()
    assert (await clerk_of(model, instructions="one")("The dues?", log=kept)).text == "1 EUR"
    assert not model.outdated
    # None at all are other ones, too; the conversation goes on as it did under the newest.
    for words in ("three", ""):
        answer = await clerk_of(model, instructions=words)("The dues?", log=kept)
        assert answer.text == "2 EUR"
    assert model.outdated == {"clerk": 4} and not model.refused
    notes = [e.note for e in kept.read(answer.run_id) if isinstance(e, Noted)]
    assert notes == [OldInstructions(actor="clerk")] * 2


@pytest.mark.parametrize(
    ("name", "how", "task", "told"),
    [
        ("clerk", {}, "The dues of Briar?", "message 1 .* user: 'The dues of Briar.'; recorded"),
        ("clerk", {"tools": [other_words]}, "The dues of Amber?", "conversation with other tools"),
        ("purser", {}, "The dues of Amber?", "same conversation of another agent"),
    ],
)
async def test_what_else_was_changed_is_told_where_instructions_may_be_others(
    name: str, how: dict[str, Any], task: str, told: str, tmp_path: Path
) -> None:
    path = await recording(tmp_path / "dues.db")
    model = RecordedModel(path, other_instructions=True)
    agent = Agent(name, "You know all.", model=model, **{"tools": [tariff], **how})
    with pytest.raises(NotRecorded, match=told):
        await agent(task, log=MemoryLog())
    assert not model.outdated and len(model.refused) == 1


async def test_agents_who_were_asked_the_same_keep_their_own_replies(tmp_path: Path) -> None:
    log = open_log(str(tmp_path / "team.db"))
    for name in "abc":
        await Agent(name, f"Old {name}.", model=ScriptedModel(name.upper()))("q", log=log)
    model = RecordedModel(log, other_instructions=True)
    said = [(await Agent(name, "New.", model=model)("q", log=MemoryLog())).text for name in "cab"]
    assert said == ["C", "A", "B"]


@pytest.mark.parametrize("empty", [True, False])
def test_what_holds_no_reply_is_refused(empty: bool, tmp_path: Path) -> None:
    if empty:
        open_log(str(tmp_path / "none.db")).close()
    with pytest.raises(SetupError, match="no reply of a model" if empty else "There is no log"):
        RecordedModel(tmp_path / "none.db")
