"""What becomes of the versions of a key when another arrives: one pure function per policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from memory.board.versions import Version

Past = Callable[[Iterable[int]], set[int]]
"""The numbers of all writes that some were based on, directly or not."""

Policy = Callable[[Sequence[Version], Version, Past], tuple[Version, ...]]
"""From the versions that a replica holds of a key and one that arrives, those it holds then."""


def last_write_wins(held: Sequence[Version], new: Version, past: Past) -> tuple[Version, ...]:
    """Keep the version with the highest (clock time, replica, number) (Thomas 1979).

    An update that somebody made and the winner had not seen is lost; BoardState counts it.
    """
    return (max([*held, new], key=stamp),) if held else (new,)


def stamp(version: Version) -> tuple[float, str, int]:
    """Return what writes are ordered by."""
    return (version.at, version.replica, version.n)


def newest(held: Sequence[Version], new: Version, past: Past) -> tuple[Version, ...]:
    """Keep the highest number: a primary numbers its writes in their order."""
    return (max([*held, new], key=lambda one: one.n),) if held else (new,)


def vector_clocks(held: Sequence[Version], new: Version, past: Past) -> tuple[Version, ...]:
    """Drop the versions that another was based on; keep concurrent ones as siblings.

    As in Dynamo (DeCandia et al. 2007, section 4.4). A clock of one number per replica
    cannot tell apart two writers of one replica; so, as with dotted version vectors
    (Preguica et al. 2010), a version is known by a dot of its own, its number, and its past
    is what it was based on; the clock is for people to read.
    """
    versions = list(dict.fromkeys([*(one.n for one in held), new.n]))
    by_number = {one.n: one for one in (*held, new)}
    known = past(versions)
    return tuple(by_number[n] for n in sorted(versions) if n not in known)


def merging(held: Sequence[Version], new: Version, past: Past) -> tuple[Version, ...]:
    """Keep the writes that no other builds on: they name what a merged value is made of."""
    versions = [*(one for one in held if one.n != new.n), new]
    kept = [
        one
        for one in versions
        if not any(other is not one and builds_on(other, one) for other in versions)
    ]
    return tuple(sorted(kept, key=lambda one: one.n))


def builds_on(one: Version, other: Version) -> bool:
    """Say whether a write of a CRDT was made where another one had arrived."""
    return one.clock.get(other.replica, 0) >= other.clock[other.replica]


def clock_of(seen: Sequence[Version], replica: str, count: int) -> dict[str, int]:
    """Make the clock of a replica's write number `count` of a key, based on the versions seen."""
    clock: dict[str, int] = {}
    for one in seen:
        for name, n in one.clock.items():
            clock[name] = max(n, clock.get(name, 0))
    return {**clock, replica: count}


POLICIES: dict[str, Policy] = {
    "lww": last_write_wins,
    "cas": newest,
    "vector": vector_clocks,
    "crdt": merging,
}
