"""Best of n: draw several answers from one actor, score each by itself, keep the best.

Source: Stiennon et al. 2020, Learning to summarize from human feedback (best of N samples by
a reward model); Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems (samples
ranked by a verifier). Each answer is scored alone, so there is
no order to be biased by; a tie goes to the earlier sample (our choice).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial as later

from pydantic import BaseModel, Field

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.consistency import draw
from agentkit.patterns.parts.asking import all_that_answer, partial
from agentkit.patterns.parts.forms import fields, form
from agentkit.patterns.parts.team import at_least, flat, members, text_of
from agentkit.scope import note
from agentkit.typed import Output

Scorer = Actor | Callable[[Answer], float | Awaitable[float]]
"""Who says how good an answer is: an actor, or a function that does it without effects."""


class BestChosen(Note):
    """Of several samples the one that scores best was chosen."""

    topic = "best"
    winner: str
    scores: dict[str, Number]
    missing: tuple[str, ...] = ()
    """Samples without a score."""
    reason: str = ""


class Rating(BaseModel, title="Score"):
    """How good an answer is, and why."""

    score: float = Field(ge=0, le=10, description="0 is worthless, 10 is perfect.")
    reason: str


def best_of(actor: Actor, n: int, scorer: Scorer, *, name: str = "best_of") -> Pattern:
    """Make an actor that asks another n times and gives the answer that scores best.

    Args:
        actor: who is asked, each time with another seed.
        n: samples, 1 or more.
        scorer: an actor, asked for 0 to 10, or a function of the answer.
        name: of the new actor.

    Raises:
        SetupError: no sample, or the scorer is the actor itself.
    """
    at_least(1, n=n)
    team = members([actor, scorer] if isinstance(scorer, Actor) else [actor])

    async def best(task: JSON, output: Output = None) -> Answer:
        """Ask several times; the answer that scores best."""
        answers, _ = await draw(actor, task, output, n)
        names = list(answers)
        rated, _ = await all_that_answer(
            [later(rate, scorer, text_of(task), answers[sample]) for sample in names],
            [f"a score of {sample}" for sample in names],
        )
        scores = {names[place]: float(fields(one.data)["score"]) for place, one in rated.items()}
        chosen = max(scores, key=lambda sample: scores[sample])
        lost = [f"sample {place}" for place in range(n) if f"sample {place}" not in scores]
        note(
            BestChosen(
                winner=chosen,
                scores=scores,
                missing=tuple(lost),
                reason=f"{scores[chosen]:g} is the highest of {len(scores)}",
            )
        )
        return partial(answers[chosen], lost, output, "failed")

    return Pattern(best, name, team)


async def rate(scorer: Scorer, question: str, answer: Answer) -> Answer:
    """The score of one answer, as an answer whose data is a Score.

    Raises:
        BadOutput: an actor gave no score.
    """
    if not isinstance(scorer, Actor):
        given = scorer(answer)
        value = float(await given if inspect.isawaitable(given) else given)
        return Answer(text=str(value), data={"score": value, "reason": "computed"})
    found = await scorer(
        f"Score the answer from 0 to 10.\nQuestion: {question}\nAnswer: {flat(answer.text)}",
        output=Rating,
    )
    form(found, "score")
    return found
