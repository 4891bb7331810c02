"""Patterns put their task into other words; its images and files go along with these words."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Image, pattern
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Content, Message
from agentkit.model import OnText, Reply, Request
from agentkit.patterns import debate, reflect, vote
from tests.fakes import ScriptedModel, call
from tests.media import png

IMAGE = Image.from_bytes(png(), name="chart.png")
TASK = ["What is on it?", IMAGE]


class Seeing:
    """Says how many images it was given, last and in all."""

    name = "seeing"

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        last = request.thread[-1].message.content
        self.seen.append(len(last.images) if isinstance(last, Content) else 0)
        said = "A mole." if request.output is None else '{"correct": true, "feedback": "none"}'
        return Reply(message=Message(role="assistant", content=said))


def teams(model: Seeing) -> dict[str, Any]:
    one, two = Agent("one", model=model), Agent("two", model=model)
    return {
        "debate": debate([one, two], rounds=2),
        "reflect": reflect(one, two, rounds=1),
        "vote": vote([one, two]),
        "graph": (one >> two).named("line"),
    }


@pytest.mark.parametrize("kind", ["debate", "reflect", "vote", "graph"])
async def test_whoever_is_told_of_an_image_in_a_task_is_given_it(kind: str) -> None:
    model, log = Seeing(), MemoryLog()
    team = teams(model)[kind]
    answer = await team(TASK, log=log)
    # In a line only the first one is told of the task.
    told = model.seen[:1] if kind == "graph" else model.seen
    assert len(model.seen) >= 2 and told == [1] * len(told)
    calls = len(model.seen)
    assert (await team.replay(answer.run_id, log=log)).text == answer.text
    assert (await team.rerun(answer.run_id, log=log)).text == answer.text
    assert len(model.seen) == calls


async def test_a_pattern_passes_on_what_a_member_answered_with() -> None:
    @pattern
    async def artist(task: str) -> Any:
        return ["Here:", IMAGE]

    model = Seeing()
    judge = Agent("judge", model=model)

    @pattern
    async def team(task: str) -> Any:
        drawn = await artist(task)
        return await judge(f"Judge this: {drawn.text}")

    await team("Draw.", log=MemoryLog())
    assert model.seen == [1]


async def test_a_pattern_passes_on_what_was_said_before() -> None:
    model = Seeing()
    clerk = Agent("clerk", model=model)

    @pattern
    async def team(task: str) -> Any:
        return await clerk(task)

    before = [Message(role="user", content=TASK), Message(role="assistant", content="A mole.")]
    await team("Of what is it?", after=before, log=MemoryLog())
    assert model.seen == [1]


async def test_words_alone_bring_no_image_that_the_pattern_was_not_asked_with() -> None:
    model = Seeing()
    clerk = Agent("clerk", model=model)

    @pattern
    async def team(task: str) -> Any:
        await clerk(f"Look at {IMAGE.words}")
        return await clerk("Look")

    await team(["What?", Image.from_bytes(png(9, 9), name="other.png")], log=MemoryLog())
    assert model.seen == [0, 0]


async def test_what_a_model_asks_of_an_actor_names_nothing() -> None:
    model = Seeing()
    helper = Agent("helper", "You help.", model=model)
    asked = call("helper", f'{{"task": "Look at {IMAGE.words}"}}')
    clerk = Agent("clerk", model=ScriptedModel([asked], "ok"), tools=[helper])
    await clerk(TASK, log=MemoryLog())
    assert model.seen == [0]
