"""The words of a text, in any language, as an index of words counts them.

Words as Unicode has them, without case and accents. A number or a code with marks inside
("14:30", "DE-4711") is a word, and so is each of its parts. Writing without blanks between
words (Chinese, Japanese, Thai and their like) gives its characters and each two that are
neighbours, as Lucene's CJK analyzer does for two.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Characters of a word that count; a longer one is base64 or the like."""

UNSPACED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Myanmar
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3005", "\u3007"),
    ("\u3040", "\u30ff"),  # Kana
    ("\u31f0", "\u31ff"),
    ("\u3400", "\u4dbf"),  # Han
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)
"""Writing without blanks between words, from and to."""

LAST = 0x1FFFF
"""Of the characters looked at; those after it are Han, or no letters."""

INSIDE = ".,:'’@/_+&-"
"""Marks that join the parts of a number or a code."""

ACCENTS = re.compile("[\u0300-\u036f]")
CUT = re.compile(f"[{re.escape(INSIDE)}]")
GROUPED = re.compile(r"\d{1,3}(?:[,'’]\d{3})+")
"""A whole number in groups of three."""

PLAIN = re.compile(rf"[a-z0-9]+(?:[{re.escape(INSIDE)}][a-z0-9]+)*")
"""What a word is where there is ASCII alone, which is much faster to find."""


def terms(text: str) -> Iterator[str]:
    """Yield the words of a text, in their order, as often as they are there."""
    if text.isascii():
        for found in PLAIN.findall(text.casefold()):
            yield from (found,) if found.isalnum() else counted_as(found)
        return
    # NFKD parts the accents from their letters, NFC puts together what is no accent.
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFKD", folded)))
    for found, unspaced in anywhere().findall(bare):
        if unspaced:
            yield from unspaced
            yield from (unspaced[n : n + 2] for n in range(len(unspaced) - 1))
        else:
            yield from counted_as(found)


def counted_as(found: str) -> Iterator[str]:
    """Yield what one word, number or code counts as."""
    if GROUPED.fullmatch(found):
        yield CUT.sub("", found)[:LONGEST]
        return
    yield found[:LONGEST]
    parts = CUT.split(found)
    if len(parts) > 1:
        yield from (part[:LONGEST] for part in parts)


@functools.cache
def anywhere() -> re.Pattern[str]:
    """What a word is in any writing: letters, digits and the marks that are set on them."""
    # \w lacks the vowel signs of Indic writing, which are marks (category M).
    codes = [
        code for code in range(LAST)
        if (char := chr(code)).isalnum() or unicodedata.category(char)[0] == "M"
    ]  # fmt: skip
    spaced = [c for c in codes if not any(low <= chr(c) <= high for low, high in UNSPACED)]
    ranges: list[list[int]] = []
    for code in spaced:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    part = "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]+"
    unspaced = "".join(f"{low}-{high}" for low, high in UNSPACED)
    return re.compile(rf"({part}(?:[{re.escape(INSIDE)}]{part})*)|([{unspaced}]+)")
