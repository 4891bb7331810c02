"""Checks of a team before it runs: what can never work, and what may do harm unasked."""

from __future__ import annotations

from collections.abc import Iterator

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.delegation import ActorTool
from agentkit.deprecated import moved
from agentkit.messages import Frozen
from agentkit.notes import Note
from agentkit.patterns.graphs.flow import Workflow, loop_of, otherwise
from agentkit.tools import Tool


class GraphChecked(Note):
    """A check of a graph found something before it runs."""

    topic = "check"
    kind: str
    actors: tuple[str, ...]
    reason: str


class Finding(Frozen):
    """Something a check found."""

    kind: str
    """unreachable, endless, cycle, stuck, gives up, unapproved."""
    text: str
    fatal: bool
    """Whether the team is refused."""
    actors: tuple[str, ...]


def check_team(actor: Actor) -> list[Finding]:
    """Return what is wrong with a team, worst first.

    Of a declared graph: actors that nothing leads to, actors from which no way leads to the
    end, cycles without a bound, conditions that may all fail, loops that fail, or go on all the
    same, when they give up. Of any team: `once` tools that
    can be called without a person's approval before.
    """
    flow = getattr(actor, "flow", None)
    if not isinstance(flow, Workflow):
        return list(unapproved(actor, set()))
    found = [*unreachable(flow), *endless(flow), *cycles(flow), *stuck(flow), *givers_up(flow)]
    for actor in unguarded(flow):
        found += unapproved(actor, set())
    return sorted(found, key=lambda one: not one.fatal)


def unreachable(flow: Workflow) -> Iterator[Finding]:
    """Nodes that nothing leads to."""
    reached = flow.reach(head.node for head in flow.heads)
    lost = [name for name in flow.nodes if name not in reached]
    if lost:
        text = f"Nothing leads to {', '.join(lost)}."
        yield Finding(kind="unreachable", text=text, fatal=True, actors=tuple(lost))


def endless(flow: Workflow) -> Iterator[Finding]:
    """Nodes from which no way leads to the end."""
    ends = {*flow.tails, *flow.exits}
    lost = [name for name in flow.nodes if not flow.reach([name]) & ends]
    if lost:
        text = f"No way leads from {', '.join(lost)} to the end."
        yield Finding(kind="endless", text=text, fatal=True, actors=tuple(lost))


def cycles(flow: Workflow) -> Iterator[Finding]:
    """Cycles that are no loops, so that nothing bounds them."""
    seen: set[str] = set()
    after = {
        name: flow.reach([e.target for e in flow.out(name) if not e.back], back=False)
        for name in flow.nodes
    }
    for name in flow.nodes:
        around = [other for other in flow.nodes if name in after[other] and other in after[name]]
        if name in around and not seen & set(around):
            seen |= set(around)
            text = f"{' >> '.join([*around, around[0]])} is a cycle without a bound."
            yield Finding(kind="cycle", text=text, fatal=True, actors=tuple(around))


def stuck(flow: Workflow) -> Iterator[Finding]:
    """Nodes whose ways on all have conditions, none of them `otherwise`."""
    for name in flow.nodes:
        tests = [edge.when for edge in flow.out(name)]
        if tests and None not in tests and otherwise not in tests and name not in flow.tails:
            text = f"After {name} no condition may hold; add one .when(otherwise)."
            yield Finding(kind="stuck", text=text, fatal=False, actors=(name,))


def givers_up(flow: Workflow) -> Iterator[Finding]:
    """Loops that name no way out for when their condition never holds."""
    for name, node in flow.nodes.items():
        if node.loop is None or any(edge.exit for edge in flow.out(name)):
            continue
        inside, loop = loop_of(flow, name), node.loop
        then = "goes on all the same" if loop.goes_on else "fails"
        text = (
            f"The loop of {', '.join(inside)} {then} when it gives up after {loop.max_rounds}"
            " rounds; name a way out with give_up=ACTOR."
        )
        yield Finding(kind="gives up", text=text, fatal=False, actors=tuple(inside))


def unasked(flow: Workflow) -> set[str]:
    """The nodes that can be reached without passing a person."""
    seen, todo = set[str](), [head.node for head in flow.heads]
    while todo:
        name = todo.pop()
        actor = flow.nodes[name].actor
        if name not in seen and (actor is None or actor.what != "person"):
            seen.add(name)
            todo += [edge.target for edge in flow.out(name)]
    return seen


def unguarded(flow: Workflow) -> list[Actor]:
    """The actors in those nodes."""
    before = unasked(flow)
    return [node.actor for name, node in flow.nodes.items() if node.actor and name in before]


def unapproved(actor: Actor, seen: set[int]) -> Iterator[Finding]:
    """`once` tools of an actor and of those below it that need nobody's approval."""
    if id(actor) in seen:
        return
    seen.add(id(actor))
    if isinstance(flow := getattr(actor, "flow", None), Workflow):
        for member in unguarded(flow):
            yield from unapproved(member, seen)
        return
    tools: list[Tool] = list(actor.tools.values()) if isinstance(actor, Agent) else []
    harm = [one.spec.name for one in tools if one.effect == "once" and one.approve is False]
    if harm:
        text = f"{actor.name} can call {', '.join(harm)} (once) and nobody approves it."
        yield Finding(kind="unapproved", text=text, fatal=False, actors=(actor.name,))
    below = [one.actor for one in tools if isinstance(one, ActorTool)]
    for member in [*actor.members, *below]:
        yield from unapproved(member, seen)


__getattr__ = moved(
    __name__, {"Checked": f"{__name__}:GraphChecked", "check": f"{__name__}:check_team"}
)
