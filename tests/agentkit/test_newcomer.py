"""What a newcomer adds, each in one file and without touching the spine: here it is the file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentkit import (
    Actor,
    Agent,
    AgentkitError,
    Answer,
    Context,
    Pattern,
    Tool,
    discard,
    open_log,
    run,
    set_person,
)
from agentkit.errors import BadReply, Interrupted
from agentkit.events import Event, Noted, StepEnded
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.notes import Note
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import document, element, words
from agentkit.scope import note
from agentkit.tools import Arguments, BadArguments
from agentkit.views.book import News
from agentkit.views.fold import Fold, fold
from memory import State
from tests.agentkit.jsonlines import JsonLines
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


class Escalated(Note):
    """An answer was not good enough, so the next one was asked."""

    topic = "newcomer_escalated"
    says = "{by} was unsure, so {to} was asked."
    by: str
    to: str


def escalation(*ladder: Actor, unsure: str = "unsure", name: str = "escalation") -> Pattern:
    """A pattern: ask one after the other, the cheapest first, until one is sure."""

    async def climb(task: JSON) -> Answer:
        answer = await ladder[0](task)
        for below, one in zip(ladder, ladder[1:], strict=False):
            if unsure not in answer.text:
                break
            discard(answer)
            note(Escalated(by=below.name, to=one.name))
            answer = await one(task)
        return answer

    return Pattern(climb, name, ladder)


class Escalations(Fold):
    """A view: how often each was passed over for the next."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[tuple[str, str], int] = {}

    def take(self, event: Event, news: News) -> None:
        match event:
            case Noted(note=Escalated(by=by, to=to)) if news == "new":
                self.counts[by, to] = self.counts.get((by, to), 0) + 1

    def data(self, since: int = 0) -> dict[str, JSON]:
        rows = [{"by": by, "to": to, "times": n} for (by, to), n in self.counts.items()]
        return {"rev": self.rev, "rows": rows}


class EscalationsPicture(Picture[Escalations]):
    """A picture of it: a bar for each pair."""

    of = Escalations

    def to_svg(self) -> str:
        rows, parts = self.data()["rows"], list[str]()
        for place, row in enumerate(rows):
            y = 30.0 * place
            parts.append(words(f"{row['by']} to {row['to']}", 8, y + 20))
            parts.append(element("rect", x=200.0, y=y + 8, width=20 * row["times"], height=14))
        return document(400, 30.0 * len(rows) + 10, "Escalations", *parts)

    def __str__(self) -> str:
        rows = self.data()["rows"]
        return "\n".join(f"{one['by']} to {one['to']}: {one['times']}" for one in rows) or "none"


def team(*replies: tuple[str, ...]) -> Pattern:
    names = ("cheap", "middle", "strong")
    members = [
        Agent(name, model=ScriptedModel(*said, name=name))
        for name, said in zip(names, replies, strict=False)
    ]
    return escalation(*members)


async def test_a_new_pattern_is_asked_recorded_and_replayed_as_every_other() -> None:
    log = open_log("memory:")
    answer = await team(("I am unsure.",), ("unsure, too",), ("42",))("6 times 7?", log=log)
    assert (answer.text, answer.usage.calls) == ("42", 3)
    again = await team((), (), ()).replay(answer.run_id, log=log)
    assert again.text == "42"
    notes = [str(e.note) for e in log.read(answer.run_id) if isinstance(e, Noted)]
    assert len(notes) == 2


async def test_a_new_view_and_its_picture_take_any_log() -> None:
    log = open_log("memory:")
    first = await team(("unsure",), ("42",))("6 times 7?", log=log)
    second = await team(("unsure",), ("43",))("6 times <7>?", log=log)
    events = [e for one in (first, second) for e in log.read(one.run_id)]
    whole, slow = fold(Escalations(), events), Escalations()
    for one in (*events, *events):
        slow.add(one)
    assert whole.data() == slow.data()
    assert whole.data()["rows"] == [{"by": "cheap", "to": "middle", "times": 2}]
    picture = fold(EscalationsPicture(), events)
    shown = picture._repr_mimebundle_()
    assert shown["text/plain"] == "cheap to middle: 2"
    assert shown["image/svg+xml"].startswith("<svg") and "cheap to middle" in shown["image/svg+xml"]
    assert str(EscalationsPicture()) == "none" and EscalationsPicture().to_svg()


async def test_a_new_note_reads_as_a_sentence_in_every_transcript() -> None:
    from agentkit.pictures import TranscriptPicture

    log = open_log("memory:")
    answer = await team(("unsure",), ("42",))("6 times 7?", log=log)
    shown = str(fold(TranscriptPicture(), log.read(answer.run_id)))
    assert "cheap was unsure, so middle was asked." in shown


async def test_a_new_log_keeps_runs_that_are_resumed_replayed_and_seen_elsewhere(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.jsonl"
    log, elsewhere = JsonLines(path), JsonLines(path)
    clerk = Agent("clerk", model=ScriptedModel(BadReply("broken"), "done"))
    with pytest.raises(BadReply):
        await clerk("go", log=log, id="r")
    seen: list[int] = []

    async def follow() -> None:
        async for event in elsewhere.tail("r"):
            seen.append(event.seq)
            if event.kind == "run.ended" and event.status == "ok":
                return

    following = asyncio.ensure_future(follow())
    assert (await clerk.resume("r", log=log)).text == "done"
    await asyncio.wait_for(following, 20)
    assert seen == [e.seq for e in log.read("r")] == list(range(1, len(seen) + 1))
    assert (await clerk.replay("r", log=elsewhere)).text == "done"
    assert [info.status for info in elsewhere.runs()] == ["ok"]
    log.close()
    elsewhere.close()


async def test_shared_state_stands_in_a_new_log(tmp_path: Path) -> None:
    log = JsonLines(tmp_path / "log.jsonl")
    tally = State("tally", 0, lambda total, add: total + add, log=log)
    async with run(log=log):
        await tally.record(3)
        await tally.record(4)
    assert tally.value == 7
    assert [info.name for info in JsonLines(log.path).runs(streams=True)] == ["tally"]
    log.close()
