"""A panel: several raters score every answer, and how far they agree is part of the result.

Sources: Verga et al. 2024, Replacing Judges with Juries (a panel of smaller judges, scores
averaged); agreement by Krippendorff's alpha (see alpha). That conclusions need an alpha of
0.8, and tentative ones 0.667, is Krippendorff 2004, Content Analysis, chapter 11.
Each answer is scored alone and under no name, so there is no order to be biased by.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial as later

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.bestof import rate
from agentkit.patterns.parts.alpha import Level, alpha_by_unit
from agentkit.patterns.parts.asking import all_that_answer, everyone, partial
from agentkit.patterns.parts.forms import fields
from agentkit.patterns.parts.tally import answer_value
from agentkit.patterns.parts.team import members, text_of
from agentkit.scope import lacking, note
from agentkit.typed import Output

TENTATIVE = 0.667


class Rated(Note):
    """A jury rated every answer."""

    topic = "panel"
    winner: str
    ballots: dict[str, str | None]
    """What each answer comes down to, by who gave it."""
    raters: tuple[str, ...] = ()
    scores: dict[str, list[Number | None]] = {}
    """By answer, one of each rater."""
    means: dict[str, Number] = {}
    alpha: Number | None = None
    """How far the raters agree: Krippendorff's alpha, 1 wholly, 0 as by chance."""
    reason: str = ""


class Disagreed(Note):
    """The raters agree too little for their means to be trusted."""

    topic = "disagreement"
    grave = True
    alpha: Number
    reason: str = ""


def panel(
    actors: Sequence[Actor],
    raters: Sequence[Actor],
    *,
    level: Level = "interval",
    trust: float = TENTATIVE,
    name: str = "panel",
) -> Pattern:
    """Make a team whose members all answer, and a panel scores every answer.

    The answer with the highest mean wins, the earlier one on a tie. An alpha below `trust`
    is noted as disagreement, and missed in the answer: then the raters want a look.

    Args:
        actors: who answers, at least 1.
        raters: who scores, at least 2; each sees every answer alone.
        level: of measurement of the scores, for alpha.
        trust: the alpha below which the scores are not to be relied upon.
        name: of the team.

    Raises:
        SetupError: no member, fewer than 2 raters, or a rater among the members.
    """
    team, jury = members(actors), members(raters, at_least=2)
    both = members([*team, *jury])

    async def rated(task: JSON, output: Output = None) -> Answer:
        """All answer, a panel scores every answer."""
        answers, lost = await everyone(team, task, output=output)
        asks = [
            later(rate, one, text_of(task), answer) for answer in answers.values() for one in jury
        ]
        pairs = [f"{rater.name} on {who}" for who in answers for rater in jury]
        found, _ = await all_that_answer(asks, pairs)
        given = [
            float(fields(found[place].data)["score"]) if place in found else None
            for place in range(len(asks))
        ]
        table = {
            who: given[place * len(jury) : (place + 1) * len(jury)]
            for place, who in enumerate(answers)
        }
        means = {
            who: sum(known) / len(known)
            for who, row in table.items()
            if (known := [score for score in row if score is not None])
        }
        alpha = alpha_by_unit(list(table.values()), level)
        winner = max(means, key=lambda who: means[who])
        note(
            Rated(
                winner=winner,
                ballots={who: answer_value(answer) for who, answer in answers.items()},
                raters=tuple(one.name for one in jury),
                scores=table,
                means=means,
                alpha=alpha,
                reason=f"the highest mean, {means[winner]:g}",
            )
        )
        if alpha is not None and alpha < trust:
            note(Disagreed(alpha=alpha, reason=f"below {trust:g}"))
            lacking(f"agreement of the raters (alpha is {alpha:.3g}, below {trust:g})")
        silent = [pair for place, pair in enumerate(pairs) if place not in found]
        return partial(answers[winner], [*lost, *silent], output, "failed")

    return Pattern(rated, name, both)
