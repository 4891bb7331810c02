"""Forks: a run branches off with a result, a reply or the task changed."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Answer, Message, Reply, gather, pattern, run, tool
from agentkit.errors import SetupError
from agentkit.events import RunStarted, StepEnded
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from tests.fakes import EchoModel, ScriptedModel, call, kinds
from tests.teams import begun, check_history


def ends(log: Any, run: str, name: str) -> list[StepEnded]:
    return [e for e in log.read(run) if isinstance(e, StepEnded) and e.name == name]


def team_on(model: Any) -> Any:
    first, second, aside = (Agent(name, model=model) for name in ("first", "second", "aside"))

    @pattern
    async def team(task: str) -> Answer:
        answer, _ = await gather(first(task), aside(task))
        return await second(answer.text)

    return team


async def test_an_edited_reply_is_paid_for_downstream_only() -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    assert answer.text == "echo: echo: go"
    one, _aside, _ = ends(log, answer.run_id, "echo")
    model.keys.clear()
    fork = await team.fork(answer.run_id, edit={one.seq: "hello"}, log=log)
    assert fork.text == "echo: hello"
    assert len(model.keys) == 1
    assert fork.usage.calls == 1
    assert answer.text == "echo: echo: go"
    start, *_ = events = log.read(fork.run_id)
    assert isinstance(start, RunStarted)
    assert (start.how, start.origin and start.origin.run) == ("fork", answer.run_id)
    check_history(events)


async def test_without_at_a_fork_shares_everything_that_no_edit_changes() -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    first, aside, second = ends(log, answer.run_id, "echo")
    model.keys.clear()
    fork = await team.fork(answer.run_id, edit={second.seq: "the end"}, log=log)
    assert (fork.text, model.keys) == ("the end", [])
    fork = await team.fork(answer.run_id, edit={first.seq: "x", aside.seq: "y"}, log=log)
    assert (fork.text, len(model.keys)) == ("echo: x", 1)


async def test_an_edited_task_asks_anew() -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    fork = await team.fork(answer.run_id, edit={"task": "stay"}, log=log)
    assert fork.text == "echo: echo: stay"
    assert len(begun(log.read(fork.run_id))) == 3


@pytest.mark.parametrize("at", range(1, 25))
async def test_a_fork_at_any_event_without_edits_gives_the_same_answer(at: int) -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    before = log.read(answer.run_id)
    shared = [e for e in before[:at] if isinstance(e, StepEnded)]
    model.keys.clear()
    fork = await team.fork(answer.run_id, at=at, log=log)
    assert fork.text == answer.text
    assert len(model.keys) == 3 - len(shared)
    assert log.read(answer.run_id) == before


async def test_an_edited_tool_result_is_what_the_model_reads() -> None:
    done: list[str] = []

    @tool(effect="once")
    def pay(eur: int) -> str:
        """Pay."""
        done.append("pay")
        return "paid"

    log = MemoryLog()
    model = ScriptedModel([call("pay", '{"eur": 1}')], "thanks", "oh no")
    clerk = Agent("clerk", model=model, tools=[pay])
    answer = await clerk("go", log=log)
    [paid] = ends(log, answer.run_id, "pay")
    fork = await clerk.fork(answer.run_id, edit={paid.seq: {"refused": True}}, log=log)
    assert fork.text == "oh no"
    assert model.requests[-1].thread[-1].message.content == '{"refused":true}'
    assert done == ["pay"]


async def test_an_edited_reply_no_longer_calls_tools() -> None:
    @tool(effect="pure")
    def look() -> str:
        """Look."""
        return "seen"

    log, model = MemoryLog(), ScriptedModel([call("look")], "done")
    clerk = Agent("clerk", model=model, tools=[look])
    answer = await clerk("go", log=log)
    first, _ = ends(log, answer.run_id, "scripted")
    fork = await clerk.fork(answer.run_id, edit={first.seq: "no need"}, log=log)
    assert fork.text == "no need"


async def test_an_edit_that_names_no_end_of_a_step_is_refused() -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    for edit in ({1: "x"}, {999: "x"}, {"tusk": "x"}):
        with pytest.raises(SetupError, match="cannot be edited"):
            await team.fork(answer.run_id, edit=edit, log=log)
    last = ends(log, answer.run_id, "echo")[-1]
    with pytest.raises(SetupError, match="an event after 3"):
        await team.fork(answer.run_id, at=3, edit={last.seq: "x"}, log=log)
    newest = len(log.read(answer.run_id))
    with pytest.raises(SetupError, match=f"no event 999 .*\n.* 1 to {newest}"):
        await team.fork(answer.run_id, at=999, log=log)
    assert len(log.runs()) == 1


async def test_a_fork_can_be_forked_resumed_and_replayed() -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_on(model)
    answer = await team("go", log=log)
    first = ends(log, answer.run_id, "echo")[0]
    fork = await team.fork(answer.run_id, edit={first.seq: "a"}, log=log)
    model.keys.clear()
    assert (await team.replay(fork.run_id, log=log)).text == fork.text
    assert (await team.resume(fork.run_id, log=log)).text == fork.text
    assert (await team.rerun(fork.run_id, log=log)).text == fork.text
    assert model.keys == []
    again = ends(log, fork.run_id, "echo")[-1]
    other = await team.fork(fork.run_id, edit={again.seq: "b"}, log=log)
    assert (other.text, model.keys) == ("b", [])


async def test_a_fork_refers_to_who_paid(own_folder: Any) -> None:
    log = SqliteLog(own_folder / "fork.db")
    team = team_on(EchoModel())
    answer = await team("go", log=log)
    rerun = await team.rerun(answer.run_id, log=log)
    again = await team.rerun(rerun.run_id, log=log)
    refs = {e.reused.run for e in ends(log, again.run_id, "echo") if e.reused}
    assert refs == {answer.run_id}
    assert [info.cost_usd for info in log.runs()] == [0, 0, pytest.approx(0.003)]
    assert [info.origin for info in log.runs()] == [rerun.run_id, answer.run_id, None]
    assert log.verify() == []
    log.close()


async def test_a_block_forks_too() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel())

    async def block(**options: Any) -> str:
        async with run(log=log, **options):
            return (await clerk((await clerk("go")).text)).text

    assert await block(id="r") == "echo: echo: go"
    first = ends(log, "r", "echo")[0]
    assert await block(fork="r", edit={first.seq: "x"}) == "echo: x"
    assert kinds(log.read(log.find("last"))).count("step.started") == 1


async def test_an_edited_reply_is_sent_in_its_own_words_alone() -> None:
    said = Message(
        role="assistant",
        content="It is 40.",
        native={"anthropic": [{"type": "text", "text": "It is 40."}]},
        reasoning="40, I think.",
    )
    log, model = MemoryLog(), ScriptedModel(Reply(message=said), "Yes.", "Yes.")
    agent = Agent("a", model=model)

    @pattern
    async def twice(task: str) -> Answer:
        return await agent("Sure?", after=await agent(task))

    answer = await twice("How much?", log=log)
    first = ends(log, answer.run_id, "scripted")[0]
    for edit, text in (("It is 42.", "It is 42."), ({"value": 42}, '{"value":42}')):
        model.enqueue("Yes.")
        await twice.fork(answer.run_id, edit={first.seq: edit}, log=log)
        sent = model.requests[-1].thread[1].message
        assert sent == Message(role="assistant", content=text)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"at": 1.5}, "at=1.5"),
        ({"at": 0}, "at=0"),
        ({"at": True}, "at=True"),
        ({"edit": [1]}, r"edit=\[1\]"),
        ({"edit": {1: object()}}, "no JSON form"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"settle": ["pay"]}, "settle="),
    ],
)
async def test_options_of_a_wrong_kind_are_refused_before_a_run_begins(
    wrong: dict[str, Any], said: str
) -> None:
    log = MemoryLog()
    team = team_on(EchoModel())
    answer = await team("go", log=log)
    with pytest.raises(SetupError, match=said):
        await team.fork(answer.run_id, log=log, **wrong)
    assert [info.id for info in log.runs()] == [answer.run_id]


async def test_what_is_about_a_fork_is_not_ignored_elsewhere() -> None:
    log = MemoryLog()
    team = team_on(EchoModel())
    answer = await team("go", log=log)
    with pytest.raises(SetupError, match="about a fork"):
        await team.rerun(answer.run_id, at=3, log=log)
    with pytest.raises(SetupError, match="about a fork"):
        await team("go", edit={3: "x"}, log=log)
