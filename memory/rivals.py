"""Facts that several processes state at the same moment: which of them holds, whoever reads.

A server that knows no compare-and-swap lets two writers place a fact beside the same old ones, and
neither ends the other's. So facts of one key have an order of their own, and each ends where the
next in it begins, whatever is stored: every reader of the same facts sees the same one hold. Who
wrote looks again and stores those ends, so that they stay when the next fact is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from agentkit.messages import changed
from memory.recalled import Recalled
from memory.stores import Item, Store, Where
from memory.stores.fact import PREFIX, Fact
from memory.stores.filters import fits, normal

LOOKS = 8
"""How often is looked again while others go on writing."""

Group = tuple[str, str]
"""What facts have in common of which one holds: the field that says it, and its value."""


def group_of(one: Item) -> Group | None:
    """What an item is one of several facts of; None where it stands alone."""
    if one.fact.key:
        return "key", one.fact.key
    return ("root", one.fact.root) if one.fact.root else None


def root_of(one: Item) -> str:
    """Id of the first of the items without a key that hold instead of each other."""
    return one.fact.root or next(iter(one.fact.supersedes), one.id)


def among_others(store: Store) -> bool:
    """Whether others write a store of whose writes nobody is told before a write of his own."""
    return bool(getattr(store, "shared", False))


def order(one: Item) -> tuple[float, float, str]:
    """Where a fact stands among those of its key; the pieces of one text stand at one place."""
    fact = one.fact
    return fact.since, fact.created, f"{fact.run}/{fact.step}" if fact.step else one.id


def ended(one: Item, by: Fact, id: str) -> Item:
    """An item that holds no longer than another began to, which may be never."""
    until = min(max(by.since, one.fact.since), one.fact.until)
    update = {"valid_until": until, "superseded_by": id}
    return one.model_copy(update={"fact": one.fact.model_copy(update=update)})


def overlapping(items: Iterable[Item]) -> list[Item]:
    """Those of the facts that last longer than they do by their order, ended there."""
    groups: dict[Group, list[Item]] = {}
    for one in items:
        group = group_of(one)
        if group and one.fact.until > one.fact.since:
            groups.setdefault(group, []).append(one)
    found: list[Item] = []
    for facts in groups.values():
        told = [list(each) for _, each in groupby(sorted(facts, key=order), order)]
        for before, after in pairwise(told):
            late = [one for one in before if one.fact.until > after[0].fact.since]
            found += [ended(one, after[0].fact, after[0].id) for one in late]
    return found


def in_order(items: Sequence[Item]) -> list[Item]:
    """All facts of their groups, each with the end that everybody sees."""
    late = {one.id: one for one in overlapping(items)}
    return [late.get(one.id, one) for one in items]


def fellows(items: Iterable[Item]) -> Where | None:
    """The filter that all facts of the groups of these fit; None where none is of any."""
    groups = sorted({group for one in items if (group := group_of(one))})
    each: list[object] = [
        {f"{PREFIX}{field}": {"$in": [value for name, value in found]}}
        for field, found in ((field, list(two)) for field, two in groupby(groups, lambda g: g[0]))
    ]
    return None if not each else {"$or": each} if len(each) > 1 else dict(each[0])  # type: ignore[call-overload]


async def rivals(store: Store, items: Iterable[Item]) -> list[Item]:
    """All facts that a store has of the groups of these."""
    where = fellows(items)
    return [one.told() for one in await store.get(where=where)] if where else []


async def as_everybody_sees(
    stores: Sequence[Store], hits: Sequence[Recalled], at: float, *, past: bool, history: bool
) -> list[Recalled]:
    """Hits with the ends that their facts have for everybody, those that hold alone.

    Cost: a read of the store for facts of a key, where others may have written them meanwhile.
    """
    found = list(hits)
    for store in {id(one): one for one in stores}.values():
        if among_others(store) and any(group_of(one.item) for one in found):
            found = await ranged(store, found, at, past=past, history=history)
    if history:
        return found
    held = [one for one in found if one.item.fact.holds(at, past=past)]
    # By this clock one may hold still that has ended by the clock of who wrote.
    late = {one.item.fact.superseded_by for one in held} - {""}
    if late and not past:
        after = [one for store in stores for one in await store.get(sorted(late))]
        begun = {one.id for one in after if one.told().fact.valid_from is None}
        held = [one for one in held if one.item.fact.superseded_by not in begun]
    return held


async def ranged(
    store: Store, hits: Sequence[Recalled], at: float, *, past: bool, history: bool
) -> list[Recalled]:
    """Hits, those of a store with their ends; without history those of its facts that hold."""
    stored = await rivals(store, [hit.item for hit in hits])
    now = in_order(stored)
    seen = {version_of(old): new for old, new in zip(stored, now, strict=True)}
    holding = {version_of(one) for one in holders(now, at, past=past)}
    found: list[Recalled] = []
    for hit in hits:
        item = seen.get(version_of(hit.item), hit.item)
        # What is not there as it was found has changed since.
        if history or not group_of(item) or version_of(item) in holding:
            found.append(changed(hit, item=item))
    return found


async def all_of(store: Store, where: Where | None) -> list[Item]:
    """What a filter fits, oldest first, each with the end that everybody sees."""
    found = [one.told() for one in await store.get(where=where)]
    if where is None:
        return in_order(found)
    if not among_others(store):
        return found
    # All facts of a group as they were at one moment, those that the filter does not fit too.
    groups = {one.id: one for one in in_order(await rivals(store, found))}
    place = {one.id: groups.pop(one.id, one) for one in found}
    fit = fits(normal(where))
    return [one for one in (place | groups).values() if fit(one.kept().metadata)]


def version_of(one: Item) -> tuple[str, Fact]:
    """What tells an item from another of its id, in another collection or at another time."""
    return one.id, one.fact


def holders(items: Sequence[Item], at: float, *, past: bool) -> list[Item]:
    """Of the facts of each group those of the last statement that holds at a time."""
    last: dict[Group, list[Item]] = {}
    for one in sorted((one for one in items if one.fact.holds(at, past=past)), key=order):
        group = group_of(one)
        if group:
            before = last.get(group, [])
            same = bool(before) and order(before[0]) == order(one)
            last[group] = [*before, one] if same else [one]
    return [one for facts in last.values() for one in facts]


async def repaired(store: Store, items: Sequence[Item]) -> None:
    """Store the ends of facts that somebody stated while these were stored."""
    for _ in range(LOOKS if among_others(store) else 0):
        late = overlapping(await rivals(store, [one.told() for one in items]))
        if not late:
            return
        vectors = await store.vectors([one.id for one in late])
        await store.put([one.kept() for one in late], vectors)
