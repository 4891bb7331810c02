"""What each embedder finds again: hit@1 and mean reciprocal rank on questions in other words."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.fresh import Figures
from benchmarks.topics import QUESTIONS, SENTENCES

if TYPE_CHECKING:
    from memory.embed import Embedder

Asked = tuple[str, set[int]]
"""A question, and the places of the texts that answer it."""


def topics(embedder: str) -> Figures:
    """18 questions in other words about 20 sentences: meaning without shared words."""
    asked = [(question, {place}) for question, place in QUESTIONS]
    return asyncio.run(found_again(embedder, SENTENCES, asked))


def port(embedder: str) -> Figures:
    """The paraphrases of the world's questions, about the sentences of its documents."""
    from agentkit.sim.world import world

    amber = world()
    home: list[str] = []
    texts: list[str] = []
    for document in amber.documents:
        for sentence in re.split(r"(?<=[.!?])\s+", document.text):
            home.append(f"documents/{document.id}")
            texts.append(sentence)
    asked: list[Asked] = []
    for question in amber.questions_at(1):
        subject = question.facts[0].partition("/")[2].split("-")
        right = {
            n for n, text in enumerate(texts)
            if home[n] in question.facts
            and all(name in text for name in subject)
            and any(question.check(part) for part in parts(question.answer, text))
        }  # fmt: skip
        if right:
            asked += [(paraphrase, right) for paraphrase in question.paraphrases]
    return asyncio.run(found_again(embedder, texts, asked))


def parts(answer: str | float, text: str) -> list[str]:
    """Where an answer may stand: a name anywhere in a sentence, a number as one of its words."""
    return [text] if isinstance(answer, str) else re.findall(r"[\w.:]*\w", text)


async def found_again(name: str, texts: Sequence[str], asked: Sequence[Asked]) -> Figures:
    """How often the first hit is right, and the mean of 1 / the rank of the first right one."""
    from agentkit import run
    from memory import VectorMemory, embedder

    made: Embedder = embedder(name)
    notes = VectorMemory("bench", store="numpy", embedder=made, path=":memory:", least=-2)
    ranks: list[int] = []
    async with run():
        ids = await notes.remember(texts)
        begun = time.process_time()
        for question, right in asked:
            hits = await notes.recall(question, k=len(texts))
            wanted = {ids[n] for n in right}
            ranks.append(1 + next(n for n, hit in enumerate(hits) if hit.item.id in wanted))
        taken = time.process_time() - begun
    return {
        "questions": len(ranks),
        "hit1": sum(rank == 1 for rank in ranks) / len(ranks),
        "mrr": sum(1 / rank for rank in ranks) / len(ranks),
        "ms": taken / len(ranks) * 1e3,
    }
