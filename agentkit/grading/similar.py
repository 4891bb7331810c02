"""Submissions that are much alike: winnowed fingerprints of their tokens.

Names of variables count as one, so that another name makes no other program; the words of texts
count, since they are most of what is told to a model. It says what is alike, not who wrote it.

Source: Schleimer, Wilkerson and Aiken 2003, Winnowing: Local Algorithms for Document
Fingerprinting.
"""

from __future__ import annotations

import hashlib
import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

GRAM, WINDOW = 8, 5
"""Tokens of a fingerprint; and of so many in a row the least is kept."""

FEWEST = 12
"""Fingerprints that a submission must have: shorter ones are alike by chance."""

COMMON = 0.25
"""What more than so great a share of a class has, the task asked for."""

QUIET = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
         tokenize.ENDMARKER, tokenize.ENCODING}  # fmt: skip


class AlikePair(NamedTuple):
    """Two submissions that are alike."""

    one: str
    other: str
    share: float
    """Of the fingerprints of the shorter, those that the other has, 0 to 1."""


def similar(codes: Mapping[str, str], *, starter: str = "", least: float = 0.7) -> list[AlikePair]:
    """The pairs that are alike, most first.

    Args:
        codes: of each student, in a class of any size.
        starter: what all of them were given; it does not count.
        least: the share from which a pair is told.

    Cost: what any two have in common is counted once; a class of 300 takes a second or two.
    """
    given = fingerprints(starter)
    prints = {name: fingerprints(code) - given for name, code in codes.items()}
    seen = Counter(one for some in prints.values() for one in some)
    most = max(2, COMMON * len(prints))
    own = {name: {one for one in some if seen[one] <= most} for name, some in prints.items()}
    having: dict[int, list[str]] = {}
    for name in sorted(own):
        for one in own[name]:
            having.setdefault(one, []).append(name)
    shared = Counter(pair for some in having.values() for pair in combinations(some, 2))
    pairs = []
    for (first, second), count in shared.items():
        fewest = min(len(own[first]), len(own[second]))
        if fewest >= FEWEST and count / fewest >= least:
            pairs.append(AlikePair(first, second, count / fewest))
    return sorted(pairs, key=lambda pair: (-pair.share, pair))


def fingerprints(code: str) -> set[int]:
    """The fingerprints of a text of Python, or of any other."""
    tokens = list(words(code))
    grams = [
        int.from_bytes(
            hashlib.blake2b("\0".join(tokens[n : n + GRAM]).encode(), digest_size=8).digest()
        )
        for n in range(len(tokens) - GRAM + 1)
    ]
    last = max(1, len(grams) - WINDOW + 1)
    return {min(grams[n : n + WINDOW]) for n in range(last)} if grams else set()


def words(code: str) -> Iterator[str]:
    """What a text says: its tokens with names as one, and the words of its texts."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        yield from re.findall(r"\w+", code.lower())
        return
    for one in tokens:
        if one.type in QUIET:
            continue
        if one.type == tokenize.STRING or tokenize.tok_name[one.type].startswith("FSTRING"):
            yield from re.findall(r"\w+", one.string.lower())
        elif one.type == tokenize.NAME:
            yield one.string if keyword.iskeyword(one.string) else "name"
        else:
            yield one.string
