"""Rules about questions of the port of Amber that assignments share."""

from __future__ import annotations

import re

from agentkit.grading.assignment import Case, Seen
from agentkit.sim.world import tables
from agentkit.sim.world.questions import PortQuestion

NAMES = (*tables.PORT_NAMES, *tables.SHIP_NAMES, *tables.LAST_NAMES, *tables.KINDS, *tables.GOODS)
WORD = re.compile(r"\d\d:\d\d|[^\W\d_]+")


def asks(case: Case) -> bool:
    """Whether it is a question."""
    return isinstance(case.data, PortQuestion)


def looked_up(seen: Seen) -> bool:
    """Whether each row that proves the answer stands in a call of a tool or in its result."""
    texts = [f"{use.arguments} {use.result}" for use in seen.tools]
    rows = [fact.split("/")[1].split("-") for fact in seen.case.data.facts
            if not fact.startswith("documents/")]  # fmt: skip
    return all(any(all(part in text for part in row) for text in texts) for row in rows)


def settled(question: PortQuestion, text: str) -> bool:
    """Whether a text says one answer, and not every name that it met: one of those is right."""
    known = f"{question.text} {question.answer} {' '.join(question.facts)}"
    said = set(WORD.findall(text)) - set(WORD.findall(known))
    clock = {word for word in said if ":" in word}
    return not (said & {*NAMES}) | clock


def right(seen: Seen) -> bool:
    """Whether the answer is right, is one answer, and was found as it must be."""
    question = seen.case.data
    return (
        question.check(seen.text)
        and settled(question, seen.text)
        and looked_up(seen)
        and seen.by_model
    )
