"""The words of a collection's items, to find items by the words of a question.

An inverted index in memory, by SQLite's FTS5, made of what the store holds: so nothing of it has to
be erased, mended after a crash or written by every process, and old collections have it too. FTS5
keeps the postings; scores are our own, because its bm25() gives a word that half of the items
have no weight at all, which in a memory of three items is every word.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from memory.stores import Item, Where
from memory.stores.filters import fits
from memory.terms import INSIDE, terms

K1, B = 1.2, 0.75
"""Of BM25: how soon a repeated word stops to count, and how much a long text pays for it."""

UNSEEN = 0.5
"""What a word of the question that no item has counts: as this much of the rarest there may be."""

COVERED = 0.4
"""Of the weight of a question's words, what an item must have to be found by them for sure."""

STEP = 0.1
"""Nats; weights are told apart as far as this to work out what is there by chance."""

NEARLY = 0.9
"""Of what the best item has, what another must have."""

MOST_WORDS = 64
"""Words of a question that are looked up, the rarest; of a longer one the others tell little."""

COMMON = 10_000
"""Items; a word that more have is not looked up, as it costs much and tells little."""

MOST_FOUND = 1_000
"""Items; words that more have tell nothing apart."""

SCHEMA = f"""
CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, detail=none,
    tokenize="ascii tokenchars '{INSIDE.replace("'", "''")}'");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row');
"""


@dataclass(frozen=True)
class WordHit:
    """An item that has words of a question."""

    item: Item
    bm25: float
    sure: float = 1.0
    """How likely it is that it does not have these words by chance, above 0."""


@dataclass(frozen=True)
class WordCounts:
    """How common words are: in one collection, or in several together."""

    items: int
    words: int
    having: Mapping[str, int]
    """Of each word, how many items have it."""

    def __add__(self, other: WordCounts) -> WordCounts:
        having = Counter(self.having)
        having.update(other.having)
        return WordCounts(self.items + other.items, self.words + other.words, having)

    def weight(self, word: str) -> float:
        """How much a word tells (inverse document frequency, never below 0)."""
        count = self.having.get(word, 0)
        seen = math.log1p((self.items - count + 0.5) / (count + 0.5))
        return seen if count else UNSEEN * seen


class WordIndex:
    """The words of some items; several threads may use it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript(SCHEMA)
        self._mutex = threading.Lock()
        self._place: dict[str, int] = {}
        self._items: dict[int, Item] = {}
        self._last = self._words = 0

    def follow(self, items: Iterable[Item], gone: Iterable[str] | None = None) -> None:
        """Take in items that are new or were changed.

        Args:
            items: all there are, or with `gone` those that may have changed.
            gone: ids of those that may have been removed; without it all that are not given.
        """
        given = {one.id: one for one in items}
        with self._mutex:
            lost = [id for id in (self._place if gone is None else gone) if id not in given]
            with self._transaction():
                for id in lost:
                    self._drop(id)
                for one in given.values():
                    self._put(one)

    def _put(self, one: Item) -> None:
        place = self._place.get(one.id)
        if place is not None and self._items[place].text == one.text:
            self._items[place] = one
            return
        self._drop(one.id)
        self._last += 1
        words = list(terms(one.text))
        self._db.execute(
            "INSERT INTO words (rowid, text) VALUES (?,?)", (self._last, " ".join(words))
        )
        self._place[one.id], self._items[self._last] = self._last, one
        self._words += len(words)

    def _drop(self, id: str) -> None:
        place = self._place.pop(id, None)
        if place is None:
            return
        words = list(terms(self._items.pop(place).text))
        # An index without texts must be told what it had; the words are made anew as they were.
        self._db.execute(
            "INSERT INTO words (words, rowid, text) VALUES ('delete',?,?)", (place, " ".join(words))
        )
        self._words -= len(words)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write at once, which is much faster; whoever failed in it must make a new index."""
        self._db.execute("BEGIN")
        yield
        self._db.execute("COMMIT")

    def __len__(self) -> int:
        return len(self._place)

    def counts(self, words: Sequence[str]) -> WordCounts:
        """Return how common these words are here."""
        with self._mutex:
            found = ((word, self._having(word)) for word in words)
            return WordCounts(len(self._place), self._words, {w: n for w, n in found if n})

    def _having(self, word: str) -> int:
        row = self._db.execute("SELECT doc FROM vocabulary WHERE term=?", (word,)).fetchone()
        return int(row[0]) if row else 0

    def find(self, words: Sequence[str], counts: WordCounts, where: Where | None) -> list[WordHit]:
        """Find the items that have what matters of a question's words, best first.

        Args:
            words: of the question, each once.
            counts: how common they are, here and where else is searched.
            where: a filter in its strict form.
        """
        told = [word for word in words if counts.having.get(word, 0) <= COMMON]
        wanted = sum(counts.weight(word) for word in told)
        seen = sorted((w for w in told if w in counts.having), key=lambda w: counts.having[w])
        weights = {word: counts.weight(word) for word in seen[:MOST_WORDS]}
        with self._mutex:
            have: dict[int, float] = {}
            for word, weight in weights.items():
                for (place,) in self._db.execute(
                    "SELECT rowid FROM words WHERE words MATCH ?", (f'"{word}"',)
                ):
                    have[place] = have.get(place, 0.0) + weight
            items = {place: self._items[place] for place in have}
        if where is not None:
            fit = fits(where)
            items = {place: one for place, one in items.items() if fit(one.metadata)}
        best = max((have[place] for place in items), default=0.0)
        chance = Chance(weights, counts, best)
        good = [place for place in items if have[place] >= NEARLY * best]
        if len(good) > MOST_FOUND:
            return []
        found = [
            WordHit(items[place], bm25(items[place].text, weights, counts), sure)
            for place in good
            if (sure := sureness(have[place], wanted, chance)) > 0
        ]
        return sorted(found, key=lambda one: (-one.bm25, one.item.id))


class Chance:
    """How many items would have words of such a weight if words were spread at random.

    Each item then has a word with the share that do have it, whatever else it has. So it counts
    that a long question has many words, of which some are met by chance.
    """

    def __init__(self, weights: Mapping[str, float], counts: WordCounts, most: float) -> None:
        """Work out the distribution of the weight of one item's words.

        Args:
            weights: of the question's words.
            counts: how common they are.
            most: the largest weight that is asked about.
        """
        self.items, last = counts.items, int(most / STEP)
        found = [0.0] * (last + 1)
        found[0] = 1.0
        for word, weight in weights.items():
            share, steps = counts.having[word] / counts.items, round(weight / STEP)
            for at in range(last, -1, -1):
                if moved := found[at] * share:
                    found[at] -= moved
                    # What is heavier than all that is asked about counts as that.
                    found[min(at + steps, last)] += moved
        self.tail = list(itertools.accumulate(reversed(found)))[::-1]

    def __call__(self, weight: float) -> float:
        """Expect so many items with words of this weight or more."""
        return self.items * self.tail[min(int(weight / STEP), len(self.tail) - 1)]


def sureness(have: float, wanted: float, chance: Callable[[float], float]) -> float:
    """How likely it is that an item does not have some words of a question by chance.

    One that has much of all that a question asks for is meant, however common that is.

    Args:
        have: weight of the words that it has.
        wanted: that of all words of the question.
        chance: how many items have words of a weight by chance.
    """
    return 1.0 if have >= COVERED * wanted else max(0.0, 1.0 - chance(have))


def bm25(text: str, weights: Mapping[str, float], counts: WordCounts) -> float:
    """Score one text by the words it has.

    Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, section 3.
    """
    words = list(terms(text))
    there = Counter(words)
    usual = counts.words / max(1, counts.items) or 1.0
    norm = K1 * (1 - B + B * len(words) / usual)
    return sum(
        weight * there[word] * (K1 + 1) / (there[word] + norm) for word, weight in weights.items()
    )
