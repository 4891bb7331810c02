"""Reflection: questions about the newest records, and insights that point at their evidence."""

from __future__ import annotations

from agentkit import Agent
from agentkit.messages import Frozen
from agentkit.notes import Note
from agentkit.scope import note
from memory.recalled import Recalled
from memory.stream.core import StreamCore
from memory.stream.records import Record

EVIDENCE = 20
"""Records recalled per question; our choice: the paper leaves it open, its code takes 30."""


class Reflected(Note):
    """An agent asked itself questions on what it remembers, and what it came to see."""

    topic = "reflected"
    memory: str
    questions: tuple[str, ...]
    insights: tuple[str, ...]


class Dangling(Note):
    """An insight points at statements that there are not."""

    topic = "dangling"
    grave = True
    memory: str
    insight: str
    because: tuple[int, ...]
    """The numbers that point to nothing."""
    kept: bool
    """Whether it points at some that there are."""


class Questions(Frozen):
    """What the newest records make one ask."""

    questions: list[str]


class Insight(Frozen):
    """What follows from some statements."""

    insight: str
    because: list[int]
    """Numbers of the statements it follows from."""


class Insights(Frozen):
    """What follows from the statements."""

    insights: list[Insight]


async def reflect(stream: StreamCore, thinker: Agent) -> list[Record]:
    """Ask what the newest records are about, and append what follows; see StreamMemory.reflect."""
    preset = stream.preset
    newest = await stream.latest(preset.window)
    if not newest:
        return []
    ask = (
        f"{numbered(newest)}\n\nGiven only the statements above, what are the {preset.questions}"
        " most salient high-level questions we can answer about the subjects in them?"
    )
    asked = (await thinker(ask, output=Questions)).data.questions[: preset.questions]
    made: list[Record] = []
    for question in asked:
        if question.strip():
            made += await answer(stream, thinker, question)
    await stream.mark()
    insights = tuple(one.text for one in made)
    note(Reflected(memory=stream.name, questions=tuple(asked), insights=insights))
    return made


async def answer(stream: StreamCore, thinker: Agent, question: str) -> list[Record]:
    """Append the insights on one question, and return them."""
    hits = await stream.recall(question, k=EVIDENCE)
    ask = (
        f"{numbered([hit.text for hit in hits])}\n\nWhat {stream.preset.insights} high-level"
        f" insights on the question {question!r} can you infer from the statements above? For"
        " each name the numbers of the statements it follows from."
    )
    found = (await thinker(ask, output=Insights)).data.insights
    made = []
    for one in found[: stream.preset.insights]:
        because = evidence(stream.name, one, hits)
        if one.insight.strip() and because:
            rating = await stream.rate(one.insight)
            made.append((await stream.add(one.insight, rating, "reflection", because))[0])
    return made


def evidence(memory: str, insight: Insight, hits: list[Recalled]) -> list[str]:
    """Return the ids that an insight points at; drop and note what points to nothing."""
    good = [n for n in dict.fromkeys(insight.because) if 1 <= n <= len(hits)]
    dangling = [n for n in insight.because if not 1 <= n <= len(hits)]
    if dangling or not good:
        told, wrong = insight.insight, tuple(dangling)
        note(Dangling(memory=memory, insight=told, because=wrong, kept=bool(good)))
    return [hits[n - 1].item.id for n in good]


def numbered(texts: list[str]) -> str:
    """Statements with their numbers, from 1."""
    flat = (" ".join(text.split()) for text in texts)
    return "Statements:\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(flat, 1))
