"""Reflect: draft, criticise, revise, until the critic has nothing more to say.

Source: Madaan et al. 2023, Self-Refine: Iterative Refinement with Self-Feedback, section 2
(algorithm 1: feedback and refinement alternate until a stop condition holds, in the
experiments at most 4 times; the history stays in the prompt). There one model plays both
parts; here the critic may be another actor.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import given_up
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.notes import PartialAnswer, Stopped
from agentkit.patterns.parts.team import FAILURES, at_least, flat, members, text_of
from agentkit.scope import discard, note
from agentkit.typed import Output


class Reviewed(Note):
    """A critic said what is wrong with a draft."""

    model_config = ConfigDict(extra="allow")

    topic = "review"
    round: int
    correct: JSON
    feedback: JSON
    """As the critic filled the form in, with whatever it added."""


class Review(BaseModel):
    """What a critic says."""

    correct: bool
    """Whether nothing has to be changed."""
    feedback: str


def reflect(
    author: Actor, critic: Actor | None = None, *, rounds: int = 4, name: str = "reflect"
) -> Pattern:
    """Make an author that revises its draft after criticism.

    Args:
        author: who drafts and revises, in one conversation.
        critic: who reviews; the author itself by default.
        rounds: reviews at most, 1 or more.
        name: of the pair.

    Raises:
        SetupError: no round, or the critic has the author's name.
    """
    at_least(1, rounds=rounds)
    team = members([author] if critic is None else [author, critic])
    reader = team[-1]

    async def reflected(task: JSON, output: Output = None) -> Answer:
        """Draft, criticise, revise."""
        question = text_of(task)
        draft = await author(task, output=output)
        try:
            for number in range(1, rounds + 1):
                said = await reader(
                    f"Question: {question}\nProposed answer: {flat(draft.text)}\n"
                    "Is this answer correct? Say what is wrong with it, if anything.",
                    output=Review,
                )
                review = form(said, "correct", "feedback")
                note(Reviewed(**{"round": number, **review}))
                if review["correct"]:
                    note(Stopped(round=number, reason="nothing to change"))
                    return draft
                discard(draft, said)
                draft = await author(
                    f"Question: {question}\nYour answer: {flat(draft.text)}\n"
                    f"Criticism: {flat(review['feedback'])}\nRevise your answer.",
                    output=output,
                    after=draft,
                )
        except FAILURES as error:
            reason = f"{type(error).__name__}: {error.what}"
            note(PartialAnswer(reason=reason))
            return given_up(draft, ["a review of the last draft"], output, reason)
        note(Stopped(round=rounds, reason="no rounds left"))
        return given_up(draft, ["a review of the last draft"], output, "no rounds left")

    return Pattern(reflected, name, team)
