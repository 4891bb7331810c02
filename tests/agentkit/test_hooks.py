"""Hooks: what looks at an agent's work, changes it or refuses it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from agentkit import Agent, Image, Memory, Message, open_log, pattern, tool
from agentkit.errors import SetupError
from agentkit.events import Noted, StepEnded, StepStarted
from agentkit.hooks import Change, Decided, GuardRefused, Hook, HookFailed, Refuse
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Thread, extend
from agentkit.testing import FunctionModel, ScriptedModel, call
from tests.media import png


@tool(effect="pure")
def tariff(port: str, tonnes: float = 1) -> float:
    """Harbour dues in EUR."""
    return {"Amber": 2.64, "Briar": 3.1}[port] * tonnes


def clerk_of(*hooks: Hook, lines: Any = ("done",), **how: Any) -> tuple[Agent, ScriptedModel]:
    model = ScriptedModel(*lines)
    return Agent("clerk", model=model, tools=[tariff], hooks=hooks, **how), model


def decisions(log: MemoryLog) -> list[tuple[str, str, str, str]]:
    events = log.read(log.runs()[0].id)
    notes = [e.note for e in events if isinstance(e, Noted)]
    return [(n.hook, n.point, n.decision, n.reason) for n in notes if isinstance(n, Decided)]


async def test_a_task_is_changed_or_refused_before_anything_is_paid() -> None:
    def masked(task: str) -> Any:
        if "forbidden" in task:
            return Refuse("we do not talk of that")
        return Change(task.replace("4111", "****")) if "4111" in task else None

    clerk, model = clerk_of(Hook("cards", on_task=masked), lines=("a", "b"))
    log = MemoryLog()
    await clerk("my card is 4111", log=log)
    assert model.requests[0].thread[-1].message.text == "my card is ****"
    assert decisions(log) == [("cards", "on_task", "change", "")]
    await clerk("plain", log=log)
    assert decisions(log) == []
    with pytest.raises(GuardRefused, match="we do not talk of that"):
        await clerk("forbidden", log=log)
    assert len(model.requests) == 2
    assert decisions(log) == [("cards", "on_task", "refuse", "we do not talk of that")]


async def test_hooks_are_asked_in_their_order_each_with_what_those_before_it_made() -> None:
    first = Hook("first", on_task=lambda task: Change(task + " 1"))
    second = Hook("second", on_task=lambda task: Change(task + " 2"))
    clerk, model = clerk_of(first, second)
    await clerk("q", log=MemoryLog())
    assert model.requests[0].thread[-1].message.text == "q 1 2"


async def test_a_history_is_shortened_for_the_model_and_kept_whole() -> None:
    def last_two(messages: list[Message]) -> Any:
        return Change(messages[-2:]) if len(messages) > 2 else None

    clerk, model = clerk_of(Hook("short", before_model=last_two), lines=("1", "2", "3"))
    log = MemoryLog()
    answer = await clerk("a", log=log)
    answer = await clerk("b", after=answer, log=log)
    answer = await clerk("c", after=answer, log=log)
    assert [len(one.thread) for one in model.requests] == [1, 2, 2]
    assert [one.message.text for one in answer.thread] == ["a", "1", "b", "2", "c", "3"]
    assert (await clerk.replay(answer.run_id, log=log)).thread == answer.thread
    assert (await clerk.resume(answer.run_id, log=log)).text == "3"


async def test_what_a_model_said_is_changed_or_refused() -> None:
    def quiet(said: Message) -> Any:
        if "secret" in said.text:
            return Refuse("it told a secret")
        return Change(said.model_copy(update={"content": said.text.lower()}))

    clerk, _ = clerk_of(Hook("quiet", after_model=quiet), lines=("LOUD", "a secret"))
    log = MemoryLog()
    answer = await clerk("q", log=log)
    assert answer.text == "loud" and answer.thread[-1].message.text == "loud"
    assert (await clerk.replay(answer.run_id, log=log)).text == "loud"
    with pytest.raises(GuardRefused, match="it told a secret"):
        await clerk("q", log=log)


async def test_calls_are_changed_or_refused_one_by_one_and_the_model_is_told() -> None:
    async def ports(name: str, arguments: dict[str, Any]) -> Any:
        if arguments["port"] == "Briar":
            return Refuse("Briar is closed")
        return Change({**arguments, "tonnes": 100}) if "tonnes" not in arguments else None

    lines = ([call("tariff", port="Amber"), call("tariff", port="Briar")], "done")
    clerk, model = clerk_of(Hook("ports", before_tool=ports), lines=lines)
    log = MemoryLog()
    answer = await clerk("q", log=log)
    told = [one.message.text for one in model.requests[1].thread[-2:]]
    assert told == ["264.0", "This call was refused: Briar is closed. Do not repeat it."]
    done = [e for e in log.read(answer.run_id) if isinstance(e, StepStarted) and e.step == "tool"]
    assert [e.request for e in done] == [{"port": "Amber", "tonnes": 100.0}]
    assert sorted(decisions(log)) == [
        ("ports", "before_tool", "change", ""),
        ("ports", "before_tool", "refuse", "Briar is closed"),
    ]


async def test_a_changed_call_is_checked_and_a_result_is_changed_or_withheld() -> None:
    def worse(name: str, arguments: dict[str, Any]) -> Any:
        return Change({"port": 3}) if arguments["port"] == "Briar" else None

    def seen(name: str, result: str) -> Any:
        return Refuse("not yours") if "26.4" in result else Change(f"about {result}")

    lines = (
        [call("tariff", port=port, tonnes=n) for port, n in (("Briar", 1), ("Amber", 10))],
        call("tariff", port="Amber", tonnes=1),
        "done",
    )
    clerk, model = clerk_of(Hook("h", before_tool=worse, after_tool=seen), lines=lines)
    await clerk("q", log=MemoryLog())
    first, second = [one.message for one in model.requests[1].thread[-2:]]
    assert first.text.startswith("about The arguments of tariff are not accepted") and first.error
    assert second.text == "The result of this call is withheld: not yours." and second.error
    assert model.requests[2].thread[-1].message.text == "about 2.64"


async def test_a_refused_answer_is_told_to_the_model_which_may_answer_again() -> None:
    def polite(answer: str) -> Any:
        return Refuse("say please") if "please" not in answer else None

    clerk, model = clerk_of(Hook("polite", on_answer=polite), lines=("no", "yes please"))
    answer = await clerk("q", log=MemoryLog())
    assert answer.text == "yes please"
    assert model.requests[1].thread[-1].message.text == "That was refused: say please"


async def test_a_guard_that_refuses_everything_ends_the_ask() -> None:
    hook = Hook("never", on_answer=lambda answer: Refuse("never"))
    clerk, model = clerk_of(hook, lines=("a", "b", "c", "d"))
    with pytest.raises(GuardRefused, match="never"):
        await clerk("q", log=MemoryLog())
    assert len(model.requests) == 3


async def test_an_answer_in_free_text_may_be_changed_and_a_typed_one_not() -> None:
    hook = Hook("shout", on_answer=lambda answer: Change(answer + "!"))
    clerk, _ = clerk_of(hook, lines=("a", "7"))
    answer = await clerk("q", log=MemoryLog())
    assert answer.text == "a!" and answer.thread[-1].message.text == "a!"
    with pytest.raises(HookFailed, match="as a type"):
        await clerk("q", output=int, log=MemoryLog())


async def test_a_decision_is_recorded_and_not_made_again_by_a_resume() -> None:
    asked: list[str] = []
    failing = [True]

    def look(task: str) -> Any:
        asked.append(task)
        return Change(f"{task} {len(asked)}")

    clerk, model = clerk_of(Hook("h", on_task=look), lines=(KeyError("away"), "done", "more"))
    log = MemoryLog()
    with pytest.raises(KeyError):
        await clerk("q", log=log)
    failing.clear()
    answer = await clerk.resume(log.runs()[0].id, log=log)
    assert answer.text == "done" and asked == ["q"]
    assert model.requests[1].thread[-1].message.text == "q 1"
    await clerk.rerun(answer.run_id, log=log)
    assert asked == ["q", "q"], "its code may be another one"
    steps = [e for e in log.read(answer.run_id) if isinstance(e, StepEnded)]
    assert steps[0].name == "hook h on_task"
    assert steps[0].result == {"decision": "change", "value": "q 1"}


async def endless(task: str) -> None:
    await asyncio.Event().wait()


async def stubborn(task: str) -> None:
    for _ in range(10):  # five times as long as it may take, whoever cancels it
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)


def raising(task: str) -> None:
    raise KeyError("broken")


def blocking(task: str) -> None:
    threading.Event().wait(2)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (endless, "did not return within 0.1 s"),
        (blocking, "did not return within 0.1 s"),
        (stubborn, "did not return within 0.1 s"),
        (raising, "raised KeyError"),
        (lambda task: next(iter(())), "raised RuntimeError: it raised StopIteration"),
        (lambda task: True, "decided True"),
        (lambda task: Refuse(7), "decided Refuse"),
        (lambda task: Change(3), "decided Change"),
        (lambda task: Change(" "), "decided Change"),
        (lambda task: "a text", "decided 'a text'"),
    ],
)
async def test_a_hook_that_fails_ends_the_ask_and_is_named(function: Any, told: str) -> None:
    clerk, model = clerk_of(Hook("mine", on_task=function, timeout_s=0.1))
    with pytest.raises(HookFailed, match=told) as caught:
        await clerk("q", log=MemoryLog())
    assert "hook mine" in str(caught.value) and model.requests == []


PICTURE = Image.from_bytes(png(), name="a.png")


async def test_words_beside_a_picture_are_guarded_as_any_and_the_picture_stays() -> None:
    def masked(*told: Any) -> Any:
        text = told[-1]
        assert "a.png" in text, "it is told which picture there is"
        return Refuse("hush") if "hush" in text else Change(text.replace("4111", "****"))

    @tool(effect="pure")
    def draw(word: str) -> list[Any]:
        """Draw a card."""
        return [f"{word} 4111", PICTURE]

    said = Message(role="assistant", content=["my 4111", PICTURE])
    model = ScriptedModel([call("draw", word="card"), call("draw", word="hush")], said)
    guard = Hook("cards", on_task=masked, after_tool=masked, on_answer=masked)
    clerk = Agent("clerk", model=model, tools=[draw], hooks=[guard])
    log = MemoryLog()
    answer = await clerk(["card 4111", PICTURE], log=log)
    assert model.requests[0].thread[-1].message.content == ("card ****", PICTURE)
    card, hush = [one.message for one in model.requests[1].thread[-2:]]
    assert card.content == ("card ****", PICTURE)
    assert hush.text == "The result of this call is withheld: hush."
    assert answer.content == answer.thread[-1].message.content == ("my ****", PICTURE)
    assert "4111" not in answer.text
    assert (await clerk.replay(answer.run_id, log=log)).thread == answer.thread
    with pytest.raises(GuardRefused, match="hush"):
        await clerk(["hush", PICTURE], log=log)


@pytest.mark.parametrize("make", [MemoryLog, None])
async def test_pictures_reach_the_model_through_a_changed_history(make: Any, tmp_path: Any) -> None:
    """What a hook adds, too; also where the run goes on in another process, from its log."""
    log = make() if make else open_log(f"sqlite:///{tmp_path / 'log.db'}")
    legend = Image.from_bytes(png(3, 3), name="legend.png")
    seen: list[list[bytes]] = []
    lines: list[Any] = [KeyError("away"), "done"]

    def look(request: Any) -> Any:
        contents = [one.message.content for one in request.thread]
        parts = [part for one in contents if not isinstance(one, str) for part in one.images]
        seen.append([part.data for part in parts])
        return lines.pop(0)

    def with_legend(messages: list[Message]) -> Any:
        return Change([*messages[-1:], Message(role="user", content=["Its legend:", legend])])

    hook = Hook("legend", before_model=with_legend)
    clerk = Agent("clerk", "Look.", model=FunctionModel(look), hooks=[hook])
    with pytest.raises(KeyError):
        await clerk(["What is it?", PICTURE], log=log)
    run = log.runs()[0].id
    if not make:
        log.close()
        log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    assert (await clerk.resume(run, log=log)).text == "done"
    assert seen == [[png(), png(3, 3)]] * 2
    assert (await clerk.replay(run, log=log)).text == "done" and not log.verify()


async def test_what_a_memory_answers_is_guarded_too() -> None:
    class Parrot(Memory):
        name = "parrot"

        async def on_turn(self, thread: Thread) -> Thread:
            return extend(thread, Message(role="assistant", content="a secret"))

    def quiet(answer: str) -> Any:
        return Refuse("it told a secret")

    clerk = Agent(
        "clerk", model=ScriptedModel(), memory=Parrot(), hooks=[Hook("q", on_answer=quiet)]
    )
    with pytest.raises(GuardRefused, match="it told a secret"):
        await clerk("q", log=MemoryLog())


@pytest.mark.parametrize("turns", [1, 2, 3, 12])
async def test_a_refused_answer_is_never_told_as_a_lack_of_turns(turns: int) -> None:
    hook = Hook("never", on_answer=lambda answer: Refuse("never"))
    model = FunctionModel(lambda request: "again")
    clerk = Agent("clerk", model=model, hooks=[hook], max_turns=turns)
    with pytest.raises(GuardRefused, match="never"):
        await clerk("q", log=MemoryLog())
    assert len(model.requests) == min(turns, 3)


async def test_what_a_hook_alters_in_place_reaches_nobody_and_is_told() -> None:
    seen: list[Any] = []

    def cheaper(name: str, arguments: dict[str, Any]) -> Any:
        arguments["tonnes"] = 1
        return Change(arguments) if arguments["port"] == "Amber" else None

    hooks = [Hook("cheaper", before_tool=cheaper)]
    hooks += [Hook("see", before_tool=lambda name, arguments: seen.append(arguments))]
    clerk, model = clerk_of(*hooks, lines=(call("tariff", port="Amber", tonnes=9), "done"))
    await clerk("q", log=MemoryLog())
    assert seen == [{"port": "Amber", "tonnes": 1}]
    assert model.requests[1].thread[-1].message.text == "2.64"
    clerk, model = clerk_of(*hooks, lines=(call("tariff", port="Briar", tonnes=9),))
    with pytest.raises(HookFailed, match="altered what it was given, and returned no Change"):
        await clerk("q", log=MemoryLog())

    def longer(messages: list[Message]) -> None:
        messages.append(Message(role="user", content="more"))

    clerk, model = clerk_of(Hook("longer", before_model=longer))
    with pytest.raises(HookFailed, match="altered what it was given"):
        await clerk("q", log=MemoryLog())
    assert model.requests == []


@pytest.mark.parametrize(
    "hooks",
    [
        ["x"], [Hook("")], [Hook("a"), Hook("a")], [Hook("a", on_task="x")],
        [Hook("a", timeout_s=0)], [Hook("a", timeout_s="30")], [Hook("a", timeout_s=None)],
        [Hook("a", timeout_s=True)], [Hook("a", timeout_s=float("nan"))],
        [Hook(3)], [Hook], Hook("a"), {"a": Hook("a")}, 3,
    ],
)  # fmt: skip
def test_what_is_no_hook_is_refused_where_the_agent_is_made(hooks: Any) -> None:
    with pytest.raises(SetupError, match="hook"):
        Agent("clerk", model=ScriptedModel(), hooks=hooks)


async def test_a_copy_keeps_its_hooks_and_a_team_works_with_them() -> None:
    clerk, _ = clerk_of(
        Hook("h", on_answer=lambda answer: Change(answer.upper())), lines=("a", "b")
    )
    assert (await clerk.with_(max_turns=3)("q", log=MemoryLog())).text == "A"

    @pattern
    async def team(task: str) -> str:
        return (await clerk(task)).text

    assert (await team("q", log=MemoryLog())).text == "B"
