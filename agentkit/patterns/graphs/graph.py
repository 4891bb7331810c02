"""Declared graphs: `planner >> [searcher, reader] >> editor`, when the topology is the subject.

    (writer >> critic).loop(until=lambda s: "OK" in s.text, max_rounds=3) >> editor
    (writer >> critic).loop(until=approved, max_rounds=3, give_up=apologist) >> cashier
    triage >> [billing.when(asks_for_money), technician.when(otherwise)] >> clerk
    node(planner, output=list[str]) >> node(worker, over="planner") >> editor

A graph is an actor, checked before it runs (see checks) and run in supersteps (see
supersteps). A graph that has a name of its own becomes one node of another; one without
becomes a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from agentkit.actor import Actor, Joined
from agentkit.answer import Answer
from agentkit.conversation import worded
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON, Message, Thread, extend
from agentkit.patterns.graphs.checks import GraphChecked, check_team
from agentkit.patterns.graphs.flow import (
    Head,
    Loop,
    Node,
    Over,
    Reducer,
    Test,
    Workflow,
    beside,
    guarded,
    looped,
    otherwise,
    shape,
    single,
    then,
)
from agentkit.patterns.graphs.supersteps import run_flow
from agentkit.scope import note
from agentkit.typed import Output
from agentkit.words import for_line

UNNAMED = "graph"


class Graph(Joined):
    """A declared graph."""

    what = "graph"

    def __init__(self, flow: Workflow, name: str = UNNAMED) -> None:
        super().__init__(name, f"A graph of {', '.join(flow.nodes)}.")
        self.flow = flow
        self.members = tuple(node.actor for node in flow.nodes.values() if node.actor is not None)

    def _made_of(self) -> tuple[Any, ...]:
        return *super()._made_of(), self.flow

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        found = check_team(self)
        if wrong := [one for one in found if one.fatal]:
            raise SetupError(
                f"{self.name} cannot run: {' '.join(one.text for one in wrong)}",
                expected="every actor on a way to the end, cycles as .loop(until=, max_rounds=)",
                todo="change the arrows; nothing was paid",
            )
        for one in found:
            note(GraphChecked(kind=one.kind, actors=tuple(one.actors), reason=one.text))
        note(shape(self))
        answer = await run_flow(self.flow, worded(task, thread[:-1], self.name), output)
        said = extend(thread, Message(role="assistant", content=answer.text))
        return answer.model_copy(update={"thread": said})

    def named(self, name: str) -> Graph:
        """The same graph under a name of its own."""
        return Graph(self.flow, name)

    def when(self, test: Test, label: str = "") -> Graph:
        """The graph, begun only where the condition holds for the state before it.

        Args:
            test: a function of the `State`, without effects.
            label: what the arrow says; by default the name of the function.
        """
        return Graph(guarded(as_flow(self), test, label or title(test)))

    def loop(
        self, *, until: Test, max_rounds: int, give_up: Any | Literal["fail", "go on"] = "fail"
    ) -> Graph:
        """The graph, repeated until the condition holds for its end, at most max_rounds times.

        Args:
            until: the condition, a function of the state.
            max_rounds: after so many it gives up.
            give_up: what happens then. "fail" raises RoundsSpent, so that nothing follows that
                waits for the condition; an actor or graph is asked instead of what follows,
                and the graph ends with it; "go on" takes what the last round gave.
        """
        way_out = None if isinstance(give_up, str) else as_flow(give_up)
        if isinstance(give_up, str) and give_up not in ("fail", "go on"):
            raise SetupError(
                f"give_up is {safe_repr(give_up)}.", expected="'fail', 'go on', an actor or a graph"
            )
        loop = Loop(until, max_rounds, title(until), goes_on=give_up == "go on")
        return Graph(looped(as_flow(self), loop, way_out))

    def reduce(self, **reducers: Reducer) -> Graph:
        """The graph with shared values.

        What actors answer in a field of that name is combined by its reducer, and shown to
        those who come after.
        """
        flow = replace(self.flow, reducers={**self.flow.reducers, **reducers})
        return Graph(flow, self.name)

    def _repr_markdown_(self) -> str:
        arrows = [
            f"{edge.source} → {edge.target}{f' ({edge.label})' if edge.label else ''}"
            for edge in self.flow.edges
        ]
        wrong = [f"- **{one.kind}**: {for_line(one.text)}" for one in check_team(self)]
        shown = [f"- {for_line(arrow)}" for arrow in arrows]
        return "\n".join([f"**{for_line(self.name)}** · graph", "", *shown, *wrong])


def as_flow(part: Any) -> Workflow:
    """An actor, graph or list of them as a flow.

    Raises:
        SetupError: it is none of these, or an empty list.
    """
    if isinstance(part, Graph) and part.name == UNNAMED:
        return part.flow
    if isinstance(part, Actor):
        return single(part)
    if isinstance(part, list | tuple) and part:
        return beside(as_flow(one) for one in part)
    raise SetupError(
        f"{safe_repr(part)} cannot stand in a graph.",
        expected="an actor, or a list of at least one",
    )


def chain(first: Any, second: Any) -> Graph:
    """What `first >> second` makes."""
    return Graph(then(as_flow(first), as_flow(second)))


def node(actor: Actor, *, output: Output = None, over: Over | None = None) -> Graph:
    """Make an actor a node that is asked in a type, or once for each item of a list.

    Args:
        actor: who is asked.
        output: the type of its answer, or of each.
        over: the name of a node whose answer is a list, or a function of the state.
    """
    return Graph(single(actor, output=output, over=over))


def graph(
    *chains: Any,
    name: str = UNNAMED,
    start: Sequence[Actor] | Actor | None = None,
    end: Sequence[Actor] | Actor | None = None,
) -> Graph:
    """Make one graph of several chains; where they name the same actor, they meet.

    Args:
        chains: such as a >> b, b >> c.
        name: of the graph.
        start: where it begins; by default with every actor that nothing leads to.
        end: where it ends; by default with every actor that leads nowhere.

    Raises:
        SetupError: no chain, two actors of one name, a start or end that is in no chain.
    """
    flow = beside(as_flow(one) for one in chains) if chains else as_flow([])
    entered = {edge.target for edge in flow.edges}
    left = {edge.source for edge in flow.edges} | set(flow.exits)
    conditions = {head.node: head for head in flow.heads}
    starts = names(start) if start else [n for n in flow.nodes if n not in entered]
    ends = names(end) if end else [n for n in flow.nodes if n not in left]
    unknown = [name for name in (*starts, *ends) if name not in flow.nodes]
    if unknown:
        raise SetupError(f"{', '.join(unknown)} is in no chain.", expected="an actor of a chain")
    heads = tuple(conditions.get(one, Head(one)) for one in starts)
    return Graph(replace(flow, heads=heads, tails=tuple(ends)), name)


def names(actors: Sequence[Actor] | Actor) -> list[str]:
    """The names of one actor or several."""
    return [one.name for one in ([actors] if isinstance(actors, Actor) else actors)]


def title(test: Test) -> str:
    """What a condition is called."""
    name = getattr(test, "__name__", "")
    return "its condition holds" if name in ("", "<lambda>") else name.replace("_", " ")


__all__ = ["Graph", "Node", "chain", "graph", "node", "otherwise"]
