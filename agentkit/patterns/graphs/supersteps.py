"""Running a declared graph in supersteps.

Source: Malewicz et al. 2010, Pregel: A System for Large-Scale Graph Processing, section 2,
in the form LangGraph gave it (plan, run in parallel on a snapshot, apply writes, go on).
What a node answers is invisible to others until the superstep ends. When a node fails, its
siblings finish first, so that their steps are recorded and a resumed run has them. Unlike
in LangGraph, where a node runs once per superstep that reaches it, a node here waits for
all that may still reach it: branches of different length meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import BadOutput, RoundsSpent
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.patterns.graphs.flow import GraphState, Loop, Workflow, loop_of, otherwise
from agentkit.patterns.graphs.visits import ended, reduced, visit
from agentkit.patterns.parts.notes import Routed
from agentkit.patterns.parts.team import text_of
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output


class Superstep(Note):
    """Nodes of a graph are asked, all at once."""

    topic = "superstep"
    number: int
    nodes: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    """Nodes that have an input, and wait for another."""


class Looped(Note):
    """A loop of a graph is gone round again, or left."""

    topic = "loop"
    loop: str
    round: int
    again: bool
    reason: str = ""


async def run_flow(flow: Workflow, task: JSON, output: Output) -> Answer:
    """Run a graph until nothing is left to do; the answer is that of its ends.

    Raises:
        BadOutput: no condition held and no end was reached, or nothing to fan out over.
        RoundsSpent: a loop gave up, and the graph names no way out of it.
        AgentkitError: a node failed; what its siblings finished is recorded.
    """
    question = text_of(task)
    answers, values, rounds = dict[str, Answer](), dict[str, Any](), Counter[str]()
    begin = GraphState(question, Answer(text=question))
    inbox: dict[str, list[str]] = {
        head.node: [] for head in flow.heads if head.when is None or head.when(begin)
    }
    last, number = finals(flow), 0
    # Of several ends at once none has the type asked for; one, or a way out, has.
    ends = {*flow.exits, *(last if len(last) == 1 else ())}
    while inbox:
        ready = [name for name in inbox if not awaited(flow, name, inbox)] or list(inbox)
        gates = [name for name in ready if flow.nodes[name].actor is None]
        if gates:
            ready = gates
        else:
            number += 1
            waiting = [name for name in inbox if name not in ready]
            note(Superstep(number=number, nodes=tuple(ready), waiting=tuple(waiting)))
        snapshot = GraphState(question, Answer(text=""), dict(answers), dict(values))
        sources = {name: inbox.pop(name) for name in ready}
        discard(*(name for name in ready if name in answers))
        found = await all_of(
            [
                visit(flow, name, sources[name], snapshot, output if name in ends else None)
                for name in ready
            ]
        )
        for name, answer in zip(ready, found, strict=True):
            answers[name] = answer
            if flow.nodes[name].actor is not None:
                reduced(flow, answer, values)
        for name, answer in zip(ready, found, strict=True):
            state = GraphState(question, answer, dict(answers), dict(values))
            for target in targets(flow, name, state, rounds):
                inbox.setdefault(target, []).append(name)
    return ended(flow, answers, [name for name in flow.exits if name in answers] or last, output)


def awaited(flow: Workflow, name: str, inbox: Mapping[str, Sequence[str]]) -> bool:
    """Whether something else to be done may still reach a node."""
    return any(other != name and name in flow.reach([other], back=False) for other in inbox)


async def all_of(visits: Iterable[Awaitable[Answer]]) -> list[Answer]:
    """All answers; a failure waits until the others have finished."""

    async def held(visit: Awaitable[Answer]) -> Answer | Exception:
        try:
            return await visit
        except Exception as error:
            return error

    found = []
    for one in await gather(*map(held, visits)):
        if isinstance(one, Exception):
            raise one
        found.append(one)
    return found


def targets(flow: Workflow, name: str, state: GraphState, rounds: Counter[str]) -> list[str]:
    """Where it goes on after a node; decisions are noted."""
    edges, loop = flow.out(name), flow.nodes[name].loop
    if loop is not None:
        rounds[name] += 1
        enough = bool(loop.until(state))
        again = not enough and rounds[name] < loop.max_rounds
        reason = loop.label if enough else f"{rounds[name]} of {loop.max_rounds} rounds"
        note(Looped(loop=name, round=rounds[name], again=again, reason=reason))
        if not again:
            rounds[name] = 0
        gives_up = not again and not enough and not loop.goes_on
        discard(loop)
        if not again and not enough:
            lacking(f"the end of {unmet(flow, name, loop)}", source=loop)
        edges = [edge for edge in edges if edge.back == again and edge.exit == gives_up]
        if gives_up and not edges:
            raise given_up(flow, name, loop)
    held = [e for e in edges if e.when and e.when is not otherwise and e.when(state)]
    taken = [
        e for e in edges if e.when is None or e in held or (e.when is otherwise and not held)
    ]  # fmt: skip
    if any(edge.when for edge in edges):
        note(
            Routed(
                before=name,
                to=tuple(edge.target for edge in taken),
                others=tuple(edge.target for edge in edges if edge not in taken),
                reason=", ".join(e.label for e in taken if e.label) or "no condition holds",
            )
        )
    if edges and not taken and name not in flow.tails:
        raise BadOutput(
            f"After {name} there is no way on: none of its conditions holds.",
            expected="one that does, or one .when(otherwise)",
        )
    return [edge.target for edge in taken]


def unmet(flow: Workflow, gate: str, loop: Loop) -> str:
    """A loop that used its rounds, in words."""
    names = ", ".join(loop_of(flow, gate))
    return f"the loop of {names} (after {loop.max_rounds} rounds {loop.label} was not so)"


def given_up(flow: Workflow, gate: str, loop: Loop) -> RoundsSpent:
    """The error of a loop that used its rounds, where the graph names no way out."""
    names = ", ".join(loop_of(flow, gate))
    return RoundsSpent(
        f"The loop of {names} gave up after {loop.max_rounds} rounds: {loop.label} was not so.",
        expected="a round after which the condition holds",
        todo="raise max_rounds and resume; or name a way out: .loop(..., give_up=ACTOR), or"
        " give_up='go on' where the last round is good enough",
    )


def finals(flow: Workflow) -> list[str]:
    """The nodes whose answers end the graph; for a loop's gate, those before it."""
    found: list[str] = []
    for tail in flow.tails:
        before = [tail]
        while any(flow.nodes[name].actor is None for name in before):
            before = [
                inner
                for name in before
                for inner in (
                    [name]
                    if flow.nodes[name].actor is not None
                    else [e.source for e in flow.edges if e.target == name]
                )
            ]
        found += [name for name in before if name not in found]
    return found
