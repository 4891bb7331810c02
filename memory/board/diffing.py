"""What differs between two texts or lists, in a time that does not grow with their square.

Equal ends are left out first. What lies between is compared character by character only where it is
short; else word by word, from words that stand once on either side (patience diff, Cohen 2010).
"""

from __future__ import annotations

import bisect
import contextlib
import difflib
import functools
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from agentkit.threads import in_thread

Edit = tuple[str, int, int, int, int]
"""An opcode of difflib: verb, from and to before, from and to after."""

PAIRS = 40_000
"""Up to so many pairs of characters or elements are compared; more would take seconds."""

CHANGES, FEWEST, WORK = 200, 10, 20_000_000
"""So many changes of one text or list are made at most, of a long one fewer: with that many
characters in all to be gone over. Of more, those next to each other are one."""

READY: dict[tuple[str, str], list[Edit]] = {}
"""What differs between two long texts, worked out beforehand in a thread."""

DEEPEST = 6
"""So often what lies between two words is divided again."""

LONG, LONGEST = 50_000, 500_000
"""Longer texts than the first are divided into clauses, fewer than their words; and those longer
than the second never into words, because a loop would stand still for that."""

CLAUSE = re.compile(r"[^\n.,;:!?]*[\n.,;:!?]|[^\n.,;:!?]+")
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def edits(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """Find what differs between two texts or lists, as difflib's opcodes without the equal ends.

    Cost: in proportion to the length of both; of what lies between equal ends at most `PAIRS` are
    compared one by one, between two words that both sides have once.
    """
    if isinstance(before, str) and (known := READY.get((before, str(after)))) is not None:
        return known
    start, end = _ends(before, after)
    inner = before[start : len(before) - end], after[start : len(after) - end]
    return [
        (verb, i + start, j + start, k + start, m + start) for verb, i, j, k, m in _between(*inner)
    ]


@contextlib.asynccontextmanager
async def ready(before: object, after: object) -> AsyncIterator[None]:
    """Work out in a thread what differs between long texts at equal places of two values.

    `edits` of the same two finds it meanwhile, and the event loop need not stand still for it.
    """
    pairs = list(long_texts(before, after))
    try:
        for pair in pairs:
            READY[pair] = await in_thread(functools.partial(edits, *pair))
        yield
    finally:
        for pair in pairs:
            READY.pop(pair, None)


def is_long(value: object) -> bool:
    """Whether there is a text in a value that may take long to compare."""
    if isinstance(value, dict):
        return any(is_long(one) for one in value.values())
    return isinstance(value, str) and len(value) >= LONG // 2


def long_texts(before: object, after: object) -> Iterator[tuple[str, str]]:
    """Yield the texts at equal places of two values that are long and differ."""
    if isinstance(before, str) and isinstance(after, str):
        if len(before) + len(after) >= LONG and before != after:
            yield before, after
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            yield from long_texts(before[name], after[name])


def few(found: Sequence[Edit], size: int) -> list[Edit]:
    """Merge changes until few are left: those between which the least is the same.

    A text that was written anew has words in common with the old one by chance. To keep these costs
    a document more with each change, as it looks for the place of each among all of them.

    Args:
        found: changes alone, in their order.
        size: of what is changed.
    """
    most = max(FEWEST, min(CHANGES, WORK // max(1, size)))
    if len(found) <= most:
        return list(found)
    same = [after[1] - before[2] for before, after in itertools.pairwise(found)]
    kept = set(sorted(range(len(same)), key=lambda n: -same[n])[: most - 1])
    merged, first = list[Edit](), found[0]
    for n, one in enumerate(found):
        if n in kept or n == len(same):
            merged.append(("replace", first[1], one[2], first[3], one[4]))
            first = found[n + 1] if n < len(same) else first
    return merged


def _ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Count the equal elements at the beginning and at the end."""
    most = min(len(before), len(after))
    start = _common(most, lambda n: before[:n] == after[:n])
    most -= start
    end = _common(most, lambda n: before[len(before) - n :] == after[len(after) - n :])
    return start, end


def _common(most: int, same: Callable[[int], bool]) -> int:
    """Find the largest n for which two ends of that length are the same, by halving."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _between(before: Sequence[str], after: Sequence[str], depth: int = 0) -> list[Edit]:
    """Compare two texts or lists: whole if they are short, else around what both have once."""
    if not before or not after:
        verb = "delete" if before else "insert"
        return [(verb, 0, len(before), 0, len(after))] if before or after else []
    if len(before) * len(after) <= PAIRS:
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        return list(matcher.get_opcodes())
    sides, anchors = _common_parts(before, after, depth)
    if not anchors:
        return [("replace", 0, len(before), 0, len(after))]
    places = [_places(one, isinstance(before, str)) for one in sides]
    found: list[Edit] = []
    i = k = 0
    for one, other in anchors:
        at, there = places[0][one], places[1][other]
        found += _gap(before, after, (i, at, k, there), depth)
        i, k = places[0][one + 1], places[1][other + 1]
        found.append(("equal", at, i, there, k))
    return found + _gap(before, after, (i, len(before), k, len(after)), depth)


def _common_parts(
    before: Sequence[str], after: Sequence[str], depth: int
) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """Divide two sides into words, long ones into clauses first; and pair what both have once."""
    size = len(before) + len(after)
    sides: list[list[str]] = []
    for pattern, least, most in ((CLAUSE, LONG, size), (TOKEN, 0, LONGEST)):
        if depth < DEEPEST and least <= size <= most:
            sides = [
                pattern.findall(one) if isinstance(one, str) else list(one)
                for one in (before, after)
            ]
            if anchors := _anchors(*sides):
                return sides, anchors
    return sides, []


def _gap(
    before: Sequence[str], after: Sequence[str], place: tuple[int, int, int, int], depth: int
) -> list[Edit]:
    """Compare what lies between two anchors."""
    i, j, k, m = place
    start, end = _ends(before[i:j], after[k:m])
    i, j, k, m = i + start, j - end, k + start, m - end
    inner = _between(before[i:j], after[k:m], depth + 1) if (i, k) != (j, m) else []
    return [(verb, a + i, b + i, c + k, d + k) for verb, a, b, c, d in inner]


def _places(tokens: Sequence[str], text: bool) -> list[int]:
    """Return where each token of a text begins, and the end; of a list the indexes."""
    if not text:
        return list(range(len(tokens) + 1))
    return list(itertools.accumulate(map(len, tokens), initial=0))


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the tokens that stand once on either side, as many as keep their order."""
    once = [{one for one, n in Counter(side).items() if n == 1} for side in (before, after)]
    there = {one: n for n, one in enumerate(after) if one in once[0] and one in once[1]}
    pairs = [(n, there[one]) for n, one in enumerate(before) if one in there]
    # The longest increasing subsequence, by piles (patience sorting).
    tops: list[int] = []
    piles: list[int] = []
    back: list[int] = []
    for n, (_, place) in enumerate(pairs):
        pile = bisect.bisect_left(tops, place)
        back.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            piles.append(n)
        else:
            tops[pile], piles[pile] = place, n
    found = []
    at = piles[-1] if piles else -1
    while at >= 0:
        found.append(pairs[at])
        at = back[at]
    return found[::-1]
