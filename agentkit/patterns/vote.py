"""Votes: every member answers, or chooses among options, and the votes are counted.

Sources: weights from measured records are the log odds of being right, which is optimal for
independent voters (Nitzan & Paroush 1982, Optimal decision rules in uncertain dichotomous
choice situations). Options are shown to each voter in another rotation, under
letters, so that no place in the list is favoured (the position bias of Zheng et al. 2023,
Judging LLM-as-a-Judge, section 3.3). The bounds of a record and the way ties are broken (see
tally) are our choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError, safe_repr
from agentkit.messages import JSON, canonical
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import everyone, partial
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.tally import Key, answer_value, elect
from agentkit.patterns.parts.team import flat, members, text_of, typed
from agentkit.typed import Output

SURE = 0.99
"""A record is taken for at most this share right, and at least for one minus it."""

Weigh = Literal["equal", "confidence"] | Mapping[str, float]


class Ballot(BaseModel):
    """An answer, and how sure its giver is."""

    answer: str
    confidence: float = Field(ge=0, le=1, description="0 is a guess, 1 is certain.")


def vote(
    voters: Sequence[Actor],
    *,
    weigh: Weigh = "equal",
    options: Sequence[str] = (),
    key: Key = answer_value,
    name: str = "vote",
) -> Pattern:
    """Make a team that votes.

    Args:
        voters: who votes, each with a seed of its own.
        weigh: "equal"; "confidence", as each states it from 0 to 1; or the measured share
            of right answers by name.
        options: what to choose from; without, everybody answers freely.
        key: which free answers are the same.
        name: of the team.

    Raises:
        SetupError: no voter, one option or a repeated one, a voter without a record.
    """
    team = members(voters)
    weights = None if isinstance(weigh, str) else log_odds(weigh, team)
    choices = list(dict.fromkeys(options))
    if len(choices) != len(options) or len(choices) == 1 or len(choices) > len(ascii_uppercase):
        raise SetupError("These options cannot be voted on.", expected="2 to 26 different ones")
    if weigh not in ("equal", "confidence") and weights is None:
        raise SetupError(
            f"Votes cannot be weighed by {safe_repr(weigh)}.", expected="equal or confidence"
        )

    async def voted(task: JSON, output: Output = None) -> Answer:
        """All answer, most decide."""
        stated = weigh == "confidence"
        if choices:
            answers, lost, sure = await choosing(team, text_of(task), choices, stated)
        elif stated:
            asked = f"{text_of(task)}\nGive your answer, and how confident you are from 0 to 1."
            found, lost = await everyone(team, asked, output=Ballot)
            forms = {n: form(a, "answer", "confidence") for n, a in found.items()}
            sure = {n: float(filled["confidence"]) for n, filled in forms.items()}
            answers = {
                n: a.model_copy(update={"text": forms[n]["answer"], "data": None})
                for n, a in found.items()
            }
        else:
            answers, lost = await everyone(team, task, output=output)
            sure = {}
        winner = elect(answers, key=key if not choices else exactly, weights=weights or sure)
        if output is not None and (choices or stated):
            return typed(winner.text, output).model_copy(update={"missing": winner.missing})
        return partial(winner, list(lost), output, "failed")

    return Pattern(voted, name, team)


def exactly(answer: Answer) -> str:
    """The key of a chosen option: its own words."""
    return answer.text


def log_odds(record: Mapping[str, float], team: Sequence[Actor]) -> dict[str, float]:
    """The weight of each voter by its share of right answers.

    Raises:
        SetupError: a voter without a record, or a share outside 0 to 1.
    """
    lacking = [one.name for one in team if not 0 <= record.get(one.name, -1.0) <= 1]
    if lacking:
        raise SetupError(
            f"There is no record of {', '.join(lacking)}.",
            expected="for every voter its share of right answers, 0 to 1",
        )
    shares = {one.name: min(SURE, max(1 - SURE, record[one.name])) for one in team}
    return {name: math.log(share / (1 - share)) for name, share in shares.items()}


async def choosing(
    team: Sequence[Actor], question: str, choices: Sequence[str], stated: bool
) -> tuple[dict[str, Answer], dict[str, Any], dict[str, float]]:
    """What each voter chose, who failed, and how sure each was."""
    labels = ascii_uppercase[: len(choices)]
    letter: Any = Literal[tuple(labels)]
    extra: dict[str, Any] = {"confidence": (float, Field(ge=0, le=1))} if stated else {}
    ballot = create_model("Choice", choice=(letter, ...), reason=(str, ...), **extra)
    turns = {
        one.name: [*choices[n % len(choices) :], *choices[: n % len(choices)]]
        for n, one in enumerate(team)
    }

    def paper(actor: Actor) -> str:
        shown = zip(labels, turns[actor.name], strict=True)
        lines = "\n".join(f"{label}: {flat(text)}" for label, text in shown)
        return f"Vote for the best answer.\nQuestion: {question}\n{lines}"

    found, lost = await everyone(team, paper, output=ballot)
    answers, sure = {}, {}
    for name, answer in found.items():
        marked = form(answer, "choice", *extra)
        if marked["choice"] not in set(labels):
            raise BadOutput(f"{name} voted {canonical(marked)}.", expected=f"one of {labels}")
        text = turns[name][labels.index(marked["choice"])]
        answers[name] = answer.model_copy(update={"text": text, "data": None})
        if stated:
            sure[name] = float(marked["confidence"])
    return answers, lost, sure
