"""Facts over time: a new one takes the place of what it contradicts, which stays as history."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON, changed, digest
from agentkit.run import current_run
from agentkit.scope import current_scope
from memory.recalled import Recalled
from memory.rivals import ended, root_of
from memory.steps import performing
from memory.stores import Item, Store, Where
from memory.stores.fact import PREFIX, Fact, holding
from memory.stores.metadata import plain_value
from memory.stream.scoring import Candidate, scored, weighed
from memory.writing import given_ids

if TYPE_CHECKING:
    import numpy as np

    from memory.stream.presets import Preset

CANDIDATES = 100
"""Nearest items that are scored by recency, importance and relevance, or ten times those wanted."""

USUAL = 5.0
"""Importance of what was stored without one; our choice, the middle of 1 to 10."""


@dataclass(frozen=True)
class Stated:
    """What a writer says of what is stored, beside its metadata."""

    key: str = ""
    supersedes: tuple[str, ...] = ()
    valid_from: float | None = None
    valid_until: float | None = None
    ttl_s: float | None = None
    importance: float | None = None

    def request(self) -> dict[str, JSON]:
        """As the request of a step tells it; nothing where nothing was said."""
        said = {name: one for name, one in vars(self).items() if one not in (None, "", ())}
        return {"fact": {**said, "supersedes": list(self.supersedes)}} if said else {}

    def fact(self, least: float = -math.inf) -> Fact:
        """What is known of what is stored now, by whoever does it in whichever step.

        Args:
            least: a time before which it was not, whatever this clock says.
        """
        now = max(ticked(current_run().log.clock()), least)
        start = now if self.valid_from is None else self.valid_from
        return Fact(
            author=current_scope().path,
            run=current_run().id,
            step=performing(),
            created=now,
            key=self.key,
            valid_from=self.valid_from,
            valid_until=self.valid_until if self.ttl_s is None else ticked(start + self.ttl_s),
            supersedes=self.supersedes,
            importance=self.importance,
            ttl=self.ttl_s is not None,
        )


def ticked(time: float) -> float:
    """A time in ticks of ten microseconds: as long a number as every store keeps in one field."""
    return math.floor(time * 1e5) / 1e5 if abs(time) < 1e11 else time


class StatedFields(TypedDict, total=False):
    """What may be said of a text when it is stored."""

    key: str
    """What it is about, such as "ana.city": of the facts with one key one holds at a time, and a
    new one supersedes the old, which stays as history."""
    supersedes: str | Sequence[str]
    """Ids of what it holds instead of."""
    valid_from: datetime | float | None
    """From when on it holds; without it from now on. One that is told late becomes history."""
    valid_until: datetime | float | None
    """Until when it holds."""
    ttl_s: float | None
    """Seconds for which it holds; `expire` removes it then."""
    importance: float | None
    """1, mundane, to 10, poignant; counts with a preset."""


def stated(
    memory: str,
    texts: int,
    *,
    key: str = "",
    supersedes: str | Sequence[str] = (),
    valid_from: Any = None,
    valid_until: Any = None,
    ttl_s: float | None = None,
    importance: float | None = None,
) -> Stated:
    """Check what is said of what is stored; see VectorMemory.remember.

    Raises:
        SetupError: something that cannot be.
    """
    if not isinstance(key, str) or (key and texts > 1):
        raise SetupError(
            f"{memory} was given {texts} texts of the key {safe_repr(key)}.",
            expected="one text for a key, which is a text: of its facts one holds at a time",
        )
    start, end = (moment(memory, one) for one in (valid_from, valid_until))
    if ttl_s is not None and (end is not None or not 0 < number(memory, "ttl_s", ttl_s) < math.inf):
        raise SetupError(
            f"ttl_s of {memory} is {safe_repr(ttl_s)}.",
            expected="seconds above 0, or valid_until= instead",
        )
    if start is not None and end is not None and end <= start:
        raise SetupError(f"{memory} was told of a fact that holds until before it does.")
    if importance is not None and not 1 <= number(memory, "importance", importance) <= 10:
        raise SetupError(
            f"The importance given to {memory} is {safe_repr(importance)}.", expected="1 to 10"
        )
    ids = tuple(given_ids(supersedes, memory))
    return Stated(key, ids, start, end, ttl_s, importance)


def moment(memory: str, given: Any) -> float | None:
    """Unix seconds of a date or number.

    Raises:
        SetupError: it is neither.
    """
    return None if given is None else number(memory, "A time", plain_value(given))


def number(memory: str, what: str, given: Any) -> float:
    """A number that was given.

    Raises:
        SetupError: it is none.
    """
    try:
        if isinstance(given, int | float) and not isinstance(given, bool) and given == given:
            return float(given)
    except OverflowError as error:
        raise SetupError(f"{what} given to {memory} is too large a number.") from error
    raise SetupError(
        f"{what} given to {memory} is {safe_repr(given)}.", expected="a number, or a date"
    )


async def placed(
    store: Store, items: Sequence[Item], said: Stated, key: str
) -> tuple[list[Item], list[Item]]:
    """Put new facts in their place among the old ones.

    Args:
        store: that has the old ones.
        items: the new ones; for a key, and for what is superseded, the first of them counts.
        said: of the new ones.
        key: of the write, the same if it is performed again.

    Returns:
        The new items, and old ones that change, both as the store keeps them.

    Raises:
        SetupError: what it supersedes is not there.
    """
    old = {one.id: one.told() for one in await store.get([one.id for one in items])}
    made = []
    for one in items:
        # What held before, and was superseded, stays; that it holds again is another fact.
        gone = one.id in old and old[one.id].fact.superseded_by
        made.append(one.model_copy(update={"id": digest(one.id, key)[:16]}) if gone else one)
    ids = {one.id for one in made}
    before = {one.id: one.told() for one in await store.get(list(said.supersedes))}
    if missing := [id for id in said.supersedes if id not in before]:
        raise SetupError(f"The memory has no item {safe_repr(missing[0])} to supersede.")
    root = "" if said.key or not before else root_of(next(iter(before.values())))
    others = {one.id: one for one in await followers(store, list(before.values()))}
    same: Where = {f"{PREFIX}key": said.key} if said.key else {f"{PREFIX}root": root}
    if said.key or root:
        others |= {one.id: one.told() for one in await store.get(where=same)}
    fact, changed = in_place(
        said.fact(no_sooner([*before.values(), *others.values()])),
        made[0].id,
        [one for one in before.values() if one.id not in ids],
        [one for one in others.values() if one.id not in ids and one.id not in before],
    )
    gone_ids = tuple(one.id for one in changed)
    fact = fact.model_copy(update={"supersedes": gone_ids or fact.supersedes, "root": root})
    return [one.model_copy(update={"fact": fact}).kept() for one in made], [
        one.kept() for one in changed
    ]


def no_sooner(known: Iterable[Item]) -> float:
    """The moment before which nothing is told that takes the place of what is known already.

    A clock that is slow would make history of it at once.
    """
    told = (one.fact.since for one in known if one.fact.valid_from is None)
    return max(told, default=-math.inf)


async def followers(store: Store, items: Sequence[Item]) -> list[Item]:
    """What has taken the place of items since, and of that again.

    Who supersedes a fact without a key may not have heard that somebody did.
    """
    found: dict[str, Item] = {}
    known = {one.id for one in items}
    while items:
        ids = {one.fact.superseded_by for one in items} - {"", *found, *known}
        items = [one.told() for one in await store.get(sorted(ids))] if ids else []
        found.update((one.id, one) for one in items)
    return list(found.values())


def in_place(
    fact: Fact, id: str, superseded: Sequence[Item], others: Sequence[Item]
) -> tuple[Fact, list[Item]]:
    """A fact among those of its key, and what changes of these: at each time one of them holds.

    Args:
        fact: the new one.
        id: of what says it.
        superseded: what it is said to hold instead of.
        others: more items of its key, and what had superseded those already, in any order.
    """
    changed = [
        ended(one, fact, id)
        for one in superseded
        if not one.fact.superseded_by or max(fact.since, one.fact.since) < one.fact.until
    ]
    lasting = [one for one in others if one.fact.until > one.fact.since]
    # What began to hold before, and would hold on.
    begun = [one for one in lasting if one.fact.since <= fact.since < one.fact.until]
    changed += [ended(one, fact, id) for one in begun]
    # Told late, or of a time to come: it holds until the one that is known already.
    later = [one for one in lasting if one.fact.since > fact.since]
    if later and (first := min(later, key=lambda one: one.fact.since)).fact.since < fact.until:
        update = {"valid_until": first.fact.since, "superseded_by": first.id}
        fact = fact.model_copy(update=update)
    return fact, changed


async def vectors_of(store: Store, new: np.ndarray, old: Sequence[Item]) -> np.ndarray:
    """The vectors of new items, and behind them those of old ones."""
    import numpy as np

    if not old:
        return new
    return np.concatenate([new, await store.vectors([one.id for one in old])])


def held_at(hits: Sequence[Recalled], at: float, *, past: bool) -> list[Recalled]:
    """Those of the hits that hold at a time."""
    return [one for one in hits if one.item.fact.holds(at, past=past)]


def only_holding(where: Where | None, at: float, *, past: bool) -> Where:
    """A filter that fits nothing but what holds at a time."""
    holds = holding(at, past=past)
    return {"$and": [where, holds]} if where else holds


def told(hits: Sequence[Recalled]) -> list[Recalled]:
    """Hits with what is known of them apart from their metadata."""
    return [changed(one, item=one.item.told()) for one in hits]


def ranked(preset: Preset, hits: Sequence[Recalled], now: float, count: int) -> list[Recalled]:
    """The best of the hits by recency, importance and relevance, scaled over all of them.

    Recency counts from when something was stored. Source: Park et al. 2023, section 4.1.
    """
    candidates = [
        Candidate(
            one.item.fact.since / 3600,
            USUAL if one.item.fact.importance is None else one.item.fact.importance,
            one.score,
        )
        for one in hits
    ]
    scores = scored(preset, candidates, now / 3600)
    best = sorted(range(len(hits)), key=lambda n: -scores[n].score)[:count]
    return [
        hits[n].model_copy(
            update={
                "score": scores[n].score,
                "parts": weighed(preset, scores[n].parts),
                "raw": scores[n].raw,
            }
        )
        for n in best
    ]
