"""What a newcomer adds, each in one file and without touching the spine: here it is the file."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, Context, Tool, open_log, set_person
from agentkit.errors import Interrupted
from agentkit.events import StepEnded
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.tools import Arguments, BadArguments
from tests.fakes import ScriptedModel, call


class Crane(Tool):
    """A kind of tool: commands of a machine, in a language of its own and not in JSON Schema."""

    effect = "idempotent"
    timeout_s = 0.2

    def __init__(self, name: str, *commands: str) -> None:
        self.commands, self.done = commands, list[tuple[str, str]]()
        self.spec = ToolSpec(
            name=name,
            description=f"Move a crane: {', '.join(commands)}.",
            parameters={"type": "object", "properties": {"command": {"type": "string"}}},
        )

    def check(self, arguments: str) -> Arguments:
        for one in self.commands:
            if f'"{one}"' in arguments:
                return Arguments({"command": one})
        raise BadArguments(f"The crane knows {', '.join(self.commands)}.")

    def approve(self, arguments: dict[str, Any]) -> bool:  # type: ignore[override]
        return bool(arguments["command"] == "drop")

    async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
        command = str(arguments["command"])
        if command == "jam":
            raise OSError("The hook is stuck.")
        if command == "sleep":
            await asyncio.sleep(60)
        self.done.append((command, context.key))
        return {"at": command, "moves": len(self.done)}


COMMANDS = ("left", "right", "drop", "jam", "sleep")


async def moved(*commands: str, crane: Crane | None = None) -> tuple[Crane, list[str], Any]:
    """A crane that was told so, what its model heard, and the log."""
    crane, log = crane or Crane("crane", *COMMANDS), open_log("memory:")
    calls = [[call("crane", f'{{"command": "{one}"}}')] for one in commands]
    model = ScriptedModel(*calls, "Done.")
    answer = await Agent("hand", model=model, tools=[crane])("Load it.", log=log)
    heard = [one.message.content for one in answer.thread if one.message.role == "tool"]
    return crane, heard, (log, answer)


async def test_a_tool_of_a_new_kind_is_offered_checked_and_performed() -> None:
    crane, heard, (log, answer) = await moved("left", "up", "right")
    assert heard[0] == '{"at":"left","moves":1}'
    assert heard[1] == "The crane knows left, right, drop, jam, sleep."
    assert heard[2] == '{"at":"right","moves":2}'
    assert [one for one, _ in crane.done] == ["left", "right"]
    steps = [e for e in log.read(answer.run_id) if isinstance(e, StepEnded) and e.step == "tool"]
    assert [(e.name, e.status) for e in steps] == [("crane", "ok"), ("crane", "ok")]


async def test_its_failures_and_its_time_out_are_told_to_the_model() -> None:
    _, heard, _ = await moved("jam", "sleep")
    assert heard == ["The hook is stuck.", "crane did not return within 0.2 s."]


@pytest.mark.parametrize(("said", "done"), [("yes", 1), ("no", 0)])
async def test_a_person_is_asked_as_it_declares(said: str, done: int) -> None:
    asked = list[JSON]()

    async def person(question: Any) -> str:
        asked.append(question.arguments)
        return said

    set_person(person)
    try:
        crane, heard, _ = await moved("drop")
    finally:
        set_person(None)
    assert (asked, len(crane.done)) == ([{"command": "drop"}], done)
    assert ("did not allow" in heard[0]) is (said == "no")


async def test_a_resume_does_not_perform_it_again() -> None:
    crane, log = Crane("crane", *COMMANDS), open_log("memory:")
    left = [call("crane", '{"command": "left"}')]
    with pytest.raises(Interrupted) as stop:
        await Agent("hand", model=ScriptedModel(left, Interrupted("off")), tools=[crane])(
            "Load it.", log=log, id="r"
        )
    assert isinstance(stop.value, AgentkitError) and len(crane.done) == 1
    hand = Agent("hand", model=ScriptedModel("Done."), tools=[crane])
    assert (await hand.resume("r", log=log)).text == "Done." and len(crane.done) == 1


async def test_an_edited_kind_is_noticed_in_a_rerun() -> None:
    class Winch(Crane):
        async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
            return "wound"

    crane, _, (log, answer) = await moved("left")
    again = Agent("hand", model=ScriptedModel("Done."), tools=[Winch("crane", *COMMANDS)])
    rerun = await again.rerun(answer.run_id, log=log)
    heard = [one.message.content for one in rerun.thread if one.message.role == "tool"]
    assert heard == ["wound"] and len(crane.done) == 1


async def test_an_object_that_has_all_of_a_tool_needs_no_base() -> None:
    class Bell:
        spec = ToolSpec(name="ring", description="Ring.", parameters={"type": "object"})
        effect, timeout_s, approve, on_error = "pure", None, False, "tell"
        own_steps, takes_context = False, "never"

        def check(self, arguments: str) -> dict[str, JSON]:
            return {}

        async def perform(self, arguments: Arguments, context: Context[Any]) -> str:
            return "dong"

    model = ScriptedModel([call("ring", "{}")], "Done.")
    answer = await Agent("hand", model=model, tools=[Bell()])("Ring.", log=open_log("memory:"))
    assert [one.message.content for one in answer.thread if one.message.role == "tool"] == ["dong"]
