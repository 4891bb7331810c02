"""Tools at their edges: groups of errors, odd results, defaults under approval, answers inside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import Agent, pattern, tool
from agentkit.answer import Answer
from agentkit.binary import binary_in
from agentkit.doubts import open_ended
from agentkit.errors import Interrupted, ToolError
from agentkit.forms import shown
from agentkit.messages import Message, ToolCall
from agentkit.model import Reply
from agentkit.testing import ScriptedModel
from agentkit.tools import BadArguments, Tool, of_answers
from agentkit.traces import TRACE, told


async def used(made: Tool, arguments: str = "{}") -> Message:
    """The message that a model is told of one call."""
    wish = ToolCall(id="1", name=made.name, arguments=arguments)
    model = ScriptedModel([wish], "done")
    await Agent("clerk", model=model, tools=[made])("q")
    return model.requests[-1].thread[-1].message


async def in_group(error: Exception) -> None:
    async def fail() -> None:
        raise error

    async with asyncio.TaskGroup() as group:
        group.create_task(fail())


async def test_a_group_of_errors_is_told_by_what_is_in_it() -> None:
    @tool(effect="pure")
    async def look() -> None:
        """Look."""
        await in_group(ValueError("no such port"))

    said = await used(look)
    assert said.error and said.content == "no such port"


async def test_a_group_stops_the_run_where_something_in_it_does() -> None:
    @tool(effect="pure")
    async def look() -> None:
        """Look."""
        await in_group(Interrupted("the operator stopped it"))

    with pytest.raises(Interrupted, match="operator"):
        await used(look)


def test_a_group_is_open_ended_where_something_in_it_is() -> None:
    assert open_ended(ExceptionGroup("some", [ValueError("x"), TimeoutError("late")]))
    assert not open_ended(ExceptionGroup("some", [ValueError("x")]))


def test_the_text_of_an_error_is_bounded() -> None:
    assert len(told(ValueError("x" * 10_000_000))) < TRACE + 10


class Drawing:
    def __init__(self) -> None:
        self.palette = None

    def _repr_png_(self) -> bytes:
        return b""


async def test_a_picture_is_no_result_that_a_model_can_read() -> None:
    @tool(effect="pure")
    def draw() -> list[Drawing]:
        """Draw."""
        return [Drawing()]

    said = await used(draw)
    assert said.error and "palette" not in said.content


def test_many_bytes_that_are_no_text_are_only_counted() -> None:
    assert shown(b"\xff" * 2000) == "(2000 bytes that are no text)"
    assert shown(b"\xff\xfe") == "__4="


def test_an_array_of_bytes_is_a_picture_and_numbers_are_not() -> None:
    numpy = pytest.importorskip("numpy")
    assert "32 x 48 x 3" in binary_in({"photo": numpy.zeros((32, 48, 3), dtype="uint8")})
    assert not binary_in(numpy.zeros((32, 48)))
    assert not binary_in(numpy.zeros((4, 4), dtype="uint8"))


async def test_who_approves_is_told_of_defaults() -> None:
    seen: list[dict[str, Any]] = []
    paid: list[int] = []

    def large(arguments: dict[str, Any]) -> bool:
        seen.append(arguments)
        return bool(arguments["euros"] > 100)

    @tool(approve=large)
    def pay(euros: int = 5000, whom: str = "Ida") -> str:
        """Pay."""
        paid.append(euros)
        return "paid"

    said = await used(pay, '{"whom": "Bo"}')
    assert said.error and not paid and seen == [{"euros": 5000, "whom": "Bo"}]
    assert list(seen[0]) == ["euros", "whom"]


async def test_an_approval_that_cannot_be_worked_out_names_its_tool_and_calls_nothing() -> None:
    paid: list[str] = []

    @tool(approve=lambda arguments: arguments["euro"] > 100)
    def pay(euros: int) -> str:
        """Pay."""
        paid.append("paid")
        return "paid"

    with pytest.raises(ToolError, match="pay was not called: its approve= .* KeyError") as raised:
        await used(pay, '{"euros": 5}')
    assert isinstance(raised.value.__cause__, KeyError) and not paid


@pytest.mark.parametrize("in_a_thread", [True, False])
async def test_a_tool_that_raises_generator_exit_failed(in_a_thread: bool) -> None:
    def look() -> None:
        """Look."""
        raise GeneratorExit

    async def watch() -> None:
        """Look."""
        raise GeneratorExit

    said = await used(tool(effect="pure")(look if in_a_thread else watch))
    assert said.error and "GeneratorExit" in said.content


def test_an_ask_that_is_closed_from_outside_ends_at_once() -> None:
    @tool(effect="pure")
    async def wait() -> None:
        """Wait."""
        await asyncio.sleep(60)

    async def begin() -> Any:
        asking = wait.perform({})
        asking.send(None)
        return asking

    loop = asyncio.new_event_loop()
    asking = loop.run_until_complete(begin())
    loop.close()
    asking.close()


def test_null_is_no_arguments_and_true_is_no_number() -> None:
    @tool(effect="pure")
    def look(port: str = "Amber", tons: float = 1.0, really: bool = False) -> str:
        """Look."""
        return port

    assert look.check("null") == {}
    assert look.check('{"really": true}') == {"really": True}
    with pytest.raises(BadArguments, match="tons"):
        look.check('{"tons": true}')


def test_answers_inside_results_are_their_text_or_data() -> None:
    cut = Answer(text="The dose is 5", stop="length")
    assert of_answers({"all": [(cut,), Answer(text="6", data=6)]}) == {
        "all": [["The dose is 5\n[cut by max_tokens]"], 6]
    }
    itself: list[Any] = []
    itself.append(itself)
    of_answers(itself)


async def test_an_answer_as_a_task_is_its_text() -> None:
    first = await Agent("a", model=ScriptedModel("30 t"))("q")
    model = ScriptedModel("fine")
    await Agent("b", model=model)(first)
    assert model.requests[0].thread[-1].message.content == "30 t"


async def test_a_graph_tells_of_an_answer_that_was_cut() -> None:
    said = Message(role="assistant", content="The dose is 5")
    cut = Agent("doctor", model=ScriptedModel(Reply(message=said, stop="length")))
    model = ScriptedModel("given")
    await (cut >> Agent("nurse", model=model))("q")
    assert "[cut by max_tokens]" in model.requests[0].thread[-1].message.content


async def test_a_graphs_joint_answer_says_that_one_was_cut() -> None:
    @pattern
    async def begin(task: str) -> str:
        return task

    said = Message(role="assistant", content="The dose is 5")
    cut = Agent("doctor", model=ScriptedModel(Reply(message=said, stop="length")))
    answer = await (begin >> [cut, Agent("nurse", model=ScriptedModel("fine"))])("q")
    assert answer.stop == "length"
