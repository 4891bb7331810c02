"""Questions about the port of Amber with known answers, in three levels."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentkit.sim.world.documents import PortDocument
from agentkit.sim.world.hops import level_two
from agentkit.sim.world.lookups import QuestionDraft, level_one
from agentkit.sim.world.sums import level_three
from agentkit.sim.world.tables import Tables

PER_LEVEL = 140


@dataclass(frozen=True)
class PortQuestion:
    """A question with its known answer.

    Args:
        id: stable within a seed, such as `L2-017`.
        level: 1 one look-up, 2 two hops, 3 several hops with arithmetic.
        text: the question.
        answer: a name, a time of day or a number.
        tolerance: how far a number may be off.
        facts: rows (`ports/Amber`) and documents (`documents/notice-amber`) that prove it.
        paraphrases: other wordings of the same question.
    """

    id: str
    level: int
    text: str
    answer: str | float
    tolerance: float
    facts: tuple[str, ...]
    paraphrases: tuple[str, ...] = ()

    def check(self, text: str) -> bool:
        """Return whether a reply holds the answer: its last number, or the name in its words."""
        if isinstance(self.answer, str):
            return re.search(rf"\b{re.escape(self.answer)}\b", text, re.IGNORECASE) is not None
        found = re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text)
        return bool(found) and abs(float(found[-1].replace(",", "")) - self.answer) <= (
            self.tolerance + 1e-9
        )


def make_questions(
    tables: Tables, documents: tuple[PortDocument, ...], rng: random.Random
) -> tuple[PortQuestion, ...]:
    """Return the questions of a world, `PER_LEVEL` for each level, templates mixed evenly."""
    known = {f"documents/{document.id}" for document in documents}
    return tuple(
        question
        for level, templates in (
            (1, level_one(tables)),
            (2, level_two(tables)),
            (3, level_three(tables)),
        )
        for question in number(level, mix(templates, rng), known)
    )


def mix(templates: list[Iterator[QuestionDraft]], rng: random.Random) -> list[QuestionDraft]:
    """Return `PER_LEVEL` drafts, taking one from each template in turn."""
    piles = [list(template) for template in templates]
    for pile in piles:
        rng.shuffle(pile)
    chosen: list[QuestionDraft] = []
    while len(chosen) < PER_LEVEL and any(piles):
        chosen.extend(pile.pop() for pile in piles if pile)
    return chosen[:PER_LEVEL]


def number(level: int, drafts: list[QuestionDraft], known: set[str]) -> Iterator[PortQuestion]:
    """Yield the drafts as questions with ids; facts that name no existing document go."""
    for n, draft in enumerate(drafts, start=1):
        text, *paraphrases = draft.wordings
        yield PortQuestion(
            id=f"L{level}-{n:03d}",
            level=level,
            text=text,
            answer=draft.answer,
            tolerance=draft.tolerance,
            facts=tuple(f for f in draft.facts if not f.startswith("documents/") or f in known),
            paraphrases=tuple(paraphrases),
        )
