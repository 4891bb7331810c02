"""One search of a vector memory: by vectors, words or weighed parts, of what holds at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentkit.errors import StoreError
from agentkit.messages import JSON
from agentkit.run import current_run
from memory.hybrid import Search, hybrid
from memory.recalled import Recalled, near_enough, nearest
from memory.rivals import (
    LOOKS,
    among_others,
    as_everybody_sees,
    group_of,
    holders,
    in_order,
    rivals,
)
from memory.stating import CANDIDATES, held_at, only_holding, ranked, told
from memory.stores import Item, Near, Store, Where
from memory.stores.fact import NOTHING
from memory.stores.filters import fits, normal
from memory.stream.presets import Preset

if TYPE_CHECKING:
    import numpy as np

LATE_S = 0.01
"""Until what a server is late to show is looked for again, in seconds."""


@dataclass(frozen=True)
class MemorySearch:
    """One search of a memory in its collections."""

    stores: Sequence[Store]
    query: str
    count: int
    search: Search
    least: float
    preset: Preset | None

    async def hits(
        self, vector: np.ndarray, where: Where | None, at: float | None, history: bool
    ) -> list[Recalled]:
        """What is found, of what holds at a time, best first.

        Cost: a second search, with a filter, only where the first found what does not hold; and
        for facts of a key those of `rivals.as_everybody_sees`.
        """
        preset = self.preset
        many = self.count if preset is None else max(CANDIDATES, 10 * self.count)
        seen = await self.near(vector, many, where)
        if not self.endless(seen, at):
            seen = await self.holding(vector, many, where, at, history, seen)
        return (
            seen if preset is None else ranked(preset, seen, current_run().log.clock(), self.count)
        )

    def endless(self, hits: Sequence[Recalled], at: float | None) -> bool:
        """Whether nothing that is known of these says from when or until when they hold."""
        facts = [one.item.fact for one in hits]
        if all([fact is NOTHING for fact in facts]):
            return True
        ends = [
            fact.valid_from is not None or fact.valid_until is not None or bool(fact.superseded_by)
            for fact in facts
        ]
        return at is None and not any(ends) and not any(map(among_others, self.stores))

    async def holding(
        self,
        vector: np.ndarray,
        many: int,
        where: Where | None,
        at: float | None,
        history: bool,
        near: list[Recalled],
    ) -> list[Recalled]:
        """What is found, of what holds at a time.

        Args:
            near: what is found, whether it holds or not.
        """
        past, more, dropped = at is not None, 0, set[str]()
        for _ in range(LOOKS):
            hits = found = near or await self.near(vector, many + more, where)
            time = current_run().log.clock() if at is None else at
            if not history and len(held_at(hits, time, past=past)) < len(hits):
                only = only_holding(where, time, past=past)
                hits = await self.near(vector, many + more, only)
            # Read after the search: what it found was stored before.
            time = current_run().log.clock() if at is None else at
            seen = await as_everybody_sees(self.stores, hits, time, past=past, history=history)
            left = {one.item.id for one in hits} - {one.item.id for one in seen}
            again = left != dropped
            if len(seen) < many and not again and not history:
                late, again = await self.late(vector, found, seen, where, time, past=past)
                seen = sorted([*seen, *late], key=lambda one: -one.score)
            if len(seen) >= many or not again:
                break
            more, dropped, near = len(left), left, []
        return seen[:many]

    async def late(
        self,
        vector: np.ndarray,
        found: Sequence[Recalled],
        seen: Sequence[Recalled],
        where: Where | None,
        at: float,
        *,
        past: bool,
    ) -> tuple[list[Recalled], bool]:
        """What holds in place of facts that were found, and no search has found yet.

        A server shows for a moment what a write has ended, and not what it put instead.

        Returns:
            That, and whether it is to be looked for again.
        """
        known, late = {group_of(one.item) for one in seen}, list[Near]()
        lost = [one.item for one in found if group_of(one.item) not in known]
        fit = fits(normal(where))
        for store in filter(among_others, self.stores):
            held = holders(in_order(await rivals(store, lost)), at, past=past)
            items = [one for one in held if fit(one.kept().metadata)]
            if items and self.search == "hybrid":
                return [], True
            try:
                rows = await store.vectors([one.id for one in items])
            except StoreError:
                await asyncio.sleep(LATE_S)
                return [], True
            late += [near_to(vector, one, row) for one, row in zip(items, rows, strict=True)]
        return near_enough(late, self.least), False

    async def near(self, vector: np.ndarray, k: int, where: Where | None) -> list[Recalled]:
        """The nearest, whatever they are, as the memory tells of them."""
        least = self.least
        if self.search == "hybrid":
            return told(await hybrid(self.stores, vector, self.query, k, where, least))
        return near_enough(await nearest(self.stores, vector, k, where), least)

    def request(self, at: float | None, history: bool) -> dict[str, JSON]:
        """What of it is asked for, where that is not the usual."""
        preset = self.preset
        asked: dict[str, JSON] = {} if at is None else {"at": at}
        asked |= {"history": True} if history else {}
        asked |= {"search": self.search} if self.search != "vector" else {}
        return asked | ({} if preset is None else {"preset": preset.name})


def near_to(vector: np.ndarray, item: Item, row: np.ndarray) -> Near:
    """An item, and how near it is by its vector."""
    import numpy as np

    lengths = float(np.linalg.norm(vector) * np.linalg.norm(row)) or 1.0
    return Near(item=item, similarity=float(vector @ row) / lengths)
