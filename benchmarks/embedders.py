"""What each embedder and each search finds again: hit@1 and mean reciprocal rank of questions."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.fresh import Figures
from benchmarks.topics import QUESTIONS, SENTENCES

if TYPE_CHECKING:
    from memory.embed import Embedder

Asked = tuple[str, set[int]]
"""A question, and the places of the texts that answer it."""


SEEDS = 3
"""Worlds that questions are drawn from."""

DEEP = 50
"""Hits among which the right one is looked for."""

FRAMES = (
    "Please tell me what we know about {}.",
    "Could you check {} for me before the meeting this afternoon?",
    "I spoke to somebody who mentioned {}; what is it about?",
)
"""What people say around a name."""


def topics(embedder: str, search: str = "vector") -> Figures:
    """18 questions in other words about 20 sentences: meaning without shared words."""
    asked = [(question, {place}) for question, place in QUESTIONS]
    return asyncio.run(found_again(embedder, search, [(SENTENCES, asked)]))


def names(embedder: str, search: str = "vector") -> Figures:
    """Names, numbers, times and codes out of the tables of several worlds, as one types them."""
    return asyncio.run(found_again(embedder, search, [tables(seed) for seed in range(SEEDS)]))


def framed(embedder: str, search: str = "vector") -> Figures:
    """The same within a sentence that says nothing of them."""
    given = [tables(seed) for seed in range(SEEDS)]
    framed = [
        (
            texts,
            [(FRAMES[n % 3].format(question), right) for n, (question, right) in enumerate(asked)],
        )
        for texts, asked in given
    ]
    return asyncio.run(found_again(embedder, search, framed))


def tables(seed: int) -> tuple[list[str], list[Asked]]:
    """Sentences of a world's tables, and questions of names and numbers with all that have them."""
    from agentkit.sim.world import world
    from memory.terms import terms

    held = world(seed).tables
    told: list[tuple[str, tuple[str, ...]]] = []
    for s in held.ships:
        about = f"{s.name}, a {s.kind} of {s.length_m} m, draws {s.draught_m} m, built {s.built}."
        told += [
            (about, (f"{s.name} {s.built}", f"{s.kind} {s.length_m} m {s.draught_m}")),
            (f"Master of the {s.name} is {s.master}; she has a crew of {s.crew}.", (s.master,)),
        ]
    for c in held.cargoes:
        about = f"{c.ship} carries {c.tonnes} t of {c.goods} to {c.destination}."
        told.append((about, (f"{c.tonnes} t of {c.goods}", f"{c.ship} {c.destination}")))
    for p in held.people:
        about = f"{p.name} ({p.age}) is {p.role} on the {p.ship}."
        told.append((about, (p.name, f"{p.role} {p.age} {p.ship}")))
    for b in held.berths:
        about = f"Berth {b.name} in {b.port}: {b.length_m} m, {b.fee_eur_per_day} EUR a day."
        told.append((about, (f"berth {b.name}", f"{b.port} {b.fee_eur_per_day} EUR")))
    for w in held.sailings:
        about = f"{w.ship} leaves {w.from_port} for {w.to_port} at {w.departs}, {w.fare_eur} EUR."
        told.append((about, (f"{w.departs} {w.from_port}",)))
    texts = [text for text, _ in told]
    words = [set(terms(text)) for text in texts]
    asked = [
        (question, {n for n, have in enumerate(words) if set(terms(question)) <= have})
        for _, questions in told
        for question in questions
    ]
    return texts, asked


def port(embedder: str, search: str = "vector") -> Figures:
    """The paraphrases of the worlds' questions, about the sentences of their documents."""
    return asyncio.run(found_again(embedder, search, [documents(seed) for seed in range(SEEDS)]))


def documents(seed: int) -> tuple[list[str], list[Asked]]:
    """Sentences of a world's documents, and its questions in other words with what answers them."""
    from agentkit.sim.world import world

    amber = world(seed)
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
    return texts, asked


def parts(answer: str | float, text: str) -> list[str]:
    """Where an answer may stand: a name anywhere in a sentence, a number as one of its words."""
    return [text] if isinstance(answer, str) else re.findall(r"[\w.:]*\w", text)


async def found_again(
    name: str, search: str, sets: Sequence[tuple[Sequence[str], Sequence[Asked]]]
) -> Figures:
    """How often the first hit is right, and the mean of 1 / the rank of the first right one.

    Args:
        name: of the embedder.
        search: "vector", "hybrid", or "words" for BM25 alone.
        sets: texts, each with what is asked about them.
    """
    from agentkit import run

    ranks: list[int] = []
    taken = 0.0
    async with run():
        for texts, asked in sets:
            found = await searching(name, search, texts)
            await found("harbour")  # What is made once, such as an index, is no cost of a question.
            begun = time.process_time()
            for question, right in asked:
                places = await found(question)
                last = len(texts)
                ranks.append(1 + next((n for n, at in enumerate(places) if at in right), last))
            taken += time.process_time() - begun
    return {
        "questions": len(ranks),
        "hit1": sum(rank == 1 for rank in ranks) / len(ranks),
        "mrr": sum(1 / rank for rank in ranks) / len(ranks),
        "ms": taken / len(ranks) * 1e3,
    }


async def searching(
    name: str, search: str, texts: Sequence[str]
) -> Callable[[str], Awaitable[list[int]]]:
    """A search of these texts, which gives their places, best first."""
    from memory import VectorMemory, embedder

    if search == "words":
        return words_alone(texts)
    made: Embedder = embedder(name)
    notes = VectorMemory(
        "bench", store="numpy", embedder=made, path=":memory:", least=-2, search=search
    )
    ids = await notes.remember(texts)
    places = {id: n for n, id in enumerate(ids)}

    async def found(question: str) -> list[int]:
        hits = await notes.recall(question, k=DEEP)
        return [places[hit.item.id] for hit in hits]

    return found


def words_alone(texts: Sequence[str]) -> Callable[[str], Awaitable[list[int]]]:
    """A search by BM25, whatever it finds."""
    from memory.stores import Item
    from memory.stores.wordindex import WordIndex, bm25
    from memory.terms import terms

    index = WordIndex()
    index.follow(Item(id=str(n), text=text) for n, text in enumerate(texts))

    async def found(question: str) -> list[int]:
        words = list(dict.fromkeys(terms(question)))
        counts = index.counts(words)
        weights = {word: counts.weight(word) for word in words}
        scores = [bm25(text, weights, counts) for text in texts]
        return sorted((n for n, score in enumerate(scores) if score), key=lambda n: -scores[n])[
            :DEEP
        ]

    return found
