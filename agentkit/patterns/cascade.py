"""Cascade: the cheapest is asked first, and a dearer one only where its answer is not good enough.

Source: Chen, Zaharia and Zou 2023, "FrugalGPT" (LLM cascade); Yue et al. 2024, "Large Language
Model Cascades with Mixture of Thoughts Representations" (disagreement among samples as the sign of
a hard question). What an answer is judged by is given: a rule, another actor, agreement of samples.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BudgetSpent, SetupError
from agentkit.messages import JSON, canonical
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import FAILURES, at_least, members, text_of
from agentkit.scope import discard, note
from agentkit.typed import Output

Judge = Actor | Callable[[Answer], bool | str | Awaitable[bool | str]]
"""Whether an answer is good enough: True, or False or why not; or an actor that says so."""


class Raised(Note):
    """An answer was not good enough, so that a dearer actor is asked."""

    topic = "cascade"
    says = "The answer of {from} is not taken, because {reason}; {to} is asked."
    before: Annotated[str, Field(alias="from")]
    to: str
    reason: str


class Taken(Note):
    """The answer of a stage was taken."""

    topic = "cascade"
    says = "The answer of {taken} is taken, at stage {stage} of {stages}."
    taken: str
    stage: int
    stages: int


class Correctness(BaseModel, title="Verdict"):
    """Whether an answer is right, and why."""

    good: bool
    reason: str


def cascade(
    actors: Sequence[Actor],
    *,
    judge: Judge | None = None,
    samples: int = 1,
    name: str = "cascade",
) -> Actor:
    """Make an actor that asks the first, and the next where an answer is not good enough.

    Args:
        actors: from the cheapest to the dearest; the last one's answer is taken as it is.
        judge: says whether an answer is good enough; it is asked of each but the last.
        samples: how often each but the last is asked, with other seeds; unless the answers are
            the same, the next is asked.
        name: of the new actor.

    Returns:
        An actor. Notes: cascade.

    Raises:
        SetupError: fewer than two, a name twice, or nothing that judges.
    """
    team = members(actors)
    if len(team) < 2:
        raise SetupError(f"{name} has {len(team)} stages.", expected="two or more")
    at_least(1, samples=samples)
    if judge is None and samples == 1:
        raise SetupError(
            f"{name} would take whatever {team[0].name} says.",
            expected="a judge, or samples of 2 or more that must agree",
        )
    extra = [judge] if isinstance(judge, Actor) else []

    async def climb(task: JSON, output: Output = None) -> Answer:
        """Ask, cheapest first."""
        for place, (actor, after) in enumerate(zip(team, team[1:], strict=False), 1):
            answer: Answer | None = None
            try:
                answer, reason = await sampled(actor, task, output, samples)
                if not reason and judge is not None:
                    reason = await judged(judge, task, answer)
            except BudgetSpent:
                raise
            except FAILURES as error:
                reason = f"{type(error).__name__}: {error.what}"
            if answer is not None and not reason:
                note(Taken(taken=actor.name, stage=place, stages=len(team)))
                return answer
            discard(actor.name)
            note(Raised(before=actor.name, to=after.name, reason=reason))
        last = await team[-1](task, output=output)
        note(Taken(taken=team[-1].name, stage=len(team), stages=len(team)))
        return last

    return Pattern(climb, name, members([*team, *extra]))


async def sampled(actor: Actor, task: JSON, output: Output, samples: int) -> tuple[Answer, str]:
    """The answer, and why it is not taken where several samples differ; stops at the first."""
    first = await actor(task, output=output)
    for sample in range(1, samples):
        other = await actor(task, output=output, sample=sample)
        if comparison_key(other) != comparison_key(first):
            return first, "its samples differ"
    return first, ""


def comparison_key(answer: Answer) -> str:
    """What two answers are compared by: their data, or their words."""
    if answer.data is not None:
        data = answer.data
        return canonical(data.model_dump(mode="json") if isinstance(data, BaseModel) else data)
    return " ".join(answer.text.casefold().split())


async def judged(judge: Judge, task: JSON, answer: Answer) -> str:
    """Why an answer is not good enough; "" where it is."""
    if isinstance(judge, Actor):
        asked = f"Is this answer right?\n\nQuestion: {text_of(task)}\n\nAnswer: {answer.text}"
        verdict = (await judge(asked, output=Correctness)).data
        return "" if verdict.good else f"{judge.name} says: {verdict.reason}"
    found = judge(answer)
    good = await found if inspect.isawaitable(found) else found
    return "" if good is True else (good or "the rule says so")
