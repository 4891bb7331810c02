"""Recency, importance and relevance, each scaled to [0, 1] over the candidates, and their sum."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory.stream.presets import Preset


@dataclass(frozen=True)
class Candidate:
    """What the score of one item is made from."""

    accessed: float
    """Hours of the story at which it was last read or written."""
    importance: float
    relevance: float
    """Cosine of its vector and the query's."""


@dataclass(frozen=True)
class ItemScore:
    """The score of one item, its scaled parts, and the raw ones."""

    score: float
    parts: dict[str, float]
    raw: dict[str, float]
    place: int
    """Which of the candidates it is."""


def scored(preset: Preset, candidates: Sequence[Candidate], now: float) -> list[ItemScore]:
    """The scores of the candidates, in their order.

    Args:
        preset: decay, weights, scaling.
        candidates: all items of the stream; scaling is over them, so it needs them all.
        now: hours of the story.
    """
    return best(preset, candidates, now, range(len(candidates)))


def best(
    preset: Preset, candidates: Sequence[Candidate], now: float, which: int | Iterable[int]
) -> list[ItemScore]:
    """The scores of some candidates, or so many of the best; of equal ones the later first.

    Cost: of all that are not asked for, three numbers each.
    """
    raw = {
        "recency": recency(preset, [one.accessed for one in candidates], now),
        "importance": [one.importance for one in candidates],
        "relevance": [one.relevance for one in candidates],
    }
    scaled = {name: minmax(values, preset.equal) for name, values in raw.items()}
    if isinstance(which, int):
        weights, columns = preset.weights, list(scaled.values())
        totals = [
            sum(w * one for w, one in zip(weights, parts, strict=True))
            for parts in zip(*columns, strict=True)
        ]
        which = heapq.nlargest(which, range(len(candidates)), key=lambda n: (totals[n], n))
    found = []
    for n in which:
        parts = {name: scaled[name][n] for name in raw}
        score = sum(weighed(preset, parts).values())
        own = {name: values[n] for name, values in raw.items()}
        found.append(ItemScore(score, parts, own, n))
    return found


def weighed(preset: Preset, parts: dict[str, float]) -> dict[str, float]:
    """What each part adds to the score."""
    return {name: w * part for w, (name, part) in zip(preset.weights, parts.items(), strict=True)}


def recency(preset: Preset, accessed: Sequence[float], now: float) -> list[float]:
    """How recently each was accessed: decay to the power of hours, or of its rank."""
    if preset.recency == "hours":
        return [preset.decay ** max(0.0, now - hour) for hour in accessed]
    order = sorted(range(len(accessed)), key=lambda n: accessed[n])
    if not preset.oldest_first:
        order.reverse()
    values = [0.0] * len(accessed)
    for rank, n in enumerate(order, 1):
        values[n] = preset.decay**rank
    return values


def minmax(values: Sequence[float], equal: float) -> list[float]:
    """The values scaled to [0, 1]; `equal` for all where none differs from another."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if high - low == 0:
        return [equal] * len(values)
    return [(value - low) / (high - low) for value in values]
