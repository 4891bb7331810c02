"""Memories attached to an agent: the three moments, their tools, and recovery."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agentkit import Agent, Memory, Message, Tool, current_run, open_log
from agentkit.context import memory_tool
from agentkit.errors import SetupError, StoreError, ToolError
from agentkit.messages import Thread, extend, thread_of
from agentkit.step import Outcome
from tests.fakes import ScriptedModel, call


class Notes(Memory):
    """Lines in a list; reads and writes are steps."""

    def __init__(self, *lines: str, name: str = "notes") -> None:
        self.name, self.lines, self.performed = name, list(lines), list[str]()
        self.heard: list[str] = []

    async def step(self, verb: str, text: str) -> list[str]:
        async def perform(_key: str) -> Outcome:
            self.performed.append(f"{verb} {text}")
            if text == "break":
                raise StoreError("The shelf is full.", todo="buy another")
            if verb == "write":
                self.lines.append(text)
            return Outcome(result=list(self.lines))

        outcome = await current_run().step("memory", f"{self.name}.{verb}", text, perform)
        return list(outcome.result)

    @property
    def tools(self) -> Sequence[Tool]:
        @memory_tool(effect="idempotent", name=f"{self.name}_write")
        async def write(text: str) -> int:
            """Write a line; returns how many there are."""
            return len(await self.step("write", text))

        return [write]

    async def on_task(self, thread: Thread) -> Thread:
        lines = await self.step("read", thread[-1].message.content)
        known = Message(role="user", content=" ".join(lines))
        return extend(thread_of([n.message for n in thread[:-1]]), known, thread[-1].message)

    async def on_turn(self, thread: Thread) -> Thread:
        self.heard.append(f"turn {len(thread)}")
        return thread

    async def on_answer(self, thread: Thread) -> None:
        await self.step("write", thread[-1].message.content)


async def test_the_model_sees_what_the_memory_adds_and_may_call_its_tools() -> None:
    notes = Notes("Amber is deep.")
    model = ScriptedModel([call("notes_write", '{"text": "Karin is master."}')], "Deep.")
    answer = await Agent("clerk", "Answer.", model=model, memory=notes)(
        "How deep?", log=open_log("memory:")
    )
    seen = [node.message.content for node in model.requests[0].thread]
    assert seen == ["Answer.", "Amber is deep.", "How deep?"]
    assert [one.name for one in model.requests[0].tools] == ["notes_write"]
    assert notes.lines == ["Amber is deep.", "Karin is master.", "Deep."]
    assert notes.heard == ["turn 3", "turn 5"]
    assert answer.text == "Deep."


async def test_a_replay_performs_no_read_and_no_write() -> None:
    log, notes = open_log("memory:"), Notes("Amber is deep.")
    model = ScriptedModel([call("notes_write", '{"text": "x"}')], "Deep.")
    clerk = Agent("clerk", model=model, memory=notes)
    answer = await clerk("How deep?", log=log)
    before = list(notes.performed)
    again = await clerk.replay(answer.run_id, log=log)
    assert (again.text, notes.performed) == (answer.text, before)


async def test_a_memory_tool_is_recorded_once_and_its_failure_is_told_to_the_model() -> None:
    log, notes = open_log("memory:"), Notes()
    model = ScriptedModel([call("notes_write", '{"text": "break"}')], "It is full.")
    answer = await Agent("clerk", model=model, memory=notes)("Write.", log=log)
    started = [e.step for e in log.read(answer.run_id) if e.kind == "step.started"]
    assert started == ["memory", "model", "memory", "model", "memory"]
    told = model.requests[1].thread[-1].message
    assert (told.role, told.error) == ("tool", True)
    assert "The shelf is full." in told.content


async def test_a_failed_memory_step_that_the_model_was_told_of_is_not_tried_again() -> None:
    log, notes = open_log("memory:"), Notes()
    model = ScriptedModel([call("notes_write", '{"text": "break"}')], RuntimeError("crash"))
    with pytest.raises(RuntimeError):
        await Agent("clerk", model=model, memory=notes)("Write.", log=log)
    run = log.runs()[0].id
    after = ScriptedModel("It is full.")
    answer = await Agent("clerk", model=after, memory=notes).resume(run, log=log)
    assert answer.text == "It is full."
    assert notes.performed.count("write break") == 1


def test_what_is_no_memory_is_refused_before_anything_is_paid() -> None:
    with pytest.raises(SetupError, match="memory of clerk"):
        Agent("clerk", model=ScriptedModel(), memory="notes")  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="two memories called 'notes'"):
        Agent("clerk", model=ScriptedModel(), memory=[Notes(), Notes()])
    with pytest.raises(ToolError, match="notes_write"):
        Agent("clerk", model=ScriptedModel(), memory=Notes(), tools=list(Notes().tools))
