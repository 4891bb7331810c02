"""One row for each thing asked for: what a list of objects is filled from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentkit.sim.brain.composing import show
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.scene import Result, Scene
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.tree import Look, Many, Node, given, spelled
from agentkit.sim.brain.words import senses


@dataclass(frozen=True)
class RowRequest:
    """One thing asked for: the scene and the thought narrowed to it."""

    scene: Scene
    thought: DraftReply


def rows_asked(scene: Scene, thought: DraftReply) -> list[RowRequest]:
    """Return one row for each part of what was asked, where each part has a value."""
    mine = thought.answer
    goals = mine.goals if mine else ()
    if mine is None or not mine.known or len(goals) != 1 or goals[0].op:
        return []
    node = goals[0].node
    parts = node.parts if isinstance(node, Many) else (node,)
    values = mine.data if isinstance(mine.data, list) else [mine.data]
    if len(parts) != len(values) or not all(isinstance(part, Look) for part in parts):
        return []
    return [
        RowRequest(narrowed(scene, part, parts), thought_of(thought, mine, part, value))
        for part, value in zip(parts, values, strict=True)
    ]


def thought_of(thought: DraftReply, mine: Solution, part: Node, value: Json) -> DraftReply:
    """Return the thought about one part."""
    text = f"{spelled(part)}: {show(value, mine.unit)}"
    goal = replace(mine.goals[0], node=part)
    answer = replace(mine, text=text, data=value, goals=(goal,))
    return replace(thought, text=text, data=value, facts={"answer": value}, answer=answer)


def narrowed(scene: Scene, part: Node, parts: tuple[Node, ...]) -> Scene:
    """Return the scene without the calls that were made for other parts only."""
    own = values_of(part)
    foreign = {value for one in parts for value in values_of(one)} - own
    kept = [result for result in scene.results if not asked_with(result) & foreign]
    best = max((len(asked_with(result) & own) for result in kept), default=0)
    kept.sort(key=lambda result: len(asked_with(result) & own) == best)
    return replace(scene, results=tuple(kept), question=spelled(part))


def values_of(node: Node) -> set[str]:
    """Return the values that a part names, as texts."""
    return {str(lit.value).casefold() for lit in given(node)}


def asked_with(result: Result) -> set[str]:
    """Return the arguments of a call, as texts."""
    return {str(value).casefold() for value in result.call.arguments.values()}


def called_rows(results: tuple[Result, ...]) -> list[dict[str, Json]]:
    """Return what every call asked and got as one record; a bare result is named after its tool."""
    rows = []
    for result in results:
        if result.error or not result.current or not isinstance(result.data, dict | int | float):
            continue
        got = result.data if isinstance(result.data, dict) else {result.call.name: result.data}
        rows.append({**asked_for(result), **got})
    return rows


def asked_for(result: Result) -> dict[str, Json]:
    """Return the arguments of a call; the name that the tool `port` was given is a port too."""
    found = dict(result.call.arguments)
    return {result.call.name: found["name"], **found} if "name" in found else found


def heads(thought: DraftReply) -> set[str]:
    """Return the senses of the words that name what was asked, where that is one thing."""
    goals = thought.answer.goals if thought.answer else ()
    nodes = [goal.node for goal in goals if not goal.op]
    only = nodes[0] if len(nodes) == 1 else None
    return set(senses(list(only.head))) if isinstance(only, Look) else set()
