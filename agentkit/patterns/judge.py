"""A judge: several answer, one who did not chooses; every answer is shown in every place.

Source: Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena
(arXiv:2306.05685), section 3.4: a judge prefers positions, so it is asked twice with the order
swapped, and an answer wins only if it wins in both; else it is a tie. They judge pairs. Of n
answers we show n rotations, so that each stands in each place once (for two that is their
swap), and an answer wins only if it wins in all. The answers are shown under letters, not
names. A tie goes to the majority of the answers, then to the winner of the first order (our
choice).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Literal

from pydantic import BaseModel, create_model

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError, safe_repr
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import everyone, partial
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.tally import Key, answer_value, ballots, elect
from agentkit.patterns.parts.team import flat, members, text_of
from agentkit.scope import note
from agentkit.typed import Output


class JudgeChose(Note):
    """A judge compared answers."""

    topic = "judge"
    winner: str | None
    """Whose answer; None where the order in which they were shown decided."""
    winners: tuple[str, ...] = ()
    """One of each order."""
    ballots: dict[str, str | None] = {}
    """What each answer comes down to, by who gave it."""
    reason: str = ""
    tie: str = ""


def judge(
    actors: Sequence[Actor],
    arbiter: Actor,
    *,
    swap: bool = True,
    key: Key = answer_value,
    name: str = "judge",
) -> Pattern:
    """Make a team whose members all answer, and an arbiter chooses one of the answers.

    Args:
        actors: who answers, 2 to 26.
        arbiter: who chooses; it must be able to answer in a schema.
        swap: ask the arbiter once for each rotation of the answers, at the price of as many
            calls; False asks once, and a preference for a place goes unseen.
        key: which answers are the same, for ties.
        name: of the team.

    Raises:
        SetupError: fewer than 2 or more than 26 members, or the arbiter among them.
    """
    team = members([*actors, arbiter], at_least=3)[:-1]
    if len(team) > len(ascii_uppercase):
        raise SetupError(f"{len(team)} answers are too many for a judge.", expected="up to 26")

    async def judged(task: JSON, output: Output = None) -> Answer:
        """All answer, an arbiter chooses one of the answers."""
        answers, lost = await everyone(team, task, output=output)
        chosen = await decide(arbiter, text_of(task), answers, swap=swap, key=key)
        return partial(chosen, list(lost), output, "failed")

    return Pattern(judged, name, [*team, arbiter])


async def decide(
    arbiter: Actor,
    question: str,
    answers: Mapping[str, Answer],
    *,
    swap: bool = True,
    key: Key = answer_value,
) -> Answer:
    """Let an arbiter choose one of the answers, shown in as many rotations as there are.

    Raises:
        BadOutput: the arbiter names none of the answers.
    """
    names = list(answers)
    if len(names) == 1:
        note(JudgeChose(winner=names[0], reason="it is the only answer"))
        return answers[names[0]]
    orders = [names[n:] + names[:n] for n in range(len(names) if swap else 1)]
    verdicts = await gather(*[verdict(arbiter, question, answers, order) for order in orders])
    winners = [winner for winner, _ in verdicts]
    given = ballots(answers, key)
    agreed = len({given[winner] or winner for winner in winners}) == 1
    data: dict[str, Any] = {
        "winners": tuple(winners),
        "ballots": dict(given),
        "reason": verdicts[0][1],
    }
    if agreed:
        note(JudgeChose(winner=winners[0], **data))
        return answers[winners[0]]
    note(JudgeChose(winner=None, **data, tie="the order shown decided"))
    first = {name: answers[name] for name in winners}
    return elect({**first, **answers}, key=key)


async def verdict(
    arbiter: Actor, question: str, answers: Mapping[str, Answer], order: Sequence[str]
) -> tuple[str, str]:
    """Who wins when the answers are shown in this order, and why."""
    labels = ascii_uppercase[: len(order)]
    shown = "\n".join(
        f"{label}: {flat(answers[name].text)}" for label, name in zip(labels, order, strict=True)
    )
    answer = await arbiter(
        f"Judge these answers to the question: which answer is best?\n"
        f"Question: {question}\n{shown}",
        output=verdict_on(labels),
    )
    found = form(answer, "winner")
    if found["winner"] not in set(labels):
        raise BadOutput(
            f"{arbiter.name} named {safe_repr(found['winner'])} the winner.",
            expected=f"one of {', '.join(labels)}",
        )
    return order[labels.index(found["winner"])], str(found.get("reason", ""))


def verdict_on(labels: str) -> type[BaseModel]:
    """The schema of a verdict on answers under these letters."""
    choice: Any = Literal[tuple(labels)]
    return create_model("Verdict", winner=(choice, ...), reason=(str, ...))
