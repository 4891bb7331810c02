"""Edge, regional, global: decide where the facts are, pass on only what was decided.

Edges decide within limits, their region decides what is beyond them and reports, the top
puts the reports together. Two messages per actor and round, so their number grows with the
tree and not with all pairs. A region cut off from the top works on; when the link is back,
what it decided meanwhile is reconciled before anything new.

Source: the three levels are those of edge, regional and global tiers in geo-distributed
systems; that a cut-off part goes on and is reconciled after is Davidson, Garcia-Molina & Skeen
1985, Consistency in Partitioned Networks (optimistic strategies). The form is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import everyone, given_up
from agentkit.patterns.parts.team import at_least, flat, members, text_of
from agentkit.scope import discard, note
from agentkit.typed import Output

Region = tuple[Actor, Sequence[Actor]]
"""A coordinator and its edges."""


class Escalated(Note):
    """An edge may not decide alone what it decided; its coordinator does."""

    topic = "escalate"
    says = "{from} hands the decision to {to}: {reason}"
    by: Annotated[str, Field(alias="from")]
    to: str
    reason: str = ""


class Partitioned(Note):
    """Regions are cut off from the top, and decide by what they knew."""

    topic, grave = "partition", True
    round: int
    cut: tuple[str, ...]
    reason: str = ""


class Reconciled(Note):
    """A region that was cut off reports what it did meanwhile."""

    topic = "reconcile"
    round: int
    region: str
    reports: tuple[str, ...]
    reason: str = ""


class Isolated(Note):
    """The top reaches no region at all."""

    topic, grave = "isolated", True
    round: int
    reason: str = ""


class MessagesCounted(Note):
    """What the hierarchy saved in messages."""

    topic = "messages"
    sent: int
    all_pairs: int
    """Had everybody told everybody in every round."""
    reason: str = ""


@dataclass
class HierarchyFacts:
    """What one run knows."""

    order: str = ""
    """What the top decided last."""
    known: dict[str, str] = field(default_factory=dict)
    """By region, the order that reached it last."""
    kept: dict[str, list[str]] = field(default_factory=dict)
    """By region, reports that did not get through."""
    lost: dict[str, dict[str, str]] = field(default_factory=dict)
    """By region, the edges that failed when they were asked last, and why."""
    asks: int = 0


def hierarchy(
    top: Actor,
    regions: Sequence[Region],
    *,
    within: Callable[[Answer], bool] | None = None,
    cut: Mapping[str, Collection[int]] | None = None,
    rounds: int = 1,
    name: str = "hierarchy",
) -> Pattern:
    """Make a tree of deciders.

    Args:
        top: puts the regions' reports together; its answer is the team's, and the order
            that goes down in the next round.
        regions: coordinators, each with its edges.
        within: whether an edge may decide so by itself, without effects; without it always.
        cut: by coordinator, the rounds in which its link to the top is down.
        rounds: 1 or more.
        name: of the tree.

    Raises:
        SetupError: no region, one without edges, a name twice, a cut of what does not exist.
    """
    at_least(1, rounds=rounds)
    tree = [(head, members(edges)) for head, edges in regions]
    team = members([top, *[one for head, edges in tree for one in (head, *edges)]], at_least=3)
    cuts = {who: set(numbers) for who, numbers in (cut or {}).items()}
    wrong = sorted(set(cuts) - {head.name for head, _ in tree})
    if wrong:
        raise SetupError(f"{', '.join(wrong)} cannot be cut off.", expected="a coordinator's name")

    async def region(
        head: Actor, edges: Sequence[Actor], question: str, state: HierarchyFacts
    ) -> str:
        order = state.known.get(head.name, "")
        asked = f"{question}\nDecided above: {order}" if order else question
        if head.name not in state.kept:
            discard(head.name, *(one.name for one in edges), state.lost.pop(head.name, None))
        answers, state.lost[head.name] = await everyone(edges, asked)
        state.asks += len(edges)
        beyond = [who for who, answer in answers.items() if within and not within(answer)]
        decided = {who: flat(answer.text) for who, answer in answers.items()}
        for who in beyond:
            note(Escalated(by=who, to=head.name, reason="beyond its limits"))
            asked = f"Decide for {who}, who may not decide this alone.\nTask: {question}"
            verdict = await head(f"{asked}\n- {who}: {decided[who]}")
            state.asks += 1
            decided[who] = flat(verdict.text)
        state.asks += 1
        return flat((await head(combined(question, decided))).text)

    async def ruled(task: JSON, output: Output = None) -> Answer:
        """Edges decide, regions report, the top puts together."""
        question, state = text_of(task), HierarchyFacts()
        answer, away = Answer(text=""), list[str]()
        for number in range(1, rounds + 1):
            away = [head.name for head, _ in tree if number in cuts.get(head.name, ())]
            for head, _ in tree:
                if head.name not in away:
                    state.known[head.name] = state.order
            found = await gather(*[region(head, edges, question, state) for head, edges in tree])
            reports = {head.name: text for (head, _), text in zip(tree, found, strict=True)}
            for who in away:
                state.kept.setdefault(who, []).append(reports.pop(who))
            if away:
                note(Partitioned(round=number, cut=tuple(away), reason="no link to the top"))
            why = "the link is back"
            for who, missed in [(w, state.kept.pop(w)) for w in [*state.kept] if w in reports]:
                note(Reconciled(round=number, region=who, reports=tuple(missed), reason=why))
                reports |= {f"{who} while cut off {n}": t for n, t in enumerate(missed, 1)}
            last = number == rounds
            if not reports and last and output is not None:
                raise BadOutput(
                    f"{top.name} cannot decide: every region is cut off.",
                    expected="one region at least in the last round, when a type is asked for",
                )
            if not reports:
                note(Isolated(round=number, reason="no region can be reached"))
                answer = Answer(text="\n".join(f"{w}: {t[-1]}" for w, t in state.kept.items()))
                continue
            discard(top.name)
            answer = await top(combined(question, reports), output=output if last else None)
            state.asks += 1
            state.order = flat(answer.text)
        pairs, why = rounds * len(team) * (len(team) - 1), "a task and an answer for every ask"
        note(MessagesCounted(sent=2 * state.asks, all_pairs=pairs, reason=why))
        return given_up(answer, away, output, "cut off at the end")

    return Pattern(ruled, name, team)


def combined(question: str, reports: Mapping[str, str]) -> str:
    """What asks for one decision from several."""
    lines = "\n".join(f"- {who}: {text}" for who, text in reports.items())
    return f"Combine these reports into one decision.\nTask: {question}\n{lines}"
