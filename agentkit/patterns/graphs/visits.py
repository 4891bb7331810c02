"""What a node of a declared graph is asked, what its answer is, and what that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import BadOutput
from agentkit.events import StateChanged
from agentkit.gather import gather
from agentkit.messages import JSON, canonical, jsonable
from agentkit.model import Stop
from agentkit.notes import Note
from agentkit.patterns.graphs.flow import GraphState, Node, Workflow
from agentkit.patterns.parts.forms import fields
from agentkit.patterns.parts.team import typed
from agentkit.run import current_run
from agentkit.scope import current_scope, note
from agentkit.typed import Output


class FannedOut(Note):
    """An actor of a graph is asked once for each item of a list."""

    topic = "fan_out"
    says = "{actor} is asked once for each of {items} items."
    actor: str
    items: int


async def visit(
    flow: Workflow, name: str, sources: Sequence[str], state: GraphState, output: Output
) -> Answer:
    """What one node answers to what came before it."""
    node = flow.nodes[name]
    before = {state.answers[one].actor or one: state.answers[one] for one in sources}
    if node.actor is None:
        return one_answer(before)
    wanted = node.output if node.output is not None else output
    if node.over is None:
        return await node.actor(prompt(state, before, state.answers.get(name)), output=wanted)
    items = over(node, state)
    note(FannedOut(actor=node.actor.name, items=len(items)))
    found = await gather(*[node.actor(item, output=node.output) for item in items])
    return one_answer({str(n + 1): answer for n, answer in enumerate(found)}, listed=True)


def over(node: Node, state: GraphState) -> list[JSON]:
    """The items that a node is asked for one by one.

    Raises:
        BadOutput: there is no list of them.
    """
    if callable(node.over):
        items: Any = list(node.over(state))
    else:
        answer = state.answers.get(str(node.over))
        data = answer.data if answer else None
        items = data if isinstance(data, list) else None
        if data is not None and items is None:
            lists = [part for part in fields(data).values() if isinstance(part, list)]
            items = lists[0] if len(lists) == 1 else None
    if not items:
        raise BadOutput(
            f"There is nothing to ask {node.actor.name if node.actor else ''} for, one by one.",
            expected=f"a list with at least one item from {node.over}",
            todo="give that node output=list[str], or a function as over",
        )
    return [jsonable(item) for item in items]


def prompt(state: GraphState, before: Mapping[str, Answer], own: Answer | None) -> str:
    """What a node is asked: the task, what it said before, its sources, and what is shared."""
    lines = [f"Your earlier answer: {line(faulted(own))}"] if own else []
    lines += [f"- {who}: {line(faulted(answer))}" for who, answer in before.items()]
    lines += [f"{name}: {canonical(jsonable(value))}" for name, value in state.values.items()]
    return "\n".join([f"Task: {state.task}", *lines]) if lines else state.task


def line(text: str) -> str:
    """A text after a name: further lines are indented."""
    return text.strip().replace("\n", "\n  ")


def faulted(answer: Answer) -> str:
    """An answer's text, and what is wrong with it: whoever goes on with it must know."""
    return f"{answer.text}\n[{answer.fault}]" if answer.fault else answer.text


def one_answer(answers: Mapping[str, Answer], *, listed: bool = False) -> Answer:
    """Several answers as one; a single one is itself."""
    if len(answers) == 1 and not listed:
        return next(iter(answers.values()))
    texts = [f"{who}: {answer.text}" for who, answer in answers.items()]
    values = {
        who: answer.text if answer.data is None else jsonable(answer.data)
        for who, answer in answers.items()
    }
    stop: Stop = next((one.stop for one in answers.values() if one.stop != "stop"), "stop")
    data = list(values.values()) if listed else values
    return Answer(text="\n".join(texts), data=data, stop=stop)


def reduced(flow: Workflow, answer: Answer, values: dict[str, Any]) -> None:
    """Apply what a node's answer says about shared values."""
    data = answer.data if isinstance(answer.data, list) else [answer.data]
    for part in data:
        try:
            written = fields(part)
        except (TypeError, ValueError):
            continue
        for name, reducer in flow.reducers.items():
            if name in written:
                new = written[name]
                values[name] = reducer(values[name], new) if name in values else new
                value = jsonable(values[name])
                current_run().emit(StateChanged, current_scope().key, name=name, value=value)


def ended(
    flow: Workflow, answers: Mapping[str, Answer], last: Sequence[str], output: Output
) -> Answer:
    """The answer of the ends that were reached.

    Raises:
        BadOutput: none was.
    """
    reached = {name: answers[name] for name in last if name in answers}
    if not reached:
        raise BadOutput(
            f"The graph never came to its end, {', '.join(last)}.",
            expected="conditions of which one holds",
        )
    answer = one_answer(reached)
    return answer if output is None or len(last) == 1 else typed(answer.text, output)
