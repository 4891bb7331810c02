"""What a declared graph is made of: nodes, edges with conditions, loops; and how they combine.

Flows form an algebra: one actor is a flow, flows in a list stand side by side, and
`then` puts one after the other, with an edge from every end to every beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.deprecated import moved
from agentkit.errors import SetupError, safe_repr
from agentkit.notes import Note
from agentkit.typed import Output

Over = str | Callable[["GraphState"], Iterable[Any]]
"""What a node is asked for, item by item: the list a node answered, or a function's."""


class FlowDeclared(Note):
    """Who belongs to a graph and its arrows, as it was declared."""

    topic = "flow"
    quiet = True
    actors: tuple[tuple[str, str, str | None], ...]
    """Name, what it is, its model."""
    edges: tuple[tuple[str, str, str, bool], ...]
    """From, to, label, and whether it leads back."""

    def sentence(self) -> str:
        names = [name for name, _, _ in self.actors]
        who = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)
        arrows = ", ".join(
            f"{source} → {target}"
            + (f" ({', '.join(said)})" if (said := [label] * bool(label) + ["back"] * back) else "")
            for source, target, label, back in self.edges
        )
        return f"A graph was declared of {who or 'nobody'}{arrows and ': '}{arrows}."


@dataclass(frozen=True)
class GraphState:
    """What a condition may look at: what is known at the end of a superstep."""

    task: str
    answer: Answer
    """Of the node that the edge leaves."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """The last of every node."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Shared values, as their reducers made them."""

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def data(self) -> Any:
        return self.answer.data

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


Test = Callable[[GraphState], bool]
"""A condition, without effects."""

Reducer = Callable[[Any, Any], Any]
"""From the value so far and a node's to the new value."""


def otherwise(_state: GraphState) -> bool:
    """The condition of an edge that is taken when no other conditional one is."""
    return False


@dataclass(frozen=True)
class Loop:
    """When a loop is left."""

    until: Test
    max_rounds: int
    label: str
    goes_on: bool = False
    """Whether the last round is good enough, so that it goes on as if the condition held."""


@dataclass(frozen=True)
class Node:
    """An actor in its place, or the gate at the end of a loop."""

    actor: Actor | None
    output: Output = None
    over: Over | None = None
    loop: Loop | None = None


@dataclass(frozen=True)
class Edge:
    """What may follow what."""

    source: str
    target: str
    when: Test | None = None
    label: str = ""
    back: bool = False
    """Whether it leads from the gate of a loop to its beginning."""
    exit: bool = False
    """Whether it leads from the gate of a loop that gives up to where the graph says."""


@dataclass(frozen=True)
class Head:
    """Where a flow begins, and under which condition."""

    node: str
    when: Test | None = None
    label: str = ""


@dataclass(frozen=True)
class Workflow:
    """A graph: what runs, in which order, from where to where."""

    nodes: dict[str, Node]
    edges: tuple[Edge, ...] = ()
    heads: tuple[Head, ...] = ()
    tails: tuple[str, ...] = ()
    reducers: Mapping[str, Reducer] = field(default_factory=dict)
    exits: tuple[str, ...] = ()
    """Where the graph ends when a loop gave up."""

    def out(self, name: str) -> list[Edge]:
        """The edges that leave a node."""
        return [edge for edge in self.edges if edge.source == name]

    def reach(self, start: Iterable[str], *, back: bool = True) -> set[str]:
        """The nodes reachable from some, these included."""
        seen, todo = set[str](), list(start)
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += [edge.target for edge in self.out(name) if back or not edge.back]
        return seen


def single(actor: Actor, **fields: Any) -> Workflow:
    """The flow of one actor."""
    return Workflow({actor.name: Node(actor, **fields)}, (), (Head(actor.name),), (actor.name,))


def beside(flows: Iterable[Workflow]) -> Workflow:
    """Flows side by side."""
    first, *rest = flows
    for flow in rest:
        joined = union(first, flow, ())
        heads = tuple(dict.fromkeys((*first.heads, *flow.heads)))
        tails = tuple(dict.fromkeys((*first.tails, *flow.tails)))
        first = replace(joined, heads=heads, tails=tails)
    return first


def then(first: Workflow, second: Workflow) -> Workflow:
    """One flow after another."""
    between = tuple(
        Edge(tail, head.node, head.when, head.label)
        for tail in first.tails
        for head in second.heads
    )
    return replace(union(first, second, between), heads=first.heads, tails=second.tails)


def union(first: Workflow, second: Workflow, between: tuple[Edge, ...]) -> Workflow:
    """The nodes and edges of both, and those between them.

    Raises:
        SetupError: two actors of one name, or two reducers for one value.
    """
    nodes = dict(first.nodes)
    for name, node in second.nodes.items():
        known, plain = nodes.get(name, node), Node(node.actor)
        nodes[name] = node if known == plain else known
        other = known.actor is not node.actor
        if other or (known != node and plain not in (known, node)):
            raise SetupError(
                f"Two nodes of the graph are called {name}.",
                expected="every name once",
                todo="rename one; the same actor may be named several times",
            )
    for name, reducer in second.reducers.items():
        if first.reducers.get(name, reducer) is not reducer:
            raise SetupError(f"{name} has two reducers.", expected="one for every shared value")
    edges = tuple(dict.fromkeys((*first.edges, *second.edges, *between)))
    exits = tuple(dict.fromkeys((*first.exits, *second.exits)))
    return Workflow(nodes, edges, reducers={**first.reducers, **second.reducers}, exits=exits)


def guarded(flow: Workflow, when: Test, label: str) -> Workflow:
    """The flow, begun only where the condition holds."""
    if any(head.when for head in flow.heads):
        raise SetupError(
            "A beginning of the graph has a condition already.", todo="put both into one condition"
        )
    return replace(flow, heads=tuple(Head(head.node, when, label) for head in flow.heads))


def looped(flow: Workflow, loop: Loop, exit: Workflow | None = None) -> Workflow:
    """The flow, repeated until a condition holds: a gate after it leads back or on.

    Args:
        flow: what is repeated.
        loop: until when.
        exit: where it goes when it gives up; the graph ends after it.

    Raises:
        SetupError: fewer than one round, or a beginning with a condition.
    """
    if type(loop.max_rounds) is not int or loop.max_rounds < 1:
        raise SetupError(
            f"max_rounds is {safe_repr(loop.max_rounds)}.", expected="a whole number from 1"
        )
    if any(head.when for head in (*flow.heads, *(exit.heads if exit else ()))):
        raise SetupError(
            "A loop, or its way out, cannot begin with a condition.",
            todo="put an actor before the condition",
        )
    if exit and (inside := sorted(flow.nodes.keys() & exit.nodes.keys())):
        raise SetupError(f"{', '.join(inside)} cannot be the way out of its own loop.")
    gate = f"again {'+'.join(head.node for head in flow.heads)}"
    while gate in flow.nodes:
        gate += "'"
    edges = [Edge(tail, gate) for tail in flow.tails]
    edges += [Edge(gate, head.node, label="again", back=True) for head in flow.heads]
    nodes = {**flow.nodes, gate: Node(None, loop=loop)}
    made = replace(flow, nodes=nodes, edges=(*flow.edges, *edges), tails=(gate,))
    if exit is None:
        return made
    out = tuple(Edge(gate, head.node, label="gives up", exit=True) for head in exit.heads)
    ends = tuple(dict.fromkeys((*flow.exits, *exit.exits, *exit.tails)))
    return replace(union(made, exit, out), heads=flow.heads, tails=(gate,), exits=ends)


def loop_of(flow: Workflow, gate: str) -> list[str]:
    """The names of those in a loop, by the gate at its end."""
    begins = [edge.target for edge in flow.out(gate) if edge.back]
    return [
        name
        for name in flow.nodes
        if name in flow.reach(begins, back=False)
        and gate in flow.reach([name], back=False)
        and flow.nodes[name].actor is not None
    ]


def declared(actor: Actor) -> Iterator[tuple[str, str, str, bool]]:
    """The edges of a declared graph: source, target, condition, whether it leads back.

    The gate of a loop is no actor: its edges are drawn from those before it to those after it.
    """
    flow: Any = getattr(actor, "flow", None)
    if flow is None:
        return
    named = {name: node.actor.name for name, node in flow.nodes.items() if node.actor is not None}

    def sources(name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        if name in named:
            yield named[name]
        elif name not in seen:
            for edge in flow.edges:
                if edge.target == name:
                    yield from sources(edge.source, seen | {name})

    for head in flow.heads:
        if head.node in named:
            yield actor.name, named[head.node], head.label, False
    for edge in flow.edges:
        if edge.target in named:
            for source in sources(edge.source):
                yield source, named[edge.target], edge.label, edge.back


def shape(graph: Actor) -> FlowDeclared:
    """Who belongs to a graph and its arrows, so that a picture of a run has them as declared."""
    return FlowDeclared(
        actors=tuple((one.name, one.what, one.model_name) for one in graph.members),
        edges=tuple(declared(graph)),
    )


__getattr__ = moved(
    __name__,
    {
        "State": f"{__name__}:GraphState",
        "Flow": f"{__name__}:Workflow",
    },
)
