"""What events say by the ids of messages, of a run and of its fork, and as they come."""

from __future__ import annotations

import pytest

from agentkit import Agent, open_log
from agentkit.errors import SetupError
from agentkit.testing import ScriptedModel
from agentkit.views import Said


async def test_every_message_of_a_run_and_of_another_one_has_its_text() -> None:
    log = open_log("memory:")
    clerk = Agent("clerk", "Answer.", model=ScriptedModel("30 EUR", "40 EUR"))
    first = await clerk("What are the dues?", log=log)
    second = await clerk("What are the dues?", log=log, sample=1)
    for answer, words in ((first, "30 EUR"), (second, "40 EUR")):
        events = log.read(answer.run_id)
        said = Said(events)
        told = [said.of(event) for event in events if event.kind == "message.sent"]
        assert told == ["What are the dues?", words] and len(said) >= 2
        later = Said()
        for event in events:
            later.take(event)
        assert dict(later) == dict(said)


async def test_what_sends_nothing_and_what_is_not_there_are_named() -> None:
    log = open_log("memory:")
    answer = await Agent("clerk", "Answer.", model=ScriptedModel("yes"))("Well?", log=log)
    events = log.read(answer.run_id)
    with pytest.raises(SetupError, match=r"run\.started sends no message"):
        Said(events).of(events[0])
    sent = next(event for event in events if event.kind == "message.sent")
    with pytest.raises(SetupError, match="not among these events"):
        Said().of(sent)
    assert "x" not in Said(events) and sent.message in Said(events)  # type: ignore[union-attr]
