"""Reflection: questions about the newest records, and insights that point at their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.messages import JSON, Frozen
from agentkit.run import note
from memory.recalled import Recalled
from memory.steps import step
from memory.stream.records import Record

if TYPE_CHECKING:
    from memory.stream.stream import StreamMemory

EVIDENCE = 20
"""Records recalled per question; our choice: the paper leaves it open, its code takes 30."""


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


async def reflected(stream: StreamMemory) -> list[Record]:
    """See StreamMemory.reflect."""
    preset = stream.preset
    newest = await latest(stream, preset.window)
    if not newest:
        return []
    ask = (
        f"{numbered(newest)}\n\nGiven only the statements above, what are the {preset.questions}"
        " most salient high-level questions we can answer about the subjects in them?"
    )
    asked = (await stream.thinker(ask, output=Questions)).data.questions[: preset.questions]
    made: list[Record] = []
    for question in asked:
        if question.strip():
            made += await answered(stream, question)
    await mark(stream)
    note(
        "reflected",
        {"memory": stream.name, "questions": asked, "insights": [one.text for one in made]},
    )
    return made


async def answered(stream: StreamMemory, question: str) -> list[Record]:
    """The insights on one question, appended."""
    hits = await stream.recall(question, k=EVIDENCE)
    ask = (
        f"{numbered([hit.text for hit in hits])}\n\nWhat {stream.preset.insights} high-level"
        f" insights on the question {question!r} can you infer from the statements above? For"
        " each name the numbers of the statements it follows from."
    )
    found = (await stream.thinker(ask, output=Insights)).data.insights
    made = []
    for one in found[: stream.preset.insights]:
        because = evidence(stream, one, hits)
        if one.insight.strip() and because:
            rating = await stream.rate(one.insight)
            made.append((await stream.add(one.insight, rating, "reflection", because))[0])
    return made


def evidence(stream: StreamMemory, insight: Insight, hits: list[Recalled]) -> list[str]:
    """The ids that an insight points at; pointers to nothing are dropped, and noted."""
    good = [n for n in dict.fromkeys(insight.because) if 1 <= n <= len(hits)]
    dangling = [n for n in insight.because if not 1 <= n <= len(hits)]
    if dangling or not good:
        data: JSON = {"memory": stream.name, "insight": insight.insight, "because": dangling}
        note("dangling", {**data, "kept": bool(good)})
    return [hits[n - 1].item.id for n in good]


async def latest(stream: StreamMemory, count: int) -> list[str]:
    """The texts of the newest records, oldest first."""

    async def perform(_key: str) -> JSON:
        return [one.text for one in (await stream.records())[-count:]]

    return list(await step(f"{stream.name}.latest", {"count": count}, perform, effect="pure"))


async def mark(stream: StreamMemory) -> None:
    """Begin to gather importance anew: the newest record says that the stream reflected."""

    async def perform(_key: str) -> JSON:
        async with stream.turn:
            newest = (await stream.records())[-1]
            vectors = await stream.store.vectors([newest.id])
            item = newest.model_copy(update={"reflected": True}).item()
            await stream.store.put([item], vectors)
        return newest.id

    await step(f"{stream.name}.mark", None, perform, effect="idempotent")


def numbered(texts: list[str]) -> str:
    """Statements with their numbers, from 1."""
    flat = (" ".join(text.split()) for text in texts)
    return "Statements:\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(flat, 1))
