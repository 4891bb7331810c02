"""Tools told in words: the simulation answers as it does with tools of its own."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, connect, tool
from agentkit.errors import AgentkitError
from agentkit.events import StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, WishedCall
from agentkit.sim.brain.worded import worded

QUESTIONS = (
    "What are the dues for 30 t in Amber?",
    "Use the tool to multiply 12 and 31.",
    "How long is the ship Mole?",
    "How long is the ship Nobody?",
    "Hello, who are you?",
    "What is the capital of France?",
    "Add 3 and 4, and multiply 5 and 6.",
)


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR per tonne of a port."""
    return {"Amber": 13.0}.get(port, 5.0)


@tool(effect="pure")
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(effect="pure")
def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


@tool(effect="pure")
def ship(name: str) -> dict[str, Any]:
    """A ship by its name: home port, length in m, speed in knots."""
    if name != "Mole":
        raise ValueError(f"no ship {name}")
    return {"name": name, "home_port": "Amber", "length_m": 120, "speed": 14}


async def told(model: Any, question: str, output: Any) -> tuple[Any, list[Any]]:
    """What comes of an ask and of another in its conversation, and the calls that were made."""
    log, said = MemoryLog(), list[Any]()
    clerk = Agent("clerk", "You work at a port.", model=model, tools=[tariff, add, multiply, ship])
    before = None
    for words in (question, "And add 20 and 22."):
        try:
            before = await clerk(words, output=output, after=before, log=log)
            said.append(before.text if output is None else before.data)
        except AgentkitError as error:
            said.append(type(error))
    calls = [
        (event.name, event.request)
        for info in reversed(log.runs())
        for event in log.read(info.id)
        if isinstance(event, StepStarted) and event.step == "tool"
    ]
    return said, calls


@pytest.mark.parametrize(
    ("kind", "dialect", "questions"),
    [
        ("careful", "openai", QUESTIONS),
        ("hasty", "openai", QUESTIONS[:2]),
        ("careful", "anthropic", QUESTIONS[2:4]),
        ("careful", "responses", QUESTIONS[6:]),
    ],
)
async def test_calls_and_answers_are_those_of_native_tools(
    monkeypatch: pytest.MonkeyPatch, kind: str, dialect: Any, questions: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", "inside")
    native = connect(f"sim:{kind}", dialect=dialect)
    prompted = connect(f"sim:{kind}", dialect=dialect, tools="prompted")
    for question in questions:
        for output in (None, float):
            given = await told(prompted, question, output)
            assert given == await told(native, question, output), question


SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "properties": {"calls": {"type": "array", "items": {
            "type": "object", "properties": {
                "tool": {"type": "string", "enum": ["add"]},
                "arguments": {"type": "object", "properties": {"a": {"type": "integer"}}},
            }}}}},
        {"type": "object", "properties": {"answer": {"type": "string"}}},
    ]
}  # fmt: skip


def test_what_was_called_and_what_came_of_it_is_read_back_in_its_order() -> None:
    calls = '{"calls": [{"tool": "add", "arguments": {"a": 1}}, {"tool": "add", "arguments": {}}]}'
    turns = (
        DialogTurn("user", "Add them."),
        DialogTurn("assistant", '{"calls": [{"to'),
        DialogTurn("user", "That is no JSON that could be read. Answer again."),
        DialogTurn("assistant", calls),
        DialogTurn(
            "user", "Results:\nadd returned: 3\nadded by hand\nadd failed: no b\nadd returned: 9"
        ),
        DialogTurn("assistant", '{"answer": "Three."}'),
        DialogTurn("user", "Results:\nare for me to say. Answer again."),
    )
    system = (
        "You add.\n\nTools:\n- add(a?: integer): Add (two) numbers: as said.\n\nTo use tools ..."
    )
    found = worded(BrainRequest("sim:careful", system, turns, schema=SCHEMA))
    assert found is not None and not found.typed
    ask = found.ask
    assert (ask.system, ask.schema, ask.tool_choice) == ("You add.", None, "auto")
    assert [(one.name, one.description) for one in ask.offers] == [
        ("add", "Add (two) numbers: as said.")
    ]
    first, second = WishedCall("add", {"a": 1}, id="told_3_0"), WishedCall("add", {}, id="told_3_1")
    assert ask.turns == (
        DialogTurn("user", "Add them."),
        DialogTurn("assistant", "", calls=(first, second)),
        DialogTurn("tool", "3\nadded by hand", call_id="told_3_0", name="add"),
        DialogTurn(
            "tool", "Error: no b\nadd returned: 9", call_id="told_3_1", name="add", error=True
        ),
        DialogTurn("assistant", "Three."),
        DialogTurn("user", "Results:\nare for me to say. Answer again."),
    )


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "object", "properties": {"calls": {"type": "array", "items": {}}}},
        {"type": "object", "properties": {"calls": {"type": "integer"}}},
        {"anyOf": [True, {"properties": 3}, {"properties": {"calls": {"items": {"anyOf": 7}}}}]},
        {"properties": {"calls": {"items": {"properties": {"tool": {"enum": [4]}}}}}},
    ],
)
def test_a_form_that_is_none_of_calls_is_left_as_it_is(schema: Any) -> None:
    assert (
        worded(BrainRequest("sim:careful", "", (DialogTurn("user", "Hi"),), schema=schema)) is None
    )
