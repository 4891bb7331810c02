"""Cutting a text that is longer than an embedder takes into pieces that overlap."""

from __future__ import annotations

import re

BREAK = re.compile(r"\n\s*\n|(?<=[.!?])\s+|\n|\s")


def split(text: str, most: int, overlap: int | None = None) -> list[str]:
    """Cut a text into pieces of at most so many characters, at paragraphs, sentences or blanks.

    Args:
        text: of any length.
        most: characters of a piece.
        overlap: characters that two neighbours share, so that no sentence is lost in the
            cut; an eighth of a piece by default, which is our choice.
    """
    text = text.strip()
    shared = most // 8 if overlap is None else overlap
    pieces, start = [], 0
    while len(text) - start > most:
        end = start + most
        # The best break is the last strong one in the second half of the piece.
        breaks = list(BREAK.finditer(text, start + most // 2, end))
        strong = [m for m in breaks if len(m[0].strip(" ")) or text[m.start() - 1] in ".!?"]
        if breaks:
            end = (strong or breaks)[-1].end()
        pieces.append(text[start:end].strip())
        start = max(end - shared, start + 1)
        blank = text.find(" ", start, end)
        start = blank + 1 if 0 <= blank < end else start
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]
